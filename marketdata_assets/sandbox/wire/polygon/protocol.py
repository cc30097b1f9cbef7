"""Polygon (Massive) on the wire: its key, its limit, its errors, its spelling."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from aiohttp import web

from marketdata_assets.sandbox.market import TRUE
from marketdata_assets.sandbox.wire.book import Book
from marketdata_assets.sandbox.wire.limits import ByPlan, Meter, Window, Windows
from marketdata_assets.sandbox.wire.polygon.aggregates import Aggregates
from marketdata_assets.sandbox.wire.polygon.reference import Reference
from marketdata_assets.sandbox.wire.polygon.ticks import Ticks
from marketdata_assets.sandbox.wire.polygon.words import refused
from marketdata_assets.sandbox.wire.protocol import Protocol, Tape, good, js
from marketdata_assets.sandbox.wire.streams import feeds
from marketdata_assets.sandbox.wire.streams_polygon import PATHS, PolygonVoice


class Polygon(Protocol):
    """Polygon: the key in the query or as a bearer, pages by `next_url` on the vendor's own host.

    Its bars are the undamaged ones of the market with volumes of its own, adjusted for splits unless raw ones are asked for.
    """

    name = "polygon"
    tape = Tape({"1d": TRUE, "1m": TRUE, "1h": TRUE}, {"1d": TRUE, "1h": TRUE, "1m": TRUE}, noise=0.004)
    cursor = re.compile(rb'"next_url":\s*"([^"]*)"')
    renamed = (b'"c":', b'"close":')

    def routes(self, book: Book) -> Iterable[web.RouteDef]:
        """See `Protocol`."""
        parts = (Aggregates(self, book), Ticks(self, book), Reference(self, book))
        return [route for part in parts for route in part.routes()]

    def streams(self, book: Book) -> Iterable[web.RouteDef]:
        """See `Protocol`."""
        return feeds(self, book, PolygonVoice, *PATHS)

    def spelled(self, symbol: str) -> str:
        """Pairs as `X:BTCUSD`, shares as they are."""
        return f"X:{symbol.replace('-', '')}" if "-" in symbol else symbol

    def refused(self, request: web.Request) -> web.Response | None:
        """401 without a key, and for an unknown one."""
        key = _key(request)
        if good(key):
            return None
        return refused(request, 401, "Unknown API Key" if key else "API Key was not provided").answer

    def meter(self, rate: int | None) -> Meter:
        """Five requests a minute on the free plan, 100 a second on a paid one; with `rate`, so many a minute for everybody."""
        if rate:
            return Windows([Window(rate, 60)])
        return ByPlan(lambda request: _key(request).startswith("free"), Windows([Window(5, 60)]), Windows([Window(100, 1)]))

    def trouble(self, status: int, headers: Mapping[str, str]) -> web.Response:
        """JSON with an error, or a message where there is nothing."""
        if status == 404:
            return js({"status": "NOT_FOUND", "request_id": "0" * 32, "message": "Not Found"}, 404, headers)
        says = {
            401: "Unknown API Key",
            429: "You've exceeded the maximum requests per minute, please wait or upgrade your subscription to continue. "
            "https://polygon.io/pricing",
        }.get(status, "Internal Server Error")
        return js({"status": "ERROR", "request_id": "0" * 32, "error": says}, status, headers)


def _key(request: web.Request) -> str:
    return request.query.get("apiKey") or request.headers.get("Authorization", "").removeprefix("Bearer ")
