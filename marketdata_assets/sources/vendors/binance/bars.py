"""Binance's candles as raw bars."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import polars as pl

from marketdata_assets.sources.question import Question
from marketdata_assets.sources.request import Request
from marketdata_assets.sources.row_models import read_rows
from marketdata_assets.sources.vendors.binance.api import KLINES
from marketdata_assets.sources.vendors.binance.rows import Kline
from marketdata_assets.sources.windows import epoch, instants, last_instant

TIMEFRAMES = ("1m", "5m", "15m", "30m", "1h", "4h", "12h", "1d")
MILLISECOND = timedelta(milliseconds=1)


def ask_bars(question: Question) -> Sequence[Request]:
    """The candles that open in the window: one request, in pages of 1000; Binance's bar lengths are called like ours."""
    window = question.span
    if window.end == window.start:
        return []
    params = {"startTime": epoch(window.start, "ms"), "endTime": epoch(last_instant(window, MILLISECOND), "ms")}
    return [KLINES.request({"symbol": question.symbol, "interval": question.length.name, **params})]


def read_bars(document: Any, question: Question) -> pl.DataFrame:
    """The candles of one page in their order, the running one included; volume in coins of the base.

    Minutes without a trade are flat candles of volume 0, minutes of an outage are absent. Prices are the doubles nearest to the texts.
    """
    if not isinstance(document, list):
        raise TypeError(f"a list of candles was expected, not {type(document).__name__}")
    rows = read_rows(document, Kline)
    return rows.select(
        pl.lit(question.symbol).alias("vendor_symbol"),
        instants(rows["opens"], "ms", from_year=2017).alias("timestamp"),
        pl.col("open", "high", "low", "close", "volume").cast(pl.Float64),
        pl.col("trades").alias("trade_count"),
        "line",
    )
