"""How Polygon (since 2025 Massive) is asked over REST: one host with two names, a key in a header, pages linked to one another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marketdata_assets.sources.api import Api, Auth, Claim, Endpoint
from marketdata_assets.sources.budget import Budget, Quota
from marketdata_assets.sources.error_rules import ErrorRule
from marketdata_assets.sources.errors import BadCredentials, NotEntitled, NotFound, Rejected, Unavailable
from marketdata_assets.sources.paging import LinkPaging
from marketdata_assets.sources.request import Param

NAME = "polygon"
HOSTS = ("api.massive.com", "api.polygon.io")
ROWS = 50_000  # ticks a page; of bars the minutes (or days) that one page is made from
PAGE = 1_000  # reference rows a page
STATES = 250  # snapshots a page

FREE = Budget((Quota(5, 60.0, burst=5),), penalty=12.0)
PAID = Budget((Quota(100, 1.0, burst=10),))


def said(document: Any) -> str:
    """The status word of a refusal, then its `error` or `message`; nothing for a good answer."""
    if not isinstance(document, dict) or document.get("status") in (None, "OK", "DELAYED"):
        return ""
    words = document.get("error") or document.get("message")
    return f"{document['status']}: {words}" if words else str(document["status"])


_ERRORS = (
    ErrorRule(BadCredentials, (400, 401, 403), at="error", matches="api key"),
    ErrorRule(NotEntitled, at=said, matches="^NOT_AUTHORIZED", remedy="ask for what the plan includes: its data, delay and years"),
    ErrorRule(NotFound, at=said, matches="^NOT_FOUND"),
    ErrorRule(Unavailable, (413, 499)),  # its own clients try these again
    ErrorRule(Rejected, (200,), at=said, matches="^ERROR"),
)
_LINKED = LinkPaging("next_url", HOSTS, rows="results")
_COUNTED = (Claim("resultsCount", "results"),)
_RAW: Mapping[str, Param] = {"adjusted": False}
_TICKS: Mapping[str, Param] = {"order": "asc", "sort": "timestamp", "limit": ROWS}
_SNAPSHOT = "/v2/snapshot/locale/us/markets/stocks/tickers"

AGGREGATES = Endpoint(
    "aggregates",
    "/v2/aggs/ticker/{ticker}/range/{multiplier}/{timespan}/{start}/{end}",
    {**_RAW, "sort": "asc", "limit": ROWS},
    _LINKED,
    claims=_COUNTED,
)
GROUPED = Endpoint("grouped_daily", "/v2/aggs/grouped/locale/us/market/stocks/{date}", {**_RAW, "include_otc": False}, claims=_COUNTED)
PREVIOUS = Endpoint("previous_day", "/v2/aggs/ticker/{ticker}/prev", _RAW, claims=_COUNTED)
OPEN_CLOSE = Endpoint("open_close", "/v1/open-close/{ticker}/{date}", _RAW)
TRADES = Endpoint("trades", "/v3/trades/{ticker}", _TICKS, _LINKED)
QUOTES = Endpoint("quotes", "/v3/quotes/{ticker}", _TICKS, _LINKED)
LAST_TRADE = Endpoint("last_trade", "/v2/last/trade/{ticker}")
LAST_QUOTE = Endpoint("last_quote", "/v2/last/nbbo/{ticker}")
SNAPSHOTS = Endpoint("snapshots", "/v3/snapshot", {"limit": STATES, "order": "asc", "sort": "ticker"}, _LINKED)
STOCK_SNAPSHOT = Endpoint("stock_snapshot", _SNAPSHOT + "/{ticker}")
TICKERS = Endpoint("tickers", "/v3/reference/tickers", {"market": "stocks", "sort": "ticker", "order": "asc", "limit": PAGE}, _LINKED)
DETAILS = Endpoint("ticker_details", "/v3/reference/tickers/{ticker}")
SPLITS = Endpoint("splits", "/stocks/v1/splits", {"sort": "execution_date.asc", "limit": PAGE}, _LINKED)
DIVIDENDS = Endpoint("dividends", "/stocks/v1/dividends", {"sort": "ex_dividend_date.asc", "limit": PAGE}, _LINKED)
EVENTS = Endpoint("ticker_events", "/vX/reference/tickers/{ticker}/events", {"types": "ticker_change"})
NEWS = Endpoint("news", "/v2/reference/news", {"sort": "published_utc", "order": "asc", "limit": PAGE}, _LINKED)
CONTRACTS = Endpoint("option_contracts", "/v3/reference/options/contracts", {"sort": "ticker", "order": "asc", "limit": PAGE}, _LINKED)
CHAIN = Endpoint("option_chain", "/v3/snapshot/options/{underlying}", {"sort": "ticker", "order": "asc", "limit": STATES}, _LINKED)

REST = Api(
    NAME,
    "https://api.massive.com",
    (
        *(AGGREGATES, GROUPED, PREVIOUS, OPEN_CLOSE, TRADES, QUOTES, LAST_TRADE, LAST_QUOTE, SNAPSHOTS, STOCK_SNAPSHOT),
        *(TICKERS, DETAILS, SPLITS, DIVIDENDS, EVENTS, NEWS, CONTRACTS, CHAIN),
    ),
    auth=Auth(headers={"Authorization": "Bearer {api_key}"}),
    budgets={"default": FREE},
    errors=_ERRORS,
    messages=("error", "message"),
    also_hosts=HOSTS,
)
