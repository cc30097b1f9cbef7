"""Polygon's flat files: a day of bars of every stock as one compressed file on an S3 server, told by the day it holds."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from typing import Any, Literal

import polars as pl
from pydantic import SecretStr

from marketdata_assets.core.faults import Fault
from marketdata_assets.core.periods import Window
from marketdata_assets.sources.errors import (
    BadCredentials,
    NotEntitled,
    NotFound,
    Oversized,
    RateLimited,
    Rejected,
    Truncated,
    Unavailable,
    VendorFault,
)
from marketdata_assets.sources.flat_files import FlatFile
from marketdata_assets.sources.usage import Usage
from marketdata_assets.sources.vendors.polygon.api import NAME
from marketdata_assets.sources.vendors.polygon.flat_bars import LARGEST, read_flat_bars, require_whole
from marketdata_assets.sources.windows import last_instant

ENDPOINT, BUCKET = "https://files.massive.com", "flatfiles"
USAGE = "flat_files"
"""What the usage ledger calls requests to this server."""
Kind = Literal["day_aggs_v1", "minute_aggs_v1"]
KINDS: dict[str, Kind] = {"1d": "day_aggs_v1", "1m": "minute_aggs_v1"}
_KEY = re.compile(r"us_stocks_sip/(?:day|minute)_aggs_v1/\d{4}/\d{2}/(\d{4}-\d{2}-\d{2})\.csv\.gz")
_FAULTS: dict[str, type[VendorFault]] = {
    "NoSuchKey": NotFound,
    "404": NotFound,
    "AccessDenied": NotEntitled,
    "403": NotEntitled,
    "InvalidAccessKeyId": BadCredentials,
    "SignatureDoesNotMatch": BadCredentials,
    "SlowDown": RateLimited,
    "TooManyRequests": RateLimited,
}


@dataclass(frozen=True)
class FlatFiles:
    """The vendor's S3 server under a customer's keys. Files hold what was traded, unadjusted, and come next day about 11:00 in New York.

    No file unpacks to more than `largest` bytes. Every request is counted in `usage` before it leaves, those that are sent again included.
    """

    access_key: SecretStr
    secret_key: SecretStr
    endpoint_url: str = ENDPOINT
    bucket: str = BUCKET
    largest: int = LARGEST
    timeout: float = 60.0  # seconds without a byte
    usage: Usage = field(default_factory=Usage, compare=False)

    @property
    def timeframes(self) -> tuple[str, ...]:
        """The bar lengths that it has files of."""
        return tuple(KINDS)

    def listed(self, timeframe: str, window: Window) -> list[FlatFile]:
        """The files of the sessions in a half-open window, the oldest first; days without a session, or too young, have none.

        `NotEntitled` when the plan includes no files, `BadCredentials` for wrong keys, `Unavailable` when nobody answers.
        """
        first, last = window.start.date(), last_instant(window).date()
        months = sorted({(day.year, day.month) for day in _days(first, last)})
        found: list[FlatFile] = []
        with self._faults("listing its files"):
            pages = self._client.get_paginator("list_objects_v2")
            for year, month in months:
                prefix = f"us_stocks_sip/{KINDS[timeframe]}/{year}/{month:02}/"
                found += (file for page in pages.paginate(Bucket=self.bucket, Prefix=prefix) for file in _files(page))
        return sorted((file for file in found if first <= file.session <= last), key=lambda file: file.session)

    def fetch(self, key: str) -> bytes:
        """The bytes of a file as stored, compressed; `NotFound` for a day that has none, `Truncated` for less than was announced.

        So is a file `Truncated` that was torn before it was stored.
        """
        with self._faults(f"fetching {key}"):
            answer = self._client.get_object(Bucket=self.bucket, Key=key)
            if answer["ContentLength"] > self.largest:
                raise Oversized(f"fetching {key} of {NAME}", f"it announces {answer['ContentLength']} bytes, the cap is {self.largest}")
            data: bytes = answer["Body"].read()
        self.usage.received(USAGE, len(data))
        if len(data) != answer["ContentLength"]:
            raise Truncated(f"fetching {key} of {NAME}", f"{len(data)} of {answer['ContentLength']} bytes came")
        require_whole(data, self.largest)
        return data

    def bars(self, key: str, timeframe: str) -> pl.DataFrame:
        """The bars of a file, as `read_flat_bars` has them."""
        return read_flat_bars(self.fetch(key), timeframe, largest=self.largest)

    @cached_property
    def _client(self) -> Any:
        import boto3  # late: who takes no flat files does without
        from botocore.config import Config

        client = boto3.client(
            "s3",
            endpoint_url=self.endpoint_url,
            region_name="us-east-1",
            aws_access_key_id=self.access_key.get_secret_value(),
            aws_secret_access_key=self.secret_key.get_secret_value(),
            config=Config(
                retries={"total_max_attempts": 4, "mode": "standard"},
                connect_timeout=10.0,
                read_timeout=self.timeout,
                s3={"addressing_style": "path"},
                request_checksum_calculation="when_required",  # servers that are not Amazon's refuse the newer checksums
                response_checksum_validation="when_required",
            ),
        )
        client.meta.events.register("before-send.s3", self._count)
        return client

    def _count(self, **_: object) -> None:
        self.usage.sent(USAGE, 1)

    def _faults(self, what: str) -> _Faults:
        return _Faults(f"{what} of {NAME}")


class _Faults:
    """Within the block, what boto raises is the fault it means."""

    def __init__(self, what: str) -> None:
        self._what = what

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        from botocore.exceptions import BotoCoreError, ClientError, IncompleteReadError, ResponseStreamingError

        if isinstance(error, Fault):
            return
        if isinstance(error, ClientError):
            told = error.response.get("Error", {})
            status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
            raises = _FAULTS.get(str(told.get("Code"))) or (Unavailable if status >= 500 else Rejected)
            raise raises(self._what, f"status {status}: {told.get('Code')} {told.get('Message', '')}".strip()) from None
        if isinstance(error, (IncompleteReadError, ResponseStreamingError)):
            raise Truncated(self._what, "the connection closed before the end") from None
        if isinstance(error, BotoCoreError):
            raise Unavailable(self._what, f"{type(error).__name__}: {error}"[:200]) from None


def _files(page: dict[str, Any]) -> Iterator[FlatFile]:
    for entry in page.get("Contents", []):
        if match := _KEY.fullmatch(entry["Key"]):
            session = date.fromisoformat(match[1])
            yield FlatFile(entry["Key"], session, entry["Size"], entry["ETag"].strip('"'), entry["LastModified"])


def _days(first: date, last: date) -> Iterator[date]:
    for ordinal in range((last - first) // timedelta(days=1) + 1):
        yield first + timedelta(days=ordinal)


def flat_files(credentials: Mapping[str, SecretStr], endpoint_url: str | None = None, usage: Usage | None = None) -> FlatFiles:
    """The flat files under the source's credentials; `BadCredentials` without both. No other keys are ever sent there."""
    access, secret = (credentials.get(name) for name in ("s3_access_key", "s3_secret_key"))
    if access is None or secret is None:
        raise BadCredentials(f"opening the flat files of {NAME}", "POLYGON_S3_ACCESS_KEY or POLYGON_S3_SECRET_KEY is not set")
    return FlatFiles(access, secret, endpoint_url or ENDPOINT, usage=usage or Usage())
