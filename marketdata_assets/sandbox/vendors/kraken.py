"""Kraken's downloadable OHLCVT CSV: a file for each pair and interval, seconds, no header, no row where nothing traded."""

from __future__ import annotations

from datetime import timedelta

import polars as pl

from marketdata_assets.sandbox.vendors.file import File

SOURCE = "kraken"


def path(symbol: str, length: timedelta) -> str:
    """The file of a pair, with the interval in minutes."""
    return f"{symbol.replace('-', '')}_{int(length.total_seconds()) // 60}.csv"


def ohlcvt(symbol: str, length: timedelta, bars: pl.DataFrame) -> File:
    """`bars`: timestamp, open, high, low, close, volume, trade_count."""
    rows = bars.filter(pl.col("trade_count") > 0).select(
        pl.col("timestamp").dt.epoch("s"), "open", "high", "low", "close", "volume", "trade_count"
    )
    return File(SOURCE, path(symbol, length), rows.write_csv(include_header=False).encode())
