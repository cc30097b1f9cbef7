"""Yahoo's chart interface, which nobody documents: one path a symbol, complaints in the document, a plain text when it is too much."""

from __future__ import annotations

from typing import Any

from marketdata_assets.sources.api import Api, Endpoint, Limits
from marketdata_assets.sources.budget import Budget, Quota
from marketdata_assets.sources.error_rules import ErrorRule
from marketdata_assets.sources.errors import BadCredentials, NotEntitled, NotFound, RateLimited, Rejected
from marketdata_assets.sources.select import select

NAME = "yahoo"
_ROOTS = ("chart", "finance", "quoteSummary", "quoteResponse", "optionChain")


def complaint(document: Any) -> str:
    """What an answer complains of, `code: description`, under whatever root it stands; empty where it does not."""
    for root in _ROOTS:
        code, words = select(document, f"{root}.error.code"), select(document, f"{root}.error.description")
        if code or words:
            return f"{code or 'error'}: {words or ''}"
    return ""


ERRORS = (
    ErrorRule(RateLimited, matches=r"^\W*(edge: )?too many requests"),
    ErrorRule(RateLimited, at=complaint, matches="too many requests"),
    ErrorRule(NotFound, at=complaint, matches="^not found"),
    ErrorRule(NotFound, at=complaint, matches="data doesn't exist"),
    ErrorRule(
        NotEntitled,
        at=complaint,
        matches=r"within the last|days worth of|data not available",
        remedy="ask for a later window: fine bars reach back 30 to 730 days only",
    ),
    ErrorRule(BadCredentials, at=complaint, matches="crumb"),
    ErrorRule(NotEntitled, at=complaint, matches="unauthorized"),
    ErrorRule(Rejected, at=complaint),
)

CHART = Endpoint("chart", "/v8/finance/chart/{symbol}", {"includePrePost": False, "events": "div,splits"})

# What users found to be safe; the refusals state no limit and no wait, and last minutes to hours.
BUDGET = Budget((Quota(1, 1.0), Quota(2_000, 3_600.0, burst=60)), scope="address", penalty=60.0)

API = Api(
    NAME,
    "https://query1.finance.yahoo.com",
    (CHART,),
    budgets={"default": BUDGET},
    errors=ERRORS,
    messages=(complaint,),
    limits=Limits(connections=2, attempts=3),
)
