"""Coinbase in the sandbox: candles with low and high first, inclusive bounds and caps, cursors in headers, the maker's side."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from marketdata_assets.sandbox.market import Market
from marketdata_assets.sandbox.wire.server import serving
from marketdata_tests.unit.sandbox.shapes import row_shape, shape
from marketdata_tests.unit.sandbox.venue import Venue

MARCH = 1_740_787_200  # 2025-03-01 00:00 UTC
ADVANCED = "/api/v3/brokerage/market"


@pytest.fixture(scope="module")
def coinbase(market: Market) -> Iterator[Venue]:
    with serving(market, ["coinbase"], limits=False) as server:
        yield Venue(server, "coinbase")


def candles(coinbase: Venue, product: str = "SIMA-USDT", **query: object) -> Any:
    answer = coinbase.get(f"/products/{product}/candles", **query)
    assert answer.status == 200, answer.body
    return answer.json


def test_candles_are_newest_first_with_low_and_high_before_open(coinbase: Venue) -> None:
    rows = candles(coinbase, granularity=3600, start="2025-03-01T00:00:00Z", end="2025-03-01T03:00:00Z")
    assert [row[0] for row in rows] == [MARCH + 3600 * n for n in (3, 2, 1, 0)]
    expected = coinbase.server.book.bars(
        "coinbase", "SIMA-USDT", "1h", datetime(2025, 3, 1, tzinfo=UTC), datetime(2025, 3, 1, 4, tzinfo=UTC)
    )
    assert [tuple(row[1:]) for row in rows] == expected.reverse().select("low", "high", "open", "close", "volume").rows()


def test_its_volume_is_a_part_of_the_whole_markets_and_its_days_are_whole(coinbase: Venue, market: Market) -> None:
    days = {row[0]: row for row in candles(coinbase, granularity=86400, start=MARCH, end=MARCH + 5 * 86400)}
    hours = candles(coinbase, granularity=3600, start=MARCH, end=MARCH + 86400 - 1)
    assert days[MARCH][5] == pytest.approx(sum(row[5] for row in hours))
    true = market.truth.bars.filter(timeframe="1d", symbol="SIMA-USDT", timestamp=datetime(2025, 3, 1, tzinfo=UTC)).row(0, named=True)
    assert days[MARCH][1:5] == [true["low"], true["high"], true["open"], true["close"]]
    assert days[MARCH][5] == pytest.approx(0.4 * true["volume"])


def test_both_bounds_are_inclusive_and_300_intervals_give_301_rows(coinbase: Venue) -> None:
    assert len(candles(coinbase, granularity=3600, start=MARCH, end=MARCH + 300 * 3600)) == 301
    refused = coinbase.get("/products/SIMA-USDT/candles", granularity=3600, start=MARCH, end=MARCH + 300 * 3600 + 1)
    assert refused.status == 400
    assert refused.json["message"].endswith("Count of aggregations requested exceeds 300")


def test_one_bound_alone_is_passed_over(coinbase: Venue) -> None:
    newest = candles(coinbase, granularity=3600)
    assert len(newest) == 350
    assert candles(coinbase, granularity=3600, start=MARCH) == candles(coinbase, granularity=3600, end=MARCH) == newest


def test_an_interval_without_a_trade_has_no_candle(coinbase: Venue) -> None:
    rows = candles(coinbase, "SIMC-USDT", granularity=3600, start=MARCH, end=MARCH + 299 * 3600)
    assert 0 < len(rows) < 300
    assert all(row[5] > 0 for row in rows)


def test_a_window_before_the_listing_is_empty(coinbase: Venue) -> None:
    assert candles(coinbase, granularity=86400, start="2020-01-01", end="2020-03-01") == []


@pytest.mark.parametrize(
    ("path", "status", "message"),
    [
        ("/products/NOPE/candles?granularity=60", 404, "NotFound"),
        ("/products/simausdt", 404, "NotFound"),
        ("/products/SIMA-USDT/candles?granularity=14400", 400, "Unsupported granularity"),
        ("/products/SIMA-USDT/book?level=4", 400, "unexpected level: _"),
        ("/nowhere", 404, "NotFound"),
    ],
)
def test_exchange_refuses_with_a_message(coinbase: Venue, path: str, status: int, message: str) -> None:
    answer = coinbase.get(path)
    assert (answer.status, answer.json) == (status, {"message": message})


def test_trades_are_walked_back_by_the_cursor_to_the_first(coinbase: Venue) -> None:
    newest = coinbase.get("/products/SIMC-USDT/trades", limit=1000)
    ids = [row["trade_id"] for row in newest.json]
    assert ids == list(range(ids[0], ids[0] - 1000, -1))
    assert (newest.headers["cb-before"], newest.headers["cb-after"]) == (str(ids[0]), str(ids[-1]))
    older = coinbase.get("/products/SIMC-USDT/trades", after=ids[-1], limit=5).json
    assert [row["trade_id"] for row in older] == [ids[-1] - n for n in range(1, 6)]
    first = coinbase.get("/products/SIMC-USDT/trades", after=3)
    assert [row["trade_id"] for row in first.json] == [2, 1]
    end = coinbase.get("/products/SIMC-USDT/trades", after=1)
    assert (end.json, "cb-after" in end.headers) == ([], False)


def test_before_gives_the_newest_trades_beyond_a_number_not_the_next_ones(coinbase: Venue) -> None:
    newest = coinbase.get("/products/SIMA-USDT/trades", limit=3).json
    assert coinbase.get("/products/SIMA-USDT/trades", limit=3, before=100).json == newest
    assert coinbase.get("/products/SIMA-USDT/trades", before=newest[1]["trade_id"]).json == newest[:1]


def test_a_larger_limit_is_cut_to_1000(coinbase: Venue) -> None:
    assert len(coinbase.get("/products/SIMA-USDT/trades", limit=5000).json) == 1000


def test_the_side_is_that_of_the_order_that_waited(coinbase: Venue) -> None:
    taken = coinbase.server.book.trades("coinbase", "SIMA-USDT", limit=50, newest_first=True)
    maker = {"buy": "sell", "sell": "buy"}
    told = coinbase.get("/products/SIMA-USDT/trades", limit=50).json
    assert [row["side"] for row in told] == [maker[side] for side in taken["side"]]
    assert {row["side"] for row in told} == {"buy", "sell"}
    advanced = coinbase.get(f"{ADVANCED}/products/SIMA-USDT/ticker", limit=50).json["trades"]
    assert [row["side"].lower() for row in advanced] == [row["side"] for row in told]
    assert [row["trade_id"] for row in advanced] == [str(row["trade_id"]) for row in told]


def test_advanced_trade_has_the_same_candles_as_text(coinbase: Venue) -> None:
    span = {"start": MARCH, "end": MARCH + 48 * 3600}
    found = coinbase.get(f"{ADVANCED}/products/SIMA-USDT/candles", granularity="ONE_HOUR", **span).json["candles"]
    read = [[int(row["start"]), *(float(row[name]) for name in ("low", "high", "open", "close", "volume"))] for row in found]
    assert read == candles(coinbase, granularity=3600, **span)


@pytest.mark.parametrize(("span", "status"), [(349, 200), (350, 400)])
def test_advanced_trade_takes_less_than_350_intervals(coinbase: Venue, span: int, status: int) -> None:
    query = {"granularity": "ONE_HOUR", "start": MARCH, "end": MARCH + span * 3600}
    assert coinbase.get(f"{ADVANCED}/products/SIMA-USDT/candles", **query).status == status


def test_advanced_trade_sends_a_hundred_trades_at_most(coinbase: Venue) -> None:
    path = f"{ADVANCED}/products/SIMA-USDT/ticker"
    assert len(coinbase.get(path, limit=1000).json["trades"]) == 100
    assert coinbase.get(path, limit=1001).status == 500
    rows = coinbase.get(path, start=MARCH, end=MARCH + 3600).json["trades"]
    assert all("2025-03-01T00" <= row["time"][:13] <= "2025-03-01T01" for row in rows)
    assert len(rows) == 32


def test_fifteen_requests_pass_at_once_then_ten_a_second(market: Market) -> None:
    now = [0.0]
    with serving(market, ["coinbase"], monotonic=lambda: now[0]) as server:
        coinbase = Venue(server, "coinbase")
        answers = [coinbase.get("/time") for _ in range(16)]
        assert [answer.status for answer in answers] == [200] * 15 + [429]
        assert "retry-after" not in answers[-1].headers
        now[0] = 0.1
        assert [coinbase.get("/time").status for _ in range(2)] == [200, 429]


@pytest.mark.realdata
@pytest.mark.parametrize(
    ("recorded", "path"),
    [
        ("exchange_ticker_BTC-USDT_ccxt_2024-03-13", "/products/SIMA-USDT/ticker"),
        ("exchange_trades_BTC-USDT_ccxt_2024-03-13", "/products/SIMB-USDT/trades?limit=20"),
        ("advanced_rest_candles", f"{ADVANCED}/products/SIMA-USDT/candles?granularity=ONE_HOUR&start={MARCH}&end={MARCH + 7200}"),
        ("advanced_rest_product_book", f"{ADVANCED}/product_book?product_id=SIMA-USDT&limit=5"),
        ("advanced_rest_ticker", f"{ADVANCED}/products/SIMA-USDT/ticker?limit=20"),
    ],
)
def test_answers_have_the_recorded_shape(shared: Path, coinbase: Venue, recorded: str, path: str) -> None:
    expected = json.loads((shared / "fixtures/coinbase" / f"{recorded}.json").read_text())
    assert shape(coinbase.get(path).json) == shape(expected)


@pytest.mark.realdata
def test_products_have_every_recorded_field(shared: Path, coinbase: Venue) -> None:
    recorded = json.loads((shared / "fixtures/coinbase/advanced_rest_product.json").read_text())
    made = coinbase.get(f"{ADVANCED}/products/SIMA-USDT").json
    assert set(made) == set(recorded)
    assert {name for name, kind in shape(made).items() if kind != shape(recorded)[name]} <= {"alias_to"}
    text = (shared / "fixtures/coinbase/exchange_recorded_http_products_2021-04-17.txt").read_text().splitlines()[0]
    old = json.loads(text[text.index("[{") :])[0]
    gone = {"base_min_size", "base_max_size", "max_market_funds"}  # until 2022-06-30
    product = coinbase.get("/products/SIMA-USDT").json
    assert set(old) - gone <= set(product)
    assert all(shape(product[name]) == shape(old[name]) for name in set(old) - gone)


@pytest.mark.realdata
def test_candles_have_the_recorded_cells(shared: Path, coinbase: Venue) -> None:
    expected = json.loads((shared / "fixtures/coinbase/exchange_candles_BTC-USDT_1h_ccxt_2024-03-13.json").read_text())
    for row in candles(coinbase, granularity=3600)[:20]:
        assert row_shape(row) == row_shape(expected[0])


@pytest.mark.realdata
def test_errors_are_the_recorded_ones(shared: Path, coinbase: Venue) -> None:
    recorded = [(row["http"], row["body"]) for row in json.loads((shared / "fixtures/coinbase/errors.json").read_text()) if "http" in row]
    many = coinbase.get(f"{ADVANCED}/products/SIMA-USDT/candles", granularity="ONE_HOUR", start=MARCH, end=MARCH + 400 * 3600)
    assert (many.status, {name: text for name, text in many.json.items() if name != "message"}) in recorded
    nope = coinbase.get(f"{ADVANCED}/products/NOPE-USD")
    assert (nope.status, nope.json) in recorded
