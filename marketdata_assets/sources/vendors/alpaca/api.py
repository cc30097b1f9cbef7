"""How Alpaca's hosts are asked: data of stocks, options and news, data of crypto, and the trading API's reference lists."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from marketdata_assets.sources.api import MIB, Api, Auth, Endpoint, Limits
from marketdata_assets.sources.budget import Budget, Quota, Reported
from marketdata_assets.sources.error_rules import ErrorRule
from marketdata_assets.sources.errors import BadCredentials, NotEntitled
from marketdata_assets.sources.paging import TokenPaging

NAME = "alpaca"
ROWS = 10_000  # data points a page, over all its symbols
EVENTS = 1_000  # corporate actions a page
CHAIN = 1_000  # option snapshots a page

_REPORTED = Reported(limit="X-RateLimit-Limit", remaining="X-RateLimit-Remaining", reset="X-RateLimit-Reset", reset_as="epoch_s")


def per_minute(limit: int) -> Budget:
    """So many requests a minute of one account; the answers tell how many are left."""
    return Budget((Quota(limit, 60.0, burst=min(limit, 20), reported=_REPORTED),), penalty=3.0)


_ERRORS = (
    ErrorRule(
        NotEntitled, (403,), at="message", matches="does not permit", remedy="ask for what is older than 15 minutes, or upgrade the plan"
    ),
    ErrorRule(BadCredentials, (403,), at="message", matches=r"^forbidden|access key"),
)
_KEYS = {"APCA-API-KEY-ID": "{key_id}", "APCA-API-SECRET-KEY": "{secret_key}"}


def rows_of(*names: str) -> Callable[[Any], list[Any]]:
    """Finds the rows of a page that keeps them under the symbols, as pairs of symbol and rows."""

    def found(document: Any) -> list[Any]:
        return [pair for name in names for pair in (document.get(name) or {}).items()]

    return found


def _paged(name: str, path: str, wrapper: str, limit: int = ROWS) -> Endpoint:
    return Endpoint(name, path, {"limit": limit}, TokenPaging("page_token", "next_page_token", rows=rows_of(wrapper)))


STOCK_BARS = _paged("stock_bars", "/v2/stocks/bars", "bars")

DATA = Api(
    NAME,
    "https://data.alpaca.markets",
    (STOCK_BARS,),
    auth=Auth(headers=_KEYS),
    budgets={"default": per_minute(200)},
    errors=_ERRORS,
    messages=("message",),
    limits=Limits(body_bytes=64 * MIB),
)
