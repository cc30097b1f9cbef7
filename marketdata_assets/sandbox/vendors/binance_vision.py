"""Binance Vision's monthly spot klines: a zip for each pair, interval and month, and its CHECKSUM file."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import datetime
from typing import Literal

import polars as pl

from marketdata_assets.sandbox.vendors.file import File, zipped

SOURCE = "binance_vision"
# Spot archives count in microseconds from 2025 on, in milliseconds before.
MICROSECONDS_FROM = "2025-01"


def spelled(symbol: str) -> str:
    """The pair as Binance writes it: base and quote without a joint."""
    return symbol.replace("-", "")


def path(symbol: str, interval: str, month: str) -> str:
    """The zip of a pair's bars in a month (`2024-11`)."""
    pair = spelled(symbol)
    return f"data/spot/monthly/klines/{pair}/{interval}/{pair}-{interval}-{month}.zip"


def klines(symbol: str, interval: str, bars: pl.DataFrame, until: datetime) -> Iterator[File]:
    """Zip and CHECKSUM of every month that ended by `until`; `bars`: timestamp, open, high, low, close, volume, trade_count.

    Quote volume is volume at the mean of high and low; takers bought half. Minutes and hours without a trade are flat rows.
    """
    month = pl.col("timestamp").dt.truncate("1mo")
    complete = bars.filter(month.dt.offset_by("1mo") <= until).with_columns(month.dt.strftime("%Y-%m").alias("month"))
    for part in complete.partition_by("month", maintain_order=True):
        yield from _month(symbol, interval, part["month"][0], part)


def rows(bars: pl.DataFrame, every: str, unit: Literal["us", "ms"]) -> pl.DataFrame:
    """The twelve columns of a file of bars `every` long (`1h`, `1mo`), instants counted in `unit`."""
    opens = pl.col("timestamp")
    return bars.select(
        opens.dt.epoch(unit).alias("open_time"),
        *("open", "high", "low", "close"),
        pl.col("volume").cast(pl.Float64),
        (opens.dt.offset_by(every).dt.epoch(unit) - 1).alias("close_time"),
        quote_volume().alias("quote_volume"),
        pl.col("trade_count").alias("count"),
        (pl.col("volume") / 2).alias("taker_base"),
        (quote_volume() / 2).alias("taker_quote"),
        pl.lit(0).alias("ignore"),
    )


def quote_volume() -> pl.Expr:
    """What was paid for a bar's volume: the mean of its high and low."""
    return pl.col("volume") * (pl.col("high") + pl.col("low")) / 2


def _month(symbol: str, interval: str, month: str, bars: pl.DataFrame) -> Iterator[File]:
    unit: Literal["us", "ms"] = "us" if month >= MICROSECONDS_FROM else "ms"
    name = f"{spelled(symbol)}-{interval}-{month}"
    table = rows(bars, interval, unit).write_csv(include_header=False, float_precision=8)
    data = zipped(f"{name}.csv", table.encode())
    at = path(symbol, interval, month)
    yield File(SOURCE, at, data)
    checksum = f"{hashlib.sha256(data).hexdigest()}  {name}.zip\n".encode()
    yield File(SOURCE, f"{at}.CHECKSUM", checksum)
