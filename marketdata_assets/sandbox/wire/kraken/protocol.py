"""Kraken on the wire: its methods, its bucket of requests, and errors that come with status 200."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from aiohttp import web

from marketdata_assets.sandbox.vendors import kraken as files
from marketdata_assets.sandbox.wire.book import Book
from marketdata_assets.sandbox.wire.buckets import Bucket
from marketdata_assets.sandbox.wire.kraken.listing import Pairs
from marketdata_assets.sandbox.wire.kraken.market import Desk
from marketdata_assets.sandbox.wire.limits import Meter
from marketdata_assets.sandbox.wire.pairs import Tapes
from marketdata_assets.sandbox.wire.protocol import Protocol, Tape, js
from marketdata_assets.sandbox.wire.streams import feeds
from marketdata_assets.sandbox.wire.streams_kraken import PATHS, KrakenVoice

NAME = "kraken"
BURST = 30
_TROUBLES = {401: "EAPI:Invalid key", 404: "EGeneral:Unknown method", 418: "EGeneral:Temporary lockout", 429: "EGeneral:Too many requests"}


class Kraken(Protocol):
    """Kraken. Source: docs.kraken.com, api-reference/market-data."""

    name = NAME
    tape = Tape(coins={"1h": files.SOURCE, "1d": files.SOURCE})
    cursor = re.compile(rb'"last":\s*"(\d+)"')
    renamed = (b'"result"', b'"results"')

    def routes(self, book: Book) -> Iterable[web.RouteDef]:
        """See `Protocol`."""
        desk = Desk(book, Tapes(book, NAME), Pairs(self, book))
        methods = {
            "Time": desk.time,
            "SystemStatus": desk.status,
            "Assets": desk.assets,
            "AssetPairs": desk.asset_pairs,
            "OHLC": desk.ohlc,
            "Trades": desk.trades,
            "Depth": desk.depth,
            "Ticker": desk.ticker,
        }
        return [web.get(f"/0/public/{method}", handler) for method, handler in methods.items()]

    def streams(self, book: Book) -> Iterable[web.RouteDef]:
        """See `Protocol`."""
        return feeds(self, book, KrakenVoice, *PATHS)

    def spelled(self, symbol: str) -> str:
        """See `Protocol`."""
        return symbol.replace("-", "")

    def meter(self, rate: int | None) -> Meter:
        """A burst, then one request a second; candles and trades are counted for each pair."""
        return Bucket(rate or BURST, 1.0, lambda request: f"{request.path} {request.query.get('pair')}" if _by_pair(request) else "")

    def trouble(self, status: int, headers: Mapping[str, str]) -> web.Response:
        """See `Protocol`: Kraken's errors come with status 200."""
        return js({"error": [_TROUBLES.get(status, "EService:Unavailable")]}, headers=headers)

    def notice(self) -> web.Response:
        """See `Protocol`."""
        return self.trouble(503, {})


def _by_pair(request: web.Request) -> bool:
    return request.path.endswith(("/OHLC", "/Trades"))
