"""Coinbase's products as both interfaces ask for them: their candles, trades and books, newest first."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, NamedTuple

import polars as pl

from marketdata_assets.sandbox.wire.book import Book
from marketdata_assets.sandbox.wire.pairs import MICROSECOND, Tapes, candles, floored, newest
from marketdata_assets.sandbox.wire.protocol import Protocol

LENGTHS = {
    60: "1m",
    300: "5m",
    900: "15m",
    1800: "30m",
    3600: "1h",
    7200: "2h",
    14400: "4h",
    21600: "6h",
    86400: "1d",
}


class Day(NamedTuple):
    """What became of the last 24 hours (of the last trade where nothing traded)."""

    open: float
    high: float
    low: float
    last: float
    volume: float


class Products:
    """The venue's pairs."""

    def __init__(self, protocol: Protocol, book: Book, tapes: Tapes) -> None:
        self._protocol = protocol
        self.market = book
        self.tapes = tapes

    def named(self, product: str) -> str | None:
        """The canonical symbol of a product; None for an unknown one."""
        return self._protocol.canonical(product, "crypto", self.all())

    def all(self) -> list[str]:
        """Every product, in order."""
        return self.market.symbols("crypto")

    def candles(self, symbol: str, seconds: int, start: datetime, end: datetime) -> pl.DataFrame:
        """BARS of the intervals that `[start, end]` touches, newest first; none where nothing traded."""
        length = timedelta(seconds=seconds)
        first, last = floored(start, length), min(floored(end, length), floored(newest(self.market), length))
        bars = candles(self.market, self.tapes, symbol, LENGTHS[seconds], first, last + MICROSECOND)
        return bars.filter(pl.col("volume") != 0).reverse()

    def recent(self, symbol: str, seconds: int, count: int) -> pl.DataFrame:
        """The newest `count` BARS, newest first."""
        length = timedelta(seconds=seconds)
        return self.candles(symbol, seconds, newest(self.market) - (count - 1) * length, self.market.at)

    def book(self, symbol: str, levels: int) -> dict[str, list[tuple[float, float]]]:
        """Price and quantity of each level of `bid` and `ask`, the best first."""
        depth = self.market.depth(self.tapes.vendor, symbol, levels)
        return {side: depth.filter(side=side).select("price", "quantity").rows() for side in ("bid", "ask")}

    def last(self, symbol: str) -> dict[str, Any] | None:
        """The newest trade; None before the first."""
        tape = self.tapes.of(symbol)
        return tape.row(-1, named=True) if tape.height else None

    def day(self, symbol: str, days: int = 1) -> Day:
        """The last 24 hours, or so many times as long, of a product that has traded."""
        part = self.tapes.between(symbol, self.market.at - timedelta(days=days), None)
        volume = float(part["quantity"].sum())
        prices = (part if part.height else self.tapes.of(symbol).tail(1))["price"].to_list()
        return Day(prices[0], max(prices), min(prices), prices[-1], volume)
