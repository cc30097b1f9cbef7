"""Alpha Vantage on the wire: its key, its limits, and the words it uses for everything."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping

from aiohttp import web

from marketdata_assets.sandbox.market import TRUE
from marketdata_assets.sandbox.wire.alphavantage.reference import Reference
from marketdata_assets.sandbox.wire.alphavantage.series import Series
from marketdata_assets.sandbox.wire.alphavantage.words import invalid_call, says
from marketdata_assets.sandbox.wire.book import Book
from marketdata_assets.sandbox.wire.limits import ByPlan, Meter, Verdict, Window, Windows
from marketdata_assets.sandbox.wire.protocol import Protocol, Tape, good, text

_DAY = 86_400.0
_BURST = (
    "Thank you for using Alpha Vantage! Please consider spreading out your free API requests more sparingly (1 request per second). "
    "You may subscribe to any of the premium plans at https://www.alphavantage.co/premium/ to lift the free key rate limit "
    "(25 requests per day), raise the per-second burst limit, and instantly unlock all premium endpoints"
)
_DAILY = (
    "Thank you for using Alpha Vantage! Our standard API rate limit is 25 requests per day. Please subscribe to any of the premium plans "
    "at https://www.alphavantage.co/premium/ to instantly remove all daily rate limits."
)
_KEY = (
    "the parameter apikey is invalid or missing. Please claim your free API key on (https://www.alphavantage.co/support/#api-key). "
    "It should take less than 20 seconds."
)


class AlphaVantage(Protocol):
    """Alpha Vantage: the key in the query, JSON or CSV, texts for numbers, refusals with status 200.

    A key that begins with `free` has the free plan: 25 requests a day, one a second, no full series; any other 75 a minute.
    """

    name = "alphavantage"
    tape = Tape({"1d": "alphavantage", "1m": TRUE, "1h": TRUE})
    renamed = (b"close", b"last")

    def routes(self, book: Book) -> Iterable[web.RouteDef]:
        """See `Protocol`."""
        series, reference = Series(self, book), Reference(self, book)
        functions: dict[str, Callable[[web.Request], Awaitable[web.Response]]] = {**series.functions(), **reference.functions()}

        async def query(request: web.Request) -> web.Response:
            function = request.query.get("function", "")
            if function not in functions:
                raise invalid_call(function)
            return await functions[function](request)

        return [web.get("/query", query)]

    def spelled(self, symbol: str) -> str:
        """Share classes after a hyphen."""
        return symbol.replace(".", "-")

    def refused(self, request: web.Request) -> web.Response | None:
        """A complaint with status 200 without a good key."""
        return None if good(request.query.get("apikey")) else self.trouble(401, {})

    def meter(self, rate: int | None) -> Meter:
        """The free plan's day and second, and a paid plan's minute; with `rate`, so many a minute for everybody."""
        paid = Windows([Window(rate or 75, 60)])
        return paid if rate else ByPlan(_free, Windows([Window(25, _DAY), Window(1, 1)]), paid)

    def over_limit(self, verdict: Verdict) -> web.Response:
        """The notice of the day's end, or of too many at once."""
        return says("Information", _DAILY if verdict.window.per == _DAY else _BURST)

    def trouble(self, status: int, headers: Mapping[str, str]) -> web.Response:
        """What the vendor has words for comes with status 200."""
        if status == 401:
            return says("Error Message", _KEY)
        if status in (418, 429):
            return says("Information", _BURST if status == 429 else _DAILY)
        return text("Not Found" if status == 404 else "Service Unavailable", status, headers=headers)

    def notice(self) -> web.Response:
        """The older notice of the limit."""
        note = "Thank you for using Alpha Vantage! Our standard API call frequency is 5 calls per minute and 500 calls per day."
        return says("Note", note)


def _free(request: web.Request) -> bool:
    return request.query.get("apikey", "").startswith("free")
