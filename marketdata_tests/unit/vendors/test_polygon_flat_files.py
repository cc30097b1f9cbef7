"""Polygon's flat files, listed and fetched from an S3 server, and their rows."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest
from pydantic import SecretStr

from marketdata_assets.core.periods import Window
from marketdata_assets.sources.errors import BadCredentials, NotEntitled, NotFound, Oversized, SchemaChanged, Truncated, Unavailable
from marketdata_assets.sources.vendors.polygon.flat_bars import read_flat_bars
from marketdata_assets.sources.vendors.polygon.flat_files import FlatFiles, flat_files
from marketdata_tests.support.s3_server import S3Server, s3_server  # noqa: F401

HEAD = "ticker,volume,open,close,high,low,window_start,transactions\n"
# 1678680000 is 2023-03-13 04:00Z: midnight in New York on the first session after clocks moved
DAYS = HEAD + "BRK.B,3456789,305.1,306.2,307.3,304.4,1678680000000000000,81234\n" + "BACpL,12.5,1170,1171,1172,1169,1678680000000000000,3\n"
MINUTES = HEAD + "AAPL,4930,200.29,200.5,200.63,200.29,1744792500000000123,129\n"
DAY_KEY = "us_stocks_sip/day_aggs_v1/2023/03/2023-03-13.csv.gz"
MINUTE_KEY = "us_stocks_sip/minute_aggs_v1/2025/04/2025-04-16.csv.gz"
BARS = ("vendor_symbol", "timestamp", "open", "high", "low", "close", "volume", "trade_count", "line")


def packed(text: str) -> bytes:
    return gzip.compress(text.encode(), mtime=0)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.fixture
def files(s3_server: S3Server) -> Iterator[FlatFiles]:  # noqa: F811
    bucket = s3_server.new_bucket()
    for key, text in {
        DAY_KEY: DAYS,
        MINUTE_KEY: MINUTES,
        "us_stocks_sip/day_aggs_v1/2023/02/2023-02-28.csv.gz": HEAD,
        "us_stocks_sip/day_aggs_v1/2023/03/2023-03-14.csv.gz": HEAD,
        "us_stocks_sip/day_aggs_v1/2023/03/notes.txt": "",
        "us_stocks_sip/day_aggs_v1/2023/04/2023-04-03.csv.gz": HEAD,
    }.items():
        s3_server.client.put_object(Bucket=bucket, Key=key, Body=packed(text))
    key, secret = SecretStr("testing"), SecretStr("testing")
    yield FlatFiles(key, secret, endpoint_url=s3_server.options.endpoint_url or "", bucket=bucket, timeout=5.0)
    s3_server.faults.clear()


def test_the_files_of_a_window_are_listed_across_months(files: FlatFiles) -> None:
    told = files.listed("1d", Window(at("2023-02-28"), at("2023-04-01")))
    assert [file.session for file in told] == [date(2023, 2, 28), date(2023, 3, 13), date(2023, 3, 14)]
    assert told[1].key == DAY_KEY
    assert told[1].size == len(packed(DAYS))
    assert told[1].etag
    assert told[1].published_at.tzinfo is not None


def test_a_file_of_days_is_labelled_by_its_session(files: FlatFiles) -> None:
    assert files.bars(DAY_KEY, "1d").select(BARS).rows() == [
        ("BRK.B", at("2023-03-13"), 305.1, 307.3, 304.4, 306.2, 3456789.0, 81234, 1),
        ("BACpL", at("2023-03-13"), 1170.0, 1172.0, 1169.0, 1171.0, 12.5, 3, 2),
    ]


def test_a_file_of_minutes_is_labelled_by_their_start(files: FlatFiles) -> None:
    assert files.bars(MINUTE_KEY, "1m").select(BARS).rows() == [
        ("AAPL", datetime(2025, 4, 16, 8, 35, tzinfo=UTC), 200.29, 200.63, 200.29, 200.5, 4930.0, 129, 1)
    ]


def test_a_day_without_a_file_is_not_found(files: FlatFiles) -> None:
    with pytest.raises(NotFound, match="NoSuchKey"):
        files.fetch("us_stocks_sip/day_aggs_v1/2023/03/2023-03-12.csv.gz")


def test_a_plan_without_files_is_said(files: FlatFiles, s3_server: S3Server) -> None:  # noqa: F811
    s3_server.faults.append(("GET", "403"))
    with pytest.raises(NotEntitled):
        files.fetch(DAY_KEY)


def test_a_server_that_is_down_for_a_moment_is_asked_again(files: FlatFiles, s3_server: S3Server) -> None:  # noqa: F811
    s3_server.faults.append(("GET", "500"))
    assert files.fetch(DAY_KEY) == packed(DAYS)


def test_a_body_that_breaks_off_is_no_file(files: FlatFiles, s3_server: S3Server) -> None:  # noqa: F811
    s3_server.faults.append(("GET", "half body"))
    with pytest.raises(Truncated):
        files.fetch(DAY_KEY)


def test_a_file_beyond_the_cap_is_not_fetched(files: FlatFiles) -> None:
    small = FlatFiles(files.access_key, files.secret_key, files.endpoint_url, files.bucket, largest=10)
    with pytest.raises(Oversized):
        small.fetch(DAY_KEY)


def test_nobody_at_the_address_is_unavailable() -> None:
    gone = FlatFiles(SecretStr("k"), SecretStr("s"), endpoint_url="http://127.0.0.1:9", timeout=0.5)
    with pytest.raises(Unavailable):
        gone.listed("1d", Window(at("2023-03-13"), at("2023-03-14")))


def test_files_are_opened_with_both_keys_or_not_at_all() -> None:
    keys = {"s3_access_key": SecretStr("k"), "s3_secret_key": SecretStr("s")}
    assert flat_files({**keys, "api_key": SecretStr("x")}).endpoint_url == "https://files.massive.com"
    with pytest.raises(BadCredentials, match="POLYGON_S3_SECRET_KEY"):
        flat_files({"s3_access_key": SecretStr("k")})


def test_a_header_without_rows_is_no_bars() -> None:
    assert read_flat_bars(packed(HEAD), "1d").height == 0


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (packed(DAYS)[:-8], Truncated),
        (packed(DAYS[:-1]), Truncated),
        (b"", Truncated),
        (b"not gzip", Truncated),
        (packed("ticker,volume,open,high,low,close,window_start,transactions\n"), SchemaChanged),
        (packed(HEAD + "AAPL,1,x,1,1,1,1,1\n"), SchemaChanged),
        (packed(HEAD + "AAPL,1,1,1,1,1,1.5,1\n"), SchemaChanged),
    ],
)
def test_a_damaged_file_gives_no_bars(data: bytes, fault: type[Exception]) -> None:
    with pytest.raises(fault):
        read_flat_bars(data, "1d")


def test_a_bomb_is_not_unpacked() -> None:
    with pytest.raises(Oversized):
        read_flat_bars(packed(HEAD + "A" * 100_000), "1d", largest=50_000)


def test_members_glued_together_are_one_file() -> None:
    assert read_flat_bars(packed(HEAD) + packed(DAYS.removeprefix(HEAD)), "1d")["vendor_symbol"].to_list() == ["BRK.B", "BACpL"]
