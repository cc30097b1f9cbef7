"""The same closes under two symbols of one source: one series sold twice, and nobody can tell whose it is."""

from __future__ import annotations

import polars as pl

from marketdata_assets.rules.rule import Action, Rule, Severity, Stage, cases, no_cases, sentence
from marketdata_assets.rules.scope import Scope, previous

_MOMENT = ["source", "timestamp", "close", "before"]


def find_identical(scope: Scope) -> pl.DataFrame:
    """Cases, one a row, of every symbol that shares `identical_bars` moving closes with another one of its source.

    A close counts when it differs from the one before it and both agree between the symbols at the same instant: a coin pegged to a
    dollar, or a price of 20.00 that two shares happen to have, does not add up to a series. The rows between the first and the
    last shared close are refused, the bars at both ends included.
    """
    moving = scope.sound.select("symbol", "series", *_MOMENT[:3], before=previous("close")).filter(pl.col("close") != pl.col("before"))
    shared = moving.filter(pl.struct(_MOMENT).is_duplicated()) if moving.height else moving
    if shared.height < 2 * scope.context.thresholds.identical_bars:
        return no_cases()
    pairs = shared.join(shared, on=_MOMENT, suffix="_other").filter(pl.col("symbol") != pl.col("symbol_other"))
    counted = pairs.group_by("series", "symbol_other").agg(
        pl.len().alias("shared"), pl.col("timestamp").min().alias("first"), pl.col("timestamp").max().alias("last")
    )
    twins = (
        counted.filter(pl.col("shared") >= scope.context.thresholds.identical_bars)
        .group_by("series")
        .agg(
            pl.col("symbol_other").sort().str.join(", ").alias("others"),
            pl.col("shared").max(),
            pl.col("first").min(),
            pl.col("last").max(),
        )
    )
    rows = scope.rows.join(twins, on="series", maintain_order="left")
    # The row before the first shared move carries the close that it moved from.
    at_head = pl.col("timestamp").shift(-1) == pl.col("first")
    at_tail = (pl.col("timestamp").shift(1) == pl.col("last")) & (pl.col("close") == pl.col("close").shift(1))
    within = pl.col("timestamp").is_between("first", "last") | at_head | at_tail
    words = "{} closes in common with {}"
    return cases(rows.filter(within.fill_null(value=False)), sentence(words, "shared", "others"), pl.col("shared"))


IDENTICAL_SERIES = Rule(
    "identical_series",
    "the same closes stand under different symbols of one source",
    Stage.SERIES,
    Action.QUARANTINE,
    Severity.ERROR,
    "find out whose prices they are and land the other files again; two spellings of one instrument belong in its aliases",
    thresholds=("identical_bars",),
    find=find_identical,
)
IDENTICAL_RULES = (IDENTICAL_SERIES,)
