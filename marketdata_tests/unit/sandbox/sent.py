"""What a delivery's bytes say, read with nothing but the vendors' published layouts."""

from __future__ import annotations

import io
import zipfile
from datetime import datetime

import polars as pl

from marketdata_assets.sandbox.market import Delivery

PRICES = ["open", "high", "low", "close"]
_BARS = [*PRICES, "volume"]


def bytes_of(delivery: Delivery, source: str, path: str) -> bytes:
    """The one file of that name."""
    (data,) = [file.data for file in delivery.files if (file.source, file.path) == (source, path)]
    return data


def rows(delivery: Delivery, source: str, timeframe: str, symbol: str, former: str = "") -> pl.DataFrame:
    """timestamp, open, high, low, close, volume of a series, in the files' order, files by path."""
    reader = {"tiingo": _tiingo, "alphavantage": _alphavantage, "lean": _lean, "binance_vision": _binance, "kraken": _kraken}[source]
    parts = [
        reader(file.path, file.data, timeframe, name)
        for name in (former, symbol)
        if name
        for file in sorted(delivery.files)
        if file.source == source
    ]
    found = [part for part in parts if part is not None]
    return pl.concat(found).select(pl.col("timestamp").cast(pl.Datetime("us", "UTC")), *(pl.col(name).cast(pl.Float64) for name in _BARS))


def _tiingo(path: str, data: bytes, timeframe: str, symbol: str) -> pl.DataFrame | None:
    if path != f"{symbol.replace('.', '-')}.csv":
        return None
    return pl.read_csv(data).with_columns(timestamp=pl.col("date").str.to_datetime("%Y-%m-%d %H:%M:%S%z", time_unit="us"))


def _alphavantage(path: str, data: bytes, timeframe: str, symbol: str) -> pl.DataFrame | None:
    if path != f"daily_{symbol.replace('.', '-')}.csv" or data.startswith(b"{"):
        return None
    text = b"\n".join(line for line in data.splitlines() if not line.startswith(b"*"))
    stamp = pl.col("timestamp").cast(pl.String).str.to_datetime("%Y-%m-%d", time_unit="us").dt.replace_time_zone("UTC")
    return pl.read_csv(text, infer_schema_length=None).with_columns(stamp)


def _lean(path: str, data: bytes, timeframe: str, symbol: str) -> pl.DataFrame | None:
    if timeframe == "1m" and f"/minute/{symbol.lower()}/" in path:
        midnight = datetime.strptime(path.rsplit("/", 1)[-1][:8], "%Y%m%d")
        frame = pl.read_csv(_member(data), has_header=False, new_columns=["ms", *_BARS])
        local = pl.lit(midnight).cast(pl.Datetime("us")) + pl.duration(milliseconds=pl.col("ms"))
    elif timeframe == "1h" and path == f"equity/usa/hour/{symbol.lower()}.zip":
        frame = pl.read_csv(_member(data), has_header=False, new_columns=["at", *_BARS])
        local = pl.col("at").str.to_datetime("%Y%m%d %H:%M", time_unit="us")
    else:
        return None
    stamp = local.dt.replace_time_zone("America/New_York").dt.convert_time_zone("UTC")
    return frame.with_columns(stamp.alias("timestamp"), *((pl.col(name) / 10_000).alias(name) for name in PRICES))


def _binance(path: str, data: bytes, timeframe: str, symbol: str) -> pl.DataFrame | None:
    if not path.endswith(".zip") or f"/{symbol.replace('-', '')}/{timeframe}/" not in path:
        return None
    names = ["at", *_BARS, "end", "quote", "count", "base_bought", "quote_bought", "ignore"]
    frame = pl.read_csv(_member(data), has_header=False, new_columns=names)
    unit = "us" if path[-11:-4] >= "2025-01" else "ms"
    return frame.with_columns(timestamp=pl.from_epoch(pl.col("at"), unit).dt.cast_time_unit("us").dt.replace_time_zone("UTC"))


def _kraken(path: str, data: bytes, timeframe: str, symbol: str) -> pl.DataFrame | None:
    if path != f"{symbol.replace('-', '')}_{ {'1d': 1440, '1h': 60, '1m': 1}[timeframe] }.csv":
        return None
    frame = pl.read_csv(data, has_header=False, new_columns=["at", *_BARS, "count"])
    return frame.with_columns(timestamp=pl.from_epoch("at", "s").dt.cast_time_unit("us").dt.replace_time_zone("UTC"))


def _member(data: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        (name,) = archive.namelist()
        return archive.read(name)
