"""What the sources say together about the shares of a symbol on a day: agreeing, contradicting each other, or about something else."""

from __future__ import annotations

import polars as pl

from marketdata_assets.transforms.splits.parameters import SplitParameters
from marketdata_assets.transforms.splits.ratios import with_declared

_DAY = ["symbol", "ex_date"]


def statements(reported: pl.DataFrame, parameters: SplitParameters) -> pl.DataFrame:
    """One row for each symbol and ex-date about whose shares REPORTED_EVENTS speak; cash dividends are left out.

    `ratio`: what a company would declare where it is a rounding of that, else as written; the first of two that contradict each other.
    `declared`: whether it is one that companies declare. `conflicting`: two ratios further apart than roundings. `only_spin_off`: every
    source calls it one. `reported_by`, `reported_ratios` name them all; `reporters` as a list. Of one source's statements about a day
    the newest counts; the same said twice counts once.
    """
    shares = reported.filter(pl.col("kind") != "cash_dividend", (pl.col("ratio") != 1) | pl.col("ratio").is_null())
    shares = shares.filter((pl.col("ratio") > 0) | pl.col("ratio").is_null())
    newest = shares.filter(pl.col("known_at") == pl.col("known_at").max().over(*_DAY, "source"))
    told = with_declared(newest).with_columns(
        pl.coalesce("declared", "ratio").alias("meant"), (pl.col("kind") == "spin_off").alias("spin_off")
    )
    own = ~pl.col("spin_off") & pl.col("meant").is_not_null()
    said = pl.concat_str("source", pl.lit(" "), pl.col("ratio").round(6).cast(pl.String).fill_null("without a ratio"))
    together = (
        told.sort(*_DAY, "source", "ratio")
        .group_by(_DAY, maintain_order=True)
        .agg(
            pl.coalesce(pl.col("meant").filter(own).first(), pl.col("meant").drop_nulls().first()).alias("ratio"),
            pl.coalesce(pl.col("declared").filter(own).first(), pl.col("declared").drop_nulls().first()).is_not_null().alias("declared"),
            (pl.col("meant").filter(own).max() / pl.col("meant").filter(own).min()).alias("apart"),
            pl.col("spin_off").all().alias("only_spin_off"),
            pl.col("source").unique(maintain_order=True).alias("reporters"),
            said.unique(maintain_order=True).str.join("; ").alias("reported_ratios"),
            pl.col("known_at").max(),
        )
    )
    return together.with_columns(
        conflicting=(pl.col("apart") > 1 + parameters.same_ratio).fill_null(value=False),
        reported_by=pl.col("reporters").list.join(", "),
        told=pl.lit(value=True),
    ).drop("apart")
