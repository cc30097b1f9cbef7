"""Binance's pairs: which of them a request names, and what `exchangeInfo` says of them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from aiohttp import web

from marketdata_assets.sandbox.wire.binance.asking import needed, refusal
from marketdata_assets.sandbox.wire.book import Book
from marketdata_assets.sandbox.wire.pairs import fixed, halves
from marketdata_assets.sandbox.wire.protocol import Protocol

LIMIT = 6000
_SYMBOL = re.compile(r"[A-Z0-9-_.]{1,20}")
_LIMITS = (
    ("REQUEST_WEIGHT", "MINUTE", 1, LIMIT),
    ("ORDERS", "SECOND", 10, 100),
    ("ORDERS", "DAY", 1, 200_000),
    ("RAW_REQUESTS", "MINUTE", 5, 300_000),
)
_ORDERS = ["LIMIT", "LIMIT_MAKER", "MARKET", "STOP_LOSS", "STOP_LOSS_LIMIT", "TAKE_PROFIT", "TAKE_PROFIT_LIMIT"]


class Pairs:
    """The pairs as Binance spells them."""

    def __init__(self, protocol: Protocol, book: Book) -> None:
        self._protocol = protocol
        self._book = book

    def one(self, request: web.Request) -> str:
        """The canonical symbol of `symbol`."""
        return self.known(needed(request, "symbol"))

    def asked(self, request: web.Request) -> list[str]:
        """The canonical symbols of `symbol` or `symbols`; all without either."""
        if "symbol" in request.query:
            return [self.one(request)]
        if "symbols" not in request.query:
            return self._book.symbols("crypto")
        return [self.known(name) for name in re.findall(r'"([^"]*)"', request.query["symbols"])]

    def known(self, spelling: str) -> str:
        """The canonical symbol of a spelling."""
        if not _SYMBOL.fullmatch(spelling):
            raise refusal(-1100, "Illegal characters found in parameter 'symbol'; legal range is '^[A-Z0-9-_.]{1,20}$'.")
        symbol = self._protocol.canonical(spelling, "crypto", self._book.symbols("crypto"))
        if symbol is None:
            raise refusal(-1121, "Invalid symbol.")
        return symbol

    def spelled(self, symbol: str) -> str:
        """Binance's spelling of a canonical symbol."""
        return self._protocol.spelled(symbol)


def exchange_info(book: Book, pairs: Pairs, symbols: Iterable[str], now: int) -> dict[str, Any]:
    """The document of `exchangeInfo` about these pairs."""
    names = ("rateLimitType", "interval", "intervalNum", "limit")
    return {
        "timezone": "UTC",
        "serverTime": now,
        "rateLimits": [dict(zip(names, limit, strict=True)) for limit in _LIMITS],
        "exchangeFilters": [],
        "symbols": [_listed(book, symbol, pairs.spelled(symbol)) for symbol in symbols],
    }


def _listed(book: Book, symbol: str, spelling: str) -> dict[str, Any]:
    base, quote = halves(symbol)
    return {
        "symbol": spelling,
        "status": "TRADING",
        "baseAsset": base,
        "baseAssetPrecision": 8,
        "quoteAsset": quote,
        "quotePrecision": 8,
        "quoteAssetPrecision": 8,
        "baseCommissionPrecision": 8,
        "quoteCommissionPrecision": 8,
        "orderTypes": _ORDERS,
        "icebergAllowed": True,
        "ocoAllowed": True,
        "otoAllowed": True,
        "quoteOrderQtyMarketAllowed": True,
        "allowTrailingStop": True,
        "cancelReplaceAllowed": True,
        "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": False,
        "filters": _filters(book, symbol),
        "permissions": [],
        "permissionSets": [["SPOT"]],
        "defaultSelfTradePreventionMode": "EXPIRE_MAKER",
        "allowedSelfTradePreventionModes": ["EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH"],
    }


def _filters(book: Book, symbol: str) -> list[dict[str, Any]]:
    grid = book.grid(symbol)
    tick, lot = fixed(grid.tick), fixed(grid.lot)
    return [
        {"filterType": "PRICE_FILTER", "minPrice": tick, "maxPrice": "1000000.00000000", "tickSize": tick},
        {"filterType": "LOT_SIZE", "minQty": lot, "maxQty": "9000000.00000000", "stepSize": lot},
        {"filterType": "ICEBERG_PARTS", "limit": 10},
        {"filterType": "MARKET_LOT_SIZE", "minQty": "0.00000000", "maxQty": "100000.00000000", "stepSize": "0.00000000"},
        {"filterType": "NOTIONAL", "minNotional": "5.00000000", "applyMinToMarket": True, "maxNotional": "9000000.00000000",
         "applyMaxToMarket": False, "avgPriceMins": 5},
        {"filterType": "MAX_NUM_ORDERS", "maxNumOrders": 200},
        {"filterType": "MAX_NUM_ALGO_ORDERS", "maxNumAlgoOrders": 5},
    ]  # fmt: skip
