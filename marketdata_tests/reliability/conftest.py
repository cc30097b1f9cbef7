"""Lakes and an S3 server for the reliability suite."""

from __future__ import annotations

from marketdata_tests.support.lake_samples import lake, local_lake, new_lake  # noqa: F401
from marketdata_tests.support.s3_server import s3_server  # noqa: F401
from marketdata_tests.support.wire_world import calm_market  # noqa: F401
