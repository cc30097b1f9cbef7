"""Historical bars and ticks of Interactive Brokers: what is asked of TWS, and the documents of its answers as rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from marketdata_assets.sources.api import Endpoint
from marketdata_assets.sources.question import Question
from marketdata_assets.sources.request import Request
from marketdata_assets.sources.row_models import read_rows
from marketdata_assets.sources.vendors.ibkr.api import BARS, QUOTES, TICKS, TRADES
from marketdata_assets.sources.vendors.ibkr.moments import moment
from marketdata_assets.sources.vendors.ibkr.rows import Bar, Day, Quote, Trade
from marketdata_assets.sources.windows import epoch

# What TWS calls a bar length, and the longest duration it allows for it, with the days that this covers for certain.
LENGTHS = {
    "1m": ("1 min", "1 D", 1),
    "5m": ("5 mins", "1 W", 7),
    "15m": ("15 mins", "1 W", 7),
    "30m": ("30 mins", "1 M", 28),
    "1h": ("1 hour", "1 M", 28),
    "4h": ("4 hours", "1 M", 28),
    "1d": ("1 day", "1 Y", 365),
}
EASTERN = ZoneInfo("America/New_York")
_PRICES = ("open", "high", "low", "close")


def ask_bars(question: Question) -> Sequence[Request]:
    """Requests that end at midnight in New York, so that each holds whole days; the bars come split-adjusted (TRADES)."""
    size, duration, days = LENGTHS[question.length.name]
    first, last = _day(question.span.start), _day(question.span.end - timedelta(microseconds=1))
    count = -(-((last - first).days + 1) // days)
    ends = [min(first + timedelta(days=days * (at + 1)), last + timedelta(days=1)) for at in range(count)]
    given = {**_contract(question), "barSizeSetting": size, "durationStr": duration, "useRTH": _regular(question)}
    return [BARS.request({**given, "endDateTime": _midnight(end)}) for end in ends]


def read_bars(document: Any, question: Question) -> pl.DataFrame:
    """Bars by the start of each, a day by its date; no volume and no mean price where TWS writes -1. None where it has no data."""
    day = not question.length.intraday
    told = read_rows(document["bars"], Day if day else Bar)
    at = pl.col("date").str.to_datetime("%Y%m%d", time_unit="us", time_zone="UTC") if day else _instant("date")
    return told.select(
        pl.lit(question.symbol).alias("vendor_symbol"),
        at.alias("timestamp"),
        *_PRICES,
        _known("volume"),
        _known("average").alias("vwap"),
        _known("barCount").alias("trade_count"),
        "line",
    )


def ask_trades(question: Question) -> Sequence[Request]:
    """One request from the start of the window on, its pages not counted."""
    return _ask_ticks(TRADES, question)


def read_trades(document: Any, question: Question) -> pl.DataFrame:
    """Trades to the second, a full page without its last second, which the next page repeats."""
    told = _whole_seconds(read_rows(document["ticks"], Trade))
    return told.select(
        pl.lit(question.symbol).alias("vendor_symbol"),
        _instant("time").alias("timestamp"),
        "price",
        pl.col("size").alias("quantity"),
        _said("exchange"),
        _said("specialConditions").str.replace_all(" ", ",").alias("conditions"),
        "line",
    )


def ask_quotes(question: Question) -> Sequence[Request]:
    """One request from the start of the window on, its pages not counted; each counts twice."""
    return _ask_ticks(QUOTES, question)


def read_quotes(document: Any, question: Question) -> pl.DataFrame:
    """Bid and ask to the second, a side of price 0 or less null; a full page without its last second, which the next page repeats."""
    told = _whole_seconds(read_rows(document["ticks"], Quote))
    sides = []
    for ours, theirs in (("bid", "Bid"), ("ask", "Ask")):
        there = pl.col(f"price{theirs}") > 0
        sides += [pl.when(there).then(pl.col(f"{what}{theirs}")).alias(f"{ours}_{what}") for what in ("price", "size")]
    return told.select(pl.lit(question.symbol).alias("vendor_symbol"), _instant("time").alias("timestamp"), *sides, "line")


def _ask_ticks(endpoint: Endpoint, question: Question) -> Sequence[Request]:
    window = question.span
    start = moment(epoch(window.start, "s"))
    request = endpoint.request({**_contract(question), "startDateTime": start, "numberOfTicks": TICKS, "useRth": _regular(question)})
    return [replace(request, until=-(-epoch(window.end, "us") // 1_000_000))]


def _contract(question: Question) -> Mapping[str, str | None]:
    """`META/NASDAQ` names the primary exchange of an ambiguous symbol."""
    symbol, _, primary = question.symbol.partition("/")
    return {"symbol": symbol, "primaryExchange": primary or None}


def _regular(question: Question) -> int:
    return 0 if question.options.get("hours", "regular") == "all" else 1


def _whole_seconds(ticks: pl.DataFrame) -> pl.DataFrame:
    if ticks.height < TICKS or ticks["time"][0] == ticks["time"][-1]:
        return ticks
    return ticks.filter(pl.col("time") < ticks["time"][-1])


def _day(instant: datetime) -> date:
    return instant.astimezone(EASTERN).date()


def _midnight(day: date) -> str:
    return moment(epoch(datetime.combine(day, time(), EASTERN).astimezone(UTC), "s"))


def _instant(name: str) -> pl.Expr:
    return pl.from_epoch(name, time_unit="s").cast(pl.Datetime("us")).dt.replace_time_zone("UTC")


def _known(name: str) -> pl.Expr:
    return pl.when(pl.col(name) >= 0).then(pl.col(name))


def _said(name: str) -> pl.Expr:
    return pl.when(pl.col(name).str.strip_chars() != "").then(pl.col(name).str.strip_chars())
