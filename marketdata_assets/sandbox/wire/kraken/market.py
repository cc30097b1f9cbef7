"""Kraken's candles, trades, books and tickers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from email.utils import format_datetime
from typing import Any

import polars as pl
from aiohttp import web

from marketdata_assets.sandbox.wire.book import Book
from marketdata_assets.sandbox.wire.damage import damaged
from marketdata_assets.sandbox.wire.kraken.listing import Pairs
from marketdata_assets.sandbox.wire.kraken.words import INVALID, good, instant, number, refusal
from marketdata_assets.sandbox.wire.pairs import (
    Tapes,
    filled,
    fixed,
    floored,
    micros,
    newest,
    price_decimals,
    regrouped,
    seconds,
    whole_candles,
)

COMMITTED = 720
LONGEST = 1440
PAGE = 1000
LENGTHS = {1: "1m", 5: "5m", 15: "15m", 30: "30m", 60: "1h", 240: "4h", 1440: "1d", 10080: "7d", 21600: "15d"}
# Prices of trades and of the book have five decimals, whatever the tick.
_PRICE = 5


class Desk:
    """Kraken's methods."""

    def __init__(self, book: Book, tapes: Tapes, pairs: Pairs) -> None:
        self._book = book
        self._tapes = tapes
        self._pairs = pairs

    async def time(self, _: web.Request) -> web.Response:
        """What the time is."""
        at = self._book.at
        stamp = format_datetime(at).replace(f" {at.year} ", f" {at:%y} ")
        return good({"unixtime": seconds(at), "rfc1123": stamp})

    async def status(self, _: web.Request) -> web.Response:
        """That all is well."""
        return good({"status": "online", "timestamp": f"{self._book.at:%Y-%m-%dT%H:%M:%SZ}"})

    async def assets(self, _: web.Request) -> web.Response:
        """Coins and currencies."""
        return good(self._pairs.assets())

    async def asset_pairs(self, request: web.Request) -> web.Response:
        """The pairs."""
        return good({self._pairs.key(request, symbol): self._pairs.described(symbol) for symbol in self._pairs.asked(request)})

    async def ohlc(self, request: web.Request) -> web.Response:
        """The 720 newest candles and the running one, those since an instant; `last` is the newest that is done."""
        symbol = self._pairs.one(request.query.get("pair"))
        minutes = number(request, "interval", 1)
        since = number(request, "since", 0)
        if minutes not in LENGTHS:
            raise refusal(INVALID)
        bars = self._candles(symbol, minutes)
        last = bars["timestamp"][max(0, bars.height - 2)] if bars.height else self._book.at
        if since:
            bars = pl.concat([bars.head(-1).filter(pl.col("timestamp") >= instant(since)), bars.tail(1)])
        bars = damaged(bars, (), None, None)
        digits = price_decimals(self._book, symbol)
        return good({self._pairs.key(request, symbol): [_candle(row, digits) for row in bars.rows(named=True)], "last": seconds(last)})

    async def trades(self, request: web.Request) -> web.Response:
        """The newest trades, or those from a cursor on, the one at the cursor included."""
        symbol = self._pairs.one(request.query.get("pair"))
        count = number(request, "count", PAGE, 1, PAGE)
        since = number(request, "since", 0)
        if "since" not in request.query:
            page = self._tapes.of(symbol).tail(count)
        else:
            # Cursors are nanoseconds; seconds, as in the vendor's own example, are taken too.
            page = self._tapes.between(symbol, instant(since, 1 if since < 10**12 else 10**9), None).head(count)
        last = f"{micros(page['timestamp'][-1])}000" if page.height else str(since)
        return good({self._pairs.key(request, symbol): [_trade(row) for row in page.rows(named=True)], "last": last})

    async def depth(self, request: web.Request) -> web.Response:
        """The order book."""
        symbol = self._pairs.one(request.query.get("pair"))
        count = number(request, "count", 100, 1, 500)
        at = seconds(self._book.at)
        levels = self._book.depth(self._tapes.vendor, symbol, count)
        sides = {
            side + "s": [[fixed(p, _PRICE), fixed(q, 3), at] for p, q in levels.filter(side=side).select("price", "quantity").iter_rows()]
            for side in ("ask", "bid")
        }
        return good({self._pairs.key(request, symbol): sides})

    async def ticker(self, request: web.Request) -> web.Response:
        """What became of today and of the last 24 hours."""
        symbols = self._pairs.asked(request)
        return good({self._pairs.key(request, symbol): self._ticker(symbol) for symbol in symbols if self._tapes.of(symbol).height})

    def _candles(self, symbol: str, minutes: int) -> pl.DataFrame:
        """The newest candles and the running one, every interval of them."""
        length = timedelta(minutes=minutes)
        running = floored(newest(self._book), length)
        start = running - COMMITTED * length
        every = LENGTHS[minutes]
        own = minutes <= LONGEST
        bars = whole_candles(self._book, self._tapes, symbol, every if own else "1d", start, self._book.at)
        bars = bars if own else regrouped(bars, every)
        stamps = pl.datetime_range(start, running, every, time_unit="us", eager=True)
        return filled(bars, stamps, self._tapes.last_price(symbol, start))

    def _ticker(self, symbol: str) -> dict[str, Any]:
        at = self._book.at
        depth = dict(zip(("bid", "ask"), self._book.depth(self._tapes.vendor, symbol, 1).rows(named=True), strict=True))
        last = self._tapes.of(symbol).row(-1, named=True)
        today = self._tapes.between(symbol, floored(at, timedelta(days=1)), None)
        day = self._tapes.between(symbol, at - timedelta(days=1), None)
        spans = [part if part.height else self._tapes.of(symbol).tail(1) for part in (today, day)]
        worth = [float((part["price"] * part["quantity"]).sum()) / float(part["quantity"].sum()) for part in spans]
        return {
            "a": [fixed(depth["ask"]["price"], _PRICE), "1", "1.000"],
            "b": [fixed(depth["bid"]["price"], _PRICE), "1", "1.000"],
            "c": [fixed(last["price"], _PRICE), fixed(last["quantity"])],
            "v": [fixed(float(part["quantity"].sum())) for part in (today, day)],
            "p": [fixed(value, _PRICE) for value in worth],
            "t": [today.height, day.height],
            "l": [fixed(float(part["price"].min()), _PRICE) for part in spans],  # type: ignore[arg-type]
            "h": [fixed(float(part["price"].max()), _PRICE) for part in spans],  # type: ignore[arg-type]
            "o": fixed(spans[0]["price"][0], _PRICE),
        }


def _candle(row: Mapping[str, Any], digits: int) -> list[Any]:
    some = row["volume"] > 0
    prices = [fixed(row[name], digits) for name in ("open", "high", "low", "close")]
    vwap = fixed(row["vwap"], digits) if some else "0.0"
    return [seconds(row["timestamp"]), *prices, vwap, fixed(row["volume"]), row["trade_count"]]


def _trade(row: Mapping[str, Any]) -> list[Any]:
    taker, kind = "b" if row["side"] == "buy" else "s", "m" if row["id"] % 2 else "l"
    return [fixed(row["price"], _PRICE), fixed(row["quantity"]), row["timestamp"].timestamp(), taker, kind, "", row["id"]]
