"""Five explanations of a jump, weighed against each other: a split, news, a distribution, a merger of shares with one, a wrong price."""

from __future__ import annotations

import math

import polars as pl

from marketdata_assets.transforms.splits.likelihood import either, heavy, moderate, rising
from marketdata_assets.transforms.splits.parameters import SplitParameters

_COUNTED_IN_PART = -1.0
"""Logarithm: a volume below about a third of what is expected."""
EXPLANATIONS = ("split", "news", "distribution", "combined", "tick")


def weighed(rows: pl.DataFrame, parameters: SplitParameters) -> pl.DataFrame:
    """`rows` (evidence.py) with a `ratio` and its log `prior` each, plus the log weight of every explanation: `w_split`, `w_news`, ...

    A weight is the prior times the densities of what was seen: the open, the close, the day's volume, the volume and the level of the
    days after. What was not seen (volume zero or unknown, no bar after) weighs the same for all.
    """
    p = parameters
    size = pl.col("ratio").log()
    own = pl.col("overnight") - pl.col("market_overnight")
    own_day = pl.col("daily") - pl.col("market_daily")
    scale, day_scale = pl.col("overnight_scale"), pl.col("daily_scale")
    later = own_day - own
    spread = pl.col("volume_scale")
    left, left_day = own + size, own_day + size
    wide = p.news_range * day_scale
    shift = (pl.col("new_level") / pl.col("old_level")).log()
    level_scale = p.level_spread * pl.max_horizontal(day_scale, pl.lit(p.calm))
    premium = pl.when(size > 0).then(p.premium_share).otherwise(0.0)
    counted = _counted("volume_change", p.miscounted) + _counted("volume_after", p.miscounted / 2)
    split = pl.sum_horizontal(
        pl.col("prior"),
        either(heavy(left, scale), rising(left, p.premium), premium),
        either(heavy(left_day, day_scale), rising(left_day, 2 * p.premium), premium),
        counted,
        heavy(shift + size, level_scale),
    )
    news = pl.sum_horizontal(
        heavy(own, scale),
        heavy(later, wide),
        _volume(_traded(pl.col("volume_change") - p.news_turnover, spread), "volume_change"),
        _volume(_traded(pl.col("volume_after") - p.news_turnover / 3, spread), "volume_after"),
        heavy(shift - own, level_scale),
    )
    distribution = pl.sum_horizontal(
        pl.lit(p.distribution_rate).log(),
        rising(-own, p.distribution_size),
        heavy(later, 2 * day_scale),
        _volume(_traded(pl.col("volume_change") - p.distribution_turnover, spread), "volume_change"),
        _volume(_traded(pl.col("volume_after"), spread), "volume_after"),
        heavy(shift - own, level_scale),
    )
    combined = pl.sum_horizontal(
        pl.col("prior") + pl.when(size < 0).then(pl.lit(p.combined_share).log()).otherwise(-math.inf),
        rising(-left, p.distribution_size),
        heavy(later, 2 * day_scale),
        counted,
        heavy(shift - own, level_scale),
    )
    tick = pl.sum_horizontal(
        pl.lit(p.tick_rate).log(),
        rising(own.abs(), p.tick_size) - pl.lit(2.0).log(),
        heavy(later, wide),
        _volume(_traded(pl.col("volume_change"), spread), "volume_change"),
        _volume(_traded(pl.col("volume_after"), spread), "volume_after"),
        heavy(shift, level_scale),
    )
    return rows.with_columns(w_split=split, w_news=news, w_distribution=distribution, w_combined=combined, w_tick=tick)


def _counted(column: str, miscounted: float) -> pl.Expr:
    """Log density of a volume across a split: it follows the shares, unless the vendor counts the day as if it lay before the split."""
    size, change = pl.col("ratio").log(), pl.col(column)
    right = pl.when("volume_is_raw").then(change - size).otherwise(change)
    wrong = pl.when("volume_is_raw").then(change).otherwise(change - size)
    spread = pl.col("volume_scale")
    return _volume(either(_traded(right, spread), _traded(wrong, spread), miscounted), column)


def _traded(excess: pl.Expr, spread: pl.Expr) -> pl.Expr:
    """Log density of a volume's excess over what is expected; far too little is an incomplete count and speaks for nothing."""
    return moderate(pl.max_horizontal(excess, pl.lit(_COUNTED_IN_PART)), spread)


def _volume(density: pl.Expr, column: str) -> pl.Expr:
    return pl.when(pl.col(column).is_finite()).then(density).otherwise(0.0)
