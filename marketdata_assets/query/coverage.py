"""What was expected and what came, per symbol and day, and the same summed up per period."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from marketdata_assets.core.periods import PeriodKind, period_expr
from marketdata_assets.pipeline.platform import Platform
from marketdata_assets.query.bars import table_rows
from marketdata_assets.query.who import Stretch
from marketdata_assets.schemas.audit import COVERAGE

_COUNTS = ("expected", "received", "quarantined", "missing")


def coverage(platform: Platform, asked: Sequence[Stretch], timeframe: str) -> pl.DataFrame:
    """One row a symbol and session (UTC day for crypto) of the stretches, sorted by symbol and date.

    `QueryFault` when nothing was published in the table, or the timeframe is not configured.
    """
    parts = [
        table_rows(platform, COVERAGE, [s for s in asked if s.asset_class == name], timeframe)
        for name in dict.fromkeys(s.asset_class for s in asked)
    ]
    return (pl.concat(parts) if parts else COVERAGE.empty()).sort("symbol", "date")


def by_period(days: pl.DataFrame, kind: PeriodKind) -> pl.DataFrame:
    """Coverage days summed: one row a symbol and period, with days, the four counts of bars and `share` = received / expected.

    `share` is null where nothing was expected.
    """
    grouped = days.group_by("symbol", period_expr("date", kind).alias("period"))
    return (
        grouped.agg(pl.len().alias("days"), *(pl.col(name).cast(pl.Int64).sum() for name in _COUNTS))
        .with_columns(share=pl.when(pl.col("expected") > 0).then(pl.col("received") / pl.col("expected")))
        .sort("symbol", "period")
    )


def by_state(days: pl.DataFrame) -> pl.DataFrame:
    """Coverage days summed by what became of them, the most frequent state first."""
    return (
        days.group_by("state")
        .agg(pl.len().alias("days"), pl.col("symbol").n_unique().alias("symbols"), *(pl.col(n).cast(pl.Int64).sum() for n in _COUNTS))
        .sort(["days", "state"], descending=[True, False])
    )
