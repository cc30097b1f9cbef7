"""Polygon's bars as they were traded: of one ticker over a span, and of one day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any, NotRequired, TypedDict

import polars as pl

from marketdata_assets.core.periods import Window
from marketdata_assets.core.sessions import calendar
from marketdata_assets.sources.question import Question
from marketdata_assets.sources.request import Request
from marketdata_assets.sources.row_models import read_rows
from marketdata_assets.sources.vendors.polygon.api import AGGREGATES, GROUPED, OPEN_CLOSE, PREVIOUS
from marketdata_assets.sources.vendors.polygon.rows import instant, results, unadjusted
from marketdata_assets.sources.windows import epoch, last_instant, session_midnight

LENGTHS = {
    **{f"{minutes}m": (str(minutes), "minute") for minutes in (1, 5, 15, 30)},
    "1h": ("1", "hour"),
    "1d": ("1", "day"),
}
_MILLISECOND, _DAY = timedelta(milliseconds=1), timedelta(days=1)


class Aggregate(TypedDict):
    """A bar: start in milliseconds, prices, volume (a fraction, often with an exponent), and as it has them trades and vwap."""

    t: int
    o: float
    h: float
    l: float  # noqa: E741 -- the vendor's name
    c: float
    v: float
    n: NotRequired[int | None]
    vw: NotRequired[float | None]


class TickerAggregate(Aggregate):
    """A bar that names its ticker."""

    T: str


OpenClose = TypedDict(
    "OpenClose",
    {"from": str, "symbol": str, "open": float, "high": float, "low": float, "close": float, "volume": float},
)


def ask_bars(question: Question) -> Sequence[Request]:
    """One request for the bars of one ticker. Both ends are inclusive at the vendor: dates for days, milliseconds within them."""
    window, last = question.span, last_instant(question.span, _MILLISECOND)
    multiplier, timespan = LENGTHS[question.length.name]
    if question.length.intraday:
        start, end = str(epoch(window.start, "ms")), str(epoch(last, "ms"))
    else:
        start, end = window.start.date().isoformat(), last.date().isoformat()
    return [AGGREGATES.request(ticker=question.symbol, multiplier=multiplier, timespan=timespan, start=start, end=end)]


def read_bars(document: Any, question: Question) -> pl.DataFrame:
    """Bars as sent, labelled by their start; a daily bar, stamped midnight New York, by the date of its session.

    `SchemaChanged` when the answer says that it is adjusted for splits.
    """
    unadjusted(document)
    rows = read_rows(results(document), Aggregate)
    return _bars(rows, pl.lit(document.get("ticker") or question.symbol), daily=not question.length.intraday)


def ask_grouped(question: Question) -> Sequence[Request]:
    """One request a session of the window, for every ticker there is."""
    return [GROUPED.request(date=day.isoformat()) for day in _sessions(question.span)]


def ask_previous(question: Question) -> Sequence[Request]:
    """One request for the newest complete day of one ticker."""
    return [PREVIOUS.request(ticker=question.symbol)]


def read_days(document: Any, question: Question) -> pl.DataFrame:  # noqa: ARG001 (the shape of every reader)
    """Daily bars that name their tickers, stamped at their close, by the date of their session; `SchemaChanged` when they are adjusted."""
    unadjusted(document)
    return _bars(read_rows(results(document), TickerAggregate), pl.col("T"), daily=True)


def ask_open_close(question: Question) -> Sequence[Request]:
    """One request a session of the window; the vendor answers 404 for a day without trading."""
    return [OPEN_CLOSE.request(ticker=question.symbol, date=day.isoformat()) for day in _sessions(question.span)]


def read_open_close(document: Any, question: Question) -> pl.DataFrame:  # noqa: ARG001 (the shape of every reader)
    """One day of one ticker, without its trades before and after hours. Unlike other answers it does not say whether it is adjusted."""
    return read_rows([document], OpenClose).select(
        pl.col("symbol").alias("vendor_symbol"),
        pl.col("from").str.to_datetime("%Y-%m-%d", time_unit="us", time_zone="UTC").alias("timestamp"),
        *("open", "high", "low", "close", "volume", "line"),
    )


def _bars(rows: pl.DataFrame, ticker: pl.Expr, *, daily: bool) -> pl.DataFrame:
    at = instant("t", "ms")
    return rows.select(
        ticker.alias("vendor_symbol"),
        (session_midnight(at) if daily else at).alias("timestamp"),
        pl.col("o").alias("open"),
        pl.col("h").alias("high"),
        pl.col("l").alias("low"),
        pl.col("c").alias("close"),
        pl.col("v").alias("volume"),
        pl.col("vw").alias("vwap"),
        pl.col("n").alias("trade_count"),
        "line",
    )


def _sessions(window: Window) -> list[date]:
    """Days of the window on which New York's exchanges open."""
    exchange = calendar("XNYS")
    return exchange.sessions(*exchange.clip(window.start.date(), last_instant(window).date() + _DAY))["session"].to_list()
