from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from marketdata_assets.core.periods import Window
from marketdata_assets.sources.error_rules import verdict
from marketdata_assets.sources.errors import NotFound, RateLimited, Rejected, Unavailable
from marketdata_assets.sources.http import Client
from marketdata_assets.sources.page import page_rows
from marketdata_assets.sources.question import Question
from marketdata_assets.sources.registry import vendor
from marketdata_tests.support.loopback import Asked, Loopback, Reply, js
from marketdata_tests.support.virtual_time import VirtualTime, run

BINANCE = vendor("binance")
REST = BINANCE.apis[0]
NOW = datetime(2025, 11, 21, 12, tzinfo=UTC)
ONE = Question("one", ("BTCUSDT",), canonical=("BTC-USDT",))


def rest(shared: Path, name: str) -> Any:
    return json.loads((shared / f"fixtures/binance/rest_{name}.json").read_bytes())


def recorded_books(shared: Path, name: str) -> list[tuple[str, dict[str, Any]]]:
    """The symbol and the body of every answer in a recording of HTTP."""
    lines = (shared / f"fixtures/binance/recorded_http_depth_1000_{name}.txt").read_text().splitlines()
    told = [line.split(": ", 1) for line in lines if "/api/v3/depth" in line]
    return [(address.split("symbol=")[1].split("&")[0], json.loads(body)) for address, body in told]


@pytest.mark.realdata
def test_every_recorded_aggregated_trade_tells_what_the_aggressor_did(shared: Path) -> None:
    document = rest(shared, "agg_trades")
    frame = page_rows(BINANCE.dataset("agg_trades"), ONE, document, NOW, "0" * 64)
    assert frame.select("price", "quantity", "trade_id", "side").rows() == [
        (float(row["p"]), float(row["q"]), str(row["a"]), "sell" if row["m"] else "buy") for row in document
    ]
    assert frame["timestamp"][0] == datetime(2021, 10, 22, 23, 8, 16, 633000, tzinfo=UTC)
    assert set(frame["tape"]) == {"binance"}


@pytest.mark.realdata
@pytest.mark.parametrize("name", ["trades", "historical_trades"])
def test_every_recorded_fill_is_a_trade(shared: Path, name: str) -> None:
    document = rest(shared, name)
    frame = page_rows(BINANCE.dataset("latest_trades"), ONE, document, NOW, "0" * 64)
    assert frame.select("price", "quantity", "trade_id", "side").rows() == [
        (float(row["price"]), float(row["qty"]), str(row["id"]), "sell" if row["isBuyerMaker"] else "buy") for row in document
    ]
    assert set(frame["symbol"]) == {"BTC-USDT"}


@pytest.mark.realdata
def test_a_recorded_book_is_a_level_a_row_and_stood_when_it_was_received(shared: Path) -> None:
    document = rest(shared, "depth")
    frame = page_rows(BINANCE.dataset("order_books"), ONE, document, NOW, "0" * 64)
    assert frame.select("side", "level", "price", "quantity").rows() == [
        (side, at + 1, float(price), float(amount))
        for side, key in (("bid", "bids"), ("ask", "asks"))
        for at, (price, amount) in enumerate(document[key])
    ]
    assert set(frame["timestamp"]) == {NOW}
    assert set(frame["update_id"]) == {"14527958487"}


@pytest.mark.realdata
@pytest.mark.parametrize(("name", "count"), [("2021-10-12", 4), ("binanceus_2021-10-12", 4)])
def test_books_recorded_over_http_of_either_exchange_are_read_whole(shared: Path, name: str, count: int) -> None:
    books = recorded_books(shared, name)
    assert len(books) == count
    for symbol, document in books:
        frame = page_rows(BINANCE.dataset("order_books"), Question("order_books", (symbol,)), document, NOW, "0" * 64)
        for side, key in (("bid", "bids"), ("ask", "asks")):
            levels = frame.filter(side=side).select("price", "quantity").rows()
            assert levels == [(float(price), float(amount)) for price, amount in document[key]]


@pytest.mark.realdata
def test_a_recorded_ticker_is_a_quote_and_a_recorded_price_a_snapshot(shared: Path) -> None:
    quotes = page_rows(BINANCE.dataset("latest_quotes"), ONE, rest(shared, "book_ticker"), NOW, "0" * 64)
    assert quotes.select("vendor_symbol", "timestamp", "bid_price", "bid_size", "ask_price", "ask_size").rows() == [
        ("BTCUSDT", NOW, 60741.67, 0.3658, 60741.68, 0.45178)
    ]
    prices = page_rows(BINANCE.dataset("snapshots"), ONE, rest(shared, "ticker_price"), NOW, "0" * 64)
    assert prices.select("vendor_symbol", "timestamp", "last_price").rows() == [("BTCUSDT", None, 60740.0)]


