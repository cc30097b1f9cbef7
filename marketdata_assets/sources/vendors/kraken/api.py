"""Kraken's public spot interface: endpoints, the errors it sends with HTTP 200, and its unstated limits.

Sources: docs.kraken.com (spot REST), support.kraken.com 206548367 (limits) and 218198197 (history).
"""

from __future__ import annotations

from typing import Any

from marketdata_assets.sources.api import Api, Endpoint
from marketdata_assets.sources.budget import Budget, Quota
from marketdata_assets.sources.error_rules import ErrorRule
from marketdata_assets.sources.errors import BadCredentials, NotEntitled, NotFound, RateLimited, Rejected, Unavailable
from marketdata_assets.sources.paging import LastPaging

NAME = "kraken"
CANDLES = 720
PAGE = 1000
DEPTH = 500


def pair_rows(document: Any) -> Any:
    """The rows of the one pair in an answer; the other key of the result is `last`."""
    return next((rows for key, rows in document["result"].items() if key != "last"), None)


OHLC = Endpoint("ohlc", "/0/public/OHLC")
TRADES = Endpoint("trades", "/0/public/Trades", {"count": PAGE}, LastPaging("since", "result.last", pair_rows, PAGE))
RECENT_TRADES = Endpoint("recent_trades", "/0/public/Trades", {"count": PAGE})
DEPTH_BOOK = Endpoint("depth", "/0/public/Depth", {"count": DEPTH})
ASSET_PAIRS = Endpoint("asset_pairs", "/0/public/AssetPairs")
TICKER = Endpoint("ticker", "/0/public/Ticker")

# Success is an empty list at `error`; a text is severity (E or W), category, colon and words. A warning comes beside a good result.
ERRORS = (
    ErrorRule(
        RateLimited, at="error", matches=r"EGeneral:Too many requests|Rate limit exceeded|Temporary lockout|EService:Throttled", wait=30.0
    ),
    ErrorRule(Unavailable, at="error", matches=r"EService:|EGeneral:Internal error|EAPI:Feature disabled"),
    ErrorRule(
        NotFound,
        at="error",
        matches=r"EQuery:Unknown asset",
        remedy="check the pair; `marketdata fetch kraken listings` prints all, and bitcoin is XBT here",
    ),
    ErrorRule(BadCredentials, at="error", matches=r"EAPI:Invalid (key|signature|nonce)"),
    ErrorRule(NotEntitled, at="error", matches=r"Permission denied"),
    ErrorRule(Rejected, at="error", matches=r"(^|; )E[A-Z]"),
)
# No document names the limit of an address: one request a second is called safe, about thirty at once were seen to pass.
PUBLIC = Budget((Quota(60, 60, burst=5),), scope="address", penalty=30.0)

API = Api(
    NAME,
    "https://api.kraken.com",
    (OHLC, TRADES, RECENT_TRADES, DEPTH_BOOK, ASSET_PAIRS, TICKER),
    budgets={"default": PUBLIC},
    errors=ERRORS,
    messages=("error",),
)
