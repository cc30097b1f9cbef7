"""Kraken's public spot interface: errors within HTTP 200, the 720 newest candles, trades by nanosecond cursors."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import Any

import polars as pl
from aiohttp import web

from marketdata_assets.sandbox.vendors import kraken as files
from marketdata_assets.sandbox.wire import asking
from marketdata_assets.sandbox.wire.book import Book
from marketdata_assets.sandbox.wire.buckets import Bucket
from marketdata_assets.sandbox.wire.damage import damaged
from marketdata_assets.sandbox.wire.limits import Meter
from marketdata_assets.sandbox.wire.pairs import (
    Tapes,
    filled,
    fixed,
    floored,
    halves,
    micros,
    newest,
    price_decimals,
    regrouped,
    seconds,
    whole_candles,
)
from marketdata_assets.sandbox.wire.protocol import Protocol, Refused, Tape, js
from marketdata_assets.sandbox.wire.streams import feeds
from marketdata_assets.sandbox.wire.streams_kraken import PATHS, KrakenVoice

NAME = "kraken"
COMMITTED = 720
LONGEST = 1440
PAGE = 1000
BURST = 30
LENGTHS = {1: "1m", 5: "5m", 15: "15m", 30: "30m", 60: "1h", 240: "4h", 1440: "1d", 10080: "7d", 21600: "15d"}
_UNKNOWN, _INVALID = "EQuery:Unknown asset pair", "EGeneral:Invalid arguments"
_TROUBLES = {401: "EAPI:Invalid key", 404: "EGeneral:Unknown method", 418: "EGeneral:Temporary lockout", 429: "EGeneral:Too many requests"}
_LEVERAGE = [2, 3, 4, 5]
_FEES = [[0, 0.4], [10000, 0.35], [50000, 0.24], [100000, 0.22]]
_MAKER_FEES = [[0, 0.25], [10000, 0.2], [50000, 0.14], [100000, 0.12]]
# Amounts of the tape are whole units of the eighth decimal; prices of trades and of the book have five, whatever the tick.
_PRICE = 5


class Kraken(Protocol):
    """Kraken. Source: docs.kraken.com, api-reference/market-data."""

    name = NAME
    tape = Tape(coins={"1h": files.SOURCE, "1d": files.SOURCE})
    cursor = re.compile(rb'"last":\s*"(\d+)"')
    renamed = (b'"result"', b'"results"')

    def routes(self, book: Book) -> Iterable[web.RouteDef]:
        """See `Protocol`."""
        desk = _Desk(self, book)
        methods = {
            "Time": desk.time,
            "SystemStatus": desk.status,
            "Assets": desk.assets,
            "AssetPairs": desk.asset_pairs,
            "OHLC": desk.ohlc,
            "Trades": desk.trades,
            "Depth": desk.depth,
            "Ticker": desk.ticker,
        }
        return [web.get(f"/0/public/{method}", handler) for method, handler in methods.items()]

    def streams(self, book: Book) -> Iterable[web.RouteDef]:
        """See `Protocol`."""
        return feeds(self, book, KrakenVoice, *PATHS)

    def spelled(self, symbol: str) -> str:
        """See `Protocol`."""
        return symbol.replace("-", "")

    def meter(self, rate: int | None) -> Meter:
        """A burst, then one request a second; candles and trades are counted for each pair."""
        return Bucket(rate or BURST, 1.0, lambda request: f"{request.path} {request.query.get('pair')}" if _by_pair(request) else "")

    def trouble(self, status: int, headers: Mapping[str, str]) -> web.Response:
        """See `Protocol`: Kraken's errors come with status 200."""
        return js({"error": [_TROUBLES.get(status, "EService:Unavailable")]}, headers=headers)

    def notice(self) -> web.Response:
        """See `Protocol`."""
        return self.trouble(503, {})


def _by_pair(request: web.Request) -> bool:
    return request.path.endswith(("/OHLC", "/Trades"))


