"""How a bucket is reached: endpoint, region, encryption; credentials come from boto's own chain, never from here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

_CONNECTIONS = 32


@dataclass(frozen=True)
class S3Options:
    """What differs from boto's defaults.

    `endpoint_url` points at an S3-compatible server; `region` overrides the environment's; `sse` is `AES256` or `aws:kms` for encryption at
    rest asked for with every object, None for what the bucket does by itself. Timeouts are seconds for one attempt.
    """

    endpoint_url: str | None = None
    region: str | None = None
    sse: str | None = None
    connect_timeout: float = 5.0
    read_timeout: float = 30.0

    def client(self) -> Any:
        """A boto3 S3 client that leaves trying again to the store, so that a lost answer is never mistaken for a first try."""
        import boto3  # late: a lake on a disk does without
        from botocore.config import Config

        return boto3.client(
            "s3",
            endpoint_url=self.endpoint_url,
            region_name=self.region,
            config=Config(
                retries={"total_max_attempts": 1, "mode": "standard"},
                connect_timeout=self.connect_timeout,
                read_timeout=self.read_timeout,
                max_pool_connections=_CONNECTIONS,
                s3={"addressing_style": "path"} if self.endpoint_url else {},
                request_checksum_calculation="when_required",  # servers that are not Amazon's refuse the newer checksum trailers
                response_checksum_validation="when_required",
            ),
        )
