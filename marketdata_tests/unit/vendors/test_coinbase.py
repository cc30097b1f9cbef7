from __future__ import annotations

import json
from bisect import bisect_left
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from marketdata_assets.core.periods import Window
from marketdata_assets.sources.error_rules import verdict
from marketdata_assets.sources.errors import NotFound, RateLimited, Rejected
from marketdata_assets.sources.http import Client
from marketdata_assets.sources.page import page_rows
from marketdata_assets.sources.question import Question
from marketdata_assets.sources.registry import vendor
from marketdata_tests.support.loopback import Asked, Loopback, Reply, js
from marketdata_tests.support.virtual_time import VirtualTime, run

COINBASE = vendor("coinbase")
EXCHANGE = COINBASE.apis[0]
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
LISTED = datetime(2015, 1, 8, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def fixture(shared: Path, name: str) -> Any:
    return json.loads((shared / f"fixtures/coinbase/{name}.json").read_bytes())


def about(symbol: str = "BTC-USD") -> Question:
    return Question("one", (symbol,), canonical=("BTC-USD",))


@pytest.mark.realdata
def test_the_side_of_a_recorded_trade_is_the_waiting_orders(shared: Path) -> None:
    document = fixture(shared, "exchange_trades_BTC-USDT_ccxt_2024-03-13")
    frame = page_rows(COINBASE.dataset("latest_trades"), about("BTC-USDT"), document, NOW, "0" * 64)
    assert frame.select("vendor_symbol", "timestamp", "price", "quantity", "side", "trade_id", "tape").rows() == [
        ("BTC-USDT", datetime(2024, 3, 13, 11, 0, 17, 710679, tzinfo=UTC), 73271.63, 0.00007448, "buy", "18502034", "coinbase")
    ]


@pytest.mark.realdata
def test_trades_of_advanced_trade_are_read_likewise(shared: Path) -> None:
    document = fixture(shared, "advanced_rest_ticker")
    frame = page_rows(COINBASE.dataset("advanced_latest_trades"), about(), document, NOW, "0" * 64)
    assert frame.select("price", "quantity", "trade_id").rows() == [
        (float(row["price"]), float(row["size"]), row["trade_id"]) for row in document["trades"]
    ]
    assert frame["side"].to_list() == ["buy", "buy", "sell"]
    assert frame["timestamp"][0] == datetime(2026, 4, 7, 0, 28, 58, 544778, tzinfo=UTC)


@pytest.mark.realdata
def test_a_recorded_book_of_advanced_trade_stood_when_it_says(shared: Path) -> None:
    document = fixture(shared, "advanced_rest_product_book")
    frame = page_rows(COINBASE.dataset("advanced_order_books"), about(), document, NOW, "0" * 64)
    book = document["pricebook"]
    assert frame.select("side", "level", "price", "quantity").rows() == [
        (side, at + 1, float(level["price"]), float(level["size"]))
        for side, key in (("bid", "bids"), ("ask", "asks"))
        for at, level in enumerate(book[key])
    ]
    assert set(frame["timestamp"]) == {datetime(2026, 4, 7, 0, 28, 59, 662782, tzinfo=UTC)}


def test_a_book_of_exchange_counts_orders_and_names_its_state() -> None:
    document = {
        "bids": [["1.5", "2", 3], ["1.4", "1", 1]],
        "asks": [["1.6", "0.5", 2]],
        "sequence": 7,
        "auction_mode": False,
        "auction": None,
        "time": "2026-04-07T00:28:59.662782Z",
    }
    frame = page_rows(COINBASE.dataset("order_books"), about(), document, NOW, "0" * 64)
    assert frame.select("side", "level", "price", "quantity", "order_count", "update_id", "line").rows() == [
        ("bid", 1, 1.5, 2.0, 3, "7", 1),
        ("bid", 2, 1.4, 1.0, 1, "7", 2),
        ("ask", 1, 1.6, 0.5, 2, "7", 3),
    ]


@pytest.mark.realdata
def test_a_recorded_ticker_is_a_snapshot(shared: Path) -> None:
    document = fixture(shared, "exchange_ticker_BTC-USDT_ccxt_2024-03-13")
    frame = page_rows(COINBASE.dataset("snapshots"), about("BTC-USDT"), document, NOW, "0" * 64)
    assert frame.select("timestamp", "last_price", "last_size", "bid_price", "ask_price").rows() == [
        (datetime(2024, 3, 13, 11, 10, 41, 270099, tzinfo=UTC), 73367.8, 0.00730812, 73360.34, 73369.19)
    ]


@pytest.mark.realdata
def test_every_product_listed_in_2021_is_read(shared: Path) -> None:
    text = (shared / "fixtures/coinbase/exchange_recorded_http_products_2021-04-17.txt").read_text().splitlines()[0]
    document = json.loads(text.split(": ", 1)[1])
    frame = page_rows(COINBASE.dataset("listings"), Question("listings"), document, NOW, "0" * 64)
    assert frame.select("vendor_symbol", "name", "base", "currency", "tick_size", "lot_size").rows() == [
        (
            row["id"],
            row["display_name"],
            row["base_currency"],
            row["quote_currency"],
            float(row["quote_increment"]),
            float(row["base_increment"]),
        )
        for row in document
    ]
    assert frame["active"].sum() == sum(not row["trading_disabled"] for row in document)


@pytest.mark.realdata
def test_products_of_advanced_trade_are_read_from_a_list_and_alone(shared: Path) -> None:
    document = fixture(shared, "advanced_rest_products")
    frame = page_rows(COINBASE.dataset("advanced_listings"), Question("listings"), document, NOW, "0" * 64)
    columns = ["vendor_symbol", "kind", "base", "currency", "active", "tick_size", "lot_size", "identifiers"]
    alone = COINBASE.dataset("advanced_listings").read(fixture(shared, "advanced_rest_product"), Question("listings"))
    assert alone.select(columns).rows() == [("BTC-USD", "spot", "BTC", "USD", True, 0.01, 1e-8, None)]
    assert frame.select(columns).row(0) == alone.select(columns).row(0)
    assert frame.select("vendor_symbol", "identifiers").row(1) == ("BTC-USDC", "alias=BTC-USD")


@pytest.mark.realdata
def test_every_recorded_error_over_http_is_its_fault(shared: Path) -> None:
    errors = [one for one in fixture(shared, "errors") if "http" in one]
    found = [verdict(EXCHANGE.errors, EXCHANGE.messages, one["http"], one["body"], "") for one in errors]
    assert [one and one.raises for one in found] == [Rejected, Rejected, Rejected, NotFound, Rejected, NotFound]
    limited = verdict(EXCHANGE.errors, EXCHANGE.messages, 429, {"message": "Public rate limit exceeded"}, "")
    assert limited is not None
    assert limited.raises is RateLimited


class Tape:
    """A product whose n-th trade is made n times ten seconds after its listing, the ids of `lost` missing."""

    def __init__(self, count: int, first: int = 1, lost: range = range(0)) -> None:
        self.ids = [i for i in range(first, count + 1) if i not in lost]

    def __call__(self, asked: Asked) -> Reply:
        end = bisect_left(self.ids, int(asked.query["after"])) if "after" in asked.query else len(self.ids)
        return js([self.trade(i) for i in reversed(self.ids[max(0, end - 1000) : end])])

    def trade(self, number: int) -> dict[str, Any]:
        at = (LISTED + 10 * number * SECOND).isoformat().replace("+00:00", "Z")
        return {"trade_id": number, "side": "buy", "size": "1", "price": "2", "time": at}


def searched(tape: Tape, first: int, last: int) -> tuple[set[int], int]:
    """Which trades of the window that holds `first` to `last` came, and how many pages that took."""
    question = Question("trades", ("BTC-USD",), Window(LISTED + 10 * first * SECOND, LISTED + (10 * last + 1) * SECOND))

    async def ask() -> tuple[set[int], int]:
        async with Loopback().on("/products/BTC-USD/trades", tape) as server, Client(EXCHANGE.at(server.url), time=VirtualTime()) as client:
            (request,) = COINBASE.dataset("trades").ask(question)
            pages = [page.data async for page in client.pages(request)]
            return {row["trade_id"] for page in pages for row in page if first <= row["trade_id"] <= last}, len(pages)

    return run(ask())


@pytest.mark.parametrize(
    ("first", "last"),
    [(999_500, 1_000_000), (999_000, 1_100_000), (500_000, 503_000), (1, 1500), (1, 1), (-50, 3), (123_456, 123_456), (997_001, 998_000)],
)
def test_a_window_far_back_on_the_tape_is_found_and_read_whole(first: int, last: int) -> None:
    found, pages = searched(Tape(1_000_000), first, last)
    assert found == set(range(max(first, 1), min(last, 1_000_000) + 1))
    assert pages <= 12 + len(found) // 1000 + 2, "ten halvings of a million, then the window"


def test_a_tape_that_begins_late_or_has_holes_is_searched_all_the_same() -> None:
    assert searched(Tape(300_000, first=200_000), 200_000, 201_000)[0] == set(range(200_000, 201_001))
    assert searched(Tape(300_000, first=200_000), 100, 5000)[0] == set()
    holed = Tape(300_000, lost=range(100_000, 102_500))
    assert searched(holed, 99_000, 102_510)[0] == {*range(99_000, 100_000), *range(102_500, 102_511)}
    assert searched(holed, 101_000, 102_000)[0] == set()


def test_a_product_without_a_trade_has_none() -> None:
    assert searched(Tape(0), 1, 5) == (set(), 1)
