"""Finnhub's HTTP interface: a key in a header, statuses that mean what they say, and zeros for a symbol it does not know."""

from __future__ import annotations

from typing import Any

from marketdata_assets.sources.api import Api, Auth, Endpoint
from marketdata_assets.sources.budget import Budget, Quota
from marketdata_assets.sources.error_rules import ErrorRule
from marketdata_assets.sources.errors import BadCredentials, NotEntitled, NotFound, RateLimited, Rejected

NAME = "finnhub"


def _only_zeros(document: Any) -> str:
    """What an unknown symbol looks like: a quote of nothing but zeros and nulls."""
    values = document.values() if isinstance(document, dict) and "pc" in document else [1]
    return "" if any(values) else "every figure is zero"


QUOTE = Endpoint(
    "quote",
    "/quote",
    errors=(ErrorRule(NotFound, status=(200,), at=_only_zeros, remedy="check the symbol's spelling: it gives only zeros"),),
)
CANDLES = Endpoint("stock_candle", "/stock/candle")
NEWS = Endpoint("company_news", "/company-news")

ERRORS = (
    ErrorRule(BadCredentials, at="error", matches="api key"),
    ErrorRule(NotEntitled, at="error", matches="don't have access"),
    ErrorRule(RateLimited, at="error", matches="limit"),
    ErrorRule(Rejected, status=(200,), at="error"),
)
_CEILING = Quota(30, 1.0)  # calls a second, whatever the plan


def per_minute(calls: int) -> Budget:
    """The budget of a plan."""
    return Budget((Quota(calls, 60.0, burst=min(calls, 30)), _CEILING))


API = Api(
    NAME,
    "https://finnhub.io/api/v1",
    (QUOTE, CANDLES, NEWS),
    auth=Auth(headers={"X-Finnhub-Token": "{api_key}"}),
    budgets={"default": per_minute(60)},
    errors=ERRORS,
)
