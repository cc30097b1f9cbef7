"""CoinGecko's prices of the moment and of a day."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import polars as pl
from aiohttp import web

from marketdata_assets.sandbox.wire import asking
from marketdata_assets.sandbox.wire.coingecko.coins import CURRENCIES, SUPPLY, Coins, precision, rounded
from marketdata_assets.sandbox.wire.coingecko.words import flat, paid, too_old
from marketdata_assets.sandbox.wire.pairs import seconds
from marketdata_assets.sandbox.wire.protocol import js

REACH = timedelta(days=365)
_EXTRAS = ("include_market_cap", "include_24hr_vol", "include_24hr_change", "include_last_updated_at")


class Prices:
    """What coins cost."""

    def __init__(self, coins: Coins) -> None:
        self._coins = coins

    async def ping(self, _: web.Request) -> web.Response:
        """To be there."""
        return js({"gecko_says": "(V3) To the Moon!"})

    async def currencies(self, _: web.Request) -> web.Response:
        """The currencies there are prices in."""
        return js(list(CURRENCIES))

    async def simple(self, request: web.Request) -> web.Response:
        """The price of each coin in each currency; unknown ones are left out."""
        ids, currencies = asking.listed(request, "ids"), asking.listed(request, "vs_currencies")
        if not currencies:
            raise flat("Missing parameter vs_currencies", 422)
        extras = {name for name in _EXTRAS if request.query.get(name) == "true"}
        found: dict[str, dict[str, float]] = {}
        for coin in ids:
            for currency in currencies:
                symbol = self._coins.of(coin, currency.lower())
                if symbol is not None:
                    found.setdefault(coin, {}).update(self._simple(symbol, currency.lower(), extras, precision(request)))
        return js(found)

    async def markets(self, request: web.Request) -> web.Response:
        """The coins with their day, the one worth most first, a page of them."""
        currency = request.query.get("vs_currency", "").lower()
        if currency not in CURRENCIES:
            raise flat("invalid vs_currency")
        try:
            size, page = asking.whole(request, "per_page", 100, 1, 250), asking.whole(request, "page", 1, 1, 10**6)
        except asking.Wrong:
            raise flat("Invalid page parameter") from None
        wanted = asking.listed(request, "ids")
        rows = [self._market(symbol) for symbol in self._coins.all() if self._coins.of(self._coins.named(symbol)["id"], currency)]
        rows = sorted((row for row in rows if row and (not wanted or row["id"] in wanted)), key=lambda row: -row["market_cap"])
        ranked = [{**row, "market_cap_rank": rank} for rank, row in enumerate(rows, 1)]
        return js(ranked[(page - 1) * size : page * size])

    async def history(self, request: web.Request) -> web.Response:
        """A coin at midnight UTC of a day; before it was traded, without numbers."""
        symbol = self._coins.of(request.match_info["id"], "usd")
        if symbol is None:
            raise flat("coin not found", 404)
        try:
            day = datetime.strptime(request.query.get("date", ""), "%d-%m-%Y")  # noqa: DTZ007 - UTC, see below
        except ValueError:
            raise flat("invalid date") from None
        at = asking.instant(f"{day:%Y-%m-%d}")
        if self._coins.market.at - at > REACH and not paid(request):
            raise too_old(self._coins.market.at)
        points = self._coins.at(symbol, pl.Series([at], dtype=pl.Datetime("us", "UTC")))
        named = self._coins.named(symbol)
        if not points.height or at > self._coins.market.at:
            return js(named)
        _, price, cap, volume = points.row(0)
        return js({**named, "market_data": {"current_price": {"usd": price}, "market_cap": {"usd": cap}, "total_volume": {"usd": volume}}})

    def _now(self, symbol: str) -> tuple[float, float, float, float] | None:
        """Price, worth of all coins, volume of 24 hours and change in percent; None before the first trade."""
        last = self._coins.newest()
        points = self._coins.at(symbol, pl.Series([last - timedelta(days=1), last], dtype=pl.Datetime("us", "UTC")))
        if not points.height:
            return None
        first, now = points.row(0, named=True), points.row(-1, named=True)
        return now["price"], now["cap"], now["volume"], 100 * (now["price"] / first["price"] - 1)

    def _simple(self, symbol: str, currency: str, extras: set[str], decimals: int | None) -> dict[str, float]:
        now = self._now(symbol)
        if now is None:
            return {}
        names = ("", "_market_cap", "_24h_vol", "_24h_change")
        wanted = (True, *(name in extras for name in _EXTRAS[:3]))
        shown: dict[str, float] = {currency + name: value for name, value, want in zip(names, now, wanted, strict=True) if want}
        shown[currency] = rounded(shown[currency], decimals)
        return shown | ({"last_updated_at": seconds(self._coins.newest())} if _EXTRAS[3] in extras else {})

    def _market(self, symbol: str) -> dict[str, Any]:
        now = self._now(symbol)
        if now is None:
            return {}
        price, cap, volume, change = now
        last = self._coins.newest()
        tape = self._coins.tapes.between(symbol, last - timedelta(days=1), None)
        part = tape["price"].to_list() or [price]
        whole = self._coins.tapes.of(symbol)
        top = whole.row(int(whole["price"].arg_max() or 0), named=True)
        return {
            **self._coins.named(symbol),
            "image": "",
            "current_price": price,
            "market_cap": cap,
            "market_cap_rank": 0,
            "total_volume": volume,
            "high_24h": max(part),
            "low_24h": min(part),
            "price_change_24h": price - price / (1 + change / 100),
            "price_change_percentage_24h": change,
            "market_cap_change_24h": cap - cap / (1 + change / 100),
            "market_cap_change_percentage_24h": change,
            "circulating_supply": SUPPLY,
            "ath": top["price"],
            "ath_change_percentage": 100 * (price / top["price"] - 1),
            "ath_date": f"{top['timestamp']:%Y-%m-%dT%H:%M:%S}.000Z",
            "roi": None,
            "last_updated": f"{last:%Y-%m-%dT%H:%M:%S}.000Z",
        }
