from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from marketdata_assets.core.faults import ConfigFault
from marketdata_assets.core.periods import Window
from marketdata_assets.core.timeframes import timeframe
from marketdata_assets.sources.error_rules import verdict
from marketdata_assets.sources.errors import BadCredentials, NotEntitled, NotFound, RateLimited
from marketdata_assets.sources.http import Client
from marketdata_assets.sources.page import page_rows, page_series
from marketdata_assets.sources.question import Data, Question
from marketdata_assets.sources.registry import vendor
from marketdata_tests.support.loopback import Loopback, js
from marketdata_tests.support.virtual_time import VirtualTime, run

GECKO = vendor("coingecko")
NOW = datetime(2025, 11, 21, 12, tzinfo=UTC)
FOUR = timedelta(hours=4)


def asking(dataset: str, start: str, end: str, length: str | None = None, coin: str = "bitcoin", **options: str) -> Question:
    window = Window(datetime.fromisoformat(start).replace(tzinfo=UTC), datetime.fromisoformat(end).replace(tzinfo=UTC))
    return Question(dataset, (coin,), window, timeframe(length) if length else None, options, (f"{coin.upper()}-USD",))


def fixture(shared: Path, name: str) -> Any:
    return json.loads((shared / "fixtures/coingecko" / name).read_bytes())


def urls(dataset: str, question: Question) -> list[str]:
    return [request.url("https://g/").removeprefix("https://g/api/v3/") for request in GECKO.dataset(dataset).ask(question)]


def test_the_number_of_days_asks_for_the_length_of_candles() -> None:
    assert urls("bars_30m", asking("bars_30m", "2025-11-21", "2025-11-22", "30m")) == [
        "coins/bitcoin/ohlc?vs_currency=usd&days=1&precision=full"
    ]
    assert urls("bars_4h", asking("bars_4h", "2025-11-01", "2025-11-22", "4h")) == [
        "coins/bitcoin/ohlc?vs_currency=usd&days=30&precision=full"
    ]


def test_a_paid_range_is_asked_by_the_ends_of_its_candles() -> None:
    # 200 days from 2024-01-01 (1704067200): 179 candles, which end from the 2nd of January to the 28th of June, then the other 21.
    assert urls("bars_range", asking("bars_range", "2024-01-01", "2024-07-19", "1d")) == [
        "coins/bitcoin/ohlc/range?vs_currency=usd&from=1704153600&to=1719532800&interval=daily",
        "coins/bitcoin/ohlc/range?vs_currency=usd&from=1719619200&to=1721347200&interval=daily",
    ]


@pytest.mark.realdata
def test_candles_are_stamped_with_their_end(shared: Path) -> None:
    document = fixture(shared, "ohlc_bitcoin_usd_4h_docs.json")
    frame = GECKO.dataset("bars_4h").read(document, asking("bars_4h", "2024-03-02", "2024-03-04", "4h"))
    start = datetime(2024, 3, 2, 12, tzinfo=UTC)  # the first stamp, 1709395200, is 16:00
    assert frame["timestamp"].to_list() == [start, start + FOUR, start + 2 * FOUR]
    assert frame.select("open", "high", "low", "close").rows() == [tuple(row[1:]) for row in document]
    assert "volume" not in frame.columns


@pytest.mark.realdata
def test_half_hours_are_read_likewise_and_say_that_they_are_an_index(shared: Path) -> None:
    document = fixture(shared, "ohlc_bitcoin_usd_30m_docs_2026.json")
    question = asking("bars_30m", "2026-05-19", "2026-05-20", "30m")
    (series,) = page_series(GECKO.dataset("bars_30m"), question, document, NOW.replace(year=2030))
    assert series.bars.select("timestamp", "open", "high", "low", "close", "volume", "tape").rows() == [
        (datetime(2026, 5, 19, 13, 30, tzinfo=UTC), 76769, 76889, 76744, 76818, None, "coingecko_index"),
        (datetime(2026, 5, 19, 14, 0, tzinfo=UTC), 76712, 76712, 76321, 76422, None, "coingecko_index"),
    ]


def candles(count: int, *, ends: datetime, length: timedelta) -> list[list[float]]:
    return [[int((ends - i * length).timestamp() * 1000), 2, 3, 1, 2.5] for i in reversed(range(count))]