class _Desk:
    """Kraken's methods over the book."""

    def __init__(self, protocol: Kraken, book: Book) -> None:
        self._protocol = protocol
        self._book = book
        self._tapes = Tapes(book, NAME)

    async def time(self, _: web.Request) -> web.Response:
        at = self._book.at
        stamp = format_datetime(at).replace(f" {at.year} ", f" {at:%y} ")
        return _good({"unixtime": seconds(at), "rfc1123": stamp})

    async def status(self, _: web.Request) -> web.Response:
        return _good({"status": "online", "timestamp": f"{self._book.at:%Y-%m-%dT%H:%M:%SZ}"})

    async def assets(self, _: web.Request) -> web.Response:
        return _good({name: _asset(name) for symbol in self._book.symbols("crypto") for name in halves(symbol)})

    async def asset_pairs(self, request: web.Request) -> web.Response:
        asked = request.query.get("pair")
        symbols = [self._pair(one) for one in asked.split(",")] if asked else self._book.symbols("crypto")
        shown = {self._key(request, symbol): self._asset_pair(symbol) for symbol in symbols}
        return _good(shown)

    async def ohlc(self, request: web.Request) -> web.Response:
        symbol = self._pair(request.query.get("pair"))
        minutes = _number(request, "interval", 1)
        since = _number(request, "since", 0)
        if minutes not in LENGTHS:
            raise _refusal(_INVALID)
        bars = self._candles(symbol, minutes)
        last = bars["timestamp"][max(0, bars.height - 2)] if bars.height else self._book.at
        if since:
            bars = pl.concat([bars.head(-1).filter(pl.col("timestamp") >= _instant(since)), bars.tail(1)])
        bars = damaged(bars, (), None, None)
        digits = price_decimals(self._book, symbol)
        return _good({self._key(request, symbol): [_candle(row, digits) for row in bars.rows(named=True)], "last": seconds(last)})

    async def trades(self, request: web.Request) -> web.Response:
        symbol = self._pair(request.query.get("pair"))
        count = _number(request, "count", PAGE, 1, PAGE)
        since = _number(request, "since", 0)
        if "since" not in request.query:
            page = self._tapes.of(symbol).tail(count)
        else:
            # Cursors are nanoseconds; seconds, as in the vendor's own example, are taken too.
            page = self._tapes.between(symbol, _instant(since, 1 if since < 10**12 else 10**9), None).head(count)
        last = f"{micros(page['timestamp'][-1])}000" if page.height else str(since)
        return _good({self._key(request, symbol): [_trade(row) for row in page.rows(named=True)], "last": last})

    async def depth(self, request: web.Request) -> web.Response:
        symbol = self._pair(request.query.get("pair"))
        count = _number(request, "count", 100, 1, 500)
        at = seconds(self._book.at)
        levels = self._book.depth(NAME, symbol, count)
        sides = {
            side + "s": [[fixed(p, _PRICE), fixed(q, 3), at] for p, q in levels.filter(side=side).select("price", "quantity").iter_rows()]
            for side in ("ask", "bid")
        }
        return _good({self._key(request, symbol): sides})

    async def ticker(self, request: web.Request) -> web.Response:
        asked = request.query.get("pair")
        symbols = [self._pair(one) for one in asked.split(",")] if asked else self._book.symbols("crypto")
        return _good({self._key(request, symbol): self._ticker(symbol) for symbol in symbols if self._tapes.of(symbol).height})

    def _candles(self, symbol: str, minutes: int) -> pl.DataFrame:
        """The newest candles and the running one, every interval of them."""
        length = timedelta(minutes=minutes)
        running = floored(newest(self._book), length)
        start = running - COMMITTED * length
        every = LENGTHS[minutes]
        own = minutes <= LONGEST
        bars = whole_candles(self._book, self._tapes, symbol, every if own else "1d", start, self._book.at)
        bars = bars if own else regrouped(bars, every)
        stamps = pl.datetime_range(start, running, every, time_unit="us", eager=True)
        return filled(bars, stamps, self._tapes.last_price(symbol, start))

    def _ticker(self, symbol: str) -> dict[str, Any]:
        at = self._book.at
        depth = dict(zip(("bid", "ask"), self._book.depth(NAME, symbol, 1).rows(named=True), strict=True))
        last = self._tapes.of(symbol).row(-1, named=True)
        today = self._tapes.between(symbol, floored(at, timedelta(days=1)), None)
        day = self._tapes.between(symbol, at - timedelta(days=1), None)
        spans = [part if part.height else self._tapes.of(symbol).tail(1) for part in (today, day)]
        worth = [float((part["price"] * part["quantity"]).sum()) / float(part["quantity"].sum()) for part in spans]
        return {
            "a": [fixed(depth["ask"]["price"], _PRICE), "1", "1.000"],
            "b": [fixed(depth["bid"]["price"], _PRICE), "1", "1.000"],
            "c": [fixed(last["price"], _PRICE), fixed(last["quantity"])],
            "v": [fixed(float(part["quantity"].sum())) for part in (today, day)],
            "p": [fixed(value, _PRICE) for value in worth],
            "t": [today.height, day.height],
            "l": [fixed(float(part["price"].min()), _PRICE) for part in spans],  # type: ignore[arg-type]
            "h": [fixed(float(part["price"].max()), _PRICE) for part in spans],  # type: ignore[arg-type]
            "o": fixed(spans[0]["price"][0], _PRICE),
        }

    def _pair(self, spelling: str | None) -> str:
        if not spelling:
            raise _refusal(_INVALID)
        symbol = self._protocol.canonical(spelling, "crypto", self._book.symbols("crypto"))
        if symbol is None:
            raise _refusal(_UNKNOWN)
        return symbol

    def _key(self, request: web.Request, symbol: str) -> str:
        return symbol.replace("-", "/") if request.query.get("assetVersion") == "1" else self._protocol.spelled(symbol)

    def _asset_pair(self, symbol: str) -> dict[str, Any]:
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


def _candle(row: Mapping[str, Any], digits: int) -> list[Any]:
    some = row["volume"] > 0
    prices = [fixed(row[name], digits) for name in ("open", "high", "low", "close")]
    vwap = fixed(row["vwap"], digits) if some else "0.0"
    return [seconds(row["timestamp"]), *prices, vwap, fixed(row["volume"]), row["trade_count"]]


def _trade(row: Mapping[str, Any]) -> list[Any]:
    taker, kind = "b" if row["side"] == "buy" else "s", "m" if row["id"] % 2 else "l"
    return [fixed(row["price"], _PRICE), fixed(row["quantity"]), row["timestamp"].timestamp(), taker, kind, "", row["id"]]


def _asset(name: str) -> dict[str, Any]:
    return {"aclass": "currency", "altname": name, "decimals": 8, "display_decimals": 5, "status": "enabled"}


def _instant(count: int, unit: int = 1) -> datetime:
    try:
        return asking.epoch(str(count), unit)
    except asking.Wrong:
        raise _refusal(_INVALID) from None


def _number(request: web.Request, name: str, default: int, low: int = 0, high: int = 10**19) -> int:
    text = request.query.get(name, str(default))
    if not re.fullmatch(r"\d{1,19}", text) or not low <= int(text) <= high:
        raise _refusal(_INVALID)
    return int(text)


def _good(result: dict[str, Any]) -> web.Response:
    return js({"error": [], "result": result})


def _refusal(words: str) -> Refused:
    return Refused(js({"error": [words]}))
