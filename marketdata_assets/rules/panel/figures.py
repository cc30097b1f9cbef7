"""Figures of a panel that gates compare, a row a feature: spread, outliers, missing values."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

FAR = 10.0
"""From so many standard deviations on, a value counts as an outlier."""


def spread(panel: pl.DataFrame, features: Sequence[str]) -> pl.DataFrame:
    """(feature, within, whole, share): mean per-date standard deviation, the one over the whole panel, and their ratio.

    Null without two values. Both deviations are sample ones. A ratio near 0 says that the members of a date hardly differ.
    """
    by_date = panel.group_by("date", maintain_order=True).agg(pl.col(features).std())
    within = by_date.select(pl.col(features).mean())
    whole = panel.select(pl.col(features).std())
    told = pl.DataFrame({"feature": list(features), "within": list(within.row(0)), "whole": list(whole.row(0))}, schema_overrides=_FLOATS)
    return told.with_columns(share=pl.when(pl.col("whole") > 0).then(pl.col("within") / pl.col("whole")))


def outliers(panel: pl.DataFrame, features: Sequence[str]) -> pl.DataFrame:
    """(feature, values, far, share, largest): how many values lie more than FAR standard deviations from the mean, and the largest |z|."""
    z = [((pl.col(name) - pl.col(name).mean()) / pl.col(name).std()).abs() for name in features]
    finite = [pl.when(each.is_finite()).then(each).alias(name) for each, name in zip(z, features, strict=True)]
    scores = panel.select(finite) if features else pl.DataFrame()
    rows = [(name, panel[name].count(), int((scores[name] > FAR).sum()), scores[name].max()) for name in features]
    told = pl.DataFrame(rows, schema={"feature": pl.String, "values": pl.Int64, "far": pl.Int64, "largest": pl.Float64}, orient="row")
    return told.with_columns(share=pl.when(pl.col("values") > 0).then(pl.col("far") / pl.col("values")).otherwise(0.0))


def missing(rows: pl.DataFrame, features: Sequence[str]) -> pl.DataFrame:
    """(feature, rows, null, share) of the rows given; share 0 where there is none."""
    counts = rows.select(pl.col(features).null_count()).row(0) if features else ()
    told = pl.DataFrame({"feature": list(features), "null": list(counts)}, schema={"feature": pl.String, "null": pl.Int64})
    return told.with_columns(rows=pl.lit(rows.height, pl.Int64), share=pl.col("null") / float(max(1, rows.height)))


_FLOATS = {"feature": pl.String(), "within": pl.Float64(), "whole": pl.Float64()}
