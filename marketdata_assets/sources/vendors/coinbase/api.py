"""Coinbase's two public interfaces to one book: Exchange, and the public part of Advanced Trade.

Exchange has the whole tape of trades and documented limits, Advanced Trade bars of thirty minutes and four hours. Sources:
docs.cdp.coinbase.com (Exchange REST, Advanced Trade REST), coinbase/coinbase-advanced-py.
"""

from __future__ import annotations

from marketdata_assets.sources.api import Api, Endpoint
from marketdata_assets.sources.budget import Budget, Quota
from marketdata_assets.sources.error_rules import ErrorRule
from marketdata_assets.sources.errors import NotFound, Rejected, Unavailable
from marketdata_assets.sources.vendors.coinbase.tape_search import TapeSearch

NAME = "coinbase"
CANDLES, ADVANCED_CANDLES = 300, 349
PAGE = 1000
_MARKET = "/api/v3/brokerage/market"

EXCHANGE_CANDLES = Endpoint("exchange_candles", "/products/{product_id}/candles")
EXCHANGE_TRADES = Endpoint("exchange_trades", "/products/{product_id}/trades", {"limit": PAGE}, TapeSearch())
EXCHANGE_RECENT_TRADES = Endpoint("exchange_recent_trades", "/products/{product_id}/trades", {"limit": PAGE})
EXCHANGE_BOOK = Endpoint("exchange_book", "/products/{product_id}/book", {"level": 2})
EXCHANGE_TICKER = Endpoint("exchange_ticker", "/products/{product_id}/ticker")
EXCHANGE_PRODUCTS = Endpoint("exchange_products", "/products")
ADVANCED_BARS = Endpoint("advanced_candles", _MARKET + "/products/{product_id}/candles")
ADVANCED_TICKER = Endpoint("advanced_ticker", _MARKET + "/products/{product_id}/ticker", {"limit": 100})
ADVANCED_BOOK = Endpoint("advanced_book", _MARKET + "/product_book", {"limit": 1000})
ADVANCED_PRODUCTS = Endpoint("advanced_products", _MARKET + "/products", {"product_type": "SPOT"})

ERRORS = (
    ErrorRule(NotFound, at="message", matches=r"^NotFound$|not supported$", remedy="check the product; it is written BTC-USD here"),
    ErrorRule(NotFound, at="error", matches=r"^NOT_FOUND$"),
    ErrorRule(Rejected, at="error", matches=r"^INVALID_ARGUMENT$"),
    ErrorRule(Unavailable, at="message", matches=r"under maintenance|temporarily unavailable|Internal server error"),
)
_MESSAGES = ("message", "error_details", "error")
# Ten requests a second of one address; the fifteen that may go at once are not used up, since the answers never tell what is left.
PUBLIC = Budget((Quota(10, 1),), scope="address")

EXCHANGE = Api(
    NAME,
    "https://api.exchange.coinbase.com",
    (EXCHANGE_CANDLES, EXCHANGE_TRADES, EXCHANGE_RECENT_TRADES, EXCHANGE_BOOK, EXCHANGE_TICKER, EXCHANGE_PRODUCTS),
    budgets={"default": PUBLIC},
    errors=ERRORS,
    messages=_MESSAGES,
)
ADVANCED = Api(
    NAME,
    "https://api.coinbase.com",
    (ADVANCED_BARS, ADVANCED_TICKER, ADVANCED_BOOK, ADVANCED_PRODUCTS),
    budgets={"default": PUBLIC},
    errors=ERRORS,
    messages=_MESSAGES,
)
