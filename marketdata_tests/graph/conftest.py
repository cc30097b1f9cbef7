"""The graph's tests may ask for a bucket."""

from marketdata_tests.support.s3_server import s3_server  # noqa: F401
