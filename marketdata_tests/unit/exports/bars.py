"""Validated bars for export tests, from a handful of numbers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import polars as pl

from marketdata_assets.schemas.bars import VALIDATED_BARS

LATER = datetime(2030, 1, 1, tzinfo=UTC)


def validated(
    rows: Sequence[tuple[datetime, float, float, float, float, float]], symbol: str = "BTC-USDT", **cells: object
) -> pl.DataFrame:
    """One validated bar a row (start, open, high, low, close, volume), known long after it ended unless `cells` says otherwise."""
    given = {
        "symbol": symbol,
        "volume_basis": "raw",
        "source": "binance_vision",
        "tape": "binance",
        "currency": "USDT",
        "known_at": LATER,
        "n_sources": 1,
        "n_agreeing": 1,
        "max_deviation_bps": 0.0,
        "quality_flags": "",
        "quality_score": 100.0,
        "payload_sha256": "0" * 64,
    } | cells
    instant = pl.Datetime("us", "UTC")
    schema = {"timestamp": instant, **dict.fromkeys(("open", "high", "low", "close", "volume"), pl.Float64)}
    frame = pl.DataFrame(rows, schema=schema, orient="row")
    columns = {name: value if isinstance(value, pl.Expr) else pl.lit(value) for name, value in given.items()}
    return VALIDATED_BARS.conform(frame.with_columns(session=pl.col("timestamp").dt.date(), **columns))
