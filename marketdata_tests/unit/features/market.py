"""A drawn market: random walks with volume, splits to plant in it, and frames without events or sectors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl

NO_EVENTS = pl.DataFrame(schema={"symbol": pl.String, "ex_date": pl.Date, "ratio": pl.Float64, "known_at": pl.Datetime("us", "UTC")})
NO_SECTORS = pl.DataFrame(
    schema={"symbol": pl.String, "from": pl.Date, "to": pl.Date, "sector": pl.String, "known_at": pl.Datetime("us", "UTC")}
)
EARLY = datetime(1990, 1, 1, tzinfo=UTC)


def walk(symbols: Sequence[str], start: date, sessions: int, *, seed: int = 0) -> pl.DataFrame:
    """Bars of each symbol on every day from `start` on."""
    draws, parts = np.random.default_rng(seed), []
    days = [start + timedelta(days=k) for k in range(sessions)]
    common = draws.normal(0, 0.01, sessions)
    for symbol in symbols:
        close = 50 * np.exp(np.cumsum(common * draws.uniform(0.5, 1.5) + draws.normal(0, 0.015, sessions)))
        opened = close * np.exp(draws.normal(0, 0.005, sessions))
        high = np.maximum(opened, close) * np.exp(np.abs(draws.normal(0, 0.004, sessions)))
        low = np.minimum(opened, close) * np.exp(-np.abs(draws.normal(0, 0.004, sessions)))
        volume = np.round(np.exp(draws.normal(12, 0.5, sessions)))
        parts.append(
            pl.DataFrame({"symbol": symbol, "session": days, "open": opened, "high": high, "low": low, "close": close, "volume": volume})
        )
    return pl.concat(parts)


def members_of(bars: pl.DataFrame) -> pl.DataFrame:
    """Every symbol on every session of any."""
    return bars.select(date="session").unique().join(bars.select("symbol").unique(), how="cross").sort("date", "symbol")


def sectors_of(names: Mapping[str, str]) -> pl.DataFrame:
    """A sector for each symbol that never changes and was always known."""
    rows = [{"symbol": symbol, "from": None, "to": None, "sector": sector, "known_at": EARLY} for symbol, sector in names.items()]
    return pl.DataFrame(rows, schema=NO_SECTORS.schema)


def split(symbol: str, ex_date: date, ratio: float | None) -> pl.DataFrame:
    """One split event."""
    return pl.DataFrame([{"symbol": symbol, "ex_date": ex_date, "ratio": ratio, "known_at": EARLY}], schema=NO_EVENTS.schema)


def traded_after_split(bars: pl.DataFrame, symbol: str, ex_date: date, ratio: float) -> pl.DataFrame:
    """The bars as they would have been traded had `symbol` split."""
    after = (pl.col("symbol") == symbol) & (pl.col("session") >= ex_date)
    prices = (pl.when(after).then(pl.col(name) / ratio).otherwise(name).alias(name) for name in ("open", "high", "low", "close"))
    return bars.with_columns(*prices, pl.when(after).then(pl.col("volume") * ratio).otherwise("volume").alias("volume"))
