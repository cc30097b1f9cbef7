"""How Alpaca's hosts are asked: market data with keys, data of coins without, and the trading API's reference lists."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from marketdata_assets.sources.api import Api, Auth, Endpoint, Limits
from marketdata_assets.sources.budget import Budget, Quota, Reported
from marketdata_assets.sources.error_rules import ErrorRule
from marketdata_assets.sources.errors import BadCredentials, NotEntitled
from marketdata_assets.sources.paging import TokenPaging

NAME = "alpaca"
ROWS = 10_000  # data points a page, over all its symbols
EVENTS = 1_000  # corporate actions a page
CHAIN = 1_000  # option snapshots a page
ARTICLES = 50  # articles a page

_REPORTED = Reported(limit="X-RateLimit-Limit", remaining="X-RateLimit-Remaining", reset="X-RateLimit-Reset", reset_as="epoch_s")


def per_minute(limit: int) -> Budget:
    """So many requests a minute of one account; the answers tell how many are left, a refusal does not tell how long to wait."""
    return Budget((Quota(limit, 60.0, burst=10, reported=_REPORTED),), penalty=3.0)


_ERRORS = (
    ErrorRule(NotEntitled, (403,), at="message", matches="not permit", remedy="ask for data older than 15 minutes, or upgrade the plan"),
    ErrorRule(BadCredentials, (403,), at="message", matches=r"^forbidden"),
)
_KEYS = {"APCA-API-KEY-ID": "{key_id}", "APCA-API-SECRET-KEY": "{secret_key}"}


def _under(wrapper: str) -> Callable[[Any], list[Any]]:
    """Finds the rows of a page that keeps them under their symbols: pairs of symbol and rows."""
    return lambda document: list((document.get(wrapper) or {}).items())


def _paged(name: str, path: str, wrapper: str, limit: int = ROWS, budget: str = "default") -> Endpoint:
    return Endpoint(name, path, {"limit": limit}, TokenPaging("page_token", "next_page_token", rows=_under(wrapper)), budget=budget)


STOCK_BARS = _paged("stock_bars", "/v2/stocks/bars", "bars")
STOCK_TRADES = _paged("stock_trades", "/v2/stocks/trades", "trades")
STOCK_QUOTES = _paged("stock_quotes", "/v2/stocks/quotes", "quotes")
AUCTIONS = _paged("auctions", "/v2/stocks/auctions", "auctions")
LATEST_STOCK_BARS = Endpoint("latest_stock_bars", "/v2/stocks/bars/latest")
LATEST_STOCK_TRADES = Endpoint("latest_stock_trades", "/v2/stocks/trades/latest")
LATEST_STOCK_QUOTES = Endpoint("latest_stock_quotes", "/v2/stocks/quotes/latest")
STOCK_SNAPSHOTS = Endpoint("stock_snapshots", "/v2/stocks/snapshots")
CORPORATE_ACTIONS = _paged("corporate_actions", "/v1/corporate-actions", "corporate_actions", EVENTS)
NEWS = Endpoint("news", "/v1beta1/news", {"limit": ARTICLES, "sort": "asc"}, TokenPaging("page_token", "next_page_token", rows="news"))
OPTION_BARS = _paged("option_bars", "/v1beta1/options/bars", "bars")
OPTION_TRADES = _paged("option_trades", "/v1beta1/options/trades", "trades")
OPTION_CHAIN = _paged("option_chain", "/v1beta1/options/snapshots/{underlying}", "snapshots", CHAIN)
OPTION_SNAPSHOTS = _paged("option_snapshots", "/v1beta1/options/snapshots", "snapshots", CHAIN)
LATEST_OPTION_QUOTES = Endpoint("latest_option_quotes", "/v1beta1/options/quotes/latest")
LATEST_OPTION_TRADES = Endpoint("latest_option_trades", "/v1beta1/options/trades/latest")

COIN_BARS = _paged("coin_bars", "/v1beta3/crypto/{location}/bars", "bars")
COIN_TRADES = _paged("coin_trades", "/v1beta3/crypto/{location}/trades", "trades")
COIN_QUOTES = _paged("coin_quotes", "/v1beta3/crypto/{location}/quotes", "quotes")
LATEST_COIN_BARS = Endpoint("latest_coin_bars", "/v1beta3/crypto/{location}/latest/bars")
LATEST_COIN_TRADES = Endpoint("latest_coin_trades", "/v1beta3/crypto/{location}/latest/trades")
LATEST_COIN_QUOTES = Endpoint("latest_coin_quotes", "/v1beta3/crypto/{location}/latest/quotes")
COIN_BOOKS = Endpoint("coin_books", "/v1beta3/crypto/{location}/latest/orderbooks")
COIN_SNAPSHOTS = Endpoint("coin_snapshots", "/v1beta3/crypto/{location}/snapshots")

ASSETS = Endpoint("assets", "/v2/assets", budget="trading", limits=Limits(deadline=120.0))
CALENDAR = Endpoint("calendar", "/v2/calendar", {"date_type": "TRADING"}, budget="trading")
CONTRACTS = Endpoint(
    "contracts",
    "/v2/options/contracts",
    {"limit": ROWS},
    TokenPaging("page_token", "next_page_token", rows="option_contracts"),
    budget="trading",
)

DATA = Api(
    NAME,
    "https://data.alpaca.markets",
    (
        *(STOCK_BARS, STOCK_TRADES, STOCK_QUOTES, AUCTIONS, LATEST_STOCK_BARS, LATEST_STOCK_TRADES, LATEST_STOCK_QUOTES, STOCK_SNAPSHOTS),
        *(CORPORATE_ACTIONS, NEWS),
        *(OPTION_BARS, OPTION_TRADES, OPTION_CHAIN, OPTION_SNAPSHOTS, LATEST_OPTION_QUOTES, LATEST_OPTION_TRADES),
    ),
    auth=Auth(headers=_KEYS),
    budgets={"default": per_minute(200)},
    errors=_ERRORS,
)
COINS = Api(
    NAME,
    "https://data.alpaca.markets",
    (COIN_BARS, COIN_TRADES, COIN_QUOTES, LATEST_COIN_BARS, LATEST_COIN_TRADES, LATEST_COIN_QUOTES, COIN_BOOKS, COIN_SNAPSHOTS),
    auth=Auth(headers=_KEYS, optional=True),
    budgets={"default": per_minute(200)},
    errors=_ERRORS,
)
TRADING = Api(
    NAME,
    "https://api.alpaca.markets",
    (ASSETS, CALENDAR, CONTRACTS),
    auth=Auth(headers=_KEYS),
    budgets={"trading": per_minute(200)},
    errors=_ERRORS,
)
