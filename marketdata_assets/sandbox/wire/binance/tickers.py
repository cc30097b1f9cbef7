"""Binance's tickers: last price, best bid and offer, the last five minutes and the last day."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import polars as pl
from aiohttp import web

from marketdata_assets.sandbox.wire.binance.asking import stamp
from marketdata_assets.sandbox.wire.binance.listing import Pairs
from marketdata_assets.sandbox.wire.book import Book
from marketdata_assets.sandbox.wire.pairs import Tapes, fixed
from marketdata_assets.sandbox.wire.protocol import js


class Tickers:
    """What Binance tells of the last trades."""

    def __init__(self, book: Book, tapes: Tapes, pairs: Pairs) -> None:
        self._book = book
        self._tapes = tapes
        self._pairs = pairs

    async def avg_price(self, request: web.Request) -> web.Response:
        """The mean price of five minutes."""
        tape = self._tapes.of(self._pairs.one(request))
        newest = tape.filter(pl.col("timestamp") > self._book.at - timedelta(minutes=5))
        part = newest if newest.height else tape.tail(1)
        price = float((part["price"] * part["quantity"]).sum()) / float(part["quantity"].sum()) if part.height else 0.0
        closed = stamp(request, tape["timestamp"][-1]) if tape.height else 0
        return js({"mins": 5, "price": fixed(price), "closeTime": closed})

    async def price(self, request: web.Request) -> web.Response:
        """Last prices."""
        return self._each(request, lambda symbol, row: {"symbol": symbol, "price": fixed(row["price"])})

    async def book_ticker(self, request: web.Request) -> web.Response:
        """Best bids and offers."""

        def best(symbol: str, row: Mapping[str, Any]) -> dict[str, str]:
            bid, ask = self._book.depth(self._tapes.vendor, row["canonical"], 1).rows(named=True)
            named = {"bidPrice": bid["price"], "bidQty": bid["quantity"], "askPrice": ask["price"], "askQty": ask["quantity"]}
            return {"symbol": symbol} | {name: fixed(value) for name, value in named.items()}

        return self._each(request, best)

    async def day(self, request: web.Request) -> web.Response:
        """What became of the last 24 hours."""

        def moved(symbol: str, last: Mapping[str, Any]) -> dict[str, Any]:
            since = self._book.at - timedelta(days=1)
            part = self._tapes.between(last["canonical"], since, None)
            part = part if part.height else self._tapes.of(last["canonical"]).tail(1)
            before = self._tapes.last_price(last["canonical"], since) or part["price"][0]
            volume, worth = float(part["quantity"].sum()), float((part["price"] * part["quantity"]).sum())
            first, price = part["price"][0], part["price"][-1]
            bid, ask = self._book.depth(self._tapes.vendor, last["canonical"], 1).rows(named=True)
            texts = {
                "priceChange": fixed(price - first),
                "priceChangePercent": fixed(100 * (price / first - 1), 3),
                "weightedAvgPrice": fixed(worth / volume),
                "prevClosePrice": fixed(before),
                "lastPrice": fixed(price),
                "lastQty": fixed(part["quantity"][-1]),
                "bidPrice": fixed(bid["price"]),
                "bidQty": fixed(bid["quantity"]),
                "askPrice": fixed(ask["price"]),
                "askQty": fixed(ask["quantity"]),
                "openPrice": fixed(first),
                "highPrice": fixed(float(part["price"].max())),  # type: ignore[arg-type]
                "lowPrice": fixed(float(part["price"].min())),  # type: ignore[arg-type]
                "volume": fixed(volume),
                "quoteVolume": fixed(worth),
            }
            times = {"openTime": stamp(request, since), "closeTime": stamp(request, self._book.at)}
            return {"symbol": symbol, **texts, **times, "firstId": part["id"][0], "lastId": part["id"][-1], "count": part.height}

        return self._each(request, moved)

    def _each(self, request: web.Request, one: Any) -> web.Response:
        """One object for `symbol`, a list otherwise; `one` is given the vendor's spelling and the newest trade with `canonical`."""
        found = []
        for symbol in self._pairs.asked(request):
            newest = self._tapes.of(symbol).tail(1)
            found += [one(self._pairs.spelled(symbol), {**row, "canonical": symbol}) for row in newest.iter_rows(named=True)]
        return js(found[0] if "symbol" in request.query and found else found)
