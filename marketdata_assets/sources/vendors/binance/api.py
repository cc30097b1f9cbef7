"""Binance's spot interfaces: REST v3, and the public archive of files, with their weights, limits and errors.

Sources: binance/binance-spot-api-docs (`rest-api.md`, `errors.md`, `CHANGELOG.md` of 2026-07), binance/binance-public-data (`README.md`).
"""

from __future__ import annotations

from collections.abc import Mapping

from marketdata_assets.sources.api import Api, Endpoint, Limits
from marketdata_assets.sources.budget import Budget, Quota, Reported
from marketdata_assets.sources.error_rules import ErrorRule
from marketdata_assets.sources.errors import BadCredentials, NotFound, RateLimited, Rejected, Unavailable
from marketdata_assets.sources.paging import AfterLast
from marketdata_assets.sources.request import Param

NAME = "binance"
PAGE = 1000
DEPTH = 1000


def _depth_weight(params: Mapping[str, Param]) -> int:
    levels = int(params.get("limit", 100))
    return next((weight for most, weight in ((100, 5), (500, 25), (1000, 50)) if levels <= most), 250)


def _ticker_weight(params: Mapping[str, Param]) -> int:
    return 2 if "symbol" in params else 4


KLINES = Endpoint("klines", "/api/v3/klines", {"limit": PAGE}, AfterLast("startTime", "", 0, until="endTime", size=PAGE), weight=2)
# A page may end within a millisecond: the next one starts with the same millisecond again, and what comes twice counts once.
AGG_TRADES = Endpoint(
    "agg_trades", "/api/v3/aggTrades", {"limit": PAGE}, AfterLast("startTime", "", "T", step=0, until="endTime", size=PAGE), weight=4
)
TRADES = Endpoint("trades", "/api/v3/trades", {"limit": PAGE}, weight=25)
HISTORICAL_TRADES = Endpoint("historical_trades", "/api/v3/historicalTrades", {"limit": PAGE}, weight=25)
DEPTH_BOOK = Endpoint("depth", "/api/v3/depth", {"limit": DEPTH}, weight=_depth_weight)
EXCHANGE_INFO = Endpoint("exchange_info", "/api/v3/exchangeInfo", weight=20)
BOOK_TICKER = Endpoint("book_ticker", "/api/v3/ticker/bookTicker", weight=_ticker_weight)
PRICE_TICKER = Endpoint("price_ticker", "/api/v3/ticker/price", weight=_ticker_weight)
_FILE = "/data/spot/{period}/klines/{symbol}/{interval}/{symbol}-{interval}-{date}.zip"
_FILE_LIMITS = Limits(deadline=300.0)
DUMP = Endpoint("dump", _FILE, form="bytes", budget="dumps", limits=_FILE_LIMITS)
DUMP_CHECKSUM = Endpoint("dump_checksum", _FILE + ".CHECKSUM", form="bytes", budget="dumps")

# HTTP 418 is a ban of two minutes to three days for going on after 429; 403 comes from the firewall in front, as HTML.
ERRORS = (
    ErrorRule(RateLimited, status=(418,), wait=120.0, remedy="leave Binance alone until the ban of this address ends"),
    ErrorRule(RateLimited, status=(429,), wait=60.0),
    ErrorRule(RateLimited, status=(403,), wait=300.0, remedy="Binance's firewall blocks this address; wait, then ask less often"),
    ErrorRule(RateLimited, at="code", matches=r"^-1003$", wait=60.0),
    ErrorRule(NotFound, at="code", matches=r"^-1121$", remedy="check the symbol; `marketdata fetch binance listings` prints all"),
    ErrorRule(BadCredentials, at="code", matches=r"^-(1002|2008|2014|2015)$"),
    ErrorRule(Unavailable, at="code", matches=r"^-(1000|1001|1006|1007|1008|1016)$"),
    ErrorRule(Rejected, at="code", matches=r"^-\d+$"),
)
_WEIGHT = Reported(used="X-MBX-USED-WEIGHT-1M")
GLOBAL = Budget((Quota(6000, 60, "weight", reported=_WEIGHT), Quota(300_000, 300)), scope="address", penalty=60.0)
UNITED_STATES = Budget((Quota(1200, 60, "weight", reported=_WEIGHT),), scope="address", penalty=60.0)
FILES = Budget((Quota(10, 1),), scope="address")

REST = Api(
    NAME,
    "https://api.binance.com",
    (KLINES, AGG_TRADES, TRADES, HISTORICAL_TRADES, DEPTH_BOOK, EXCHANGE_INFO, BOOK_TICKER, PRICE_TICKER),
    budgets={"default": GLOBAL},
    errors=ERRORS,
    messages=("msg",),
)
VISION = Api(NAME, "https://data.binance.vision", (DUMP, DUMP_CHECKSUM), budgets={"dumps": FILES})
