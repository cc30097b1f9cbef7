"""Alpha Vantage's bars: daily as traded, daily with its own adjustments beside them, and intraday by calendar month."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from marketdata_assets.core.sessions import calendar
from marketdata_assets.sources.api import Endpoint
from marketdata_assets.sources.errors import NotEntitled
from marketdata_assets.sources.question import Question
from marketdata_assets.sources.request import Request
from marketdata_assets.sources.row_models import read_rows
from marketdata_assets.sources.vendors.alphavantage import api
from marketdata_assets.sources.vendors.alphavantage.rows import EASTERN, Bar, series

INTERVALS = {"1m": "1min", "5m": "5min", "15m": "15min", "30m": "30min", "1h": "60min"}
COMPACT_ROWS = 100
_DAILY = "Time Series (Daily)"
_NUMBERS = {"open": "open", "high": "high", "low": "low", "close": "close", "volume": "volume"}
_ADJUSTED = {"adj_close": "adjusted_close", "dividend": "dividend_amount", "split_ratio": "split_coefficient"}


def ask_daily(question: Question) -> Sequence[Request]:
    """One request for the whole series: the vendor takes no dates."""
    return _ask_series(api.DAILY, question, "full")


def read_daily(document: Any, question: Question) -> pl.DataFrame:
    """Daily bars as traded, each at midnight UTC of its session date."""
    symbol, rows = series(document, _DAILY, question.symbol)
    return _read(symbol, rows, {}, _session())


def ask_recent(question: Question) -> Sequence[Request]:
    """One request for the last 100 rows of the series."""
    return _ask_series(api.DAILY, question, "compact")


def read_recent(document: Any, question: Question) -> pl.DataFrame:
    """The same of the last 100 sessions.

    `NotEntitled` when these begin after the window does: the sessions in between exist, but were not sent.
    """
    bars = read_daily(document, question)
    if bars.height >= COMPACT_ROWS:
        _require_reach(bars, question)
    return bars


def ask_adjusted(question: Question) -> Sequence[Request]:
    """One request for the whole series."""
    return _ask_series(api.DAILY_ADJUSTED, question, "full")


def read_adjusted(document: Any, question: Question) -> pl.DataFrame:
    """Daily bars as traded with the vendor's adjusted close, its dividend on the ex-date and its split coefficient (1 for none)."""
    symbol, rows = series(document, _DAILY, question.symbol)
    return _read(symbol, rows, _ADJUSTED, _session())


def ask_intraday(question: Question) -> Sequence[Request]:
    """One request a calendar month of New York that the window touches."""
    hours = question.options.get("extended_hours", "true")
    given = {"symbol": question.symbol, "interval": INTERVALS[question.length.name], "outputsize": "full", "extended_hours": hours}
    return [api.INTRADAY.request({**given, "month": month}) for month in _months(question)]


def read_intraday(document: Any, question: Question) -> pl.DataFrame:
    """Bars as traded by the start of each; the vendor writes New York's wall time."""
    symbol, rows = series(document, f"Time Series ({INTERVALS[question.length.name]})", question.symbol)
    local = pl.col("timestamp").str.to_datetime("%Y-%m-%d %H:%M:%S", time_unit="us")
    return _read(symbol, rows, {}, local.dt.replace_time_zone(EASTERN).dt.convert_time_zone("UTC"))


def _ask_series(endpoint: Endpoint, question: Question, size: str) -> Sequence[Request]:
    return [endpoint.request({"symbol": symbol, "outputsize": size}) for symbol in question.symbols]


def _read(symbol: str, rows: list[dict[str, Any]], more: dict[str, str], at: pl.Expr) -> pl.DataFrame:
    """`more` are the columns beyond the plain ones, which must be there."""
    told = read_rows(rows, Bar)
    if lacking := [word for word in more.values() if told[word].null_count()]:
        raise KeyError(f"a row has no {', '.join(lacking)}")
    return told.select(
        pl.lit(symbol).alias("vendor_symbol"),
        at.alias("timestamp"),
        *(pl.col(word).cast(pl.Float64).alias(name) for name, word in {**_NUMBERS, **more}.items()),
        "line",
    )


def _session() -> pl.Expr:
    return pl.col("timestamp").str.to_datetime("%Y-%m-%d", time_unit="us").dt.replace_time_zone("UTC")


def _require_reach(bars: pl.DataFrame, question: Question) -> None:
    first: datetime = bars.select(pl.col("timestamp").min()).item()
    start, end = question.span.start, min(first, question.span.end)
    exchange = calendar("XNYS")
    missing = exchange.sessions(*exchange.clip(_day(start), _day(end))).height
    if missing:
        raise NotEntitled(
            f"reading the daily bars of {question.symbol}",
            f"the free plan has the last {bars.height} sessions, back to {first.date()}: {missing} of the window are missing",
            "ask for a later window, or take a premium plan",
        )


def _day(instant: datetime) -> date:
    """The first day whose midnight is not before `instant`."""
    whole = instant.astimezone(UTC)
    return whole.date() if whole.time() == datetime.min.time() else whole.date() + timedelta(days=1)


def _months(question: Question) -> list[str]:
    zone = ZoneInfo(EASTERN)
    first = question.span.start.astimezone(zone)
    last = (question.span.end - timedelta(microseconds=1)).astimezone(zone)
    numbers = range(first.year * 12 + first.month - 1, last.year * 12 + last.month)
    return [f"{number // 12:04d}-{number % 12 + 1:02d}" for number in numbers]
