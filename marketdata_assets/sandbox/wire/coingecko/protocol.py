"""CoinGecko on the wire: three kinds of keys, a limit a minute, and three shapes of errors."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from aiohttp import web

from marketdata_assets.sandbox.market import TRUE
from marketdata_assets.sandbox.wire.book import Book
from marketdata_assets.sandbox.wire.coingecko.charts import Charts
from marketdata_assets.sandbox.wire.coingecko.coins import Coins
from marketdata_assets.sandbox.wire.coingecko.prices import Prices
from marketdata_assets.sandbox.wire.coingecko.words import key_of, nested, status_of
from marketdata_assets.sandbox.wire.limits import Meter, Verdict, Window, Windows
from marketdata_assets.sandbox.wire.pairs import Tapes
from marketdata_assets.sandbox.wire.protocol import Protocol, Tape, good, js

NAME = "coingecko"
PREFIX = "/api/v3"
RATE = 30
_LIMIT = (
    "You've exceeded the Rate Limit. Please visit https://www.coingecko.com/en/api/pricing "
    "to subscribe to our API plans for higher rate limits."
)


class CoinGecko(Protocol):
    """CoinGecko, free and paid: a key in `x-cg-pro-api-key` is a paid one. Source: docs.coingecko.com (demo and pro reference)."""

    name = NAME
    tape = Tape(coins=dict.fromkeys(("1m", "1h", "1d"), TRUE))
    renamed = (b'"prices"', b'"price"')

    def routes(self, book: Book) -> Iterable[web.RouteDef]:
        """See `Protocol`."""
        coins = Coins(self, book, Tapes(book, NAME))
        charts, prices = Charts(coins), Prices(coins)
        answers = {
            "ping": prices.ping,
            "simple/price": prices.simple,
            "simple/supported_vs_currencies": prices.currencies,
            "coins/list": coins.listed,
            "coins/markets": prices.markets,
            "coins/{id}/history": prices.history,
            "coins/{id}/ohlc": charts.ohlc,
            "coins/{id}/ohlc/range": charts.ohlc_range,
            "coins/{id}/market_chart": charts.days,
            "coins/{id}/market_chart/range": charts.span,
        }
        return [web.get(f"{PREFIX}/{path}", answer) for path, answer in answers.items()]

    def spelled(self, symbol: str) -> str:
        """See `Protocol`: the coin alone; the currency is a parameter."""
        return symbol.partition("-")[0].lower()

    def refused(self, request: web.Request) -> web.Response | None:
        """No key is needed; one that is sent must be good."""
        kind, key = key_of(request)
        return None if not kind or good(key) else self.trouble(401, {})

    def meter(self, rate: int | None) -> Meter:
        """So many requests a minute."""
        return Windows([Window(rate or RATE, 60.0)])

    def over_limit(self, verdict: Verdict) -> web.Response:
        """See `Protocol`: the wait is told in whole seconds."""
        return self.trouble(429, {"Retry-After": str(max(1, round(verdict.wait + 0.5)))})

    def trouble(self, status: int, headers: Mapping[str, str]) -> web.Response:
        """See `Protocol`."""
        if status == 404:
            return js({"error": "coin not found"}, 404, headers)
        if status == 401:
            return js(nested(10002, "API Key Missing or invalid. Please provide a valid API key."), 401, headers)
        words = _LIMIT if status == 429 else "Internal server error" if status == 500 else "Service unavailable"
        return js(status_of(status, words), status, headers)
