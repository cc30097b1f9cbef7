"""The public part of Coinbase's Advanced Trade: objects, and every number as text."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import polars as pl
from aiohttp import web

from marketdata_assets.sandbox.wire import asking
from marketdata_assets.sandbox.wire.coinbase.products import Products
from marketdata_assets.sandbox.wire.pairs import MICROSECOND, fixed, halves, micros, price_decimals, seconds, short
from marketdata_assets.sandbox.wire.protocol import Refused, js

PREFIX = "/api/v3/brokerage"
MOST, TRADES, DEEPEST = 350, 100, 1000
GRANULARITIES = {
    "ONE_MINUTE": 60,
    "FIVE_MINUTE": 300,
    "FIFTEEN_MINUTE": 900,
    "THIRTY_MINUTE": 1800,
    "ONE_HOUR": 3600,
    "TWO_HOUR": 7200,
    "FOUR_HOUR": 14400,
    "SIX_HOUR": 21600,
    "ONE_DAY": 86400,
}
_TOO_MANY = "start and end argument is invalid - number of candles requested should be less than 350"
_EMPTY = (
    "mid_market_price alias market_cap base_cbrn quote_cbrn product_cbrn icon_color icon_url display_name_overwrite "
    "about_description best_bid_price best_ask_price"
)
_FALSE = "watched is_disabled new cancel_only limit_only post_only trading_disabled auction_mode view_only is_alpha_testing"


class Advanced:
    """The endpoints of api.coinbase.com under `/market`."""

    def __init__(self, products: Products) -> None:
        self._products = products

    async def time(self, _: web.Request) -> web.Response:
        """What the time is."""
        at = self._products.market.at
        return js({"iso": f"{at:%Y-%m-%dT%H:%M:%SZ}", "epochSeconds": str(seconds(at)), "epochMillis": str(micros(at) // 1000)})

    async def products(self, request: web.Request) -> web.Response:
        """Products: those named, or a page of all."""
        symbols = [one for one in request.query.getall("product_ids", []) if self._products.named(one)] or self._products.all()
        first, most = _whole(request, "offset", 0), _whole(request, "limit", len(symbols))
        shown = [self._listed(symbol) for symbol in symbols[first : first + most]]
        return js({"products": shown, "num_products": len(shown), "pagination": None})

    async def product(self, request: web.Request) -> web.Response:
        """One product."""
        return js(self._listed(self._named(request.match_info["id"])))

    async def candles(self, request: web.Request) -> web.Response:
        """Candles, newest first; both bounds are needed and inclusive."""
        symbol = self._named(request.match_info["id"])
        length = GRANULARITIES.get(request.query.get("granularity", ""))
        if length is None:
            raise _refusal("granularity argument is invalid")
        start, end = _instant(request, "start", needed=True), _instant(request, "end", needed=True)
        if start is None or end is None or end < start:
            raise _refusal("start and end argument is invalid")
        if (end - start).total_seconds() / length >= MOST:
            raise _refusal(_TOO_MANY)
        bars = self._products.candles(symbol, length, start, end).head(_whole(request, "limit", MOST))
        return js({"candles": [_candle(row) for row in bars.iter_rows(named=True)]})

    async def ticker(self, request: web.Request) -> web.Response:
        """The newest trades of a window, newest first, and the best bid and ask."""
        symbol = self._named(request.match_info["id"])
        most = _whole(request, "limit", TRADES)
        if most > DEEPEST:
            return js({"error": "INTERNAL", "error_details": "", "message": "Internal server error"}, 500)
        start, end = _instant(request, "start"), _instant(request, "end")
        page = self._products.tapes.between(symbol, start, end and end + MICROSECOND).tail(min(most, TRADES)).reverse()
        best = {side: short(rows[0][0]) if rows else "" for side, rows in self._products.book(symbol, 1).items()}
        return js({"trades": self._trades(symbol, page), "best_bid": best["bid"], "best_ask": best["ask"]})

    async def book(self, request: web.Request) -> web.Response:
        """The levels of a product's book."""
        symbol = self._named(request.query.get("product_id", ""))
        sides = self._products.book(symbol, min(_whole(request, "limit", DEEPEST), DEEPEST))
        levels = {side + "s": [{"price": short(price), "size": short(size)} for price, size in rows] for side, rows in sides.items()}
        if not sides["bid"] or not sides["ask"]:
            raise _unknown(symbol)
        bid, ask = sides["bid"][0][0], sides["ask"][0][0]
        middle = (bid + ask) / 2
        book = {"product_id": symbol, **levels, "time": f"{self._products.market.at:%Y-%m-%dT%H:%M:%S.%f}Z"}
        spread = {"spread_bps": short(10_000 * (ask - bid) / middle, 12), "spread_absolute": short(ask - bid)}
        return js({"pricebook": book, "last": short(middle), "mid_market": short(middle), **spread})

    def _trades(self, symbol: str, page: pl.DataFrame) -> list[dict[str, str]]:
        return [
            {
                "trade_id": str(row["id"]),
                "product_id": symbol,
                "price": short(row["price"]),
                "size": short(row["quantity"]),
                "time": f"{row['timestamp']:%Y-%m-%dT%H:%M:%S.%f}Z",
                # The side of the order that waited.
                "side": "SELL" if row["side"] == "buy" else "BUY",
                "bid": "",
                "ask": "",
                "exchange": "coinbase",
            }
            for row in page.iter_rows(named=True)
        ]

    def _named(self, product: str) -> str:
        symbol = self._products.named(product)
        if symbol is None:
            raise _unknown(product)
        return symbol

    def _listed(self, symbol: str) -> dict[str, Any]:
        base, quote = halves(symbol)
        market = self._products.market
        tick = fixed(market.grid(symbol).tick, price_decimals(market, symbol))
        traded = self._products.last(symbol) is not None
        day = self._products.day(symbol) if traded else None
        return {
            "product_id": symbol,
            "price": short(day.last) if day else "",
            "price_percentage_change_24h": short(100 * (day.last / day.open - 1), 14) if day else "",
            "volume_24h": short(day.volume) if day else "",
            "volume_percentage_change_24h": "",
            "base_increment": fixed(market.grid(symbol).lot),
            "quote_increment": tick,
            "price_increment": tick,
            "quote_min_size": "1",
            "quote_max_size": "150000000",
            "base_min_size": fixed(market.grid(symbol).lot),
            "base_max_size": "3400",
            "base_name": base.title(),
            "quote_name": quote,
            **dict.fromkeys(_FALSE.split(), False),
            **dict.fromkeys(_EMPTY.split(), ""),
            "status": "online",
            "product_type": "SPOT",
            "quote_currency_id": quote,
            "base_currency_id": base,
            "fcm_trading_session_details": None,
            "alias_to": [],
            "base_display_symbol": base,
            "quote_display_symbol": quote,
            "display_name": symbol,
            "product_venue": "CBE",
            "approximate_quote_24h_volume": short(day.volume * day.last, 2) if day else "",
            "new_at": f"{market.market.spec.crypto_start:%Y-%m-%d}T00:00:00Z",
        }


def _candle(row: dict[str, Any]) -> dict[str, str]:
    return {"start": str(seconds(row["timestamp"])), **{name: short(row[name]) for name in ("low", "high", "open", "close", "volume")}}


def _whole(request: web.Request, name: str, default: int) -> int:
    try:
        return asking.whole(request, name, default, 0, 10**9)
    except asking.Wrong:
        raise _refusal(f"{name} argument is invalid") from None


def _instant(request: web.Request, name: str, *, needed: bool = False) -> datetime | None:
    text = request.query.get(name)
    if not text and not needed:
        return None
    try:
        return asking.epoch(text or "", 1)
    except asking.Wrong:
        raise _refusal("start and end argument is invalid") from None


def _refusal(words: str) -> Refused:
    return Refused(js({"error": "INVALID_ARGUMENT", "error_details": words, "message": words}, 400))


def _unknown(product: str) -> Refused:
    return Refused(js({"error": "NOT_FOUND", "message": f"Product {product} not supported"}, 404))
