"""Polygon's flat files, days and minutes of every stock in one file, with invented numbers."""

from __future__ import annotations

import gzip
from datetime import UTC, date, datetime

import polars as pl
import pytest

from marketdata_assets.core.faults import PayloadFault
from marketdata_assets.sources.landing.presets import PRESETS
from marketdata_assets.sources.landing.read import Reading, read_payload
from marketdata_assets.sources.vendors.polygon.flat_bars import read_flat_bars

HEAD = "ticker,volume,open,close,high,low,window_start,transactions\n"
# 1704171600 is 2024-01-02 05:00Z, midnight in New York; 1704205800 is 09:30 there.
DAYS = (
    HEAD
    + "A,1234567,101.5,102.25,103,100.75,1704171600000000000,4321\n"
    + "BACpL,12.5,1170,1171,1172,1169,1704171600000000000,3\n"
    + "BRK.B,3456789,305.1,306.2,307.3,304.4,1704171600000000000,81234\n"
    + "NA,10,1,1,1,1,1704171600000000000,1\n"
)
MINUTES = (
    HEAD
    + "A,4930,101.5,101.6,101.75,101.25,1704205800000000000,129\n"
    + "A,120,101.6,101.7,101.7,101.6,1704205860000000000,7\n"
    + "A,90,101.7,101.7,101.7,101.7,1704205980000000000,2\n"
    + "ZZ,5,2,2,2,2,1704186000000000000,1\n"
)
DAY_PATH = "us_stocks_sip/day_aggs_v1/2024/01/2024-01-02.csv.gz"
MINUTE_PATH = "us_stocks_sip/minute_aggs_v1/2024/01/2024-01-02.csv.gz"


def packed(text: str) -> bytes:
    return gzip.compress(text.encode(), mtime=0)


def read(path: str, data: bytes, preset: str | None = None) -> Reading:
    return read_payload(path, data, format=PRESETS[preset] if preset else None, asset_class="us_equities")


@pytest.mark.parametrize(
    ("path", "text", "name", "length"), [(DAY_PATH, DAYS, "polygon_day_aggs", "1d"), (MINUTE_PATH, MINUTES, "polygon_minute_aggs", "1m")]
)
def test_a_file_is_recognised_and_says_what_the_vendors_own_reader_says(path: str, text: str, name: str, length: str) -> None:
    reading = read(path, packed(text))
    assert (reading.format, {series.timeframe for series in reading.series}, reading.notes) == (name, {length}, [])
    direct = read_flat_bars(packed(text), length)
    landed = pl.concat([series.bars for series in reading.series]).sort("line").select(direct.columns)
    assert landed.equals(direct.cast(dict(landed.schema)))


def test_a_days_bar_carries_the_date_of_its_session_and_its_basis() -> None:
    bars = read(DAY_PATH, packed(DAYS)).series[2].bars
    facts = ("vendor_symbol", "timestamp", "open", "high", "low", "close", "volume", "trade_count", "price_basis", "volume_basis", "tape")
    assert bars.select(facts).row(0) == (
        *("BRK.B", datetime(2024, 1, 2, tzinfo=UTC), 305.1, 307.3, 304.4, 306.2, 3456789.0, 81234),
        *("raw", "raw", "consolidated"),
    )


def test_midnight_in_new_york_is_the_session_on_either_side_of_a_clock_change() -> None:
    rows = {date(2023, 3, 10): 1678424400, date(2023, 3, 13): 1678680000}  # 05:00Z and 04:00Z
    for day, seconds in rows.items():
        (series,) = read(DAY_PATH, packed(f"{HEAD}A,1,1,1,1,1,{seconds}000000000,1\n")).series
        assert series.bars["timestamp"].dt.date().to_list() == [day]


def test_a_minute_is_labelled_by_its_start() -> None:
    assert read(MINUTE_PATH, packed(MINUTES)).series[0].bars["timestamp"][1] == datetime(2024, 1, 2, 14, 31, tzinfo=UTC)


def test_a_ticker_that_looks_like_nothing_is_a_ticker() -> None:
    assert [series.vendor_symbol for series in read(DAY_PATH, packed(DAYS)).series] == ["A", "BACpL", "BRK.B", "NA"]


def test_minutes_are_told_from_days_by_their_spacing_alone_and_days_need_their_folder() -> None:
    assert read("2024-01-02.csv.gz", packed(MINUTES)).format == "polygon_minute_aggs"
    with pytest.raises(PayloadFault, match="polygon_day_aggs and polygon_minute_aggs alike"):
        read("2024-01-02.csv.gz", packed(DAYS))
    assert read("2024-01-02.csv.gz", packed(DAYS), "polygon_day_aggs").series[0].timeframe == "1d"


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("us_options_opra/day_aggs_v1/2024/01/2024-01-02.csv.gz", "options"),
        ("global_crypto/minute_aggs_v1/2024/01/2024-01-02.csv.gz", "another market"),
        ("us_stocks_sip/trades_v1/2024/01/2024-01-02.csv.gz", "trades or quotes"),
    ],
)
@pytest.mark.parametrize("preset", [None, "polygon_day_aggs"])
def test_files_of_the_same_server_that_are_no_stock_bars_are_refused_as_what_they_are(path: str, said: str, preset: str | None) -> None:
    with pytest.raises(PayloadFault, match=said):
        read(path, packed(DAYS), preset)


def test_a_file_without_rows_or_cut_off_is_refused() -> None:
    with pytest.raises(PayloadFault, match="no rows"):
        read(DAY_PATH, packed(HEAD))
    with pytest.raises(PayloadFault, match="cut off"):
        read(DAY_PATH, packed(DAYS)[:-9])
