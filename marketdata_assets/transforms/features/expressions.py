"""Features that are Polars expressions over the bars of one symbol."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from marketdata_assets.transforms.features.arrays import Floats
from marketdata_assets.transforms.features.feature import Expression, Feature
from marketdata_assets.transforms.features.history import PRICES, History
from marketdata_assets.transforms.features.placing import ratios_since_first


def expressed(past: History, features: Sequence[Feature]) -> dict[str, Floats]:
    """The value of each feature on every bar, NaN for null; computed from each symbol's first bar on, whatever is asked for."""
    if not features:
        return {}
    bars = adjusted_bars(past)
    # Polars works along a symbol's bars in one thread and in their order; symbols are told apart by `over`.
    found = bars.select(_expression(feature).over("symbol").alias(feature.name) for feature in features)
    return {name: np.array(found.get_column(name).fill_null(np.nan).to_numpy()) for name in found.columns}


def adjusted_bars(past: History) -> pl.DataFrame:
    """Bars on the basis of each symbol's first one, sorted by symbol and session; null on the bar of a split of unknown ratio."""
    ratio = ratios_since_first(past.step, past.offsets)
    *prices, volume = past.values
    columns = {name: line * ratio for name, line in zip(PRICES, prices, strict=True)}
    columns |= {"volume": volume / ratio, "dollars": prices[3] * volume, "ret": past.ret}
    lengths = np.diff(past.offsets)
    symbol = past.symbols.gather(np.repeat(np.arange(lengths.size), lengths))
    session = pl.Series(past.day, dtype=pl.Int32).cast(pl.Date)
    return pl.DataFrame(
        {"symbol": symbol, "session": session, **{name: pl.Series(line, nan_to_null=True) for name, line in columns.items()}}
    )


def _expression(feature: Feature) -> pl.Expr:
    assert isinstance(feature.by, Expression)  # noqa: S101 - chosen by the caller
    return feature.by.expression.cast(pl.Float64)
