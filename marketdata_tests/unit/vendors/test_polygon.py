"""How Polygon is described: spellings, plans, and what each question sends."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from marketdata_assets.core.periods import Window
from marketdata_assets.core.timeframes import timeframe
from marketdata_assets.sources.question import Data, Question
from marketdata_assets.sources.registry import vendor

SOURCE = vendor("polygon")
WINDOW = Window(datetime(2024, 3, 8, tzinfo=UTC), datetime(2024, 3, 12, tzinfo=UTC))


def url(dataset: str, *symbols: str, window: Window | None = WINDOW, length: str | None = None) -> list[str]:
    question = Question(dataset, symbols, window, timeframe(length) if length else None)
    return [request.url("https://h") for request in SOURCE.dataset(dataset).ask(question)]


def test_class_shares_keep_their_dot() -> None:
    assert SOURCE.spellings["us_equities"].theirs("BRK.B") == "BRK.B"


def test_days_are_asked_for_by_date_and_unadjusted() -> None:
    assert url("bars", "BRK.B", length="1d") == [
        "https://h/v2/aggs/ticker/BRK.B/range/1/day/2024-03-08/2024-03-11?adjusted=false&sort=asc&limit=50000"
    ]


def test_minutes_are_asked_for_in_milliseconds_up_to_the_last_one() -> None:
    # 2024-03-08T00:00Z is 1709856000 s, 2024-03-12T00:00Z is 1710201600 s
    assert url("bars", "AAPL", length="15m") == [
        "https://h/v2/aggs/ticker/AAPL/range/15/minute/1709856000000/1710201599999?adjusted=false&sort=asc&limit=50000"
    ]


@pytest.mark.parametrize(
    ("dataset", "symbols", "path"),
    [("grouped_daily", (), "/v2/aggs/grouped/locale/us/market/stocks/"), ("open_close", ("AAPL",), "/v1/open-close/AAPL/")],
)
def test_single_days_are_asked_for_where_there_is_a_session(dataset: str, symbols: tuple[str, ...], path: str) -> None:
    easter = Window(datetime(2024, 3, 28, tzinfo=UTC), datetime(2024, 4, 2, tzinfo=UTC))  # Good Friday was the 29th of March
    asked = [text.removeprefix("https://h").split("?")[0] for text in url(dataset, *symbols, window=easter, length="1d")]
    assert asked == [f"{path}2024-03-28", f"{path}2024-04-01"]


def test_trades_are_asked_for_in_half_open_nanoseconds_oldest_first() -> None:
    assert url("trades", "AAPL") == [
        "https://h/v3/trades/AAPL?order=asc&sort=timestamp&limit=50000&timestamp.gte=1709856000000000000&timestamp.lt=1710201600000000000"
    ]


def test_actions_are_asked_for_by_their_own_dates() -> None:
    (splits,) = url("splits", "AAPL", "BRK.B")
    assert splits == (
        "https://h/stocks/v1/splits?sort=execution_date.asc&limit=1000&ticker.any_of=AAPL,BRK.B"
        "&execution_date.gte=2024-03-08&execution_date.lte=2024-03-11"
    )
    assert url("dividends") == [
        "https://h/stocks/v1/dividends?sort=ex_dividend_date.asc&limit=1000&ex_dividend_date.gte=2024-03-08&ex_dividend_date.lte=2024-03-11"
    ]
    assert url("ticker_events", "META", window=None) == ["https://h/vX/reference/tickers/META/events?types=ticker_change"]


def test_listings_include_what_was_delisted() -> None:
    assert url("listings", window=None) == [
        f"https://h/v3/reference/tickers?market=stocks&sort=ticker&order=asc&limit=1000&active={active}" for active in ("true", "false")
    ]
    assert url("listings")[0].endswith("&active=true&date=2024-03-11")


def test_news_of_any_ticker_can_be_asked_for() -> None:
    asked = "https://h/v2/reference/news?sort=published_utc&order=asc&limit=1000"
    span = "&published_utc.gte=2024-03-08T00:00:00Z&published_utc.lt=2024-03-12T00:00:00Z"
    assert [text.replace("%3A", ":") for text in url("news", "AAPL")] == [f"{asked}&ticker=AAPL{span}"]
    assert [text.replace("%3A", ":") for text in url("news")] == [f"{asked}{span}"]


def test_an_underlying_in_a_path_cannot_become_a_path_of_its_own() -> None:
    assert url("option_chain", "../x", window=None)[0].startswith("https://h/v3/snapshot/options/..%2Fx?")


def test_plans_differ_in_requests_fee_and_data() -> None:
    assert [plan.monthly_fee for plan in SOURCE.plans] == [Decimal(0), Decimal(29), Decimal(79), Decimal(199)]
    basic = SOURCE.plans[0].budgets["default"].quotas[0]
    assert (basic.limit, basic.per) == (5, 60.0)
    serving = {plan.name: {d.name for d in SOURCE.datasets if d.serves(plan.name)} for plan in SOURCE.plans}
    assert serving["advanced"] - serving["developer"] == {"quotes", "latest_quotes"}
    assert serving["developer"] - serving["starter"] == {"trades", "latest_trades"}
    assert serving["starter"] - serving["basic"] == {"snapshots", "stock_snapshot"}


@pytest.mark.parametrize(("data", "name"), [(Data.BARS, "bars"), (Data.CORPORATE_ACTIONS, "splits"), (Data.SNAPSHOTS, "snapshots")])
def test_the_first_dataset_of_a_kind_is_the_one_meant(data: Data, name: str) -> None:
    found = SOURCE.serving(data, "us_equities")
    assert found is not None
    assert found.name == name
