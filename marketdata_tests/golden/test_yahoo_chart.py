"""Yahoo's recorded charts, whole, against their own numbers; its recorded complaints as faults."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from marketdata_assets.core.periods import Window
from marketdata_assets.core.timeframes import timeframe
from marketdata_assets.sources.errors import BadCredentials, NotEntitled, NotFound, RateLimited, SchemaChanged, VendorFault
from marketdata_assets.sources.page import page_rows, page_series
from marketdata_assets.sources.question import Question
from marketdata_assets.sources.vendors.yahoo import SOURCE
from marketdata_tests.support.vendor_answers import recorded, told

pytestmark = pytest.mark.realdata
EVER = Window(datetime(1990, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))
DAILY = ["AAPL_1d_2020-01-02", "AAPL_1d_split_4for1_and_dividend_2020", "BTC-USD_1d", "EURUSDX_1d", "MSFT_1d_dividends_2021"]
DAILY += ["NVDA_1d_split_2021", "OCDO.L_1d_GBp", "TSLA_1d_around_both_splits_TRIMMED", "WSU.DE_1d_xetra"]


def fixture(shared: Path, name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((shared / "fixtures" / "yahoo" / f"chart__{name}.json").read_bytes())
    return document


def daily(document: dict[str, Any], dataset: str = "daily") -> pl.DataFrame:
    symbol = document["chart"]["result"][0]["meta"]["symbol"]
    asked = Question(dataset, (symbol,), EVER, timeframe("1d"))
    (series,) = page_series(SOURCE.dataset(dataset), asked, document, EVER.end)
    assert not series.refused.height
    return series.bars


@pytest.mark.parametrize("name", DAILY)
def test_every_entry_of_a_recorded_chart_is_a_bar(shared: Path, name: str) -> None:
    document = fixture(shared, name)
    result = document["chart"]["result"][0]
    bars = daily(document, "crypto_daily" if name.startswith("BTC") else "daily")
    zone = ZoneInfo(result["meta"]["exchangeTimezoneName"])
    days = [datetime.fromtimestamp(seconds, zone).date() for seconds in result["timestamp"]]
    assert bars["timestamp"].to_list() == [datetime(day.year, day.month, day.day, tzinfo=UTC) for day in days]
    for column, told_ in result["indicators"]["quote"][0].items():
        assert bars[column].to_list() == told_
    assert bars["adj_close"].to_list() == result["indicators"]["adjclose"][0]["adjclose"]
    assert bars["line"].to_list() == list(range(1, len(days) + 1))


def test_apples_split_and_dividend_stand_on_their_sessions(shared: Path) -> None:
    bars = daily(fixture(shared, "AAPL_1d_split_4for1_and_dividend_2020"))
    split = bars.filter(pl.col("split_ratio") != 1)
    paid = bars.filter(pl.col("dividend") != 0)
    assert split.select("timestamp", "split_ratio").rows() == [(datetime(2020, 8, 31, tzinfo=UTC), 4.0)]
    assert paid.select("timestamp", "dividend").rows() == [(datetime(2020, 11, 6, tzinfo=UTC), 0.205)]


def test_nvidias_split_and_microsofts_four_dividends_are_all_there(shared: Path) -> None:
    nvidia, microsoft = (daily(fixture(shared, name)) for name in ("NVDA_1d_split_2021", "MSFT_1d_dividends_2021"))
    assert nvidia.filter(pl.col("split_ratio") != 1)["timestamp"].to_list() == [datetime(2021, 7, 20, tzinfo=UTC)]
    paid = microsoft.filter(pl.col("dividend") != 0)
    assert paid["dividend"].to_list() == [0.56, 0.56, 0.56, 0.62]
    assert [f"{day:%m-%d}" for day in paid["timestamp"]] == ["02-17", "05-19", "08-18", "11-17"]


def test_teslas_prices_do_not_jump_at_its_splits_because_they_are_adjusted(shared: Path) -> None:
    bars = daily(fixture(shared, "TSLA_1d_around_both_splits_TRIMMED"))
    assert set(bars["price_basis"]) == {"split_adjusted"}
    near = bars.filter(pl.col("timestamp").is_between(datetime(2022, 8, 24, tzinfo=UTC), datetime(2022, 8, 25, tzinfo=UTC)))
    assert near["close"].to_list() == [297.0966796875, 296.07000732421875]


def test_events_of_a_recorded_chart_are_corporate_actions(shared: Path) -> None:
    document = fixture(shared, "AAPL_1d_split_4for1_and_dividend_2020")
    rows = page_rows(SOURCE.dataset("corporate_actions"), Question("corporate_actions", ("AAPL",), EVER), document, EVER.end, "0" * 64)
    assert [(row["kind"], str(row["ex_date"]), row["ratio"], row["amount"]) for row in rows.iter_rows(named=True)] == [
        ("cash_dividend", "2020-11-06", None, 0.205),
        ("split", "2020-08-31", 4.0, None),
    ]


def test_a_weekend_has_no_bars_and_prices_without_times_are_refused(shared: Path) -> None:
    asked = Question("one_minute", ("AAPL",), EVER, timeframe("1m"))
    assert page_series(SOURCE.dataset("one_minute"), asked, fixture(shared, "AAPL_1m_weekend_empty"), EVER.end) == []
    with pytest.raises(SchemaChanged, match="different lengths"):
        daily(fixture(shared, "AAPL_notimestamp_fake"))


@pytest.mark.parametrize(
    ("name", "status", "fault", "words"),
    [
        ("chart__error_404_delisted.json", 404, NotFound, "symbol may be delisted"),
        ("chart__error_422_1m_window.json", 422, NotEntitled, "within the last 30 days"),
        ("error__401_feature.json", 401, NotEntitled, "unable to access this feature"),
        ("error__401_invalid_crumb.json", 401, BadCredentials, "Invalid Crumb"),
        ("error__429.txt", 429, RateLimited, "Too Many Requests"),
        ("quoteSummary__ADH_404.json", 404, NotFound, "No fundamentals data found"),
    ],
)
def test_a_recorded_complaint_is_its_fault(shared: Path, name: str, status: int, fault: type[VendorFault], words: str) -> None:
    request = SOURCE.dataset("daily").ask(Question("daily", ("AAPL",), EVER, timeframe("1d")))[0]
    found = told(SOURCE, request, recorded(shared / "fixtures" / "yahoo" / name, status))
    assert type(found.fault) is fault
    assert words in found.fault.found
