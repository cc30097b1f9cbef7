"""Bars as vendors of adjusted data send them: scaled by the splits and dividends that came later."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import polars as pl

from marketdata_assets.sandbox.changes import PRICES
from marketdata_assets.sandbox.planting import midnight


def split_adjusted(bars: pl.DataFrame, splits: Sequence[tuple[date, float]]) -> pl.DataFrame:
    """Prices divided and volumes multiplied by every split after the bar."""
    if not splits:
        return bars
    later = split_factor(splits)
    return bars.with_columns(*((pl.col(name) / later).alias(name) for name in (*PRICES, "vwap")), volume=pl.col("volume") * later)


def split_factor(splits: Sequence[tuple[date, float]]) -> pl.Expr:
    """New shares per share of the bar's day."""
    later = pl.lit(1.0)
    for day, ratio in splits:
        later = later * pl.when(pl.col("timestamp") < midnight(day)).then(ratio).otherwise(1.0)
    return later


def paid_factors(days: pl.DataFrame) -> list[tuple[date, float]]:
    """From daily raw bars each ex-date and the part of a price before it that was not paid out: 1 - dividend / last close."""
    paid = days.filter(pl.col("volume") > 0).with_columns(last=pl.col("close").shift(1)).filter(pl.col("dividend") > 0, pl.col("last") > 0)
    return [(at.date(), 1 - cash / last) for at, cash, last in paid.select("timestamp", "dividend", "last").iter_rows()]


def paid_factor(paid: Sequence[tuple[date, float]]) -> pl.Expr:
    """By what a raw price is multiplied for the dividends that came later."""
    kept = pl.lit(1.0)
    for day, part in paid:
        kept = kept * pl.when(pl.col("timestamp") < midnight(day)).then(part).otherwise(1.0)
    return kept
