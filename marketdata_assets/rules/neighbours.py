"""Each sound row beside the one before and after it in its series: the move, what explains it, whether it stands alone."""

from __future__ import annotations

import polars as pl

from marketdata_assets.rules.context import AuditContext
from marketdata_assets.rules.scope import following, previous

_SAME_BAR = ("open", "high", "low", "close", "volume")


def with_neighbours(sound: pl.DataFrame, events: pl.DataFrame, context: AuditContext) -> pl.DataFrame:
    """`sound` (sorted by series and time) with what rules of stage NEIGHBOURS compare.

    `prior_close`, `prior_session`, `prior_adj` and `next_close` (null beyond `jump_sessions`); `move`: close over prior_close less 1;
    `move_left`: what remains of the move, nearest to 0, when the vendor's split, dividend or adjusted close of the day is applied,
    or an event of `events` since the bar before; `off_scale` and `spike`: the row stands alone between neighbours that agree;
    `after_lone`: the row follows one that does; `repeats`: how many identical bars the row's run has; `repeated`: it is not the first.
    """
    limits = context.thresholds
    near_before = (pl.col("ordinal") - previous("ordinal")) <= limits.jump_sessions
    near_after = (following("ordinal") - pl.col("ordinal")) <= limits.jump_sessions
    beside = sound.with_columns(
        pl.int_range(pl.len(), dtype=pl.UInt32).alias("position"),
        pl.when(near_before).then(previous("close")).alias("prior_close"),
        pl.when(near_before).then(previous("adj_close")).alias("prior_adj"),
        previous("session").alias("prior_session"),
        pl.when(near_after).then(following("close")).alias("next_close"),
    ).with_columns((pl.col("close") / pl.col("prior_close") - 1).alias("move"))
    explained = _with_move_left(beside.with_columns(_own_move_left()), events, min(limits.jump_fraction, limits.spike_fraction))
    alone = explained.with_columns(off_scale=_off_scale(context), spike=_spike(context))
    followed = alone.with_columns(after_lone=(previous("spike") | previous("off_scale")).fill_null(value=False))
    return _with_repeats(followed)


def _own_move_left() -> pl.Expr:
    """The move less what the row's own vendor columns account for."""
    move = pl.col("move")
    ratio = pl.when(pl.col("split_ratio") > 0).then(pl.col("split_ratio")).otherwise(1.0)
    by_events = (pl.col("close") * ratio + pl.col("dividend").fill_null(0.0)) / pl.col("prior_close") - 1
    by_adjusted = pl.when((pl.col("prior_adj") > 0) & (pl.col("adj_close") > 0)).then(pl.col("adj_close") / pl.col("prior_adj") - 1)
    new_day = pl.col("session") > pl.col("prior_session")
    return pl.when(new_day).then(_nearest_to_zero(move, by_events, by_adjusted)).otherwise(move).alias("move_left")


def _nearest_to_zero(first: pl.Expr, *rest: pl.Expr) -> pl.Expr:
    best = first
    for other in rest:
        best = pl.when(other.abs() < best.abs()).then(other).otherwise(best)
    return best


def _with_move_left(rows: pl.DataFrame, events: pl.DataFrame, fraction: float) -> pl.DataFrame:
    """`rows` whose `move_left` also takes the events of their symbol since the bar before into account, each on its own."""
    big = rows.filter(pl.col("move_left").abs() > fraction, pl.col("session") > pl.col("prior_session"))
    if not big.height or not events.height:
        return rows
    told = (
        big.select("position", "symbol", "session", "prior_session", "close", "prior_close")
        .join(events, on="symbol")
        .filter(pl.col("ex_date") > pl.col("prior_session"), pl.col("ex_date") <= pl.col("session"))
        .with_columns(left=pl.col("close") * pl.col("ratio") / pl.col("prior_close") - 1)
        .sort("position", pl.col("left").abs())
        .unique("position", keep="first", maintain_order=True)
        .select("position", "left")
    )
    joined = rows.join(told, on="position", how="left", maintain_order="left")
    return joined.with_columns(_nearest_to_zero(pl.col("move_left"), pl.col("left")).alias("move_left")).drop("left")


def _off_scale(context: AuditContext) -> pl.Expr:
    """Ten times and more away from the bar before, unexplained, and the next bar is back; the newest bar when moved by hundreds."""
    factor = context.thresholds.off_scale_factor
    ratio, back = pl.col("close") / pl.col("prior_close"), pl.col("next_close") / pl.col("prior_close")
    away = ((ratio >= factor) | (ratio <= 1 / factor)) & ~_explained(0.5)
    decimals = ratio.log10().abs()
    whole = (decimals >= 1.95) & ((decimals - decimals.round()).abs() < 0.05)
    returns = back.is_between(0.5, 2.0)
    return (away & pl.when(pl.col("next_close").is_null()).then(whole).otherwise(returns)).fill_null(value=False)


def _spike(context: AuditContext) -> pl.Expr:
    limits = context.thresholds
    back = (pl.col("next_close") / pl.col("prior_close") - 1).abs() <= limits.spike_return
    return ((pl.col("move").abs() > limits.spike_fraction) & ~_explained(limits.spike_fraction) & back).fill_null(value=False)


def _explained(fraction: float) -> pl.Expr:
    return pl.col("move_left").abs() <= fraction


def _with_repeats(rows: pl.DataFrame) -> pl.DataFrame:
    same = pl.all_horizontal(pl.col(c) == pl.col(c).shift(1) for c in (*_SAME_BAR, "series")) & (pl.col("volume") > 0)
    marked = rows.with_columns(repeated=same.fill_null(value=False))
    runs = marked.filter(pl.col("repeated") | pl.col("repeated").shift(-1, fill_value=False)).select("position", "repeated")
    if not runs.height:
        return marked.with_columns(repeats=pl.lit(1, pl.UInt32))
    lengths = runs.with_columns(run=(~pl.col("repeated")).cum_sum()).select("position", repeats=pl.len().over("run").cast(pl.UInt32))
    return marked.join(lengths, on="position", how="left", maintain_order="left").with_columns(pl.col("repeats").fill_null(1))
