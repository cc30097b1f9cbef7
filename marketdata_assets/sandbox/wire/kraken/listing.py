"""Kraken's pairs: which of them a request names, and what `Assets` and `AssetPairs` say of them."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from marketdata_assets.sandbox.wire.book import Book
from marketdata_assets.sandbox.wire.kraken.words import INVALID, UNKNOWN, refusal
from marketdata_assets.sandbox.wire.pairs import fixed, halves, price_decimals
from marketdata_assets.sandbox.wire.protocol import Protocol

_LEVERAGE = [2, 3, 4, 5]
_FEES = [[0, 0.4], [10000, 0.35], [50000, 0.24], [100000, 0.22]]
_MAKER_FEES = [[0, 0.25], [10000, 0.2], [50000, 0.14], [100000, 0.12]]


class Pairs:
    """The pairs as Kraken names them."""

    def __init__(self, protocol: Protocol, book: Book) -> None:
        self._protocol = protocol
        self._book = book

    def asked(self, request: web.Request) -> list[str]:
        """The canonical symbols of `pair`, several with commas between; all without it."""
        asked = request.query.get("pair")
        return [self.one(one) for one in asked.split(",")] if asked else self._book.symbols("crypto")

    def assets(self) -> dict[str, Any]:
        """What `Assets` says of every coin and currency."""
        return {name: _asset(name) for symbol in self._book.symbols("crypto") for name in halves(symbol)}

    def one(self, spelling: str | None) -> str:
        """The canonical symbol of a spelling; any that Kraken takes."""
        if not spelling:
            raise refusal(INVALID)
        symbol = self._protocol.canonical(spelling, "crypto", self._book.symbols("crypto"))
        if symbol is None:
            raise refusal(UNKNOWN)
        return symbol

    def key(self, request: web.Request, symbol: str) -> str:
        """Under which name an answer has a pair."""
        return symbol.replace("-", "/") if request.query.get("assetVersion") == "1" else self._protocol.spelled(symbol)

    def described(self, symbol: str) -> dict[str, Any]:
        """What `AssetPairs` says of a pair."""
        base, quote = halves(symbol)
        tick = self._book.grid(symbol).tick
        return {
            "altname": self._protocol.spelled(symbol),
            "wsname": f"{base}/{quote}",
            "aclass_base": "currency",
            "base": base,
            "aclass_quote": "currency",
            "quote": quote,
            "lot": "unit",
            "cost_decimals": 5,
            "pair_decimals": price_decimals(self._book, symbol),
            "lot_decimals": 8,
            "lot_multiplier": 1,
            "leverage_buy": _LEVERAGE,
            "leverage_sell": _LEVERAGE,
            "fees": _FEES,
            "fees_maker": _MAKER_FEES,
            "fee_volume_currency": "ZUSD",
            "margin_call": 80,
            "margin_stop": 40,
            "ordermin": "0.00005",
            "costmin": "0.5",
            "tick_size": fixed(tick, price_decimals(self._book, symbol)),
            "status": "online",
            "long_position_limit": 80,
            "short_position_limit": 80,
        }


def _asset(name: str) -> dict[str, Any]:
    return {"aclass": "currency", "altname": name, "decimals": 8, "display_decimals": 5, "status": "enabled"}
