"""Alpaca's newest bars, trades, quotes, order books and snapshots."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
import polars as pl
from aiohttp import web

from marketdata_assets.sandbox.wire.alpaca_bars import written
from marketdata_assets.sandbox.wire.alpaca_ticks import coin_quotes, coin_trades, share_quotes, share_trades
from marketdata_assets.sandbox.wire.alpaca_words import Span, entitled, located, spans, symbols_of
from marketdata_assets.sandbox.wire.book import Book
from marketdata_assets.sandbox.wire.protocol import Protocol, js

_LEVELS = 10
Row = dict[str, Any]


class Latest:
    """The endpoints of what is newest. Symbols that nobody has, and kinds of which there is nothing, are left out."""

    def __init__(self, protocol: Protocol, book: Book) -> None:
        self._protocol = protocol
        self._book = book
        self._kinds: dict[str, Callable[[str], Row | None]] = {"bars": self._bar, "trades": self._trade, "quotes": self._quote}

    def routes(self) -> list[web.RouteDef]:
        """The paths."""
        return [
            web.get("/v2/stocks/{kind:bars|trades|quotes}/latest", self.shares),
            web.get("/v2/stocks/{symbol}/{kind:bars|trades|quotes}/latest", self.share),
            web.get("/v2/stocks/snapshots", self.snapshots),
            web.get("/v2/stocks/{symbol}/snapshot", self.snapshot),
            web.get("/v1beta3/crypto/{loc}/latest/{kind:bars|trades|quotes}", self.coins),
            web.get("/v1beta3/crypto/{loc}/latest/orderbooks", self.books),
            web.get("/v1beta3/crypto/{loc}/snapshots", self.coin_snapshots),
        ]

    async def shares(self, request: web.Request) -> web.Response:
        """`/v2/stocks/{bars,trades,quotes}/latest`."""
        kind = request.match_info["kind"]
        return self._told(request, {kind: self._each(request, "us_equities", self._kinds[kind])})

    async def share(self, request: web.Request) -> web.Response:
        """`/v2/stocks/{symbol}/{bars,trades,quotes}/latest`."""
        kind, label = request.match_info["kind"], request.match_info["symbol"]
        found = self._each(request, "us_equities", self._kinds[kind], [label])
        return self._told(request, {"symbol": label, kind[:-1]: found.get(label)})

    async def coins(self, request: web.Request) -> web.Response:
        """`/v1beta3/crypto/{loc}/latest/{bars,trades,quotes}`."""
        located(request)
        kind = request.match_info["kind"]
        return js({kind: self._each(request, "crypto", self._kinds[kind])})

    async def books(self, request: web.Request) -> web.Response:
        """`/v1beta3/crypto/{loc}/latest/orderbooks`."""
        located(request)
        return js({"orderbooks": self._each(request, "crypto", self._depth)})

    async def snapshots(self, request: web.Request) -> web.Response:
        """`/v2/stocks/snapshots`: an object by symbol, without a wrapper; null for a symbol that nobody has."""
        entitled(request, self._book, self._book.at) if "feed" in request.query else None
        labels = symbols_of(request)
        found = self._each(request, "us_equities", self._snapshot, labels)
        return js({label: found.get(label) for label in labels})

    async def snapshot(self, request: web.Request) -> web.Response:
        """`/v2/stocks/{symbol}/snapshot`."""
        label = request.match_info["symbol"]
        found = self._each(request, "us_equities", self._snapshot, [label]).get(label)
        return js({"symbol": label, **found}) if found else self._protocol.trouble(404, {})

    async def coin_snapshots(self, request: web.Request) -> web.Response:
        """`/v1beta3/crypto/{loc}/snapshots`: wrapped, unlike those of shares."""
        located(request)
        return js({"snapshots": self._each(request, "crypto", self._snapshot)})

    def _each(self, request: web.Request, asset_class: str, read: Callable[[str], Row | None], labels: list[str] | None = None) -> Row:
        among: list[Span] = spans(self._protocol, self._book, request, labels or symbols_of(request), asset_class)
        told = {span.label: read(span.symbol) for span in among}
        return {label: row for label, row in told.items() if row}

    def _told(self, request: web.Request, document: Row) -> web.Response:
        return js({**document, "currency": request.query["currency"]} if "currency" in request.query else document)

    def _bar(self, symbol: str) -> Row | None:
        return self._last(symbol, "1m")

    def _trade(self, symbol: str) -> Row | None:
        made = self._book.trades(self._protocol.name, symbol, limit=1, newest_first=True)
        rows = (coin_trades if "-" in symbol else share_trades)(made).to_dicts()
        return rows[0] if rows else None

    def _quote(self, symbol: str) -> Row | None:
        made = self._book.quotes(self._protocol.name, symbol, limit=1, newest_first=True)
        rows = (coin_quotes if "-" in symbol else share_quotes)(made).to_dicts()
        return rows[0] if rows else None

    def _depth(self, symbol: str) -> Row | None:
        levels = self._book.depth(self._protocol.name, symbol, _LEVELS)
        if not levels.height:
            return None
        sides = {
            key: [{"p": row["price"], "s": row["quantity"]} for row in levels.filter(pl.col("side") == side).to_dicts()]
            for key, side in (("b", "bid"), ("a", "ask"))
        }
        return {"t": f"{self._book.at:%Y-%m-%dT%H:%M:%SZ}", **sides}

    def _snapshot(self, symbol: str) -> Row | None:
        days = self._book.bars(self._protocol.name, symbol, "1d")
        if not days.height:
            return None
        return {
            "latestTrade": self._trade(symbol),
            "latestQuote": self._quote(symbol),
            "minuteBar": self._last(symbol, "1m"),
            "dailyBar": self._last(symbol, "1d"),
            "prevDailyBar": self._last(symbol, "1d", back=1),
        }

    def _last(self, symbol: str, timeframe: str, back: int = 0) -> Row | None:
        bars = self._book.bars(self._protocol.name, symbol, timeframe)
        if bars.height <= back:
            return None
        share = "-" not in symbol
        rows: list[Row] = orjson.loads(written(bars[-1 - back :][:1], daily=share and timeframe == "1d", whole=share))
        return rows[0]
