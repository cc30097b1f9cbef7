"""Polygon's bars as they were traded, over REST: of one ticker over a span, and of every ticker on one day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import polars as pl

from marketdata_assets.sources.question import Question
from marketdata_assets.sources.request import Request
from marketdata_assets.sources.row_models import read_rows
from marketdata_assets.sources.vendors.polygon.api import AGGREGATES
from marketdata_assets.sources.vendors.polygon.rows import Aggregate, instant, results, unadjusted
from marketdata_assets.sources.windows import epoch, last_instant, session_midnight

LENGTHS = {
    "1m": ("1", "minute"),
    "5m": ("5", "minute"),
    "15m": ("15", "minute"),
    "30m": ("30", "minute"),
    "1h": ("1", "hour"),
    "1d": ("1", "day"),
}
_MILLISECOND = timedelta(milliseconds=1)


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
    rows = read_rows(results(document), Aggregate).with_columns(pl.lit(document.get("ticker") or question.symbol).alias("vendor_symbol"))
    return bars(rows, question)


def bars(rows: pl.DataFrame, question: Question) -> pl.DataFrame:
    """Rows of `Aggregate` under the names of the table."""
    at = instant("t", "ms")
    return rows.select(
        "vendor_symbol",
        (at if question.length.intraday else session_midnight(at)).alias("timestamp"),
        pl.col("o").alias("open"),
        pl.col("h").alias("high"),
        pl.col("l").alias("low"),
        pl.col("c").alias("close"),
        pl.col("v").alias("volume"),
        pl.col("vw").alias("vwap"),
        pl.col("n").alias("trade_count"),
        "line",
    )
