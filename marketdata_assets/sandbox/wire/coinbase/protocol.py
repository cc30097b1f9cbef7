"""Coinbase on the wire: the paths of both interfaces on one port, one bucket of requests, and two shapes of errors."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from http import HTTPStatus

from aiohttp import web

from marketdata_assets.sandbox.market import TRUE
from marketdata_assets.sandbox.wire.book import Book
from marketdata_assets.sandbox.wire.buckets import Bucket
from marketdata_assets.sandbox.wire.coinbase.advanced import PREFIX, Advanced
from marketdata_assets.sandbox.wire.coinbase.exchange import Exchange
from marketdata_assets.sandbox.wire.coinbase.products import Products
from marketdata_assets.sandbox.wire.limits import Meter
from marketdata_assets.sandbox.wire.pairs import Tapes
from marketdata_assets.sandbox.wire.protocol import Protocol, Tape, js
from marketdata_assets.sandbox.wire.streams import feeds
from marketdata_assets.sandbox.wire.streams_coinbase import PATHS, CoinbaseVoice

NAME = "coinbase"
RATE, BURST = 10, 15
# What is traded here of all that is traded.
SHARE = 0.4
_WORDS = {
    401: "Unauthorized.",
    404: "NotFound",
    418: "Forbidden",
    429: "Public rate limit exceeded",
    503: "Service is temporarily unavailable",
}


class Coinbase(Protocol):
    """Coinbase. Sources: docs.cdp.coinbase.com (Exchange REST, Advanced Trade REST), coinbase/coinbase-advanced-py."""

    name = NAME
    tape = Tape(coins=dict.fromkeys(("1m", "1h", "1d"), TRUE), share=SHARE)
    cursor_header = "CB-AFTER"
    renamed = (b'"price"', b'"last_price"')

    def routes(self, book: Book) -> Iterable[web.RouteDef]:
        """See `Protocol`."""
        products = Products(self, book, Tapes(book, NAME))
        exchange, advanced = Exchange(products), Advanced(products)
        market = f"{PREFIX}/market"
        return [
            web.get("/time", exchange.time),
            web.get("/currencies", exchange.currencies),
            web.get("/products", exchange.products),
            web.get("/products/{id}", exchange.product),
            web.get("/products/{id}/candles", exchange.candles),
            web.get("/products/{id}/trades", exchange.trades),
            web.get("/products/{id}/book", exchange.book),
            web.get("/products/{id}/ticker", exchange.ticker),
            web.get("/products/{id}/stats", exchange.stats),
            web.get(f"{PREFIX}/time", advanced.time),
            web.get(f"{market}/products", advanced.products),
            web.get(f"{market}/products/{{id}}", advanced.product),
            web.get(f"{market}/products/{{id}}/candles", advanced.candles),
            web.get(f"{market}/products/{{id}}/ticker", advanced.ticker),
            web.get(f"{market}/product_book", advanced.book),
        ]

    def streams(self, book: Book) -> Iterable[web.RouteDef]:
        """See `Protocol`."""
        return feeds(self, book, CoinbaseVoice, *PATHS)

    def canonical(self, spelling: str, asset_class: str, known: Iterable[str]) -> str | None:  # noqa: ARG002 - one spelling
        """See `Protocol`: products are written as they are here."""
        return spelling if spelling in set(known) else None

    def meter(self, rate: int | None) -> Meter:
        """So many requests a second, half as many more at once."""
        a_second = rate or RATE
        return Bucket(max(a_second, a_second * BURST // RATE), a_second)

    def trouble(self, status: int, headers: Mapping[str, str]) -> web.Response:
        """See `Protocol`; Coinbase says nothing of limits in headers."""
        return js({"message": _WORDS.get(status, HTTPStatus(status).phrase)}, status, headers)