def test_several_symbols_are_named_in_one_request_and_answered_by_a_list() -> None:
    two = Question("latest_quotes", ("BTCUSDT", "ETHUSDT"))
    (request,) = BINANCE.dataset("latest_quotes").ask(two)
    assert request.url("https://b") == "https://b/api/v3/ticker/bookTicker?symbols=%5B%22BTCUSDT%22,%22ETHUSDT%22%5D"
    document = [{"symbol": s, "bidPrice": "1", "bidQty": "2", "askPrice": "3", "askQty": "4"} for s in two.symbols]
    assert BINANCE.dataset("latest_quotes").read(document, two)["vendor_symbol"].to_list() == ["BTCUSDT", "ETHUSDT"]


@pytest.mark.realdata
def test_listed_pairs_tell_their_steps_and_whether_they_trade(shared: Path) -> None:
    text = gzip.decompress((shared / "fixtures/binance/recorded_http_exchangeInfo_2021-10-12.txt.gz").read_bytes()).decode()
    document = json.loads(text.splitlines()[0].split(": ", 1)[1])
    frame = page_rows(BINANCE.dataset("listings"), Question("listings"), document, NOW, "0" * 64)
    steps = [{f["filterType"]: f for f in pair["filters"]} for pair in document["symbols"]]
    assert frame.select("vendor_symbol", "base", "currency", "active", "tick_size", "lot_size").rows() == [
        (
            pair["symbol"],
            pair["baseAsset"],
            pair["quoteAsset"],
            pair["status"] == "TRADING",
            float(step["PRICE_FILTER"]["tickSize"]),
            float(step["LOT_SIZE"]["stepSize"]),
        )
        for pair, step in zip(document["symbols"], steps, strict=True)
    ]
    assert 0 < frame["active"].sum() < frame.height
    assert BINANCE.dataset("listings").read(rest(shared, "exchange_info"), Question("listings")).row(0)[:4] == (
        "BTCUSDT",
        "pair",
        "USDT",
        "BTC",
    )


@pytest.mark.parametrize(("limit", "weight"), [(100, 5), (101, 25), (500, 25), (1000, 50), (5000, 250)])
def test_a_book_weighs_more_the_deeper_it_is(limit: int, weight: int) -> None:
    endpoint = REST.endpoint("depth")
    assert endpoint.cost(endpoint.request({"limit": limit})) == weight


def test_a_page_that_ends_within_a_millisecond_is_followed_from_that_millisecond() -> None:
    start = datetime(2024, 1, 1, tzinfo=UTC)
    base = int(start.timestamp()) * 1000
    tape = [{"a": i, "p": "1", "q": "1", "T": base + i // 3, "m": False} for i in range(2500)]

    def answer(asked: Asked) -> Reply:
        span = range(int(asked.query["startTime"]), int(asked.query["endTime"]) + 1)
        return js([trade for trade in tape if trade["T"] in span][:1000])

    async def ask() -> set[int]:
        async with Loopback().on("/api/v3/aggTrades", answer) as server, Client(REST.at(server.url), time=VirtualTime()) as client:
            question = Question("agg_trades", ("BTCUSDT",), Window(start, start + timedelta(milliseconds=700)))
            (request,) = BINANCE.dataset("agg_trades").ask(question)
            return {trade["a"] for page in [page async for page in client.pages(request)] for trade in page.data}

    assert run(ask()) == set(range(2100))


def test_fills_are_asked_from_an_id() -> None:
    (request,) = BINANCE.dataset("trades").ask(Question("trades", ("BTCUSDT",), options=BINANCE.chosen({"from_id": "7"})))
    assert request.url("https://b") == "https://b/api/v3/historicalTrades?limit=1000&symbol=BTCUSDT&fromId=7"
    (request,) = BINANCE.dataset("trades").ask(Question("trades", ("BTCUSDT",), options=BINANCE.chosen({})))
    assert request.url("https://b") == "https://b/api/v3/historicalTrades?limit=1000&symbol=BTCUSDT"


@pytest.mark.realdata
def test_every_recorded_error_is_its_fault(shared: Path) -> None:
    errors = json.loads((shared / "fixtures/binance/errors.json").read_bytes())
    found = [verdict(REST.errors, REST.messages, one["http"], one["body"], "") for one in errors]
    meant = [NotFound, Rejected, Rejected, Rejected, Rejected, RateLimited, RateLimited, Unavailable]
    assert [one and one.raises for one in found] == meant
    assert found[0] is not None
    assert found[0].message == "Invalid symbol. (-1121)"


def test_a_banned_address_waits_as_long_as_it_is_told_and_believes_the_used_weight() -> None:
    refused = js({"code": -1003, "msg": "Way too much request weight used; IP banned"}, 418, Retry_After="700")
    good = js([], X_MBX_USED_WEIGHT_1M="5999")
    time = VirtualTime()

    async def ask() -> list[float]:
        async with Loopback(time).on("/api/v3/klines", refused, good) as server, Client(REST.at(server.url), time=time) as client:
            for _ in range(2):
                await client.fetch(REST.endpoint("klines").request({"symbol": "BTCUSDT"}))
            return [asked.at for asked in server.asked]

    first, second, third = run(ask())
    assert second - first >= 700
    assert 50 < third - second < 61, "a candle request weighs 2, of which the minute has 1 left"
