"""Errors of vendors that take more than one day to see: a split reported late, by some sources only, or on adjusted prices."""

from __future__ import annotations

from datetime import timedelta

import polars as pl

from marketdata_assets.transforms.splits.parameters import SplitParameters

_DAY = ["symbol", "ex_date"]
_LARGE = 0.18
"""A split of less than six for five does not tell adjusted prices from raw ones."""


def late(rows: pl.DataFrame, parameters: SplitParameters) -> pl.DataFrame:
    """`rows` with `late` and `late_for`: whether the price showed the reported ratio some sessions before the reported day, and when.

    Earlier days alone are looked at: a split reported early is refused on its day and stands on the day on which it shows.
    """
    shown = rows.filter(pl.col("detected") | pl.col("confirmed").fill_null(value=False))
    earlier = shown.select("symbol", late_for="ex_date", shown_ratio=pl.coalesce("detected_ratio", "ratio"))
    weeks = timedelta(days=1 + parameters.late_sessions * 7 // 5)
    wrong = rows.filter("told", ~pl.col("confirmed").fill_null(value=True)).select(*_DAY, "ratio")
    found = (
        wrong.join(earlier, on="symbol")
        .filter(
            pl.col("late_for") < pl.col("ex_date"),
            pl.col("ex_date") <= pl.col("late_for") + weeks,
            (pl.col("ratio") / pl.col("shown_ratio")).log().abs() <= parameters.same_ratio,
        )
        .sort(*_DAY, "late_for")
        .unique(_DAY, keep="last", maintain_order=True)
        .select(*_DAY, "late_for", late=pl.lit(value=True))
    )
    return rows.join(found, on=_DAY, how="left").with_columns(pl.col("late").fill_null(value=False))


def unseen_before(rows: pl.DataFrame) -> pl.DataFrame:
    """`rows` with `unseen_before`: whether most splits reported up to that day, of all symbols, do not show in the prices.

    One split that does not show may be the reporter's error; where none shows, the prices are adjusted. Later days have no say.
    """
    large = rows.filter(
        "told", "declared", pl.col("ratio").log().abs() >= _LARGE, pl.col("confirmed").is_not_null(), ~pl.col("conflicting")
    )
    by_day = (
        large.group_by("ex_date")
        .agg((~pl.col("confirmed")).sum().cast(pl.Int64).alias("unseen"), pl.col("confirmed").sum().cast(pl.Int64).alias("seen"))
        .sort("ex_date")
        .select("ex_date", unseen_before=pl.col("unseen").cum_sum() > pl.col("seen").cum_sum())
    )
    return rows.join(by_day, on="ex_date", how="left").with_columns(pl.col("unseen_before").fill_null(value=False))


def missing(rows: pl.DataFrame, covering: pl.DataFrame | None) -> pl.DataFrame:
    """`rows` with `silent`: the sources that would have reported a split of that day and did not, comma separated."""
    if covering is None or not covering.height:
        return rows.with_columns(silent=pl.lit(""))
    there = (
        rows.select(*_DAY, pl.col("reporters").fill_null([]))
        .join(covering.select("symbol", "source", "first", "last"), on="symbol")
        .filter(pl.col("ex_date").is_between(pl.col("first"), pl.col("last")), ~pl.col("source").is_in(pl.col("reporters")))
        .sort(*_DAY, "source")
        .group_by(_DAY, maintain_order=True)
        .agg(pl.col("source").unique(maintain_order=True).str.join(", ").alias("silent"))
    )
    return rows.join(there, on=_DAY, how="left").with_columns(pl.col("silent").fill_null(""))
