"""Alpaca's bars: of stocks as they were traded, on the tape that is asked for, and of coins on its own venue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from marketdata_assets.sources.question import Question
from marketdata_assets.sources.request import Request
from marketdata_assets.sources.vendors.alpaca.api import NAME, STOCK_BARS
from marketdata_assets.sources.vendors.alpaca.rows import Bar, instant, under_symbols
from marketdata_assets.sources.windows import last_instant, rfc3339, session_midnight

LENGTHS = {"1m": "1Min", "5m": "5Min", "15m": "15Min", "30m": "30Min", "1h": "1Hour", "1d": "1Day"}
SIP = "sip"


def feed(options: Mapping[str, str]) -> str:
    """The tape that history is read from; the consolidated one where nothing else is asked for."""
    return options.get("feed") or SIP


def tape(options: Mapping[str, str]) -> str:
    """The tape as it is recorded with every row: `alpaca sip`, `alpaca iex`."""
    return f"{NAME} {feed(options)}"


def ask_stock_bars(question: Question) -> Sequence[Request]:
    """One request for unadjusted bars of all symbols. `end` is inclusive at the vendor: the last second of the window is sent.

    `asof` is left to the vendor, to whom it means today: a symbol brings the company's bars under its older names, too.
    """
    window = question.span
    params = {
        "symbols": ",".join(question.symbols),
        "timeframe": LENGTHS[question.length.name],
        "start": rfc3339(window.start),
        "end": rfc3339(last_instant(window)),
        "adjustment": "raw",
        "feed": feed(question.options),
        "asof": question.options.get("asof") or None,
    }
    return [STOCK_BARS.request(params)]


def read_stock_bars(document: Any, question: Question) -> pl.DataFrame:
    """Bars as sent, labelled by their start; a daily bar, stamped midnight New York, by the date of its session."""
    rows = under_symbols(document, "bars", Bar)
    at = instant("t")
    return bars(rows, at if question.length.intraday else session_midnight(at))


def bars(rows: pl.DataFrame, at: pl.Expr) -> pl.DataFrame:
    """Rows of `Bar` under the names of the table."""
    return rows.select(
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
