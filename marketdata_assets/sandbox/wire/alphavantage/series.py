"""Alpha Vantage's time series: daily, daily adjusted, intraday."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
from aiohttp import web

from marketdata_assets.sandbox.standing import NEW_YORK
from marketdata_assets.sandbox.wire.adjusting import paid_factor, paid_factors, split_adjusted, split_factor
from marketdata_assets.sandbox.wire.alphavantage.words import csv, invalid_call, known, pretty, says, wants_csv
from marketdata_assets.sandbox.wire.book import Book
from marketdata_assets.sandbox.wire.protocol import Protocol, Refused

_INTERVALS = {"1min": "1m", "5min": "5m", "15min": "15m", "30min": "30m", "60min": "1h"}
_PRICES = ("open", "high", "low", "close")
_COMPACT = 100
_FULL_INTRADAY = timedelta(days=30)


class Series:
    """The functions that answer with bars, newest first."""

    def __init__(self, protocol: Protocol, book: Book) -> None:
        self._protocol = protocol
        self._book = book

    def functions(self) -> dict[str, Callable[[web.Request], Awaitable[web.Response]]]:
        """The functions by name."""
        return {
            "TIME_SERIES_DAILY": self.daily,
            "TIME_SERIES_DAILY_ADJUSTED": self.adjusted,
            "TIME_SERIES_INTRADAY": self.intraday,
        }

    async def daily(self, request: web.Request) -> web.Response:
        """Raw daily bars: the last 100, or all of them."""
        symbol, full = self._asked(request)
        if full and request.query.get("apikey", "").startswith("free"):
            raise Refused(_premium(request, "The outputsize=full parameter value is a premium feature for the TIME_SERIES_DAILY endpoint."))
        rows = _days(self._newest(symbol, full=full)).select("timestamp", *(_price(name) for name in _PRICES), _volume())
        about = "Daily Prices (open, high, low, close) and Volumes"
        return _written(request, rows, "Time Series (Daily)", [("Information", about), *self._meta(request, rows, full=full)])

    async def adjusted(self, request: web.Request) -> web.Response:
        """Raw daily bars with the close adjusted for splits and dividends, and these."""
        symbol, full = self._asked(request)
        if request.query.get("apikey", "").startswith("free"):
            raise Refused(_premium(request, "This is a premium endpoint."))
        whole = self._book.all_bars(self._protocol.name, symbol, "1d")
        factor = paid_factor(paid_factors(whole)) / split_factor(self._book.splits(symbol))
        bars = self._newest(symbol, full=full).with_columns(adjusted=pl.col("close") * factor)
        rows = _days(bars).select(
            "timestamp",
            *(pl.col(name).cast(pl.String) for name in _PRICES),
            pl.col("adjusted").cast(pl.String).alias("adjusted close"),
            _volume(),
            _fixed("dividend", 4).alias("dividend amount"),
            _fixed("split_ratio", 1).alias("split coefficient"),
        )
        about = "Daily Time Series with Splits and Dividend Events"
        return _written(request, rows, "Time Series (Daily)", [("Information", about), *self._meta(request, rows, full=full)])

    async def intraday(self, request: web.Request) -> web.Response:
        """Bars of a month, or of the last days, by the wall clock of New York; adjusted unless asked otherwise."""
        interval = request.query.get("interval", "")
        if interval not in _INTERVALS:
            raise invalid_call("TIME_SERIES_INTRADAY")
        symbol, full = self._asked(request)
        start, end = self._month(request)
        if start is None and full:
            start = self._book.at - _FULL_INTRADAY
        bars = self._book.bars(self._protocol.name, symbol, _INTERVALS[interval], start, end)
        if request.query.get("adjusted", "true") != "false":
            bars = split_adjusted(bars, self._book.splits(symbol))
        bars = (bars if full else bars.tail(_COMPACT)).reverse()
        local = pl.col("timestamp").dt.convert_time_zone("America/New_York").dt.strftime("%Y-%m-%d %H:%M:%S").alias("timestamp")
        rows = bars.select(local, *(_price(name) for name in _PRICES), _volume())
        meta = self._meta(request, rows, full=full)
        about = f"Intraday ({interval}) open, high, low, close prices and volume"
        return _written(request, rows, f"Time Series ({interval})", [("Information", about), *meta[:2], ("Interval", interval), *meta[2:]])

    def _asked(self, request: web.Request) -> tuple[str, bool]:
        symbol, size = known(self._protocol, self._book, request), request.query.get("outputsize", "compact")
        if symbol is None or size not in ("compact", "full"):
            raise invalid_call(request.query["function"])
        return symbol, size == "full"

    def _newest(self, symbol: str, *, full: bool) -> pl.DataFrame:
        """The bars newest first; rows of one day keep their order."""
        bars = self._book.bars(self._protocol.name, symbol, "1d")
        ordered = bars.sort("timestamp", descending=True, maintain_order=True)
        return ordered if full else ordered.head(_COMPACT)

    def _month(self, request: web.Request) -> tuple[datetime | None, datetime | None]:
        month = request.query.get("month")
        if month is None:
            return None, None
        match = re.fullmatch(r"(\d{4})-(0[1-9]|1[0-2])", month)
        if match is None or int(match[1]) < 2000:
            raise invalid_call("TIME_SERIES_INTRADAY")
        year, number = int(match[1]), int(match[2])
        first = datetime(year, number, 1, tzinfo=NEW_YORK)
        last = datetime(year, number, monthrange(year, number)[1], tzinfo=NEW_YORK) + timedelta(days=1)
        return first.astimezone(UTC), last.astimezone(UTC)

    def _meta(self, request: web.Request, rows: pl.DataFrame, *, full: bool) -> list[tuple[str, str]]:
        return [
            ("Symbol", request.query.get("symbol", "").upper()),
            ("Last Refreshed", rows["timestamp"][0] if rows.height else f"{self._book.today}"),
            ("Output Size", "Full size" if full else "Compact"),
            ("Time Zone", "US/Eastern"),
        ]


def _written(request: web.Request, rows: pl.DataFrame, title: str, meta: list[tuple[str, str]]) -> web.Response:
    """The series as CSV, or as JSON whose keys are numbered; there, a time stands once."""
    if wants_csv(request):
        return csv(rows.rename(lambda name: name.replace(" ", "_")))
    names = [name for name in rows.columns if name != "timestamp"]
    numbered = {name: f"{n}. {name}" for n, name in enumerate(names, start=1)}
    once = rows.unique("timestamp", keep="first", maintain_order=True).rename(numbered)
    stamps = once["timestamp"].to_list()
    texts = once.drop("timestamp").cast(pl.String).to_dicts()
    document: dict[str, Any] = {"Meta Data": {f"{n}. {key}": value for n, (key, value) in enumerate(meta, start=1)}}
    return pretty({**document, title: dict(zip(stamps, texts, strict=True))})


def _premium(request: web.Request, why: str) -> web.Response:  # noqa: ARG001 - read beside the others
    offer = "You may subscribe to any of the premium plans at https://www.alphavantage.co/premium/ to instantly unlock all premium features"
    return says("Information", f"Thank you for using Alpha Vantage! {why} {offer}")


def _days(bars: pl.DataFrame) -> pl.DataFrame:
    return bars.with_columns(pl.col("timestamp").dt.strftime("%Y-%m-%d"))


def _price(name: str) -> pl.Expr:
    return _fixed(name, 4).alias(name)


def _fixed(name: str, decimals: int) -> pl.Expr:
    """A number as a text with so many decimals."""
    return pl.col(name).map_elements(lambda value: f"{value:.{decimals}f}", return_dtype=pl.String)


def _volume() -> pl.Expr:
    return pl.col("volume").round().cast(pl.Int64)
