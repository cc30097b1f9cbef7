"""Alpha Vantage's recorded bars, whole, against the texts of the recordings."""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from marketdata_assets.core.periods import Window
from marketdata_assets.core.timeframes import timeframe
from marketdata_assets.sources.page import page_series
from marketdata_assets.sources.question import Question
from marketdata_assets.sources.vendors.alphavantage import SOURCE

pytestmark = pytest.mark.realdata
EVER = Window(datetime(1999, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))
NUMBERS = ("open", "high", "low", "close", "volume")


@pytest.mark.parametrize(
    ("name", "dataset", "length", "newest", "columns"),
    [
        ("TIME_SERIES_DAILY__IBM_compact.csv", "daily", "1d", datetime(2026, 5, 15, tzinfo=UTC), {}),
        (
            "TIME_SERIES_DAILY_ADJUSTED__IBM.csv",
            "daily_adjusted",
            "1d",
            datetime(2026, 5, 15, tzinfo=UTC),
            {"adj_close": "adjusted_close", "dividend": "dividend_amount", "split_ratio": "split_coefficient"},
        ),
        ("TIME_SERIES_INTRADAY__IBM_5min.csv", "intraday", "5m", datetime(2026, 5, 15, 23, 55, tzinfo=UTC), {}),
    ],
)
@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"])
def test_every_row_of_a_recorded_csv_is_the_row_that_is_read(
    shared: Path, name: str, dataset: str, length: str, newest: datetime, columns: dict[str, str], line_end: bytes
) -> None:
    data = (shared / "fixtures" / "alphavantage" / name).read_bytes()
    told = list(csv.DictReader(data.decode().splitlines()))
    asked = Question(dataset, ("IBM",), EVER, timeframe(length))
    (series,) = page_series(SOURCE.dataset(dataset), asked, data.replace(b"\r\n", b"\n").replace(b"\n", line_end), EVER.end)
    assert series.bars.height == len(told) == 100
    assert series.bars["timestamp"][0] == newest
    for name in NUMBERS:
        assert series.bars[name].to_list() == [float(row[name]) for row in told]
    for ours, theirs in columns.items():
        assert series.bars[ours].to_list() == [float(row[theirs]) for row in told]


def test_the_adjusted_series_keeps_raw_closes_and_pays_its_dividend_on_the_ex_date(shared: Path) -> None:
    data = (shared / "fixtures/alphavantage/TIME_SERIES_DAILY_ADJUSTED__IBM.csv").read_bytes()
    asked = Question("daily_adjusted", ("IBM",), EVER, timeframe("1d"))
    (series,) = page_series(SOURCE.dataset("daily_adjusted"), asked, data, EVER.end)
    paid = series.bars.filter(series.bars["dividend"] > 0)
    assert paid["timestamp"].to_list() == [datetime(2026, 5, 8, tzinfo=UTC), datetime(2026, 2, 10, tzinfo=UTC)]
    assert paid["dividend"].to_list() == [1.69, 1.68]
    last = series.bars.row(-1, named=True)
    assert (last["close"], last["adj_close"]) == (302.79, 298.85821743109733)


def test_a_recorded_intraday_document_names_its_symbol_and_its_zone(shared: Path) -> None:
    document = json.loads((shared / "fixtures/alphavantage/TIME_SERIES_INTRADAY__MSFT_1min_2017.json").read_bytes())
    told = document["Time Series (1min)"]
    asked = Question("intraday", ("MSFT",), EVER, timeframe("1m"))
    (series,) = page_series(SOURCE.dataset("intraday"), asked, document, EVER.end)
    assert series.vendor_symbol == "MSFT"
    assert series.bars.height == len(told) == 100
    zone = ZoneInfo("America/New_York")
    assert series.bars["timestamp"].to_list() == [datetime.fromisoformat(at).replace(tzinfo=zone) for at in told]
    assert series.bars["timestamp"][0] == datetime(2017, 12, 18, 19, 56, tzinfo=UTC)  # 14:56 in December is 19:56 UTC
    for number, name in enumerate(NUMBERS, 1):
        assert series.bars[name].to_list() == [float(row[f"{number}. {name}"]) for row in told.values()]
