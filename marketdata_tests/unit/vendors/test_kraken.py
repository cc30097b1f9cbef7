from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from marketdata_assets.core.periods import Window
from marketdata_assets.sources.http import Client
from marketdata_assets.sources.page import page_rows
from marketdata_assets.sources.question import Question
from marketdata_assets.sources.registry import vendor
from marketdata_tests.support.loopback import Asked, Loopback, Reply, js
from marketdata_tests.support.virtual_time import VirtualTime, run

KRAKEN = vendor("kraken")
NOW = datetime(2025, 11, 21, 12, tzinfo=UTC)
START = datetime(2025, 11, 10, tzinfo=UTC)
ONE = Question("one", ("XBTUSDT",), canonical=("BTC-USDT",))
START_NS = int(START.timestamp()) * 1_000_000_000


def fixture(shared: Path, name: str) -> Any:
    return json.loads((shared / f"fixtures/kraken/{name}.json").read_bytes())


def window(**length: float) -> Question:
    return Question("trades", ("XBTUSDT",), Window(START, START + timedelta(**length)))


def trade(nanosecond: int, number: int) -> list[Any]:
    at = START_NS + nanosecond
    return ["1.5", "0.25", float(f"{at // 1_000_000_000}.{at % 1_000_000_000:09}"), "b", "l", "", number]