def test_a_last_candle_that_ends_on_no_multiple_of_its_length_still_runs() -> None:
    document = [*candles(5, ends=NOW, length=FOUR), [int((NOW + timedelta(minutes=23)).timestamp() * 1000), 2, 3, 1, 2.5]]
    question = asking("bars_4h", "2025-11-20", "2025-11-22", "4h")
    assert GECKO.dataset("bars_4h").read(document, question)["timestamp"].max() == NOW - FOUR
    with pytest.raises(ValueError, match="candle 1 of 6"):
        GECKO.dataset("bars_4h").read(document[::-1], question)


def test_candles_of_another_length_are_refused() -> None:
    document = candles(6, ends=NOW, length=timedelta(days=4))
    with pytest.raises(ValueError, match="345600000 ms apart, not 4h"):
        GECKO.dataset("bars_4h").read(document, asking("bars_4h", "2025-10-01", "2025-11-22", "4h"))


def test_a_candle_that_comes_twice_and_rows_out_of_order_are_left_to_the_rules() -> None:
    document = candles(6, ends=NOW, length=FOUR)
    frame = GECKO.dataset("bars_4h").read([*document[::-1], document[2]], asking("bars_4h", "2025-11-20", "2025-11-22", "4h"))
    assert (frame.height, frame["timestamp"].n_unique()) == (7, 6)


def test_a_window_from_before_the_days_that_are_served_is_refused_rather_than_cut() -> None:
    document = candles(180, ends=NOW, length=FOUR)
    with pytest.raises(NotFound, match="begin at 2025-10-22 12:00 UTC"):
        GECKO.dataset("bars_4h").read(document, asking("bars_4h", "2025-10-22T08:00", "2025-11-22", "4h"))
    assert GECKO.dataset("bars_4h").read(document, asking("bars_4h", "2025-10-22T12:00", "2025-11-22", "4h")).height == 180


def test_a_young_coin_is_read_as_far_as_it_goes() -> None:
    document = candles(7, ends=NOW, length=FOUR)
    assert GECKO.dataset("bars_4h").read(document, asking("bars_4h", "2025-10-25", "2025-11-22", "4h")).height == 7


@pytest.mark.realdata
def test_daily_samples_in_bitcoin_keep_every_digit_and_the_moment_of_asking(shared: Path) -> None:
    document = fixture(shared, "market_chart_alephium_btc_daily_recorded_2023-12-13.json")
    question = asking("market_charts", "2023-12-09", "2023-12-14", coin="alephium", currency="btc")
    frame = page_rows(GECKO.dataset("market_charts"), question, document, NOW, "0" * 64)
    assert frame["price"].to_list() == [row[1] for row in document["prices"]]
    assert frame["market_cap"].to_list() == [row[1] for row in document["market_caps"]]
    assert frame["volume"].to_list() == [row[1] for row in document["total_volumes"]]
    assert frame["price"][0] == 1.6446899669484214e-05
    assert frame["timestamp"].to_list()[4:] == [datetime(2023, 12, 13, tzinfo=UTC), datetime(2023, 12, 13, 14, 15, 9, tzinfo=UTC)]
    assert set(frame["currency"]) == {"BTC"}


@pytest.mark.realdata
def test_samples_between_five_minutes_are_kept_at_their_instant(shared: Path) -> None:
    document = fixture(shared, "market_chart_bitcoin_usd_1d_recorded_2018-08-27_truncated.json")
    frame = GECKO.dataset("latest_market_charts").read(document, Question("latest_market_charts", ("bitcoin",)))
    assert frame["price"].to_list() == [row[1] for row in document["prices"]]
    assert frame["timestamp"][0] == datetime(2018, 8, 27, 12, 44, 59, 623000, tzinfo=UTC)
    assert frame["market_cap"].null_count() == frame.height == 6


def test_samples_that_one_list_lacks_are_null_there() -> None:
    document = {"prices": [[1702080000000, 2], [1702166400000, None]], "market_caps": [[1702166400000, 5.5]], "total_volumes": []}
    frame = GECKO.dataset("market_charts").read(document, asking("market_charts", "2023-12-09", "2023-12-14"))
    assert frame.select("price", "market_cap", "volume").rows() == [(2.0, None, None), (None, 5.5, None)]


