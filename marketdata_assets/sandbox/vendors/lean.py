"""LEAN's equity zips: minutes a file for each ticker and day, hours a file for each ticker; New York time, prices x 10,000."""

from __future__ import annotations

from datetime import date

import polars as pl

from marketdata_assets.sandbox.vendors.file import File, zipped

SOURCE = "lean"
ZONE = "America/New_York"
_PRICES = tuple((pl.col(name) * 10_000).round().cast(pl.Int64) for name in ("open", "high", "low", "close"))


def minutes_path(symbol: str, day: date) -> str:
    """The zip of one ticker's trade minutes on one New York day."""
    return f"equity/usa/minute/{symbol.lower()}/{day:%Y%m%d}_trade.zip"


def minutes(symbol: str, day: date, bars: pl.DataFrame) -> File:
    """The trade minutes of one New York day; `bars`: timestamp (UTC), open, high, low, close, volume. Stamps are ms since midnight."""
    name = symbol.lower()
    local = pl.col("timestamp").dt.convert_time_zone(ZONE)
    rows = bars.select(
        (local.dt.hour().cast(pl.Int64) * 3_600_000 + local.dt.minute().cast(pl.Int64) * 60_000).alias("ms"), *_PRICES, "volume"
    )
    data = rows.write_csv(include_header=False).encode()
    return File(SOURCE, minutes_path(symbol, day), zipped(f"{day:%Y%m%d}_{name}_minute_trade.csv", data))


def hours(symbol: str, bars: pl.DataFrame) -> File:
    """All hours of one ticker, labelled by their start on the New York clock (`20100111 10:00`)."""
    name = symbol.lower()
    label = pl.col("timestamp").dt.convert_time_zone(ZONE).dt.strftime("%Y%m%d %H:%M")
    data = bars.select(label, *_PRICES, "volume").write_csv(include_header=False).encode()
    return File(SOURCE, f"equity/usa/hour/{name}.zip", zipped(f"{name}.csv", data))
