"""CoinGecko's charts: candles stamped with their end, and points whose spacing follows from how far back one looks."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

import polars as pl
from aiohttp import web

from marketdata_assets.sandbox.wire import asking
from marketdata_assets.sandbox.wire.coingecko.coins import Asked, Coins, rounded
from marketdata_assets.sandbox.wire.coingecko.words import flat, paid, paid_only, too_old
from marketdata_assets.sandbox.wire.pairs import MICROSECOND, candles, floored, floored_up, micros, regrouped
from marketdata_assets.sandbox.wire.protocol import js

DAY = timedelta(days=1)
REACH = 365
BODIES = {1: "30m", 7: "4h", 14: "4h", 30: "4h", 90: "4d", 180: "4d", 365: "4d"}
SPANS = {"30m": timedelta(minutes=30), "1h": timedelta(hours=1), "4h": timedelta(hours=4), "1d": DAY, "4d": 4 * DAY}
STEPS = {"5m": timedelta(minutes=5), "hourly": timedelta(hours=1), "daily": DAY}
# How far back a chosen spacing goes; without a choice, the spacing follows from the days.
CHOSEN = {"5m": 10, "hourly": 100}


class Charts:
    """Candles and points of a coin."""

    def __init__(self, coins: Coins) -> None:
        self._coins = coins

    async def ohlc(self, request: web.Request) -> web.Response:
        """Candles of the last days, the running one among them; paid plans may choose their length."""
        asked = self._coins.asked(request)
        text = request.query.get("days", "")
        if text == "max" and not paid(request):
            raise too_old(self._coins.market.at)
        if text != "max" and text not in {str(days) for days in BODIES}:
            raise flat("Invalid days parameter")
        body = BODIES.get(int(text) if text != "max" else REACH, "4d")
        if "interval" in request.query:
            if not paid(request):
                raise paid_only(self._coins.market.at)
            body = _length(request)
        last = self._coins.newest()
        start = self._coins.market.market.spec.crypto_start if text == "max" else None
        first = asking.instant(f"{start}") if start else floored_up(last - int(text) * DAY, SPANS[body])
        return js(self._candles(asked, body, first, last))

    async def ohlc_range(self, request: web.Request) -> web.Response:
        """Candles that end in a span, for paid plans."""
        asked = self._coins.asked(request)
        if not paid(request):
            raise paid_only(self._coins.market.at)
        body, start, end = _length(request), _bound(request, "from"), _bound(request, "to")
        if end - start > (180 if body == "1d" else 31) * DAY:
            raise flat("The time range is too long for this interval")
        return js(self._candles(asked, body, floored_up(start, SPANS[body]) - SPANS[body], end - SPANS[body]))

    async def days(self, request: web.Request) -> web.Response:
        """Points of the last days, and one more for now."""
        asked = self._coins.asked(request)
        text = request.query.get("days", "")
        if text != "max" and not text.replace(".", "", 1).isdigit():
            raise flat("Invalid days parameter")
        last = self._coins.newest()
        start = asking.instant(f"{self._coins.market.market.spec.crypto_start}") if text == "max" else last - float(text) * DAY
        if last - start > REACH * DAY and not paid(request):
            raise too_old(self._coins.market.at)
        return js(self._points(request, asked, start, last, now=True))

    async def span(self, request: web.Request) -> web.Response:
        """Points of a span."""
        asked = self._coins.asked(request)
        start, end = _bound(request, "from"), _bound(request, "to")
        if end < start:
            raise flat("from must be before to")
        if self._coins.market.at - start > REACH * DAY and not paid(request):
            raise too_old(self._coins.market.at)
        return js(self._points(request, asked, start, min(end, self._coins.newest()), now=False))

    def _candles(self, asked: Asked, body: str, first: datetime, last: datetime) -> list[list[float]]:
        """The candles that begin in `[first, last]`, each stamped with its end."""
        market, tapes = self._coins.market, self._coins.tapes
        if body == "4d":
            days = market.bars(tapes.vendor, asked.symbol, "1d", floored(first, SPANS[body]), last + MICROSECOND)
            bars = regrouped(days, body).filter(pl.col("timestamp") >= first)
        else:
            bars = candles(market, tapes, asked.symbol, body, first, last + MICROSECOND)
        rows = bars.filter(pl.col("volume") != 0).select("timestamp", "open", "high", "low", "close").iter_rows()
        return [[micros(at + SPANS[body]) // 1000, *(rounded(price, asked.precision) for price in prices)] for at, *prices in rows]

    def _points(self, request: web.Request, asked: Asked, start: datetime, end: datetime, *, now: bool) -> dict[str, list[list[float]]]:
        step = self._step(request, start, end)
        first = floored_up(start, step)
        grid = pl.datetime_range(first, end, step, time_unit="us", time_zone="UTC", eager=True)
        if step < DAY:
            # Points are written when they are computed, some seconds after the hour; the seconds follow from the hour.
            grid = grid + pl.Series([timedelta(milliseconds=_late(at)) for at in grid.to_list()], dtype=pl.Duration("us"))
            grid = grid.filter(grid <= end)
        if now:
            grid = pl.concat([grid, pl.Series([end], dtype=grid.dtype)]).unique()
        points = self._coins.at(asked.symbol, grid)
        stamps = [micros(at) // 1000 for at in points["at"]]
        named = {"prices": "price", "market_caps": "cap", "total_volumes": "volume"}
        return {name: _paired(stamps, points[column], asked.precision) for name, column in named.items()}

    def _step(self, request: web.Request, start: datetime, end: datetime) -> timedelta:
        chosen = request.query.get("interval", "")
        if not chosen:
            if end - start > 90 * DAY:
                return DAY
            recent = end - start <= DAY and self._coins.newest() - end < STEPS["5m"]
            return STEPS["5m"] if recent else STEPS["hourly"]
        if chosen not in STEPS:
            raise flat("Invalid interval parameter")
        if chosen in CHOSEN and not paid(request):
            raise paid_only(self._coins.market.at)
        if end - start > CHOSEN.get(chosen, 10**5) * DAY:
            raise flat("The time range is too long for this interval")
        return STEPS[chosen]


def _paired(stamps: Iterable[int], values: pl.Series, decimals: int | None) -> list[list[float]]:
    return [[at, rounded(value, decimals)] for at, value in zip(stamps, values.to_list(), strict=True)]


def _late(at: datetime) -> int:
    return micros(at) // 60_000_000 * 7919 % 59_000 + 500


def _length(request: web.Request) -> str:
    body = {"daily": "1d", "hourly": "1h"}.get(request.query.get("interval", ""))
    if body is None:
        raise flat("Invalid interval parameter")
    return body


def _bound(request: web.Request, name: str) -> datetime:
    text = request.query.get(name, "")
    try:
        return asking.epoch(text, 1) if text.isascii() and text.isdigit() else asking.instant(text)
    except asking.Wrong:
        raise flat(f"Invalid {name} parameter") from None
