"""Alpha Vantage's bars: what is asked, what is read, and what the 100 rows of a free plan cannot answer."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl
import pytest

from marketdata_assets.core.faults import ConfigFault
from marketdata_assets.core.periods import Window
from marketdata_assets.core.sessions import calendar
from marketdata_assets.core.timeframes import timeframe
from marketdata_assets.sources.errors import NotEntitled, SchemaChanged
from marketdata_assets.sources.page import page_series
from marketdata_assets.sources.question import Data, Question
from marketdata_assets.sources.registry import vendor_under
from marketdata_assets.sources.vendors.alphavantage import SOURCE

NEVER = datetime(2100, 1, 1, tzinfo=UTC)


def question(dataset: str, start: datetime, end: datetime, length: str = "1d", symbol: str = "IBM", **options: str) -> Question:
    return Question(dataset, (symbol,), Window(start, end), timeframe(length), options)


def day(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc,arg-type]


def daily(rows: dict[str, tuple[str, str, str, str, str]], symbol: str = "IBM", zone: str = "US/Eastern") -> dict[str, Any]:
    names = ("1. open", "2. high", "3. low", "4. close", "5. volume")
    about = {
        "1. Information": "Daily Prices (open, high, low, close) and Volumes",
        "2. Symbol": symbol,
        "3. Last Refreshed": max(rows, default="2024-01-02"),
        "4. Output Size": "Compact",
        "5. Time Zone": zone,
    }
    return {"Meta Data": about, "Time Series (Daily)": {at: dict(zip(names, row, strict=True)) for at, row in rows.items()}}


ROW = ("10.0000", "12.5000", "9.7500", "11.1250", "1234")


def test_a_daily_bar_is_labelled_by_its_session_date_and_its_numbers_are_untouched() -> None:
    asked = question("daily", day(2024, 1, 1), day(2025, 1, 1))
    (series,) = page_series(SOURCE.dataset("daily"), asked, daily({"2024-07-03": ROW}), NEVER)
    row = series.bars.row(0, named=True)
    assert (series.vendor_symbol, row["timestamp"]) == ("IBM", day(2024, 7, 3))
    assert [row[name] for name in ("open", "high", "low", "close", "volume")] == [10.0, 12.5, 9.75, 11.125, 1234.0]


def test_rows_outside_the_window_are_this_vendors_habit_and_rows_of_another_symbol_are_not() -> None:
    asked = question("daily", day(2024, 7, 2), day(2024, 7, 4))
    dataset = SOURCE.dataset("daily")
    (series,) = page_series(dataset, asked, daily({"2024-07-05": ROW, "2024-07-03": ROW, "2024-07-01": ROW}), NEVER)
    assert series.bars["timestamp"].to_list() == [day(2024, 7, 3)]
    assert not series.refused.height
    (other,) = page_series(dataset, asked, daily({"2024-07-03": ROW}, symbol="MSFT"), NEVER)
    assert not other.bars.height
    assert other.refused["rule"].to_list() == ["other_symbol"]


def test_an_empty_series_is_an_empty_frame() -> None:
    for name in ("daily", "daily_adjusted"):
        asked = question(name, day(2024, 1, 1), day(2025, 1, 1))
        assert page_series(SOURCE.dataset(name), asked, daily({}), NEVER) == []


@pytest.mark.parametrize(
    "spoilt",
    [
        daily({"2024-07-03": ROW}, zone="UTC"),
        daily({"2024-07-03": ("10.0000", "n/a", "9", "11", "12")}),
        daily({"2024-07-03 16:00:00": ROW}),
        {"Meta Data": {"2. Symbol": "IBM", "5. Time Zone": "US/Eastern"}},
        {"Time Series (Daily)": {}},
        {**daily({}), "Time Series (Daily)": {"2024-07-03": {"1. open": "10.0000"}}},
        {**daily({}), "Time Series (Daily)": {"2024-07-03": dict.fromkeys(("open", "high", "low", "close", "volume"), 10.0)}},
        b"timestamp,open,high,low,close,volume\n2024-07-03,1,1,1,1\n",
    ],
)
def test_what_is_not_the_documented_answer_is_a_changed_schema(spoilt: Any) -> None:
    asked = question("daily", day(2024, 1, 1), day(2025, 1, 1))
    with pytest.raises(SchemaChanged):
        page_series(SOURCE.dataset("daily"), asked, spoilt, NEVER)


def test_the_adjusted_series_without_its_adjustments_is_a_changed_schema() -> None:
    with pytest.raises(SchemaChanged, match="adjusted_close"):
        page_series(
            SOURCE.dataset("daily_adjusted"),
            question("daily_adjusted", day(2024, 1, 1), day(2025, 1, 1)),
            daily({"2024-07-03": ROW}),
            NEVER,
        )


def hundred_sessions() -> list[str]:
    days = pl.date_range(datetime(2024, 1, 2), datetime(2024, 7, 1), eager=True)
    return [str(each) for each in days if each.weekday() < 5][:100]  # 2024-01-02 is the first session of its year


def test_a_window_that_begins_before_the_hundred_rows_of_the_free_plan_is_refused_rather_than_left_with_a_hole() -> None:
    page = daily(dict.fromkeys(hundred_sessions(), ROW))
    dataset = SOURCE.dataset("recent_daily")
    for start in (day(2024, 1, 2), day(2023, 12, 30)):  # a Saturday before New Year: nothing is missing in between
        (series,) = page_series(dataset, question("recent_daily", start, day(2025, 1, 1)), page, NEVER)
        assert series.bars.height == 100
    with pytest.raises(NotEntitled, match="back to 2024-01-02: 1 of the window"):
        page_series(dataset, question("recent_daily", day(2023, 12, 29), day(2025, 1, 1)), page, NEVER)
    with pytest.raises(NotEntitled, match="20 of the window"):  # January 2023 had 20 sessions
        page_series(dataset, question("recent_daily", day(2023, 1, 1), day(2023, 2, 1)), page, NEVER)
    (series,) = page_series(SOURCE.dataset("daily"), question("daily", day(2020, 1, 1), day(2025, 1, 1)), page, NEVER)
    assert series.bars.height == 100


def test_a_young_company_with_fewer_rows_has_no_more_to_send() -> None:
    page = daily(dict.fromkeys(hundred_sessions()[1:], ROW))
    (series,) = page_series(SOURCE.dataset("recent_daily"), question("recent_daily", day(2020, 1, 1), day(2025, 1, 1)), page, NEVER)
    assert series.bars.height == 99


def test_intraday_times_are_new_yorks_in_winter_and_in_summer() -> None:
    page = daily({})
    page["Time Series (60min)"] = {
        f"2024-{hour}:00:00": dict(zip(("1. open", "2. high", "3. low", "4. close", "5. volume"), ROW, strict=True))
        for hour in ("07-01 09", "01-02 19")
    }
    (series,) = page_series(SOURCE.dataset("intraday"), question("intraday", day(2024, 1, 1), day(2025, 1, 1), "1h"), page, NEVER)
    assert series.bars["timestamp"].to_list() == [datetime(2024, 7, 1, 13, tzinfo=UTC), datetime(2024, 1, 3, 0, tzinfo=UTC)]


def test_requests_name_the_function_and_never_ask_for_adjusted_intraday_prices() -> None:
    (one,) = SOURCE.dataset("daily").ask(question("daily", day(2024, 1, 1), day(2025, 1, 1), symbol="BRK-B"))
    assert one.url("https://h") == "https://h/query?function=TIME_SERIES_DAILY&datatype=json&symbol=BRK-B&outputsize=full"
    (recent,) = SOURCE.dataset("recent_daily").ask(question("recent_daily", day(2024, 1, 1), day(2025, 1, 1)))
    assert recent.params["outputsize"] == "compact"
    several = SOURCE.dataset("intraday").ask(
        question("intraday", datetime(2023, 12, 1, 3, tzinfo=UTC), datetime(2024, 1, 1, 5, tzinfo=UTC), "5m", extended_hours="false")
    )
    assert [request.params["month"] for request in several] == ["2023-11", "2023-12"]  # 22:00 of 30 November, up to midnight of 1 January
    assert {(r.params["adjusted"], r.params["interval"], r.params["extended_hours"]) for r in several} == {(False, "5min", "false")}


def test_the_free_plan_takes_the_hundred_sessions_and_a_premium_plan_the_whole_series() -> None:
    taken = {plan: vendor_under("alphavantage", plan).serving(Data.BARS, "us_equities", "1d") for plan in (None, "free", "premium_75")}
    assert {plan: dataset and dataset.name for plan, dataset in taken.items()} == {
        None: "recent_daily",
        "free": "recent_daily",
        "premium_75": "daily",
    }
    assert {d.name for d in vendor_under("alphavantage", "free").datasets} == {d.name for d in SOURCE.datasets}
    assert not SOURCE.dataset("daily_adjusted").serves("free")
    with pytest.raises(ConfigFault, match="premium_75"):
        vendor_under("alphavantage", "gold")


def test_the_reach_of_the_free_plan_never_holds_more_sessions_than_it_has_rows() -> None:
    history = SOURCE.dataset("recent_daily").history
    assert history is not None
    exchange = calendar("XNYS")
    for number in range(3 * 365):
        today = date(2022, 1, 1) + timedelta(days=number)
        assert exchange.sessions(today - history, today).height < 100  # the row of today comes on top


def test_share_classes_are_written_with_a_dash() -> None:
    assert SOURCE.spellings["us_equities"].theirs("BRK.B") == "BRK-B"
