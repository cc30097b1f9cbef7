"""Alpha Vantage's HTTP interface: one path, a function a question, and refusals inside answers with status 200."""

from __future__ import annotations

from typing import Any

from marketdata_assets.sources.api import Api, Auth, Endpoint, Limits
from marketdata_assets.sources.budget import Budget, Quota
from marketdata_assets.sources.error_rules import ErrorRule
from marketdata_assets.sources.errors import BadCredentials, NotEntitled, NotFound, RateLimited, Rejected

NAME = "alphavantage"
DAY = 86_400.0
_PATH = "/query"


def _nothing_known(document: Any) -> str:
    """What an unknown symbol looks like: an empty object, alone or under `Global Quote`."""
    return "the answer is empty" if document in ({}, {"Global Quote": {}}) else ""


UNKNOWN = (ErrorRule(NotFound, status=(200,), at=_nothing_known, remedy="check the symbol's spelling: an empty answer is all it gives"),)

DAILY = Endpoint("TIME_SERIES_DAILY", _PATH, {"function": "TIME_SERIES_DAILY", "datatype": "json"})
DAILY_ADJUSTED = Endpoint("TIME_SERIES_DAILY_ADJUSTED", _PATH, {"function": "TIME_SERIES_DAILY_ADJUSTED", "datatype": "json"})
INTRADAY = Endpoint("TIME_SERIES_INTRADAY", _PATH, {"function": "TIME_SERIES_INTRADAY", "datatype": "json", "adjusted": False})
QUOTE = Endpoint("GLOBAL_QUOTE", _PATH, {"function": "GLOBAL_QUOTE", "datatype": "json"}, errors=UNKNOWN)
OVERVIEW = Endpoint("OVERVIEW", _PATH, {"function": "OVERVIEW"}, errors=UNKNOWN)
SPLITS = Endpoint("SPLITS", _PATH, {"function": "SPLITS", "datatype": "csv"}, form="csv", final_newline=True)
DIVIDENDS = Endpoint("DIVIDENDS", _PATH, {"function": "DIVIDENDS", "datatype": "csv"}, form="csv", final_newline=True)
LISTINGS = Endpoint("LISTING_STATUS", _PATH, {"function": "LISTING_STATUS"}, form="csv", final_newline=True)

# The order matters: the notice of the burst limit also speaks of the day and of premium endpoints, that of the day of premium plans.
ERRORS = (
    ErrorRule(BadCredentials, at="Error Message", matches=r"\bapikey\b"),
    ErrorRule(
        NotFound,
        at="Error Message",
        matches="invalid api call",
        remedy="check the symbol's spelling and the dates: an unknown symbol and a bad parameter sound alike",
    ),
    ErrorRule(Rejected, at="Error Message"),
    ErrorRule(RateLimited, at="Information", matches=r"per second|sparingly", wait=1.5),
    ErrorRule(NotEntitled, at="Information", matches=r"\ba premium (feature|endpoint)"),
    ErrorRule(
        RateLimited,
        at="Information",
        matches=r"per day|rate limit",
        wait=DAY,
        remedy="try again tomorrow, or take a premium plan: it has no daily limit",
    ),
    ErrorRule(BadCredentials, at="Information", matches=r"demo.{0,6} api key"),
    ErrorRule(Rejected, at="Information"),
    ErrorRule(RateLimited, at="Note", wait=60.0),
    ErrorRule(
        NotEntitled, at="message", matches=r"premium|artificial", remedy="take a plan with this function; the sample it sends is invented"
    ),
)

FREE = Budget((Quota(25, DAY, burst=25), Quota(1, 1.0)), penalty=1.5)


def per_minute(requests: int) -> Budget:
    """The budget of a premium plan, which has no daily limit."""
    return Budget((Quota(requests, 60.0),))


API = Api(
    NAME,
    "https://www.alphavantage.co",
    (DAILY, DAILY_ADJUSTED, INTRADAY, QUOTE, OVERVIEW, SPLITS, DIVIDENDS, LISTINGS),
    auth=Auth(query={"apikey": "{api_key}"}),
    budgets={"default": FREE},
    errors=ERRORS,
    messages=("Error Message", "Information", "Note", "message"),
    limits=Limits(connections=4),
)