@pytest.mark.realdata
def test_every_recorded_trade_is_read_with_the_digits_of_its_text(shared: Path) -> None:
    text = (shared / "fixtures/kraken/rest_trades.json").read_text()
    told = json.loads(text, parse_float=str)["result"]["XBTUSDT"]
    frame = page_rows(KRAKEN.dataset("latest_trades"), ONE, json.loads(text), NOW, "0" * 64)
    assert frame.height == 1000
    assert frame.select("price", "quantity", "side", "trade_id").rows() == [
        (float(row[0]), float(row[1]), {"b": "buy", "s": "sell"}[row[3]], str(row[6])) for row in told
    ]
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    assert [(at - epoch) // timedelta(microseconds=1) for at in frame["timestamp"]] == [int(Decimal(row[2]) * 1_000_000) for row in told]
    assert frame["timestamp"][0] == datetime(2025, 11, 10, 17, 23, 53, 971744, tzinfo=UTC)
    assert set(frame["symbol"]) == {"BTC-USDT"}


def test_trades_from_before_there_were_ids_have_none() -> None:
    document = {"error": [], "result": {"XXBTZUSD": [trade(0, 1)[:6]], "last": "1"}}
    frame = KRAKEN.dataset("trades").read(document, Question("trades", ("XBTUSD",)))
    assert frame.select("vendor_symbol", "trade_id").rows() == [("XBTUSD", None)]


def test_pages_follow_the_last_nanosecond_and_end_where_the_window_does() -> None:
    tape = [(i * 250_000_001, i) for i in range(9000)]  # four trades a second, for 37 minutes

    def answer(asked: Asked) -> Reply:
        since = int(asked.query["since"]) - START_NS
        rows = [one for one in tape if one[0] >= since][:1000]
        return js({"error": [], "result": {"XBTUSDT": [trade(*row) for row in rows], "last": str(START_NS + rows[-1][0])}})

    async def ask() -> tuple[list[int], list[str]]:
        async with Loopback().on("/0/public/Trades", answer) as server, Client(KRAKEN.apis[0].at(server.url), time=VirtualTime()) as client:
            (request,) = KRAKEN.dataset("trades").ask(window(minutes=20))
            pages = [page.data async for page in client.pages(request)]
            return [row[6] for page in pages for row in page["result"]["XBTUSDT"]], [asked.query["since"] for asked in server.asked]

    ids, since = run(ask())
    # 20 minutes are 4800 trades; pages overlap by one, so the fifth ends with trade 4995.
    assert (set(ids), len(ids)) == (set(range(4996)), 5000)
    assert since[:2] == [str(START_NS - 1), str(START_NS + 999 * 250_000_001)]


def test_no_trades_and_an_empty_window_are_no_rows() -> None:
    assert KRAKEN.dataset("trades").read({"error": [], "result": {"XBTUSDT": [], "last": "5"}}, window(hours=1)).height == 0
    assert KRAKEN.dataset("trades").ask(window()) == []


@pytest.mark.realdata
def test_a_recorded_book_is_a_level_a_row_and_stood_when_it_was_received(shared: Path) -> None:
    document = fixture(shared, "rest_order_book")
    frame = page_rows(KRAKEN.dataset("order_books"), ONE, document, NOW, "0" * 64)
    book = document["result"]["XBTUSDT"]
    assert frame.select("side", "level", "price", "quantity").rows() == [
        (side, at + 1, float(row[0]), float(row[1])) for side, key in (("bid", "bids"), ("ask", "asks")) for at, row in enumerate(book[key])
    ]
    assert set(frame["timestamp"]) == {NOW}
    assert KRAKEN.dataset("order_books").read({"error": [], "result": {}}, ONE).height == 0


@pytest.mark.realdata
def test_a_recorded_ticker_is_the_state_of_the_day_since_midnight(shared: Path) -> None:
    frame = page_rows(KRAKEN.dataset("snapshots"), ONE, fixture(shared, "rest_ticker"), NOW, "0" * 64)
    (row,) = frame.drop("known_at", "payload_sha256", "line", "previous_close").rows(named=True)
    assert row == {
        "symbol": "BTC-USDT",
        "vendor_symbol": "XBTUSDT",
        "timestamp": None,
        "last_price": 105899.4,
        "last_size": 0.00009443,
        "bid_price": 105944.2,
        "bid_size": 1.0,
        "ask_price": 105944.3,
        "ask_size": 1.0,
        "open": 106021.6,
        "high": 106112.0,
        "low": 105853.5,
        "volume": 0.78648221,
    }


@pytest.mark.realdata
def test_every_pair_listed_in_2021_is_read_although_steps_and_states_were_not_told_then(shared: Path) -> None:
    text = (shared / "fixtures/kraken/recorded_http_AssetPairs_2021-04-17.txt").read_text().splitlines()[0]
    document = json.loads(text.split(": ", 1)[1])
    frame = page_rows(KRAKEN.dataset("listings"), Question("listings"), document, NOW, "0" * 64)
    pairs = document["result"]
    assert frame["vendor_symbol"].to_list() == [pair["altname"] for pair in pairs.values()]
    assert frame["tick_size"].to_list() == [float(Decimal(10) ** -pair["pair_decimals"]) for pair in pairs.values()]
    assert frame["active"].null_count() == 304
    by_name = {row["vendor_symbol"]: row for row in frame.rows(named=True)}
    assert [by_name["XBTUSD"][name] for name in ("base", "currency", "identifiers")] == ["XBT", "USD", "key=XXBTZUSD,wsname=XBT/USD"]
    assert [by_name["ETHXBT.d"][name] for name in ("base", "currency", "identifiers")] == ["XETH", "XXBT", "key=XETHXXBT.d"]


@pytest.mark.realdata
@pytest.mark.parametrize(
    ("name", "told"),
    [("", ("XBTUSDT", "currency", "USDT", "XBT", True, 0.1)), ("_tokenized", ("AAPLxUSD", "tokenized_asset", "USD", "AAPLx", True, 0.01))],
)
def test_pairs_of_today_tell_their_steps_and_states(shared: Path, name: str, told: tuple[object, ...]) -> None:
    frame = page_rows(KRAKEN.dataset("listings"), Question("listings"), fixture(shared, f"rest_asset_pairs{name}"), NOW, "0" * 64)
    assert frame.select("vendor_symbol", "kind", "currency", "base", "active", "tick_size").row(0) == told
    assert frame["lot_size"].to_list() == [1e-8] * frame.height
