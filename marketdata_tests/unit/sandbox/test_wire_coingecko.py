"""CoinGecko in the sandbox: candles stamped with their end, spacing that follows from the span, keys, and three shapes of errors."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from marketdata_assets.sandbox.market import Market
from marketdata_assets.sandbox.wire.server import serving
from marketdata_tests.unit.sandbox.shapes import shape
from marketdata_tests.unit.sandbox.venue import Venue

NOW = datetime(2025, 6, 20, 12, 10, tzinfo=UTC)
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
PAID = {"x-cg-pro-api-key": "key"}


@pytest.fixture(scope="module")
def gecko(market: Market) -> Iterator[Venue]:
    with serving(market, ["coingecko"], limits=False, seen_at=NOW) as server:
        yield Venue(server, "coingecko")


def got(gecko: Venue, path: str, headers: dict[str, str] | None = None, **query: object) -> Any:
    answer = gecko.get(f"/api/v3/{path}", headers, **query)
    assert answer.status == 200, answer.body
    return answer.json


@pytest.mark.parametrize(("days", "body"), [(1, 30 * MINUTE), (7, 4 * HOUR), (30, 4 * HOUR), (90, 4 * DAY), (365, 4 * DAY)])
def test_the_days_choose_the_length_of_candles_and_their_stamp_is_their_end(gecko: Venue, days: int, body: int) -> None:
    rows = got(gecko, "coins/sima/ohlc", vs_currency="usd", days=days)
    stamps = [row[0] for row in rows]
    assert {b - a for a, b in itertools.pairwise(stamps)} == {body}
    now = NOW.timestamp() * 1000
    assert stamps[-1] - body < now <= stamps[-1]  # the running candle is stamped with the end it will have
    assert stamps[0] - body >= now - days * DAY


def test_four_hours_are_those_of_the_market(gecko: Venue) -> None:
    rows = got(gecko, "coins/sima/ohlc", vs_currency="usd", days=7)
    expected = gecko.server.book.bars("coingecko", "SIMA-USDT", "4h", NOW - timedelta(days=7), NOW)
    read = [(datetime.fromtimestamp(row[0] / 1000, tz=UTC) - timedelta(hours=4), *row[1:]) for row in rows]
    assert read == expected.select("timestamp", "open", "high", "low", "close").rows()


@pytest.mark.parametrize(("days", "step"), [(1, 5 * MINUTE), (2, HOUR), (90, HOUR), (91, DAY)])
def test_the_spacing_of_points_follows_from_the_days(gecko: Venue, days: int, step: int) -> None:
    chart = got(gecko, "coins/sima/market_chart", vs_currency="usd", days=days)
    stamps = [at for at, _ in chart["prices"]]
    assert [at // step for at in stamps[:-1]] == list(range(stamps[0] // step, stamps[0] // step + len(stamps) - 1))
    assert len(stamps) == days * DAY // step + 1
    assert [[at for at, _ in chart[name]] for name in ("market_caps", "total_volumes")] == [stamps, stamps]


def test_daily_points_are_the_price_at_midnight_and_the_last_point_is_now(gecko: Venue) -> None:
    prices = got(gecko, "coins/sima/market_chart", vs_currency="usd", days=100, interval="daily")["prices"]
    closes = gecko.server.book.bars("coingecko", "SIMA-USDT", "1d", NOW - timedelta(days=102), NOW)
    close = {int((at + timedelta(days=1)).timestamp() * 1000): price for at, price in closes.select("timestamp", "close").iter_rows()}
    assert len(prices) == 101
    assert all(close[at] == price for at, price in prices[:-1])
    assert prices[-1][0] == int(NOW.timestamp() * 1000) - 1
    assert prices[-1][0] % DAY != 0


def test_hourly_points_are_not_on_the_hour_and_say_the_last_price_before(gecko: Venue) -> None:
    prices = got(gecko, "coins/sima/market_chart", vs_currency="usd", days=3)["prices"]
    assert all(0 < at % HOUR < MINUTE for at, _ in prices[:-1])
    for at, price in prices[:5]:
        before = gecko.server.book.trades(
            "coingecko", "SIMA-USDT", end=datetime.fromtimestamp(at / 1000, tz=UTC), limit=1, newest_first=True
        )
        assert before["price"][0] == price


def test_volumes_are_those_of_the_24_hours_before(gecko: Venue) -> None:
    at, volume = got(gecko, "coins/sima/market_chart", vs_currency="usd", days=100, interval="daily")["total_volumes"][50]
    end = datetime.fromtimestamp(at / 1000, tz=UTC)
    traded = gecko.server.book.trades("coingecko", "SIMA-USDT", end - timedelta(days=1), end)
    assert volume == pytest.approx((traded["price"] * traded["quantity"]).sum(), rel=1e-9)


def test_a_span_is_asked_in_seconds_or_as_dates(gecko: Venue) -> None:
    dates = got(gecko, "coins/sima/market_chart/range", vs_currency="usd", **{"from": "2025-01-01", "to": "2025-05-01"})
    seconds = got(gecko, "coins/sima/market_chart/range", vs_currency="usd", **{"from": 1_735_689_600, "to": 1_746_057_600})
    assert dates == seconds
    assert [at for at, _ in dates["prices"]] == [1_735_689_600_000 + n * DAY for n in range(121)]


@pytest.mark.parametrize("query", [{"days": "max"}, {"days": 366}])
def test_without_a_paid_key_a_year_is_as_far_as_it_goes(gecko: Venue, query: dict[str, object]) -> None:
    path = "coins/sima/market_chart"
    refused = gecko.get(f"/api/v3/{path}", {"x-cg-demo-api-key": "key"}, vs_currency="usd", **query)
    assert (refused.status, refused.json["error"]["status"]["error_code"]) == (401, 10012)
    prices = got(gecko, path, PAID, vs_currency="usd", **query)["prices"]
    assert len(prices) > 365


def test_candles_of_a_chosen_length_are_for_paid_plans(gecko: Venue) -> None:
    path = "/api/v3/coins/sima/ohlc"
    refused = gecko.get(path, vs_currency="usd", days=7, interval="daily")
    assert (refused.status, refused.json["error"]["status"]["error_code"]) == (401, 10005)
    rows = gecko.get(path, PAID, vs_currency="usd", days=7, interval="daily").json
    assert {b[0] - a[0] for a, b in itertools.pairwise(rows)} == {DAY}
    window = {"from": "2025-05-01", "to": "2025-05-03", "interval": "hourly", "vs_currency": "usd"}
    assert gecko.get(f"{path}/range", **window).status == 401
    hours = [row[0] for row in gecko.get(f"{path}/range", PAID, **window).json]
    first = int(datetime(2025, 5, 1, tzinfo=UTC).timestamp() * 1000)
    assert hours == [first + n * HOUR for n in range(49)]


@pytest.mark.parametrize(
    ("path", "status", "body"),
    [
        ("coins/nope/ohlc?vs_currency=usd&days=1", 404, {"error": "coin not found"}),
        ("coins/sima/ohlc?vs_currency=xyz&days=1", 400, {"error": "invalid vs_currency"}),
        ("coins/sima/ohlc?days=1", 422, {"error": "Missing parameter vs_currency"}),
        ("coins/sima/ohlc?vs_currency=usd&days=3", 400, {"error": "Invalid days parameter"}),
        ("coins/sima/market_chart?vs_currency=usd&days=x", 400, {"error": "Invalid days parameter"}),
    ],
)
def test_mistakes_are_refused_with_a_text(gecko: Venue, path: str, status: int, body: dict[str, str]) -> None:
    answer = gecko.get(f"/api/v3/{path}")
    assert (answer.status, answer.json) == (status, body)


@pytest.mark.parametrize("headers", [{"x-cg-demo-api-key": "wrong"}, {"x-cg-pro-api-key": "wrong"}, {"x-cg-pro-api-key": ""}])
def test_no_key_passes_and_a_wrong_one_does_not(gecko: Venue, headers: dict[str, str]) -> None:
    assert gecko.get("/api/v3/ping").status == 200
    assert gecko.get("/api/v3/ping", headers).status == 401


def test_unknown_ids_are_left_out_of_simple_prices(gecko: Venue) -> None:
    last = gecko.server.book.trades("coingecko", "SIMA-USDT", limit=1, newest_first=True)["price"][0]
    assert got(gecko, "simple/price", ids="sima,nope", vs_currencies="usd") == {"sima": {"usd": last}}
    assert got(gecko, "simple/price", ids="nope", vs_currencies="usd") == {}
    full = got(
        gecko, "simple/price", ids="sima", vs_currencies="usd", include_market_cap="true", include_last_updated_at="true", precision=1
    )
    assert full["sima"] == {"usd": round(last, 1), "usd_market_cap": last * 19_000_000, "last_updated_at": int(NOW.timestamp()) - 1}


def test_markets_are_paged_and_ranked_by_worth(gecko: Venue) -> None:
    rows = got(gecko, "coins/markets", vs_currency="usd")
    assert [row["market_cap_rank"] for row in rows] == [1, 2, 3]
    assert [row["market_cap"] for row in rows] == sorted((row["market_cap"] for row in rows), reverse=True)
    assert [got(gecko, "coins/markets", vs_currency="usd", per_page=1, page=n) for n in (1, 2, 3, 4)] == [*([row] for row in rows), []]


def test_a_day_before_the_first_trade_has_no_market_data(gecko: Venue) -> None:
    known = got(gecko, "coins/sima/history", PAID, date="02-01-2024")
    assert known["market_data"]["current_price"]["usd"] > 0
    assert "market_data" not in got(gecko, "coins/sima/history", PAID, date="01-01-2024")


def test_thirty_requests_a_minute_then_the_wait_is_told(market: Market) -> None:
    now = [0.0]
    with serving(market, ["coingecko"], rate=2, monotonic=lambda: now[0]) as server:
        gecko = Venue(server, "coingecko")
        answers = [gecko.get("/api/v3/ping") for _ in range(3)]
        assert [answer.status for answer in answers] == [200, 200, 429]
        assert answers[2].headers["retry-after"] == "60"
        assert answers[2].json["status"]["error_code"] == 429
        now[0] = 60.0
        assert gecko.get("/api/v3/ping").status == 200


@pytest.mark.realdata
@pytest.mark.parametrize(
    ("recorded", "path"),
    [
        ("coins_list_excerpt", "coins/list"),
        ("ping", "ping"),
        ("market_chart_alephium_btc_daily_recorded_2023-12-13", "coins/sima/market_chart?vs_currency=usd&days=100&interval=daily"),
    ],
)
def test_answers_have_the_recorded_shape(shared: Path, gecko: Venue, recorded: str, path: str) -> None:
    expected = json.loads((shared / "fixtures/coingecko" / f"{recorded}.json").read_text())
    assert shape(gecko.get(f"/api/v3/{path}").json) == shape(expected)


@pytest.mark.realdata
def test_candles_are_five_numbers_as_documented(shared: Path, gecko: Venue) -> None:
    documented = json.loads((shared / "fixtures/coingecko/ohlc_bitcoin_usd_4h_docs.json").read_text())
    rows = got(gecko, "coins/sima/ohlc", vs_currency="usd", days=7)
    assert {len(row) for row in rows} == {len(row) for row in documented} == {5}
    assert all(isinstance(row[0], int) and all(isinstance(price, int | float) for price in row) for row in rows)


@pytest.mark.realdata
def test_markets_have_every_recorded_field(shared: Path, gecko: Venue) -> None:
    recorded = json.loads((shared / "fixtures/coingecko/coins_markets_bitcoin_2018.json").read_text())[0]
    assert set(recorded) <= set(got(gecko, "coins/markets", vs_currency="usd")[0])


@pytest.mark.realdata
def test_errors_are_the_recorded_ones(shared: Path, gecko: Venue) -> None:
    recorded = {row["http"]: row["body"] for row in json.loads((shared / "fixtures/coingecko/errors.json").read_text())}
    assert gecko.get("/api/v3/coins/nope/ohlc", vs_currency="usd", days=1).json == recorded[404]
    told = gecko.get("/api/v3/coins/sima/market_chart", vs_currency="usd", days="max").json
    assert told["error"]["status"] | {"timestamp": ""} == recorded[401]["error"]["status"] | {"timestamp": ""}