@pytest.mark.realdata
def test_every_coin_of_the_list_is_a_listing(shared: Path) -> None:
    document = fixture(shared, "coins_list_excerpt.json")
    frame = page_rows(GECKO.dataset("listings"), Question("listings"), document, NOW, "0" * 64)
    assert frame.select("vendor_symbol", "name").rows() == [(coin["id"], coin["name"]) for coin in document]
    assert frame["identifiers"][6] == "ticker=omni"


@pytest.mark.realdata
def test_prices_now_are_snapshots_and_unknown_coins_are_none(shared: Path) -> None:
    dataset, question = GECKO.dataset("snapshots"), Question("snapshots", ("bitcoin",))
    found = page_rows(dataset, question, fixture(shared, "simple_price_bitcoin_usd.json"), NOW, "0" * 64)
    assert found.select("vendor_symbol", "last_price", "timestamp").rows() == [("bitcoin", 7984.89, None)]
    assert page_rows(dataset, question, fixture(shared, "simple_price_unknown_id.json"), NOW, "0" * 64).height == 0
    told = {"bitcoin": {"usd": 7984.89, "last_updated_at": 1702476909}, "dead": {"usd": None}}
    assert dataset.read(told, question)["timestamp"].to_list() == [datetime(2023, 12, 13, 14, 15, 9, tzinfo=UTC)]


@pytest.mark.realdata
def test_a_market_is_a_snapshot_too(shared: Path) -> None:
    frame = page_rows(GECKO.dataset("markets"), Question("markets"), fixture(shared, "coins_markets_bitcoin_2018.json"), NOW, "0" * 64)
    assert frame.select("vendor_symbol", "last_price", "timestamp").rows() == [
        ("bitcoin", 7015.11823787848, datetime(2018, 8, 28, 12, 12, 53, 390000, tzinfo=UTC))
    ]


@pytest.mark.realdata
def test_every_recorded_error_is_its_fault(shared: Path) -> None:
    rules, messages = GECKO.apis[0].errors, GECKO.apis[0].messages
    found = [verdict(rules, messages, one["http"], one["body"], "") for one in fixture(shared, "errors.json")]
    assert [one and one.raises for one in found] == [RateLimited, NotEntitled, BadCredentials, NotFound]
    assert found[1] is not None
    assert found[1].message.startswith("Your request exceeds the allowed time range.")
    assert found[1].message.endswith("(10012)")


def test_prices_of_pairs_with_dollars_are_asked_in_dollars_only() -> None:
    for name, length in (("bars_4h", "4h"), ("bars_range", "1d"), ("snapshots", None), ("markets", None)):
        with pytest.raises(ConfigFault, match="currency is 'eur'"):
            GECKO.dataset(name).ask(asking(name, "2025-11-20", "2025-11-22", length, currency="eur"))


def test_paid_plans_have_a_host_of_their_own_and_the_bars_of_an_hour_and_a_day() -> None:
    assert [api.base_url for name in ("demo", "analyst") for api in GECKO.apis_for(name)] == [
        "https://api.coingecko.com",
        "https://pro-api.coingecko.com",
    ]
    daily = GECKO.serving(Data.BARS, "crypto", "1d")
    assert daily is not None
    assert (daily.serves("analyst"), daily.serves("demo")) == (True, False)


@pytest.mark.parametrize(
    ("plan", "sent"),
    [("keyless", {}), ("demo", {"x-cg-demo-api-key": "d"}), ("basic", {"x-cg-pro-api-key": "p"}), ("analyst", {"x-cg-pro-api-key": "p"})],
)
def test_each_plan_sends_its_own_key_alone(plan: str, sent: dict[str, str]) -> None:
    keys = {"demo_key": SecretStr("d"), "pro_key": SecretStr("p")}

    async def ask() -> dict[str, str]:
        async with Loopback().on("/api/v3/coins/list", js([])) as server:
            (api,) = GECKO.apis_for(plan, server.url)
            async with Client(api, credentials=keys, time=VirtualTime()) as client:
                await client.fetch(api.endpoint("coins").request())
            return {name: text for name, text in server.asked[0].headers.items() if name.startswith("x-cg")}

    assert run(ask()) == sent


def test_coins_are_called_by_their_ids() -> None:
    assert [GECKO.spellings["crypto"].theirs(f"{coin}-USD") for coin in ("BTC", "AVAX", "USDT")] == ["bitcoin", "avalanche-2", "tether"]
