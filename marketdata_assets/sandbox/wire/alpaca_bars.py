"""Alpaca's bars of shares and pairs."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import polars as pl
from aiohttp import web

from marketdata_assets.sandbox.planting import midnight
from marketdata_assets.sandbox.standing import NEW_YORK
from marketdata_assets.sandbox.wire.adjusting import paid_factor, paid_factors, split_adjusted
from marketdata_assets.sandbox.wire.alpaca_words import (
    Found,
    Page,
    Span,
    after,
    bad,
    entitled,
    filled,
    limited,
    located,
    many,
    paged,
    single,
    spans,
    symbols_of,
    window,
)
from marketdata_assets.sandbox.wire.book import Book
from marketdata_assets.sandbox.wire.protocol import Protocol

_MINUTES = re.compile(r"([1-9]|[1-5]\d)(?:Min|T)")
_HOURS = re.compile(r"([1-9]|1\d|2[0-3])(?:Hour|H)")
_LONG = {"1Day": "1d", "1D": "1d", "1Week": "1w", "1W": "1w"} | {f"{n}{m}": f"{n}mo" for n in (1, 2, 3, 4, 6, 12) for m in ("Month", "M")}
_ADJUSTMENTS = frozenset({"raw", "split", "dividend", "spin-off", "all"})
_LEAVE = "\x00"


class Bars:
    """The bar endpoints."""

    def __init__(self, protocol: Protocol, book: Book) -> None:
        self._protocol = protocol
        self._book = book

    def routes(self) -> list[web.RouteDef]:
        """The paths."""
        return [
            web.get("/v2/stocks/bars", self.many),
            web.get("/v2/stocks/{symbol}/bars", self.one),
            web.get("/v1beta3/crypto/{loc}/bars", self.coins),
        ]

    async def many(self, request: web.Request) -> web.Response:
        """`/v2/stocks/bars`."""
        return many(request, "bars", *self._page(request, symbols_of(request), "us_equities"))

    async def one(self, request: web.Request) -> web.Response:
        """`/v2/stocks/{symbol}/bars`."""
        return single(request, "bars", *self._page(request, [request.match_info["symbol"]], "us_equities"))

    async def coins(self, request: web.Request) -> web.Response:
        """`/v1beta3/crypto/{loc}/bars`."""
        located(request)
        return many(request, "bars", *self._page(request, symbols_of(request), "crypto"))

    def _page(self, request: web.Request, labels: list[str], asset_class: str) -> tuple[Found, str | None]:
        timeframe = _timeframe(request.query.get("timeframe", _LEAVE))
        share = asset_class == "us_equities"
        start, end = window(request, self._book)
        if share:
            entitled(request, self._book, end)
        adjust, newest_first = _adjustments(request), request.query.get("sort", "asc") == "desc"
        daily = share and timeframe[-1] in "dwo"
        low, high = (_day_from(start), _day_after(end)) if daily else (start, end + timedelta(microseconds=1))

        def read(span: Span, most: int, page: Page | None) -> pl.DataFrame:
            bars = self._book.bars(self._protocol.name, span.symbol, timeframe, max(low, span.start or low), min(high, span.end or high))
            return after(bars.reverse() if newest_first else bars, page, newest_first).head(most)

        def write(span: Span, bars: pl.DataFrame) -> bytes:
            return written(self._adjusted(bars, span.symbol, adjust), daily=daily, whole=share)

        among = spans(self._protocol, self._book, request, labels, asset_class)
        return filled(among, limited(request), paged(request), read, write)

    def _adjusted(self, bars: pl.DataFrame, symbol: str, wanted: frozenset[str]) -> pl.DataFrame:
        if wanted & {"dividend", "all"}:
            part = paid_factor(paid_factors(self._book.all_bars(self._protocol.name, symbol, "1d")))
            bars = bars.with_columns((pl.col(name) * part).alias(name) for name in ("open", "high", "low", "close", "vwap"))
        if wanted & {"split", "all"}:
            bars = split_adjusted(bars, self._book.splits(symbol))
        return bars


def _timeframe(word: str) -> str:
    if match := _MINUTES.fullmatch(word):
        return f"{match[1]}m"
    if match := _HOURS.fullmatch(word):
        return f"{match[1]}h"
    if word not in _LONG:
        raise bad("timeframe is required" if word == _LEAVE else f"invalid timeframe: {word}")
    return _LONG[word]


def _adjustments(request: web.Request) -> frozenset[str]:
    given = request.query.getall("adjustment", ["raw"])
    words = given[0].split(",")
    if len(given) > 1 or not set(words) <= _ADJUSTMENTS:
        raise bad(f"invalid adjustment: {','.join(given)}")
    return frozenset(words)


def _day_from(start: datetime) -> datetime:
    """The first day whose midnight in New York is not before `start`, as the book stamps it."""
    local = start.astimezone(NEW_YORK)
    late = local.timetz().replace(tzinfo=None) > datetime.min.time()
    return midnight(local.date() + timedelta(days=1 if late else 0))


def _day_after(end: datetime) -> datetime:
    return midnight(end.astimezone(NEW_YORK).date() + timedelta(days=1))


def written(bars: pl.DataFrame, *, daily: bool, whole: bool) -> bytes:
    """Bars as Alpaca writes them; days are stamped midnight in New York, volumes of shares are whole."""
    stamp = pl.col("timestamp")
    if daily:
        stamp = stamp.dt.replace_time_zone(None).dt.replace_time_zone("America/New_York").dt.convert_time_zone("UTC")
    return (
        bars.select(
            stamp.dt.strftime("%Y-%m-%dT%H:%M:%SZ").alias("t"),
            *(pl.col(name).alias(name[0]) for name in ("open", "high", "low", "close")),
            pl.col("volume").round().cast(pl.Int64).alias("v") if whole else pl.col("volume").alias("v"),
            pl.col("trade_count").alias("n"),
            pl.col("vwap").alias("vw"),
        )
        .write_json()
        .encode()
    )
