"""Kraken's candles as raw bars."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import polars as pl

from marketdata_assets.core.timeframes import timeframe
from marketdata_assets.sources.errors import NotFound
from marketdata_assets.sources.question import Question
from marketdata_assets.sources.request import Request
from marketdata_assets.sources.row_models import read_rows
from marketdata_assets.sources.vendors.kraken.api import CANDLES, OHLC
from marketdata_assets.sources.vendors.kraken.pairs import one_pair
from marketdata_assets.sources.vendors.kraken.rows import Candle
from marketdata_assets.sources.windows import epoch, instants

MINUTES = {"1m": 1, "5m": 5, "15m": 15, "30m": 30, "1h": 60, "4h": 240, "1d": 1440}
_SPARE = 20  # candles kept back, since the oldest ones fall out of reach while requests wait their turn


def reach(length: str) -> timedelta:
    """How far back candles of a length can be asked for."""
    return (CANDLES - _SPARE) * timeframe(length).duration


def ask_bars(question: Question) -> Sequence[Request]:
    """One request from the window's start on: Kraken takes no end, and answers with all candles up to now, 720 at most."""
    window = question.span
    if window.end == window.start:
        return []
    # Whether `since` is inclusive is not documented; the second before the start does for both.
    since = epoch(window.start, "s") - 1
    return [OHLC.request({"pair": question.symbol, "interval": MINUTES[question.length.name], "since": since})]


def read_bars(document: Any, question: Question) -> pl.DataFrame:
    """The candles of the answer, oldest first, the running one last; volume in coins of the base.

    Intervals without a trade are flat candles of volume 0 at the last price; their vwap, sent as 0.0, is null. `NotFound` when the window
    starts before the 720 newest candles: what is missing there exists, and is not to be had from this interface.
    """
    symbol, answered = one_pair(document, question)
    rows = read_rows(answered, Candle)
    frame = rows.select(
        pl.lit(symbol).alias("vendor_symbol"),
        instants(rows["starts"], "s", from_year=2011).alias("timestamp"),
        pl.col("open", "high", "low", "close", "volume").cast(pl.Float64),
        pl.when(pl.col("trades") > 0).then(pl.col("vwap").cast(pl.Float64)).alias("vwap"),
        pl.col("trades").alias("trade_count"),
        "line",
    )
    _require_reach(frame, question)
    return frame


def _require_reach(frame: pl.DataFrame, question: Question) -> None:
    first = frame["timestamp"].min()
    if frame.height < CANDLES or not isinstance(first, datetime) or first - question.span.start < question.length.duration:
        return
    raise NotFound(
        f"asking kraken for {question.length.name} bars of {question.symbol} from {question.span.start:%Y-%m-%d %H:%M}",
        f"its {CANDLES} newest candles begin at {first:%Y-%m-%d %H:%M} UTC, older ones are not served",
        "start the window later, land Kraken's downloadable OHLCVT files for older bars, or take longer bars",
    )
