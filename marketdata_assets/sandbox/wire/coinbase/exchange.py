"""Coinbase Exchange: candles as arrays with low and high first, trades by cursors in headers, numbers as text elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from aiohttp import web

from marketdata_assets.sandbox.wire import asking
from marketdata_assets.sandbox.wire.coinbase.products import Products
from marketdata_assets.sandbox.wire.pairs import fixed, halves, price_decimals, seconds, short
from marketdata_assets.sandbox.wire.protocol import Refused, js

GRANULARITIES = frozenset((60, 300, 900, 3600, 21600, 86400))
MOST, RECENT, PAGE, DEEPEST = 300, 350, 1000, 1000
_TOO_MANY = "granularity too small for the requested time range. Count of aggregations requested exceeds 300"
MONTH = 30


class Exchange:
    """The endpoints of api.exchange.coinbase.com."""

    def __init__(self, products: Products) -> None:
        self._products = products

    async def time(self, _: web.Request) -> web.Response:
        """What the time is."""
        at = self._products.market.at
        return js({"iso": f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03}Z", "epoch": at.timestamp()})

    async def currencies(self, _: web.Request) -> web.Response:
        """The coins and currencies of the products."""
        names = sorted({half for symbol in self._products.all() for half in halves(symbol)})
        return js([_currency(name) for name in names])

    async def products(self, _: web.Request) -> web.Response:
        """Every product."""
        return js([self._listed(symbol) for symbol in self._products.all()])

    async def product(self, request: web.Request) -> web.Response:
        """One product."""
        return js(self._listed(self._named(request)))

    async def candles(self, request: web.Request) -> web.Response:
        """Candles, newest first, both bounds inclusive; one bound alone is passed over."""
        symbol = self._named(request)
        length = _whole(request, "granularity", 60)
        if length not in GRANULARITIES:
            raise _refusal("Unsupported granularity")
        start, end = _instant(request, "start"), _instant(request, "end")
        if start is None or end is None:
            bars = self._products.recent(symbol, length, RECENT)
        elif end < start:
            raise _refusal("start must be before end")
        elif (end - start).total_seconds() / length > MOST:
            raise _refusal(_TOO_MANY)
        else:
            bars = self._products.candles(symbol, length, start, end)
        return js([[seconds(at), *row] for at, *row in bars.select("timestamp", "low", "high", "open", "close", "volume").iter_rows()])

    async def trades(self, request: web.Request) -> web.Response:
        """Trades, newest first: the newest, those before the number `after`, or the newest of those beyond the number `before`."""
        tape = self._products.tapes.of(self._named(request))
        most = min(_whole(request, "limit", PAGE), PAGE)
        after, before = _whole(request, "after", tape.height + 1), _whole(request, "before", 0)
        page = tape[max(0, before) : max(0, min(after - 1, tape.height))].tail(most).reverse()
        rows = [_trade(row) for row in page.iter_rows(named=True)]
        cursors = {"CB-BEFORE": str(rows[0]["trade_id"]), "CB-AFTER": str(rows[-1]["trade_id"])} if rows else {}
        return js(rows, headers=cursors)

    async def book(self, request: web.Request) -> web.Response:
        """The book: its best level, its levels, or its orders."""
        symbol = self._named(request)
        level = request.query.get("level", "1")
        if level not in ("1", "2", "3"):
            raise _refusal("unexpected level: _")
        sides = self._products.book(symbol, 1 if level == "1" else DEEPEST)
        shown = {
            side + "s": [[short(price), short(size), *_who(level, side, at)] for at, (price, size) in enumerate(rows)]
            for side, rows in sides.items()
        }
        number = self._products.tapes.of(symbol).height
        return js({**shown, "sequence": 3 * number + 1, "auction_mode": False, "auction": None, "time": _written(self._products.market.at)})

    async def ticker(self, request: web.Request) -> web.Response:
        """The last trade, best bid and ask, and the day's volume."""
        symbol = self._named(request)
        last = self._products.last(symbol)
        if last is None:
            raise Refused(js({"message": "NotFound"}, 404))
        best = self._products.book(symbol, 1)
        return js(
            {
                "ask": short(best["ask"][0][0]),
                "bid": short(best["bid"][0][0]),
                "volume": short(self._products.day(symbol).volume),
                "trade_id": last["id"],
                "price": short(last["price"]),
                "size": short(last["quantity"]),
                "time": _written(last["timestamp"]),
                "rfq_volume": "0",
            }
        )

    async def stats(self, request: web.Request) -> web.Response:
        """What became of the last 24 hours."""
        symbol = self._named(request)
        if self._products.last(symbol) is None:
            raise Refused(js({"message": "NotFound"}, 404))
        texts = {name: short(value) for name, value in self._products.day(symbol)._asdict().items()}
        return js(texts | {"volume_30day": short(self._products.day(symbol, MONTH).volume)})

    def _named(self, request: web.Request) -> str:
        symbol = self._products.named(request.match_info["id"])
        if symbol is None:
            raise Refused(js({"message": "NotFound"}, 404))
        return symbol

    def _listed(self, symbol: str) -> dict[str, Any]:
        base, quote = halves(symbol)
        flags = ("margin_enabled", "post_only", "limit_only", "cancel_only", "trading_disabled", "fx_stablecoin", "auction_mode")
        return {
            "id": symbol,
            "base_currency": base,
            "quote_currency": quote,
            "quote_increment": fixed(self._products.market.grid(symbol).tick, price_decimals(self._products.market, symbol)),
            "base_increment": fixed(self._products.market.grid(symbol).lot),
            "display_name": f"{base}/{quote}",
            "min_market_funds": "1",
            **dict.fromkeys(flags, False),
            "status": "online",
            "status_message": "",
            "max_slippage_percentage": "0.02000000",
            "high_bid_limit_percentage": "",
        }


def _trade(row: Mapping[str, Any]) -> dict[str, Any]:
    # The side is that of the order that waited: a taker's purchase is told as a sale.
    maker = "sell" if row["side"] == "buy" else "buy"
    named = {"trade_id": row["id"], "side": maker, "size": fixed(row["quantity"]), "price": fixed(row["price"])}
    return {**named, "time": _written(row["timestamp"])}


def _who(level: str, side: str, at: int) -> list[Any]:
    return [f"00000000-0000-4000-8000-{'b' if side == 'bid' else 'a'}{at:011}"] if level == "3" else [1 + at % 5]


def _currency(name: str) -> dict[str, Any]:
    increments = {"min_size": "0.00000001", "max_precision": "0.00000001"}
    return {
        "id": name,
        "name": name.title(),
        **increments,
        "status": "online",
        "message": "",
        "convertible_to": [],
        "details": {"type": "crypto"},
    }


def _written(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%S.%f}Z"


def _whole(request: web.Request, name: str, default: int) -> int:
    try:
        return asking.whole(request, name, default, 0, 10**17)
    except asking.Wrong:
        raise _refusal(f"invalid {name}") from None


def _instant(request: web.Request, name: str) -> datetime | None:
    text = request.query.get(name)
    if not text:
        return None
    try:
        return asking.epoch(text, 1) if text.isascii() and text.isdigit() else asking.instant(text)
    except asking.Wrong:
        raise _refusal(f"Invalid {name}") from None


def _refusal(words: str) -> Refused:
    return Refused(js({"message": words}, 400))
