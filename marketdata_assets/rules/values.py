"""Rules on the numbers of one row: present, finite, positive, in order."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from marketdata_assets.rules.context import AuditContext
from marketdata_assets.rules.rule import Action, Rule, Severity, Stage, sentence

_PRICES = ("open", "high", "low", "close")
_FIGURES = (*_PRICES, "volume")


def _always(expression: pl.Expr) -> Callable[[AuditContext], pl.Expr]:
    """The same expression whatever the context; a comparison with nothing is not true."""
    return lambda _: expression.fill_null(value=False)


def _says(words: str, *columns: str) -> Callable[[AuditContext], pl.Expr]:
    """`words` with the row's figures in its braces."""
    return lambda _: sentence(words, *columns)


def _zero_volume(context: AuditContext) -> pl.Expr:
    """A flat intraday bar without volume is how some vendors write a minute nobody traded in: legal, unlike a price that moved."""
    idle = pl.col("volume") == 0
    moved = pl.col("high") > pl.col("low")
    return (idle & moved if context.timeframe.intraday else idle).fill_null(value=False)


REQUIRED_VALUES = Rule(
    "required_values",
    "a price or the volume is missing",
    Stage.ROW,
    Action.QUARANTINE,
    Severity.ERROR,
    "ask the vendor for the bar again; a later version replaces this one",
    bad=_always(pl.any_horizontal(pl.col(c).is_null() for c in _FIGURES)),
    reason=_says("open {}, high {}, low {}, close {}, volume {}", *_FIGURES),
)
PRICE_NOT_FINITE = Rule(
    "price_not_finite",
    "a price is not a number, or infinite",
    Stage.ROW,
    Action.QUARANTINE,
    Severity.ERROR,
    "ask the vendor for the bar again; a later version replaces this one",
    bad=_always(pl.any_horizontal(~pl.col(c).is_finite() for c in _PRICES)),
    reason=_says("open {}, high {}, low {}, close {}", *_PRICES),
)
PRICE_NOT_POSITIVE = Rule(
    "price_not_positive",
    "a price is zero or negative",
    Stage.ROW,
    Action.QUARANTINE,
    Severity.ERROR,
    "ask the vendor for the bar again; zero often stands for a missing price",
    bad=_always(pl.any_horizontal(pl.col(c) <= 0 for c in _PRICES)),
    reason=_says("open {}, high {}, low {}, close {}", *_PRICES),
)
HIGH_BELOW_BODY = Rule(
    "high_below_body",
    "the high is below the open, the close or the low",
    Stage.ROW,
    Action.QUARANTINE,
    Severity.ERROR,
    "compare with another source; auto_fix clamps it in validated bars, flagged repaired_high_low",
    weight=20.0,
    breaks_series=False,
    repairable=True,
    bad=_always(pl.col("high") < pl.max_horizontal("open", "close", "low")),
    reason=_says("high {} is below open {}, close {} or low {}", "high", "open", "close", "low"),
)
LOW_ABOVE_BODY = Rule(
    "low_above_body",
    "the low is above the open, the close or the high",
    Stage.ROW,
    Action.QUARANTINE,
    Severity.ERROR,
    "compare with another source; auto_fix clamps it in validated bars, flagged repaired_high_low",
    weight=20.0,
    breaks_series=False,
    repairable=True,
    bad=_always(pl.col("low") > pl.min_horizontal("open", "close", "high")),
    reason=_says("low {} is above open {}, close {} or high {}", "low", "open", "close", "high"),
)
VOLUME_NEGATIVE = Rule(
    "volume_negative",
    "the volume is negative or not a number",
    Stage.ROW,
    Action.QUARANTINE,
    Severity.ERROR,
    "ask the vendor for the bar again",
    bad=_always((pl.col("volume") < 0) | ~pl.col("volume").is_finite()),
    reason=_says("volume {}", "volume"),
)
ZERO_VOLUME = Rule(
    "zero_volume",
    "nothing was traded, yet there is a daily bar, or an intraday one whose price moved",
    Stage.ROW,
    Action.FLAG,
    Severity.WARN,
    "expect it of illiquid names; compare with another source",
    weight=5.0,
    breaks_series=False,
    bad=_zero_volume,
    reason=_says("volume 0 with open {} and close {}", "open", "close"),
)
KEY_CONFLICT = Rule(
    "key_conflict",
    "one source says different things about one bar",
    Stage.ROW,
    Action.QUARANTINE,
    Severity.ERROR,
    "look at both lines of the payload; a corrected payload replaces them",
    bad=_always(pl.col("same_key")),
    reason=_says("line {} says close {}, volume {}; another line differs", "line", "close", "volume"),
)
VALUE_RULES = (
    REQUIRED_VALUES,
    PRICE_NOT_FINITE,
    PRICE_NOT_POSITIVE,
    HIGH_BELOW_BODY,
    LOW_ABOVE_BODY,
    VOLUME_NEGATIVE,
    ZERO_VOLUME,
    KEY_CONFLICT,
)
