"""Rules on a row beside its neighbours: moves that nothing explains, ticks that stand alone, bars that repeat."""

from __future__ import annotations

import polars as pl

from marketdata_assets.rules.context import AuditContext
from marketdata_assets.rules.rule import Action, Rule, Severity, Stage, sentence


def _jump(context: AuditContext) -> pl.Expr:
    limit = context.thresholds.jump_fraction
    large = (pl.col("move").abs() > limit) & (pl.col("move_left").abs() > limit)
    return large.fill_null(value=False) & ~pl.col("spike") & ~pl.col("off_scale") & ~pl.col("after_lone")


def _moved(words: str) -> pl.Expr:
    return sentence(words, pl.col("move").mul(100).round(1), "prior_close", "prior_session", "close")


def _frozen(context: AuditContext) -> pl.Expr:
    return pl.col("repeated") & (pl.col("high") > pl.col("low")) & (pl.col("repeats") >= context.thresholds.frozen_bars)


def _stale(context: AuditContext) -> pl.Expr:
    limits = context.thresholds
    enough = pl.when(pl.col("high") > pl.col("low")).then(limits.stale_bars).otherwise(limits.stale_flat_bars)
    return pl.col("repeated") & (pl.col("repeats") >= enough) & ~_frozen(context)


def _repeat_reason(_: AuditContext) -> pl.Expr:
    return sentence("open to volume equal the bar before, {} in a row: close {}, volume {}", "repeats", "close", "volume")


JUMP_UNEXPLAINED = Rule(
    "jump_unexplained",
    "the close moved by more than half and no event explains it",
    Stage.NEIGHBOURS,
    Action.FLAG,
    Severity.WARN,
    "compare with another source; add the split if there was one; a real crash stays flagged",
    weight=20.0,
    thresholds=("jump_fraction", "jump_sessions"),
    bad=_jump,
    reason=lambda _: _moved("{} % from {} on {} to {}; no split, dividend or event explains it"),
    measure="move",
)
BAD_TICK_ROUNDTRIP = Rule(
    "bad_tick_roundtrip",
    "one close stands alone: far from the bar before, and the bar after is back (so it is known one bar later)",
    Stage.NEIGHBOURS,
    Action.FLAG,
    Severity.WARN,
    "compare with another source; a corrected payload replaces the bar",
    weight=40.0,
    thresholds=("spike_fraction", "spike_return", "jump_sessions"),
    bad=lambda _: pl.col("spike") & ~pl.col("off_scale"),
    reason=lambda _: sentence("{}; the next close is {}", _moved("{} % from {} on {} to {}"), "next_close"),
    measure="move",
)
PRICE_OFF_SCALE = Rule(
    "price_off_scale",
    "one close is ten times and more too large or too small: a misplaced decimal point or another currency unit",
    Stage.NEIGHBOURS,
    Action.QUARANTINE,
    Severity.ERROR,
    "correct the price scale of the source's format, or ask the vendor for the bar again",
    thresholds=("off_scale_factor", "jump_sessions"),
    bad=lambda _: pl.col("off_scale"),
    reason=lambda _: sentence(
        "close {} against {} on {}; the next close is {}",
        "close",
        "prior_close",
        "prior_session",
        "next_close",
    ),
    measure="move",
)
STALE_REPEAT = Rule(
    "stale_repeat",
    "the bar repeats the one before it in every figure, volume included",
    Stage.NEIGHBOURS,
    Action.FLAG,
    Severity.WARN,
    "compare with another source; thin instruments repeat flat bars now and then",
    weight=15.0,
    thresholds=("stale_bars", "stale_flat_bars"),
    bad=_stale,
    reason=_repeat_reason,
    measure="repeats",
)
FROZEN_FEED = Rule(
    "frozen_feed",
    "the same moving bar over and over: the feed stood still; the first one is kept",
    Stage.NEIGHBOURS,
    Action.QUARANTINE,
    Severity.ERROR,
    "ask the vendor for the days again",
    thresholds=("frozen_bars",),
    bad=_frozen,
    reason=_repeat_reason,
    measure="repeats",
)
MOVE_RULES = (JUMP_UNEXPLAINED, BAD_TICK_ROUNDTRIP, PRICE_OFF_SCALE, STALE_REPEAT, FROZEN_FEED)
