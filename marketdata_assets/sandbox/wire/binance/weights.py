"""What requests to Binance weigh, and the ban of an address that goes on after a refusal."""

from __future__ import annotations

from collections.abc import Callable

from aiohttp import web

from marketdata_assets.sandbox.wire.limits import Verdict, Window

MINUTE = 60.0
# Bans last two minutes to three days; how much too much earns one is not documented: here, as much again as is allowed.
BAN = Window(0, 120.0)
_WEIGHTS = {"exchangeInfo": 20, "klines": 2, "trades": 25, "historicalTrades": 25, "aggTrades": 4, "avgPrice": 2}
_DEPTHS = ((100, 5), (500, 25), (1000, 50))


def weight(request: web.Request) -> int:
    """The weight of a request by path and parameters; files weigh nothing."""
    if not request.path.startswith("/api/v3/"):
        return 0
    name, query = request.path.removeprefix("/api/v3/"), request.query
    if name == "depth":
        levels = int(query["limit"]) if query.get("limit", "").isascii() and query.get("limit", "").isdigit() else 100
        return next((cost for most, cost in _DEPTHS if levels <= most), 250)
    if name.startswith("ticker/"):
        return _ticker(name, "symbol" in query)
    return _WEIGHTS.get(name, 1)


def _ticker(name: str, single: bool) -> int:
    if name == "ticker/24hr":
        return 2 if single else 80
    return 2 if single else 4


class Weighed:
    """At most `limit` units of weight a minute, refused ones counting too; beyond twice that much the address is banned."""

    def __init__(self, limit: int, weigh: Callable[[web.Request], int]) -> None:
        self._window = Window(limit, MINUTE)
        self._weigh = weigh
        self._since = float("-inf")
        self._used = 0
        self._banned = float("-inf")

    def take(self, request: web.Request, now: float) -> Verdict:
        """See `limits.Meter`; while banned, the verdict's window is `BAN`."""
        cost = self._weigh(request)
        if now < self._banned:
            return Verdict(cost == 0, BAN, 0, self._banned - now, self._used)
        if now - self._since >= MINUTE:
            self._since, self._used = now, 0
        self._used += cost
        if self._used > 2 * self._window.limit:
            self._banned = now + BAN.per
            return Verdict(False, BAN, 0, BAN.per, self._used)
        good = self._used <= self._window.limit or cost == 0
        return Verdict(good, self._window, max(0, self._window.limit - self._used), MINUTE - (now - self._since), self._used)
