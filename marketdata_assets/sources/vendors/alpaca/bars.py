"""Alpaca's bars: of stocks as they were traded, of options, and of coins on Alpaca's own venue."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl

from marketdata_assets.sources.question import Question
from marketdata_assets.sources.request import Request
from marketdata_assets.sources.vendors.alpaca.api import COIN_BARS, OPTION_BARS, STOCK_BARS
from marketdata_assets.sources.vendors.alpaca.asking import FEED, LOCATION, asof, bar_span, chosen, listed
from marketdata_assets.sources.vendors.alpaca.rows import Bar, instant, under_symbols
from marketdata_assets.sources.windows import session_midnight

LENGTHS = {"1m": "1Min", "5m": "5Min", "15m": "15Min", "30m": "30Min", "1h": "1Hour", "1d": "1Day"}
COIN_LENGTHS = ("1m", "5m", "15m", "30m", "1h")


def ask_stock_bars(question: Question) -> Sequence[Request]:
    """One request for unadjusted bars of all symbols on the chosen tape."""
    params = {
        "symbols": listed(question),
        "timeframe": LENGTHS[question.length.name],
        **bar_span(question.span, question.length),
        "adjustment": "raw",
        FEED: chosen(question.options, FEED),
        "asof": asof(question.options),
    }
    return [STOCK_BARS.request(params)]


def ask_option_bars(question: Question) -> Sequence[Request]:
    """One request for bars of all contracts."""
    params = {"symbols": listed(question), "timeframe": LENGTHS[question.length.name], **bar_span(question.span, question.length)}
    return [OPTION_BARS.request(params)]


def ask_coin_bars(question: Question) -> Sequence[Request]:
    """One request for bars of all pairs on the chosen venue."""
    params = {"symbols": listed(question), "timeframe": LENGTHS[question.length.name], **bar_span(question.span, question.length)}
    return [COIN_BARS.request(params, location=chosen(question.options, LOCATION))]


def read_bars(document: Any, question: Question) -> pl.DataFrame:
    """Bars as sent, labelled by their start; a daily bar, stamped midnight New York, by the date of its session."""
    return _bars(document, instant("t") if question.length.intraday else session_midnight(instant("t")))


def read_minutes(document: Any, question: Question) -> pl.DataFrame:  # noqa: ARG001 (the shape of every reader)
    """The newest minute bar of each symbol, labelled by its start; it may still be forming."""
    return _bars(document, instant("t"))


def _bars(document: Any, at: pl.Expr) -> pl.DataFrame:
    return under_symbols(document, "bars", Bar).select(
        "vendor_symbol",
        at.alias("timestamp"),
        pl.col("o").alias("open"),
        pl.col("h").alias("high"),
        pl.col("l").alias("low"),
        pl.col("c").alias("close"),
        pl.col("v").alias("volume"),
        pl.col("vw").alias("vwap"),
        pl.col("n").alias("trade_count"),
        "line",
    )
