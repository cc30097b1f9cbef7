"""The archive of data.binance.vision: zips of candles and trades by month and by day, each with its CHECKSUM."""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, date, datetime, timedelta
from typing import Literal

import polars as pl
from aiohttp import web

from marketdata_assets.sandbox.planting import midnight
from marketdata_assets.sandbox.vendors import binance_vision
from marketdata_assets.sandbox.vendors.file import zipped
from marketdata_assets.sandbox.wire.binance.klines import INTERVALS, klines
from marketdata_assets.sandbox.wire.book import Book
from marketdata_assets.sandbox.wire.pairs import MICROSECOND, Tapes

_PATH = re.compile(
    r"(?P<period>monthly|daily)/(?P<kind>klines/(?P<pair>[A-Z0-9]+)/(?P<interval>\w+)|(?:trades|aggTrades)/(?P<traded>[A-Z0-9]+))"
    r"/(?P<file>[A-Za-z0-9]+-\w+-(?P<date>\d{4}-\d\d(?:-\d\d)?))\.zip(?P<checksum>\.CHECKSUM)?"
)
_ABSENT = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    "<Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message><Key>{}</Key></Error>"
)
_EVER = 31 * 86_400  # seconds of a month, the most candles there are in a file


class Archive:
    """The files of the pairs that are published by now: a day's on the next day, a month's on the first Monday of the next month."""

    def __init__(self, book: Book, tapes: Tapes) -> None:
        self._book = book
        self._tapes = tapes

    async def file(self, request: web.Request) -> web.Response:
        """The zip or the CHECKSUM at a path; 404 as the archive's storage says it."""
        path = request.match_info["path"]
        match = _PATH.fullmatch(path)
        made = self._made(match) if match else None
        if match is None or made is None:
            return web.Response(body=_ABSENT.format(f"data/spot/{path}").encode(), status=404, content_type="application/xml")
        if match["checksum"]:
            made = f"{hashlib.sha256(made).hexdigest()}  {match['file']}.zip\n".encode()
        return web.Response(body=made, content_type="binary/octet-stream" if match["checksum"] else "application/zip")

    def _made(self, match: re.Match[str]) -> bytes | None:
        name = match["kind"].partition("/")[0]
        pair = match["pair"] or match["traded"]
        symbol = next((one for one in self._book.symbols("crypto") if binance_vision.spelled(one) == pair), None)
        span = _span(match["period"], match["date"])
        kind = match["interval"] if name == "klines" else name
        if symbol is None or span is None or match["file"] != f"{pair}-{kind}-{match['date']}" or self._book.at < _published(*span):
            return None
        rows = self._klines(symbol, match, span) if name == "klines" else self._trades(symbol, name, span)
        return None if rows is None or not rows.height else zipped(f"{match['file']}.csv", _csv(rows))

    def _klines(self, symbol: str, match: re.Match[str], span: tuple[datetime, datetime]) -> pl.DataFrame | None:
        interval = "1M" if match["interval"] == "1mo" else match["interval"]
        kind = INTERVALS.get(interval)
        too_long = match["period"] == "daily" and (kind is None or kind.span is None or kind.span > timedelta(days=1))
        if kind is None or match["interval"] == "1M" or too_long:
            return None
        bars = klines(self._book, self._tapes, symbol, interval, (span[0], span[1] - MICROSECOND), _EVER)
        return binance_vision.rows(bars, kind.every, _unit(span[0]))

    def _trades(self, symbol: str, kind: str, span: tuple[datetime, datetime]) -> pl.DataFrame:
        tape = self._tapes.between(symbol, *span)
        number, price, amount = pl.col("id"), pl.col("price"), pl.col("quantity")
        maker = pl.when(pl.col("side") == "sell").then(pl.lit("True")).otherwise(pl.lit("False")).alias("is_buyer_maker")
        time = pl.col("timestamp").dt.epoch(_unit(span[0]))
        best = pl.lit("True").alias("is_best_match")
        if kind == "trades":
            return tape.select(number, price, amount, (price * amount).alias("quote"), time, maker, best)
        return tape.select(number, price, amount, number.alias("first_id"), number.alias("last_id"), time, maker, best)


def _csv(rows: pl.DataFrame) -> bytes:
    return rows.write_csv(include_header=False, float_precision=8).encode()


def _unit(start: datetime) -> Literal["us", "ms"]:
    return "us" if f"{start:%Y-%m}" >= binance_vision.MICROSECONDS_FROM else "ms"


def _span(period: str, text: str) -> tuple[datetime, datetime] | None:
    """The month or day that a file is of."""
    try:
        if period == "daily":
            day = midnight(date.fromisoformat(text))
            return day, day + timedelta(days=1)
        first = datetime.strptime(text, "%Y-%m").replace(tzinfo=UTC)
    except ValueError:
        return None
    return first, (first + timedelta(days=31)).replace(day=1)


def _published(start: datetime, end: datetime) -> datetime:
    if end - start == timedelta(days=1):
        return end
    return end + timedelta(days=-end.weekday() % 7)
