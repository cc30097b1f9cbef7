"""Binance on the wire: its paths, its weights and its errors; the archive of files answers on the same port."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta

from aiohttp import web

from marketdata_assets.core import clock
from marketdata_assets.sandbox.vendors import binance_vision
from marketdata_assets.sandbox.wire.binance.archive import Archive
from marketdata_assets.sandbox.wire.binance.listing import LIMIT, Pairs
from marketdata_assets.sandbox.wire.binance.market import Desk
from marketdata_assets.sandbox.wire.binance.tickers import Tickers
from marketdata_assets.sandbox.wire.binance.weights import Weighed, weight
from marketdata_assets.sandbox.wire.book import Book
from marketdata_assets.sandbox.wire.limits import Meter, Verdict
from marketdata_assets.sandbox.wire.pairs import Tapes, micros
from marketdata_assets.sandbox.wire.protocol import Protocol, Tape, js
from marketdata_assets.sandbox.wire.streams import feeds
from marketdata_assets.sandbox.wire.streams_binance import PATHS, BinanceVoice

NAME = "binance"
_TROUBLES = {
    401: (-2015, "Invalid API-key, IP, or permissions for action."),
    418: (-1003, "Way too much request weight used; IP banned until {until}. Please use WebSocket Streams for live updates to avoid bans."),
    429: (
        -1003,
        (
            "Too much request weight used; current limit is {limit} request weight per 1 MINUTE. "
            "Please use WebSocket Streams for live updates to avoid polling the API."
        ),
    ),
    503: (-1008, "Server is currently overloaded with other requests. Please try again in a few minutes."),
    504: (-1007, "Timeout waiting for response from backend server. Send status unknown; execution status unknown."),
}
_OTHER = (-1000, "An unknown error occurred while processing the request.")


class Binance(Protocol):
    """Binance. Sources: binance/binance-spot-api-docs (`rest-api.md`, `errors.md`), binance/binance-public-data (`README.md`)."""

    name = NAME
    tape = Tape(coins=dict.fromkeys(("1m", "1h", "1d"), binance_vision.SOURCE))
    renamed = (b'"price"', b'"lastPrice"')

    def __init__(self) -> None:
        self._limit = LIMIT

    def routes(self, book: Book) -> Iterable[web.RouteDef]:
        """See `Protocol`."""
        tapes, pairs = Tapes(book, NAME), Pairs(self, book)
        desk, tickers = Desk(book, tapes, pairs), Tickers(book, tapes, pairs)
        answers = {
            "ping": desk.ping,
            "time": desk.time,
            "exchangeInfo": desk.exchange_info,
            "klines": desk.klines,
            "trades": desk.trades,
            "historicalTrades": desk.historical_trades,
            "aggTrades": desk.agg_trades,
            "depth": desk.depth,
            "avgPrice": tickers.avg_price,
            "ticker/price": tickers.price,
            "ticker/bookTicker": tickers.book_ticker,
            "ticker/24hr": tickers.day,
        }
        named = [web.get(f"/api/v3/{path}", answer) for path, answer in answers.items()]
        return [*named, web.get(r"/data/spot/{path:.+}", Archive(book, tapes).file)]

    def streams(self, book: Book) -> Iterable[web.RouteDef]:
        """See `Protocol`."""
        return feeds(self, book, BinanceVoice, *PATHS)

    def spelled(self, symbol: str) -> str:
        """See `Protocol`."""
        return binance_vision.spelled(symbol)

    def canonical(self, spelling: str, asset_class: str, known: Iterable[str]) -> str | None:  # noqa: ARG002
        """See `Protocol`: Binance knows one spelling."""
        return next((symbol for symbol in known if self.spelled(symbol) == spelling), None)

    def meter(self, rate: int | None) -> Meter:
        """Weight a minute; who goes on after a refusal is banned."""
        self._limit = rate or LIMIT
        return Weighed(self._limit, weight)

    def stamps(self, verdict: Verdict) -> dict[str, str]:
        """See `Protocol`."""
        return {"X-MBX-USED-WEIGHT": str(verdict.used), "X-MBX-USED-WEIGHT-1M": str(verdict.used)}

    def over_limit(self, verdict: Verdict) -> web.Response:
        """429, and 418 while banned."""
        return self.trouble(418 if verdict.window.per > 60 else 429, {"Retry-After": str(max(1, round(verdict.wait + 0.5)))})

    def trouble(self, status: int, headers: Mapping[str, str]) -> web.Response:
        """See `Protocol`."""
        code, words = _TROUBLES.get(status, _OTHER)
        wait = headers.get("Retry-After", "")
        until = clock.now() + timedelta(seconds=int(wait) if wait.isdigit() else 120)
        return js({"code": code, "msg": words.format(limit=self._limit, until=micros(until) // 1000)}, status, headers)
