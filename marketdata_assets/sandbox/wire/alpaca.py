"""Alpaca on the wire: its keys, its limit, its errors, its spelling."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import timedelta

from aiohttp import web

from marketdata_assets.core import clock
from marketdata_assets.sandbox.wire.alpaca_bars import Bars
from marketdata_assets.sandbox.wire.alpaca_latest import Latest
from marketdata_assets.sandbox.wire.alpaca_options import Options
from marketdata_assets.sandbox.wire.alpaca_reference import Reference
from marketdata_assets.sandbox.wire.alpaca_ticks import Ticks
from marketdata_assets.sandbox.wire.book import Book
from marketdata_assets.sandbox.wire.limits import ByPlan, Meter, Verdict, Window, Windows
from marketdata_assets.sandbox.wire.protocol import Protocol, Tape, good, js, text
from marketdata_assets.sandbox.wire.streams import feeds
from marketdata_assets.sandbox.wire.streams_alpaca import PATHS, AlpacaVoice


class Alpaca(Protocol):
    """Alpaca: keys in two headers, pages by token over all symbols together, instants in RFC 3339. A key that begins with `free` has the
    free plan, which refuses consolidated data younger than 15 minutes.
    """

    name = "alpaca"
    tape = Tape({"1d": "tiingo", "1m": "lean", "1h": "lean"}, {"1d": "binance_vision", "1h": "binance_vision", "1m": "binance_vision"})
    cursor = re.compile(rb'"next_page_token":\s*"([^"]*)"')
    renamed = (b'"c":', b'"close":')

    def routes(self, book: Book) -> Iterable[web.RouteDef]:
        """See `Protocol`."""
        parts = (Latest(self, book), Bars(self, book), Ticks(self, book), Options(self, book), Reference(self, book))
        return [route for part in parts for route in part.routes()]

    def streams(self, book: Book) -> Iterable[web.RouteDef]:
        """See `Protocol`."""
        return feeds(self, book, AlpacaVoice, *PATHS)

    def spelled(self, symbol: str) -> str:
        """Pairs with a slash; shares as they are."""
        return symbol.replace("-", "/")

    def refused(self, request: web.Request) -> web.Response | None:
        """401 without both headers; the history of pairs needs none."""
        if "/crypto/" in request.path:
            return None
        keys = [request.headers.get(f"APCA-API-{name}") for name in ("KEY-ID", "SECRET-KEY")]
        return None if all(map(good, keys)) else self.trouble(401, {})

    def meter(self, rate: int | None) -> Meter:
        """200 requests a minute on the free plan, 10,000 on the paid one; with `rate`, so many for everybody."""
        paid = Windows([Window(rate or 10_000, 60)])
        return paid if rate else ByPlan(_free, Windows([Window(200, 60)]), paid)

    def stamps(self, verdict: Verdict) -> dict[str, str]:
        """The limit of the minute, what is left, and the second at which it starts anew."""
        reset = clock.now() + timedelta(seconds=verdict.wait)
        return {
            "X-RateLimit-Limit": str(verdict.window.limit),
            "X-RateLimit-Remaining": str(verdict.left),
            "X-RateLimit-Reset": str(round(reset.timestamp())),
        }

    def trouble(self, status: int, headers: Mapping[str, str]) -> web.Response:
        """JSON with a message; an unknown path is plain text."""
        if status == 404:
            return text("Not Found", 404, headers=headers)
        says = {401: "unauthorized.", 403: "forbidden.", 418: "banned.", 429: "too many requests."}.get(status, "internal server error")
        return js({"message": says}, status, headers)


def _free(request: web.Request) -> bool:
    return request.headers.get("APCA-API-KEY-ID", "free").startswith("free")
