"""One bar of several sources: the first by priority that the others bear out, and how far they lie apart."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from marketdata_assets.core.agreement import same_bar, supported, with_agreement
from marketdata_assets.core.basis import PriceBasis
from marketdata_assets.schemas.bars import VALIDATED_BARS

SOURCES_DISAGREE = "sources_disagree"
SOURCE_DEVIATES = "source_deviates"
ARBITRATION_FLAGS = {SOURCES_DISAGREE: 25.0, SOURCE_DEVIATES: 5.0}
"""Points that each flag of the arbitration takes off the quality score."""


def arbitrate(kept: pl.DataFrame, *, priority: Sequence[str], tolerance_bps: float) -> pl.DataFrame:
    """Validated bars: of each (symbol, timestamp) the row of the first source in `priority` that at least half of the others support.

    Two sources support each other when their closes lie within `tolerance_bps` of their mean. When no source has that support, the
    first by priority is taken and flagged `sources_disagree`; when the chosen one has it but some other lies outside the
    tolerance, the bar is flagged `source_deviates`. Sources that `priority` does not name come last, by name. Only rows whose
    prices are as traded take part, in choosing and in counting; adjusted ones serve for comparison in normalized bars and never
    become a bar. `kept` is what the audit let pass: NORMALIZED_BARS with `flags` (list of rule names) and `penalty` (their points),
    one row per source and bar. The score is 100 less the points of every flag, never below 0.
    """
    order = {source: rank for rank, source in enumerate(priority)}
    rank = pl.col("source").replace_strict(order, default=len(order), return_dtype=pl.Int32)
    candidates = (
        kept.filter(pl.col("price_basis") == PriceBasis.RAW)
        .with_columns(rank.alias("rank"))
        .sort("symbol", "timestamp", "rank", "source", maintain_order=True)
    )
    judged = with_agreement(candidates, tolerance_bps=tolerance_bps).with_columns(supported().alias("accepted"))
    chosen = judged.filter(_is_chosen(judged.get_column("source").n_unique()))
    clear = chosen.filter(pl.col("n_supporting") == pl.col("n_others"))
    disputed = chosen.filter(pl.col("n_supporting") < pl.col("n_others"))
    own = pl.col("flags").list.join(",")
    return VALIDATED_BARS.conform(pl.concat([_scored(clear, own, pl.lit(0.0)), _scored(disputed, *_dispute())]))


def _dispute() -> tuple[pl.Expr, pl.Expr]:
    """Flags of a bar on which some source deviates from the chosen row, and the points that the arbitration's own one costs."""
    flag = pl.when("accepted").then(pl.lit(SOURCE_DEVIATES)).otherwise(pl.lit(SOURCES_DISAGREE))
    names = pl.concat_list("flags", flag).list.sort().list.join(",")
    return names, flag.replace_strict(ARBITRATION_FLAGS, return_dtype=pl.Float64)


def _scored(chosen: pl.DataFrame, flags: pl.Expr, points: pl.Expr) -> pl.DataFrame:
    return chosen.with_columns(
        n_sources=pl.col("n_others") + 1,
        n_agreeing=pl.col("n_supporting") + 1,
        max_deviation_bps=pl.col("deviation_bps"),
        quality_flags=flags,
        quality_score=(100.0 - pl.col("penalty") - points).clip(0.0, 100.0),
    )


def _is_chosen(sources: int) -> pl.Expr:
    """The first accepted row of each bar, or its first row where none is accepted; rows of a bar stand in order of priority."""
    accepted = pl.col("accepted")
    earlier = [same_bar(d) & accepted.shift(d, fill_value=False) for d in range(1, sources)]
    later = [same_bar(-d) & accepted.shift(-d, fill_value=False) for d in range(1, sources)]
    none_before = ~pl.any_horizontal(pl.lit(value=False), *earlier)
    return (accepted & none_before) | (~same_bar(1) & ~pl.any_horizontal(accepted, *later))
