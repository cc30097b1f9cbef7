"""Five explanations of a jump, weighed against each other: a split, news, a distribution, a merger of shares with one, a wrong price."""

from __future__ import annotations

import math

import polars as pl

from marketdata_assets.transforms.splits.likelihood import either, heavy, moderate, rising
from marketdata_assets.transforms.splits.parameters import SplitParameters

_COUNTED_IN_PART = -1.0
"""Logarithm: a volume below about a third of what is expected."""
EXPLANATIONS = ("split", "news", "distribution", "combined", "tick")


_SIZE = pl.col("ratio").log()
_OWN = pl.col("overnight") - pl.col("market_overnight")
_OWN_DAY = pl.col("daily") - pl.col("market_daily")
_LATER = _OWN_DAY - _OWN
_SHIFT = (pl.col("new_level") / pl.col("old_level")).log()
_SCALE, _DAY_SCALE = pl.col("overnight_scale"), pl.col("daily_scale")


def weighed(rows: pl.DataFrame, parameters: SplitParameters) -> pl.DataFrame:
    """`rows` (evidence.py) with a `ratio` and its log `prior` each, plus the log weight of every explanation: `w_split`, `w_news`, ...

    A weight is the prior times the densities of what was seen: the open, the close, the day's volume, the volume and the level of the
    days after. What was not seen (volume zero or unknown, no bar after) weighs the same for all.
    """
    p = parameters
    return rows.with_columns(w_split=_split(p), w_news=_news(p), w_distribution=_distribution(p), w_combined=_combined(p), w_tick=_tick(p))


def _split(p: SplitParameters) -> pl.Expr:
    """Open and close stand a ratio below the close before, a forward split's perhaps a premium above that."""
    premium = pl.when(_SIZE > 0).then(p.premium_share).otherwise(0.0)
    return pl.sum_horizontal(
        pl.col("prior"),
        either(heavy(_OWN + _SIZE, _SCALE), rising(_OWN + _SIZE, p.premium), premium),
        either(heavy(_OWN_DAY + _SIZE, _DAY_SCALE), rising(_OWN_DAY + _SIZE, 2 * p.premium), premium),
        _counted_volumes(p),
        heavy(_SHIFT + _SIZE, _level_scale(p)),
    )


def _news(p: SplitParameters) -> pl.Expr:
    """The tail of the symbol's own moves overnight; the day moves on, everybody trades, the level stays where the open was."""
    return pl.sum_horizontal(
        heavy(_OWN, _SCALE),
        heavy(_LATER, p.news_range * _DAY_SCALE),
        _volumes(p.news_turnover, p.news_turnover / 3),
        heavy(_SHIFT - _OWN, _level_scale(p)),
    )


def _distribution(p: SplitParameters) -> pl.Expr:
    """A fall of any size, no news in it."""
    return pl.sum_horizontal(
        pl.lit(p.distribution_rate).log(),
        rising(-_OWN, p.distribution_size),
        heavy(_LATER, 2 * _DAY_SCALE),
        _volumes(p.distribution_turnover, 0.0),
        heavy(_SHIFT - _OWN, _level_scale(p)),
    )


def _combined(p: SplitParameters) -> pl.Expr:
    """A merger of shares by the ratio, and a fall of any size below it."""
    return pl.sum_horizontal(
        pl.col("prior") + pl.when(_SIZE < 0).then(pl.lit(p.combined_share).log()).otherwise(-math.inf),
        rising(-(_OWN + _SIZE), p.distribution_size),
        heavy(_LATER, 2 * _DAY_SCALE),
        _counted_volumes(p),
        heavy(_SHIFT - _OWN, _level_scale(p)),
    )


def _tick(p: SplitParameters) -> pl.Expr:
    """A move of any size either way, after which the level is the old one."""
    return pl.sum_horizontal(
        pl.lit(p.tick_rate).log(),
        rising(_OWN.abs(), p.tick_size) - pl.lit(2.0).log(),
        heavy(_LATER, p.news_range * _DAY_SCALE),
        _volumes(0.0, 0.0),
        heavy(_SHIFT, _level_scale(p)),
    )


def _level_scale(p: SplitParameters) -> pl.Expr:
    return p.level_spread * pl.max_horizontal(_DAY_SCALE, pl.lit(p.calm))


def _counted_volumes(p: SplitParameters) -> pl.Expr:
    return _counted("volume_change", p.miscounted) + _counted("volume_after", p.miscounted / 2)


def _volumes(change: float, after: float) -> pl.Expr:
    """Log density of the day's volume and of the days' after, about what is expected of each."""
    spread = pl.col("volume_scale")
    day = _volume(_traded(pl.col("volume_change") - change, spread), "volume_change")
    return day + _volume(_traded(pl.col("volume_after") - after, spread), "volume_after")


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
