"""Binance's candles, trades, books and pairs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from marketdata_assets.sandbox.wire.binance.asking import (
    MOST,
    ahead_of,
    count,
    in_micros,
    last_unit,
    limit,
    needed,
    refusal,
    stamp,
    time_of,
)
from marketdata_assets.sandbox.wire.binance.klines import INTERVALS, klines, written
from marketdata_assets.sandbox.wire.binance.listing import Pairs, exchange_info
from marketdata_assets.sandbox.wire.book import Book
from marketdata_assets.sandbox.wire.pairs import Tapes, fixed
from marketdata_assets.sandbox.wire.protocol import js

DEEPEST = 5000


class Desk:
    """Candles, trades, books and pairs of `/api/v3`."""

    def __init__(self, book: Book, tapes: Tapes, pairs: Pairs) -> None:
        self._book = book
        self._tapes = tapes
        self._pairs = pairs

    async def ping(self, _: web.Request) -> web.Response:
        """Nothing, to be there."""
        return js({})

    async def time(self, request: web.Request) -> web.Response:
        """What the time is."""
        return js({"serverTime": stamp(request, self._book.at)})

    async def exchange_info(self, request: web.Request) -> web.Response:
        """The pairs."""
        status = request.query.get("symbolStatus", "TRADING")
        if status not in ("TRADING", "HALT", "BREAK"):
            raise refusal(-1130, "Data sent for parameter 'symbolStatus' is not valid.")
        symbols = self._pairs.asked(request) if status == "TRADING" else []
        return js(exchange_info(self._book, self._pairs, symbols, stamp(request, self._book.at)))

    async def klines(self, request: web.Request) -> web.Response:
        """Candles; both times are inclusive."""
        symbol = self._pairs.one(request)
        interval = needed(request, "interval")
        if interval not in INTERVALS:
            raise refusal(-1120, "Invalid interval.")
        most = limit(request, MOST)
        start, end = time_of(request, "startTime"), time_of(request, "endTime")
        bars = klines(self._book, self._tapes, symbol, interval, (start, end), most, ahead_of(request))
        return js(written(bars, interval, 1 if in_micros(request) else 1000))

    async def trades(self, request: web.Request) -> web.Response:
        """The newest trades."""
        page = self._tapes.of(self._pairs.one(request)).tail(limit(request, MOST))
        return js([_trade(request, row) for row in page.iter_rows(named=True)])

    async def historical_trades(self, request: web.Request) -> web.Response:
        """Trades from a number on."""
        tape, most = self._tapes.of(self._pairs.one(request)), limit(request, MOST)
        start = count(request, "fromId")
        page = tape.tail(most) if start is None else tape[max(0, start - 1) :].head(most)
        return js([_trade(request, row) for row in page.iter_rows(named=True)])

    async def agg_trades(self, request: web.Request) -> web.Response:
        """Trades by number or by time, each a taker order of its own; both times are inclusive."""
        symbol, most = self._pairs.one(request), limit(request, MOST)
        number, start, end = count(request, "fromId"), time_of(request, "startTime"), time_of(request, "endTime")
        if number is not None and (start or end):
            raise refusal(-1128, "Combination of optional parameters invalid.")
        if number is not None:
            page = self._tapes.of(symbol)[max(0, number - 1) :].head(most)
        else:
            among = self._tapes.between(symbol, start, end and end + last_unit(request, "endTime"))
            page = among.head(most) if start else among.tail(most)
        return js([_agg_trade(request, row) for row in page.iter_rows(named=True)])

    async def depth(self, request: web.Request) -> web.Response:
        """The order book."""
        symbol = self._pairs.one(request)
        levels = self._book.depth(self._tapes.vendor, symbol, min(limit(request, 10**9, 100), DEEPEST))
        sides = {
            side + "s": [[fixed(price), fixed(size)] for price, size in levels.filter(side=side).select("price", "quantity").iter_rows()]
            for side in ("bid", "ask")
        }
        return js({"lastUpdateId": self._tapes.of(symbol).height * 3 + 1, **sides})


def _trade(request: web.Request, row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": row["id"],
        "price": fixed(row["price"]),
        "qty": fixed(row["quantity"]),
        "quoteQty": fixed(row["price"] * row["quantity"]),
        "time": stamp(request, row["timestamp"]),
        "isBuyerMaker": row["side"] == "sell",
        "isBestMatch": True,
    }


def _agg_trade(request: web.Request, row: Mapping[str, Any]) -> dict[str, Any]:
    texts = {"p": fixed(row["price"]), "q": fixed(row["quantity"])}
    number = row["id"]
    return {"a": number, **texts, "f": number, "l": number, "T": stamp(request, row["timestamp"]), "m": row["side"] == "sell", "M": True}
