"""Alpha Vantage's raw daily CSV: one file a ticker, newest row first, four decimals."""

from __future__ import annotations

import polars as pl

from marketdata_assets.sandbox.vendors.file import File

SOURCE = "alphavantage"


def path(symbol: str) -> str:
    """The file of a ticker, share classes after a hyphen."""
    return f"daily_{symbol.replace('.', '-')}.csv"


def daily(symbol: str, bars: pl.DataFrame) -> File:
    """`bars`: timestamp, open, high, low, close, volume, in any order; rows of one day keep theirs."""
    rows = bars.sort("timestamp", descending=True, maintain_order=True).select(
        pl.col("timestamp").dt.strftime("%Y-%m-%d"), "open", "high", "low", "close", pl.col("volume").cast(pl.Int64)
    )
    return File(SOURCE, path(symbol), rows.write_csv(float_precision=4).encode())


def error_body(symbol: str) -> bytes:
    """What the vendor answers, with status 200, when it has nothing to give; people save it as .csv all the same."""
    return f'{{\n    "endpoint": "Daily Time Series",\n    "message": "No data for symbol {symbol}.",\n    "data": []\n}}'.encode()
