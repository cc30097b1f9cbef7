"""Polygon's bars: ranges, the last day, every share of a day, a day as one object."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import orjson
import polars as pl
from aiohttp import web

from marketdata_assets.sandbox.planting import midnight
from marketdata_assets.sandbox.standing import NEW_YORK
from marketdata_assets.sandbox.wire import asking, damage
from marketdata_assets.sandbox.wire.adjusting import split_adjusted
from marketdata_assets.sandbox.wire.asking import Wrong
from marketdata_assets.sandbox.wire.book import Book
from marketdata_assets.sandbox.wire.polygon.words import HOST, envelope, refused, request_id, traded
from marketdata_assets.sandbox.wire.protocol import Protocol, js
from marketdata_assets.sandbox.wire.who import everybody

_UNITS = {"second": "s", "minute": "m", "hour": "h", "day": "d", "week": "w", "month": "mo", "quarter": "q", "year": "y"}
_SHORT = frozenset({"second", "minute", "hour"})


class Aggregates:
    """The bar endpoints."""

    def __init__(self, protocol: Protocol, book: Book) -> None:
        self._protocol = protocol
        self._book = book

    def routes(self) -> list[web.RouteDef]:
        """The paths."""
        return [
            web.get("/v2/aggs/ticker/{ticker}/range/{multiplier}/{timespan}/{from}/{to}", self.ranged),
            web.get("/v2/aggs/ticker/{ticker}/prev", self.previous),
            web.get("/v2/aggs/grouped/locale/us/market/stocks/{date}", self.grouped),
            web.get("/v1/open-close/{ticker}/{date}", self.open_close),
        ]

    async def ranged(self, request: web.Request) -> web.Response:
        """`/v2/aggs/ticker/{T}/range/...`: `limit` counts the minutes or days that the bars are made of."""
        ticker, timespan = request.match_info["ticker"], request.match_info["timespan"]
        adjusted = _adjusted(request)
        every = _every(request, timespan)
        try:
            limit = asking.whole(request, "limit", 5000, 1, 50_000)
            start, end = (_edge(request.match_info[name]) for name in ("from", "to"))
            newest_first = asking.chosen(request, "sort", "asc", frozenset({"asc", "desc"})) == "desc"
        except Wrong as wrong:
            raise refused(request, 400, f"Could not parse the parameter {wrong}") from None
        low, high = _window(start, end, daily=timespan not in _SHORT)
        who = traded(self._protocol, self._book, ticker)
        if who is None:
            return _answer(request, b"", 0, adjusted=adjusted, ticker=ticker)
        low, high = max(low, who.start or low), min(high, who.end or high)
        low, high, onward = self._cut(who.symbol, timespan, every, low, high, limit, newest_first=newest_first)
        bars = self._book.bars(self._protocol.name, who.symbol, every, low, high)
        bars = split_adjusted(bars, self._book.splits(who.symbol)) if adjusted else bars
        rows = _rows(bars.reverse() if newest_first else bars, pair="-" in who.symbol) if bars.height else b""
        link = self._link(request, onward, newest_first=newest_first, daily=timespan not in _SHORT) if onward else None
        return _answer(request, rows, bars.height, adjusted=adjusted, ticker=ticker, link=link)

    def _cut(
        self, symbol: str, timespan: str, every: str, low: datetime, high: datetime, limit: int, *, newest_first: bool
    ) -> tuple[datetime, datetime, datetime | None]:
        """The part of the window whose bars are made of `limit` base bars, whole bars only, and where the next page starts."""
        base = "1m" if timespan in _SHORT else "1d"
        held = self._book.all_bars(self._protocol.name, symbol, base)
        if not held.height:
            held = self._book.all_bars(self._protocol.name, symbol, every)
        stamps = held.filter(pl.col("timestamp") >= low, pl.col("timestamp") < high)["timestamp"]
        if len(stamps) <= limit:
            return low, high, None
        whole = stamps.dt.truncate(every)
        if newest_first:
            edge = whole[-limit - 1]
            later = whole.filter(whole > edge)
            return later[0] if len(later) else low, high, later[0] if len(later) else None
        edge = whole[limit]
        if edge <= whole[0]:
            later = whole.filter(whole > edge)
            return low, later[0] if len(later) else high, later[0] if len(later) else None
        return low, edge, edge

    def _link(self, request: web.Request, onward: datetime, *, newest_first: bool, daily: bool) -> str:
        stamp = _local_midnight(onward) if daily else onward
        name = request.match_info
        millis = round(stamp.timestamp() * 1000) - (1 if newest_first else 0)
        ends = (name["from"], str(millis)) if newest_first else (str(millis), name["to"])
        path = f"/v2/aggs/ticker/{name['ticker']}/range/{name['multiplier']}/{name['timespan']}/{ends[0]}/{ends[1]}"
        kept = "&".join(f"{key}={value}" for key, value in request.query.items() if key not in ("apiKey", "cursor"))
        return f"{HOST}{path}?{kept}&cursor=bGltaXQ9MiZzb3J0PWFzYw" if kept else f"{HOST}{path}?cursor=bGltaXQ9MiZzb3J0PWFzYw"

    async def previous(self, request: web.Request) -> web.Response:
        """`/v2/aggs/ticker/{T}/prev`: the last whole day."""
        ticker, adjusted = request.match_info["ticker"], _adjusted(request)
        who = traded(self._protocol, self._book, ticker)
        bars = self._book.bars(self._protocol.name, who.symbol, "1d", who.start, who.end or midnight(self._book.today)) if who else None
        if who is None or bars is None or not bars.height:
            return _answer(request, b"", 0, adjusted=adjusted, ticker=ticker)
        bars = split_adjusted(bars.tail(1), self._book.splits(who.symbol)) if adjusted else bars.tail(1)
        return _answer(request, _rows(bars, pair="-" in who.symbol, ticker=ticker), 1, adjusted=adjusted, ticker=ticker)

    async def grouped(self, request: web.Request) -> web.Response:
        """`/v2/aggs/grouped/...`: every share of one day."""
        day, adjusted = _day(request), _adjusted(request)
        parts = []
        for who in everybody(self._book.market):
            bars = self._book.bars(self._protocol.name, who.symbol, "1d", midnight(day), midnight(day + timedelta(days=1)))
            if bars.height:
                bars = split_adjusted(bars, self._book.splits(who.symbol)) if adjusted else bars
                parts.append(_rows(bars, pair=False, ticker=who.ticker(day))[1:-1])
        return _answer(request, b"[" + b",".join(parts) + b"]" if parts else b"", len(parts), adjusted=adjusted)

    async def open_close(self, request: web.Request) -> web.Response:
        """`/v1/open-close/{T}/{date}`: one day as a flat object; 404 where nothing traded."""
        ticker, day, adjusted = request.match_info["ticker"], _day(request), _adjusted(request)
        who = traded(self._protocol, self._book, ticker)
        bars = self._book.bars(self._protocol.name, who.symbol, "1d", midnight(day), midnight(day + timedelta(days=1))) if who else None
        if who is None or bars is None or not bars.height:
            raise refused(request, 404, "Data not found.")
        bars = split_adjusted(bars, self._book.splits(who.symbol)) if adjusted else bars
        row = bars.row(0, named=True)
        prices = {name: row[name] for name in ("open", "high", "low", "close", "volume")}
        return js(
            {"status": "OK", "from": day.isoformat(), "symbol": ticker, **prices, "afterHours": row["close"], "preMarket": row["open"]}
        )


def _every(request: web.Request, timespan: str) -> str:
    multiplier = request.match_info["multiplier"]
    if timespan not in _UNITS or not multiplier.isdigit() or not 1 <= int(multiplier) <= 1000:
        raise refused(request, 400, f"Could not parse the range {multiplier}/{timespan}")
    return f"{int(multiplier)}{_UNITS[timespan]}"


def _edge(text: str) -> date | datetime:
    return asking.epoch(text, 1000) if text.lstrip("-").isdigit() else asking.day(text)


def _window(start: date | datetime, end: date | datetime, *, daily: bool) -> tuple[datetime, datetime]:
    """The half-open span of the book's stamps; days are New York's, and both ends are included."""
    low = start if isinstance(start, datetime) else datetime(start.year, start.month, start.day, tzinfo=NEW_YORK)
    if isinstance(end, datetime):
        high = end + timedelta(milliseconds=1)
    else:
        last = end + timedelta(days=1)
        high = datetime(last.year, last.month, last.day, tzinfo=NEW_YORK)
    if not daily:
        return low.astimezone(UTC), high.astimezone(UTC)
    first, last = low.astimezone(NEW_YORK), (high - timedelta(microseconds=1)).astimezone(NEW_YORK)
    begun = first.date() if first.timetz().replace(tzinfo=None) == datetime.min.time() else first.date() + timedelta(days=1)
    return midnight(begun), midnight(last.date() + timedelta(days=1))


def _local_midnight(stamp: datetime) -> datetime:
    return datetime(stamp.year, stamp.month, stamp.day, tzinfo=NEW_YORK)


def _adjusted(request: web.Request) -> bool:
    word = request.query.get("adjusted", "true")
    if word not in ("true", "false"):
        raise refused(request, 400, f"Could not parse the parameter adjusted: {word}")
    return word == "true" or damage.now() == "adjusted"


def _day(request: web.Request) -> date:
    try:
        return asking.day(request.match_info["date"])
    except Wrong as wrong:
        raise refused(request, 400, f"Could not parse the date {wrong}") from None


def _rows(bars: pl.DataFrame, *, pair: bool, ticker: str | None = None) -> bytes:
    stamp = pl.col("timestamp")
    if not pair and bool((bars["timestamp"].dt.time() == datetime.min.time()).all()):
        stamp = stamp.dt.replace_time_zone(None).dt.replace_time_zone("America/New_York")
    named: list[Any] = [pl.lit(ticker).alias("T")] if ticker else []
    return (
        bars.select(
            *named,
            *(pl.col(name).alias(key) for name, key in (("volume", "v"), ("vwap", "vw"), ("open", "o"), ("close", "c"), ("high", "h"))),
            pl.col("low").alias("l"),
            stamp.dt.epoch("ms").alias("t"),
            pl.col("trade_count").alias("n"),
        )
        .write_json()
        .encode()
    )


def _answer(
    request: web.Request, rows: bytes, n: int, *, adjusted: bool, ticker: str | None = None, link: str | None = None
) -> web.Response:
    inside: dict[str, Any] = {"ticker": ticker} if ticker else {}
    inside |= {"queryCount": n, "resultsCount": n, "adjusted": adjusted}
    ending: dict[str, Any] = {"status": "OK", "request_id": request_id(request)}
    ending |= {"count": n} if n else {}
    ending |= {"next_url": link} if link else {}
    return envelope(request, orjson.dumps(inside)[:-1] + (b',"results":' + rows if rows else b"") + b"," + orjson.dumps(ending)[1:])
