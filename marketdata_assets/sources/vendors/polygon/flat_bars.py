"""The rows of Polygon's flat files: a day of bars of every stock, compressed CSV with nanosecond stamps."""

from __future__ import annotations

import zlib
from io import BytesIO

import polars as pl

from marketdata_assets.sources.api import MIB
from marketdata_assets.sources.errors import Oversized, SchemaChanged, Truncated, reading
from marketdata_assets.sources.vendors.polygon.api import NAME
from marketdata_assets.sources.vendors.polygon.rows import instant
from marketdata_assets.sources.windows import session_midnight

LARGEST = 2048 * MIB  # bytes that a file may unpack to
_COLUMNS: dict[str, pl.DataType] = {
    "ticker": pl.String(),
    "volume": pl.Float64(),
    "open": pl.Float64(),
    "close": pl.Float64(),
    "high": pl.Float64(),
    "low": pl.Float64(),
    "window_start": pl.Int64(),
    "transactions": pl.Int64(),
}


def read_flat_bars(data: bytes, timeframe: str, *, largest: int = LARGEST) -> pl.DataFrame:
    """Bars of every ticker of a day's file: raw prices, labelled by their start, a daily bar by the date of its session.

    Columns: vendor_symbol, timestamp, open, high, low, close, volume, trade_count, line. `Truncated` for a torn file, `Oversized` for
    one that unpacks to more than `largest` bytes, `SchemaChanged` when its columns are not the documented ones, in their order.
    """
    text = _unpacked(data, largest)
    head = text.split(b"\n", 1)[0].decode(errors="replace").strip()
    if head != ",".join(_COLUMNS):
        raise SchemaChanged(f"reading a flat file of {NAME}", f"its columns are {head[:200]}")
    if not text.endswith(b"\n"):
        raise Truncated(f"reading a flat file of {NAME}", "its last line has no end")
    with reading(f"a flat file of {NAME}"):
        rows = pl.read_csv(BytesIO(text), schema=_COLUMNS)
    at = instant("window_start", "ns")
    return rows.select(
        pl.col("ticker").alias("vendor_symbol"),
        (session_midnight(at) if timeframe == "1d" else at).alias("timestamp"),
        *("open", "high", "low", "close", "volume"),
        pl.col("transactions").alias("trade_count"),
        pl.int_range(1, pl.len() + 1, dtype=pl.Int64).alias("line"),
    )


def require_whole(data: bytes, largest: int = LARGEST) -> None:
    """Nothing for a gzip file whose every member ends properly; `Truncated` for a torn one, `Oversized` beyond `largest` bytes."""
    _unpacked(data, largest)


def _unpacked(data: bytes, largest: int) -> bytes:
    """The text in a gzip file of one or more members, never more than `largest` bytes of it."""
    kept: list[bytes] = []
    size = 0
    while data:
        stream = zlib.decompressobj(zlib.MAX_WBITS | 16)
        try:
            piece = stream.decompress(data, largest - size + 1)
        except zlib.error as error:
            raise Truncated(f"unpacking a flat file of {NAME}", f"its gzip stream is broken ({error})") from None
        size += len(piece)
        if size > largest:
            raise Oversized(f"unpacking a flat file of {NAME}", f"it unpacks to more than {largest} bytes")
        if not stream.eof:
            raise Truncated(f"unpacking a flat file of {NAME}", f"its gzip stream ends early, after {size} bytes")
        kept.append(piece)
        data = stream.unused_data
    if not kept:
        raise Truncated(f"unpacking a flat file of {NAME}", "it is empty")
    return b"".join(kept)
