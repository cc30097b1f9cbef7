"""CoinGecko's interface: three hosts' worth of plans, and errors in three shapes.

Sources: docs.coingecko.com (demo and pro reference, errors and rate limits), coingecko.com/en/api/pricing for the plans.
"""

from __future__ import annotations

from marketdata_assets.sources.api import Api, Auth, Endpoint
from marketdata_assets.sources.budget import Budget, Quota
from marketdata_assets.sources.error_rules import ErrorRule
from marketdata_assets.sources.errors import BadCredentials, NotEntitled, NotFound, RateLimited
from marketdata_assets.sources.paging import CountPaging

NAME = "coingecko"
PRO_HOST = "https://pro-api.coingecko.com"
MARKETS_PAGE = 250
_COIN, _SIMPLE = "/api/v3/coins/{id}", "/api/v3/simple"

OHLC = Endpoint("ohlc", _COIN + "/ohlc")
OHLC_RANGE = Endpoint("ohlc_range", _COIN + "/ohlc/range")
MARKET_CHART = Endpoint("market_chart", _COIN + "/market_chart")
MARKET_CHART_RANGE = Endpoint("market_chart_range", _COIN + "/market_chart/range")
COINS = Endpoint("coins", "/api/v3/coins/list", {"include_platform": False})
SIMPLE_PRICE = Endpoint("simple_price", _SIMPLE + "/price", {"include_last_updated_at": True, "precision": "full"})
MARKETS = Endpoint(
    "markets", "/api/v3/coins/markets", {"order": "market_cap_desc", "per_page": MARKETS_PAGE}, CountPaging("page", "", MARKETS_PAGE)
)

# A code stands at `status`, or at `error.status`; other errors are a text at `error`. The content network answers 403 and 1020.
_KEY = "check the key and its plan: a demo key belongs to api.coingecko.com, a pro key to pro-api.coingecko.com"
ERRORS = (
    *(
        rule
        for at in ("status.error_code", "error.status.error_code")
        for rule in (
            ErrorRule(RateLimited, at=at, matches=r"^429$", wait=60.0),
            ErrorRule(NotEntitled, at=at, matches=r"^(10005|10006|10012)$"),
            ErrorRule(BadCredentials, at=at, matches=r"^100(02|10|11)$", remedy=_KEY),
        )
    ),
    ErrorRule(NotFound, at="error", matches=r"not found", remedy="check the coin's id; `marketdata fetch coingecko listings` prints all"),
    ErrorRule(RateLimited, status=(403,), wait=60.0, remedy="the content network in front blocks this address; ask less often"),
    ErrorRule(RateLimited, status=(429,), wait=60.0),
)


def per_minute(calls: int, *, keyless: bool = False) -> Budget:
    """The budget of a plan of so many calls a minute; without a key the address is counted."""
    return Budget((Quota(calls, 60),), scope="address" if keyless else "key", penalty=30.0)


DEMO = Auth(headers={"x-cg-demo-api-key": "{demo_key}"}, optional=True)
PRO = Auth(headers={"x-cg-pro-api-key": "{pro_key}"}, optional=True)
API = Api(
    NAME,
    "https://api.coingecko.com",
    (OHLC, OHLC_RANGE, MARKET_CHART, MARKET_CHART_RANGE, COINS, SIMPLE_PRICE, MARKETS),
    auth=DEMO,
    budgets={"default": per_minute(30)},
    errors=ERRORS,
    messages=("status.error_message", "error.status.error_message", "error"),
)
