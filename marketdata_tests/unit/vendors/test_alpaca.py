"""How Alpaca is described: spellings, tapes, plans, and what each question sends."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from marketdata_assets.core.periods import Window
from marketdata_assets.core.timeframes import timeframe
from marketdata_assets.sources.question import Data, Question
from marketdata_assets.sources.registry import vendor

SOURCE = vendor("alpaca")
WINDOW = Window(datetime(2024, 3, 8, tzinfo=UTC), datetime(2024, 3, 12, tzinfo=UTC))


def test_class_shares_keep_their_dot_and_pairs_get_a_slash() -> None:
    assert SOURCE.spellings["us_equities"].theirs("BRK.B") == "BRK.B"
    assert SOURCE.spellings["crypto"].theirs("BTC-USD") == "BTC/USD"


def test_stock_bars_are_asked_for_raw_and_name_their_tape() -> None:
    options = SOURCE.chosen({"feed": "iex"})
    question = Question("bars", ("AAPL", "BRK.B"), WINDOW, timeframe("15m"), options)
    dataset = SOURCE.dataset("bars")
    (request,) = dataset.ask(question)
    assert dict(request.params) == {
        "limit": 10_000,
        "symbols": "AAPL,BRK.B",
        "timeframe": "15Min",
        "start": "2024-03-08T00:00:00Z",
        "end": "2024-03-11T23:45:00Z",
        "adjustment": "raw",
        "feed": "iex",
    }
    assert dataset.tape_of(options) == "alpaca iex"
    assert dataset.symbols == 50


@pytest.mark.parametrize(
    ("end", "length", "sent"),
    [
        ("2024-03-12T00:00:00Z", "1d", "2024-03-11T05:00:00Z"),
        ("2024-07-12T00:00:00Z", "1d", "2024-07-11T05:00:00Z"),
        ("2024-03-12T15:30:00Z", "1h", "2024-03-12T15:00:00Z"),
        ("2024-03-12T15:00:00Z", "1h", "2024-03-12T14:00:00Z"),
        ("2024-03-12T15:01:00Z", "1m", "2024-03-12T15:00:00Z"),
    ],
)
def test_the_end_sent_is_the_start_of_the_last_bar_so_that_the_free_plan_does_not_refuse_it(end: str, length: str, sent: str) -> None:
    window = Window(WINDOW.start, datetime.fromisoformat(end))
    (request,) = SOURCE.dataset("bars").ask(Question("bars", ("AAPL",), window, timeframe(length)))
    assert request.params["end"] == sent


def test_the_tape_follows_the_plan() -> None:
    latest = SOURCE.dataset("latest_quotes")
    assert latest.tape_of(SOURCE.chosen({}, "basic")) == "alpaca iex"
    assert latest.tape_of(SOURCE.chosen({}, "algo_trader_plus")) == "alpaca sip"
    assert SOURCE.dataset("bars").tape_of(SOURCE.chosen({}, "basic")) == "alpaca sip"
    assert SOURCE.dataset("latest_option_trades").tape_of(SOURCE.chosen({}, "algo_trader_plus")) == "alpaca opra"


def test_plans_state_their_requests_and_fees() -> None:
    basic, plus = SOURCE.plans
    assert [plan.budgets["default"].quotas[0].limit for plan in (basic, plus)] == [200, 10_000]
    assert (basic.monthly_fee, plus.monthly_fee) == (Decimal(0), Decimal(99))
    headers = {"X-RateLimit-Limit": "200", "X-RateLimit-Remaining": "150"}
    standing = basic.budgets["default"].quotas[0].standing(headers, WINDOW.start)
    assert standing is not None
    assert (standing.limit, standing.used) == (200, 50)


def test_a_paid_plan_leaves_the_trading_api_its_own_budget() -> None:
    trading = SOURCE.apis_for("algo_trader_plus")[2]
    assert trading.budgets["trading"].quotas[0].limit == 200
    assert {endpoint.budget for endpoint in trading.endpoints} == {"trading"}


@pytest.mark.parametrize(
    ("data", "asset_class", "name"),
    [
        (Data.BARS, "us_equities", "bars"),
        (Data.TRADES, "us_equities", "trades"),
        (Data.QUOTES, "us_equities", "quotes"),
        (Data.OPTION_QUOTES, "us_equities", "option_chain"),
        (Data.BARS, "crypto", "crypto_bars"),
        (Data.ORDER_BOOKS, "crypto", "order_books"),
    ],
)
def test_the_first_dataset_of_a_kind_is_the_one_meant(data: Data, asset_class: str, name: str) -> None:
    found = SOURCE.serving(data, asset_class)
    assert found is not None
    assert found.name == name


def test_days_of_coins_are_not_offered_because_they_begin_at_another_hour() -> None:
    assert SOURCE.serving(Data.BARS, "crypto", "1d") is None
    assert SOURCE.serving(Data.BARS, "crypto", "1h") is not None


def test_single_trades_are_asked_for_up_to_the_end_of_the_window_itself() -> None:
    (request,) = SOURCE.dataset("trades").ask(Question("trades", ("AAPL",), WINDOW, options=SOURCE.chosen({})))
    assert (request.params["start"], request.params["end"]) == ("2024-03-08T00:00:00Z", "2024-03-12T00:00:00Z")


def test_coins_are_asked_for_at_their_venue() -> None:
    options = SOURCE.chosen({"location": "us-1"})
    (request,) = SOURCE.dataset("crypto_bars").ask(Question("crypto_bars", ("BTC/USD",), WINDOW, timeframe("1h"), options))
    assert request.url("https://host").startswith("https://host/v1beta3/crypto/us-1/bars?limit=10000&symbols=BTC%2FUSD&timeframe=1Hour&")
    assert SOURCE.dataset("crypto_bars").tape_of(options) == "alpaca us-1"


def test_a_chain_is_asked_for_by_its_underlying() -> None:
    dataset = SOURCE.dataset("option_chain")
    (request,) = dataset.ask(Question("option_chain", ("BRK.B",), options=SOURCE.chosen({})))
    assert request.url("https://host") == "https://host/v1beta1/options/snapshots/BRK.B?limit=1000&feed=indicative"
    (cut,) = dataset.ask(Question("option_chain", ("BRK.B",), WINDOW, options=SOURCE.chosen({})))
    assert (cut.params["expiration_date_gte"], cut.params["expiration_date_lte"]) == ("2024-03-08", "2024-03-11")


def test_every_dataset_can_be_asked_and_stays_within_its_endpoint() -> None:
    for dataset in SOURCE.datasets:
        symbols = () if not dataset.symbols else ("BTC/USD",) if dataset.asset_class == "crypto" else ("AAPL",)
        length = timeframe("1m") if dataset.data is Data.BARS else None
        window = WINDOW if dataset.dated else None
        for request in dataset.ask(Question(dataset.name, symbols, window, length, SOURCE.chosen({}))):
            assert request.endpoint == dataset.endpoint.name
            assert request.url("https://host").startswith("https://host/v")
