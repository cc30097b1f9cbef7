"""Keys and errors of CoinGecko."""

from __future__ import annotations

from datetime import datetime

from aiohttp import web

from marketdata_assets.core import clock
from marketdata_assets.sandbox.wire.protocol import Refused, js

_TOO_OLD = (
    "Your request exceeds the allowed time range. Public API users are limited to querying historical data within the past 365 days. "
    "Upgrade to a paid plan to enjoy full historical data access: https://www.coingecko.com/en/api/pricing. "
)
_PAID = (
    "This request is limited to PRO API subscribers. Please visit https://www.coingecko.com/en/api/pricing to subscribe to our API plans."
)


def key_of(request: web.Request) -> tuple[str, str | None]:
    """Of which plan the request's key is (`pro`, `demo`, empty without one), and the key."""
    for plan in ("pro", "demo"):
        for key in (request.headers.get(f"x-cg-{plan}-api-key"), request.query.get(f"x_cg_{plan}_api_key")):
            if key is not None:
                return plan, key
    return "", None


def paid(request: web.Request) -> bool:
    """Whether the request comes with a paid plan's key."""
    return key_of(request)[0] == "pro"


def status_of(code: int, words: str) -> dict[str, object]:
    """One shape of an error."""
    return {"status": {"error_code": code, "error_message": words}}


def nested(code: int, words: str, at: datetime | None = None) -> dict[str, object]:
    """Another shape of an error."""
    stamp = (at or clock.now()).isoformat(timespec="milliseconds")
    return {"error": {"status": {"timestamp": stamp, "error_code": code, "error_message": words}}}


def flat(words: str, status: int = 400) -> Refused:
    """The refusal with a text alone."""
    return Refused(js({"error": words}, status))


def too_old(at: datetime) -> Refused:
    """The refusal to look further back than a year without a paid plan."""
    return Refused(js(nested(10012, _TOO_OLD, at), 401))


def paid_only(at: datetime) -> Refused:
    """The refusal of what only paid plans have."""
    return Refused(js(nested(10005, _PAID, at), 401))
