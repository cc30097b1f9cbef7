"""Small damages to a vendor's frame at given times, each leaving every other row as it was."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeAlias

import polars as pl

PRICES = ("open", "high", "low", "close")
Change: TypeAlias = Callable[[pl.DataFrame, Sequence[datetime]], pl.DataFrame]


def _set(**values: pl.Expr) -> Change:
    def change(bars: pl.DataFrame, at: Sequence[datetime]) -> pl.DataFrame:
        here = pl.col("timestamp").is_in(list(at))
        return bars.with_columns(pl.when(here).then(value).otherwise(pl.col(name)).alias(name) for name, value in values.items())

    return change


high_below_low = _set(high=pl.col("low"), low=pl.col("high"))
negative_low = _set(low=-pl.col("low"))
zero_low = _set(low=pl.lit(0.0))
close_x100 = _set(close=(pl.col("close") * 100).round(2))
row_x100 = _set(**{name: (pl.col(name) * 100).round(2) for name in PRICES})
zero_volume = _set(volume=pl.lit(0))


def close_off(factor: float) -> Change:
    """The close times `factor`, high and low still enclosing it, on the cent."""
    close = (pl.col("close") * factor).round(2)
    return _set(close=close, high=pl.max_horizontal("high", close), low=pl.min_horizontal("low", close))


def missing(bars: pl.DataFrame, at: Sequence[datetime]) -> pl.DataFrame:
    """No rows at these times."""
    return bars.filter(~pl.col("timestamp").is_in(list(at)))


def repeated(bars: pl.DataFrame, at: Sequence[datetime]) -> pl.DataFrame:
    """Each of these rows twice, one after the other."""
    return _with(bars, bars.filter(pl.col("timestamp").is_in(list(at))))


def contradicted(bars: pl.DataFrame, at: Sequence[datetime]) -> pl.DataFrame:
    """Behind each of these rows a second one whose close is 1.5% higher."""
    return _with(bars, close_off(1.015)(bars.filter(pl.col("timestamp").is_in(list(at))), at))


def stale(bars: pl.DataFrame, at: Sequence[datetime]) -> pl.DataFrame:
    """Prices and volume of the row before these times, again and again."""
    before = bars.filter(pl.col("timestamp") < min(at)).row(-1, named=True)
    return _set(**{name: pl.lit(before[name]) for name in (*PRICES, "volume")})(bars, at)


def invented(bars: pl.DataFrame, at: Sequence[datetime]) -> pl.DataFrame:
    """A row at each of these times, prices of the row before, half its volume."""
    rows = [bars.filter(pl.col("timestamp") < time).tail(1).with_columns(timestamp=pl.lit(time, bars.schema["timestamp"])) for time in at]
    added = pl.concat(rows).with_columns((pl.col("volume") / 2).cast(bars.schema["volume"]))
    return _with(bars, added)


def moved(by: str) -> Change:
    """The whole series shifted in time, by a Polars duration such as `-1d`, whatever the times given."""
    return lambda bars, _: bars.with_columns(pl.col("timestamp").dt.offset_by(by))


def adjusted(bars: pl.DataFrame, at: Sequence[datetime]) -> pl.DataFrame:  # noqa: ARG001 - a change takes times
    """Prices and volumes scaled by the splits that came later, as a vendor of adjusted data would send them."""
    later = pl.col("split_ratio").reverse().cum_prod().reverse() / pl.col("split_ratio")
    prices = ((pl.col(name) / later).round(4).alias(name) for name in PRICES)
    return bars.with_columns(*prices, volume=(pl.col("volume") * later).round().cast(bars.schema["volume"]))


def _with(bars: pl.DataFrame, added: pl.DataFrame) -> pl.DataFrame:
    return pl.concat([bars, added.cast(bars.schema)]).sort("timestamp", maintain_order=True)
