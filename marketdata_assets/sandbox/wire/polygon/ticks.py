"""Polygon's single trades and quotes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import polars as pl
from aiohttp import web

from marketdata_assets.sandbox.wire.asking import Wrong
from marketdata_assets.sandbox.wire.book import Book
from marketdata_assets.sandbox.wire.polygon.words import envelope, given, link, nanoseconds, refused, request_id, traded, whole
from marketdata_assets.sandbox.wire.protocol import Protocol

_DAY = 86_400 * 10**9
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Ticks:
    """The endpoints of trades and quotes; instants are nanoseconds."""

    def __init__(self, protocol: Protocol, book: Book) -> None:
        self._protocol = protocol
        self._book = book

    def routes(self) -> list[web.RouteDef]:
        """The paths."""
        return [
            web.get("/v3/trades/{ticker}", self.trades),
            web.get("/v3/quotes/{ticker}", self.quotes),
            web.get("/v2/last/trade/{ticker}", self.last_trade),
            web.get("/v2/last/nbbo/{ticker}", self.last_quote),
        ]

    async def trades(self, request: web.Request) -> web.Response:
        """`/v3/trades/{T}`, newest first unless asked otherwise."""
        return self._page(request, self._trades)

    async def quotes(self, request: web.Request) -> web.Response:
        """`/v3/quotes/{T}`."""
        return self._page(request, self._quotes)

    async def last_trade(self, request: web.Request) -> web.Response:
        """`/v2/last/trade/{T}`."""
        ticker = request.match_info["ticker"]
        rows = self._trades(ticker, None, None, 1, newest_first=True)
        if not rows:
            raise refused(request, 404, "Ticker not found.")
        one = rows[0]
        short = {"c": one["conditions"], "i": one["id"], "p": one["price"], "s": one["size"], "x": one["exchange"], "z": one["tape"]}
        stamps = {"t": one["sip_timestamp"], "y": one["participant_timestamp"], "q": one["sequence_number"]}
        return self._single(request, {**short, "T": ticker, **stamps})

    async def last_quote(self, request: web.Request) -> web.Response:
        """`/v2/last/nbbo/{T}`: capitals are the offer."""
        ticker = request.match_info["ticker"]
        rows = self._quotes(ticker, None, None, 1, newest_first=True)
        if not rows:
            raise refused(request, 404, "Ticker not found.")
        one = rows[0]
        bid = {"p": one["bid_price"], "s": one["bid_size"], "x": one["bid_exchange"]}
        ask = {"P": one["ask_price"], "S": one["ask_size"], "X": one["ask_exchange"], "z": one["tape"]}
        stamps = {"t": one["sip_timestamp"], "y": one["participant_timestamp"], "q": one["sequence_number"]}
        return self._single(request, {**bid, **ask, "T": ticker, **stamps})

    def _single(self, request: web.Request, result: dict[str, Any]) -> web.Response:
        return envelope(request, orjson.dumps({"results": result, "status": "OK", "request_id": request_id(request)}))

    def _page(self, request: web.Request, read: Any) -> web.Response:
        asked, limit = given(request), whole(request, 1000, 50_000)
        newest_first = asked.get("order", "desc") != "asc"
        try:
            low, high = _bounds(asked)
        except Wrong as wrong:
            raise refused(request, 400, f"could not parse timestamp {wrong}") from None
        rows = read(request.match_info["ticker"], low, high, limit + 1, newest_first=newest_first)
        document: dict[str, Any] = {"results": rows[:limit], "status": "OK", "request_id": request_id(request)}
        if len(rows) > limit:
            edge = rows[limit - 1]["sip_timestamp"]
            kept = {key: value for key, value in asked.items() if not key.startswith("timestamp")}
            bounds = {"timestamp.gte": str(low or 0), "timestamp.lt": str(edge)}
            if not newest_first:
                bounds = {"timestamp.gt": str(edge)} | ({"timestamp.lt": str(high)} if high is not None else {})
            document["next_url"] = link(request, kept | bounds)
        return envelope(request, orjson.dumps(document))

    def _trades(self, ticker: str, low: int | None, high: int | None, limit: int, *, newest_first: bool) -> list[dict[str, Any]]:
        span = self._span(ticker, low, high)
        if span is None:
            return []
        made = self._book.trades(self._protocol.name, *span, limit=limit, newest_first=newest_first)
        odd = pl.col("quantity") < 100
        stamp = pl.col("timestamp").dt.epoch("us") * 1000
        return made.select(
            pl.when(odd).then(pl.lit([12, 37])).otherwise(pl.lit([12])).alias("conditions"),
            (pl.col("number") % 4 + 10).alias("exchange"),
            pl.col("number").cast(pl.String).alias("id"),
            (stamp - 350_000).alias("participant_timestamp"),
            "price",
            (pl.col("number") % 10**9).alias("sequence_number"),
            stamp.alias("sip_timestamp"),
            pl.col("quantity").alias("size"),
            pl.lit(1).alias("tape"),
        ).to_dicts()

    def _quotes(self, ticker: str, low: int | None, high: int | None, limit: int, *, newest_first: bool) -> list[dict[str, Any]]:
        span = self._span(ticker, low, high)
        if span is None:
            return []
        made = self._book.quotes(self._protocol.name, *span, limit=limit, newest_first=newest_first)
        stamp = pl.col("timestamp").dt.epoch("us") * 1000
        return made.select(
            (pl.col("number") % 3 + 10).alias("ask_exchange"),
            "ask_price",
            "ask_size",
            (pl.col("number") % 5 + 10).alias("bid_exchange"),
            "bid_price",
            "bid_size",
            (stamp - 150_000).alias("participant_timestamp"),
            (pl.col("number") % 10**9).alias("sequence_number"),
            stamp.alias("sip_timestamp"),
            pl.lit(1).alias("tape"),
        ).to_dicts()

    def _span(self, ticker: str, low: int | None, high: int | None) -> tuple[str, datetime | None, datetime | None] | None:
        """Whose trades, and the book's half-open window for nanoseconds `[low, high)`."""
        who = traded(self._protocol, self._book, ticker)
        if who is None:
            return None
        start = _EPOCH + timedelta(microseconds=-(-low // 1000)) if low is not None else None
        end = _EPOCH + timedelta(microseconds=-(-high // 1000)) if high is not None else None
        starts, ends = [at for at in (start, who.start) if at], [at for at in (end, who.end) if at]
        return who.symbol, max(starts, default=None), min(ends, default=None)


def _bounds(asked: dict[str, str]) -> tuple[int | None, int | None]:
    """The nanoseconds `[low, high)` that the filters on `timestamp` leave; a day alone is the whole of it."""
    lows, highs = [], []
    if "timestamp" in asked:
        at = nanoseconds(asked["timestamp"])
        lows.append(at)
        highs.append(at + (1 if asked["timestamp"].isdigit() else _DAY))
    for suffix, bounds, step in ((".gte", lows, 0), (".gt", lows, 1), (".lt", highs, 0), (".lte", highs, 1)):
        if (text := asked.get(f"timestamp{suffix}")) is not None:
            bounds.append(nanoseconds(text) + step)
    return max(lows, default=None), min(highs, default=None)
