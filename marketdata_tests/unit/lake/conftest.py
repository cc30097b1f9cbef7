"""The lake's tests run on a folder and on a bucket."""

from __future__ import annotations

from marketdata_tests.support.lake_samples import lake, local_lake, new_lake  # noqa: F401
from marketdata_tests.support.s3_server import s3_server  # noqa: F401
