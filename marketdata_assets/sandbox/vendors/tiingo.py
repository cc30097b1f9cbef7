"""Tiingo's end-of-day CSV: one file a ticker, raw and adjusted prices, ascending, dates written as midnight UTC."""

from __future__ import annotations

import polars as pl

from marketdata_assets.sandbox.vendors.file import File

SOURCE = "tiingo"


def spelled(symbol: str) -> str:
    """The ticker as Tiingo writes it: share classes after a hyphen."""
    return symbol.replace(".", "-")


def path(symbol: str) -> str:
    """The file of a ticker."""
    return f"{spelled(symbol)}.csv"


def end_of_day(symbol: str, bars: pl.DataFrame) -> File:
    """`bars`: timestamp, open, high, low, close, volume, split_ratio, dividend. Adjusted columns are as of the last bar's day."""
    later = pl.col("split_ratio").reverse().cum_prod().reverse() / pl.col("split_ratio")
    paid = pl.when(pl.col("dividend") > 0).then(1 - pl.col("dividend") / pl.col("close").shift(1)).otherwise(1.0).fill_null(1.0)
    factor = paid.reverse().cum_prod().reverse() / paid / later
    ticker = spelled(symbol)
    rows = bars.select(
        pl.lit(ticker).alias("symbol"),
        pl.col("timestamp").dt.strftime("%Y-%m-%d 00:00:00+00:00").alias("date"),
        *("close", "high", "low", "open", "volume"),
        *((pl.col(name) * factor).round(10).alias(f"adj{name.title()}") for name in ("close", "high", "low", "open")),
        (pl.col("volume") * later).round().cast(pl.Int64).alias("adjVolume"),
        pl.col("dividend").alias("divCash"),
        pl.col("split_ratio").alias("splitFactor"),
    )
    return File(SOURCE, path(symbol), rows.write_csv().encode())
