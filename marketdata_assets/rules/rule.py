"""What a rule is: a value with a name, a severity, a remedy and one way of finding its cases."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import polars as pl

from marketdata_assets.rules.context import AuditContext

if TYPE_CHECKING:
    from marketdata_assets.rules.scope import Scope


class Stage(StrEnum):
    """What a rule looks at before it speaks."""

    FRAME = "frame"
    ROW = "row"
    NEIGHBOURS = "neighbours"
    SERIES = "series"
    PARTITION = "partition"


class Action(StrEnum):
    """What happens to what a rule finds."""

    QUARANTINE = "quarantine"
    FLAG = "flag"
    REPORT = "report"
    BLOCK = "block"


class Severity(StrEnum):
    """How a check reports it: an ERROR fails the check, a WARN passes it with a warning."""

    ERROR = "ERROR"
    WARN = "WARN"


CASES_SCHEMA = pl.Schema(
    {
        "row": pl.UInt32(),
        "symbol": pl.String(),
        "source": pl.String(),
        "session": pl.Date(),
        "timestamp": pl.Datetime("us", "UTC"),
        "n": pl.Int64(),
        "measure": pl.Float64(),
        "reason": pl.String(),
    }
)
"""One finding in the rough: the judged row it is about (null for a series or a day), how many it counts for, and why."""


@dataclass(frozen=True)
class Rule:
    """One quality rule.

    A rule of stage ROW or NEIGHBOURS has `bad`, one expression that is true for a bad row: it refuses or flags rows and counts
    them for the report. A rule of stage SERIES or PARTITION has `find`, which returns CASES of a Scope. A rule of stage FRAME has
    `verify`, which returns what is wrong with a whole frame, or None. `weight` is what a flag takes off the quality score,
    `thresholds` names the figures it compares with, and `needs` the context without which it cannot be evaluated. A row that
    fails a rule which `breaks_series` is no neighbour to other rows. A `repairable` one may be clamped where `auto_fix` is on.
    """

    name: str
    title: str
    stage: Stage
    action: Action
    severity: Severity
    remedy: str
    weight: float = 0.0
    thresholds: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    breaks_series: bool = True
    repairable: bool = False
    bad: Callable[[AuditContext], pl.Expr] | None = None
    reason: Callable[[AuditContext], pl.Expr] | None = None
    measure: str | None = None
    find: Callable[[Scope], pl.DataFrame] | None = None
    verify: Callable[[pl.DataFrame], str | None] | None = None


def sentence(words: str, *figures: str | pl.Expr) -> pl.Expr:
    """`words` with each `{}` replaced by a column or expression in turn; what is absent reads `none`."""
    # pl.format of Polars 2.1 panics on a column whose first chunk is empty.
    texts = [(pl.col(f) if isinstance(f, str) else f).cast(pl.String).fill_null("none") for f in figures]
    gaps = words.split("{}")
    parts = [pl.lit(gaps[0])] + [part for text, after in zip(texts, gaps[1:], strict=True) for part in (text, pl.lit(after))]
    return pl.concat_str(parts)


def cases(frame: pl.DataFrame, reason: pl.Expr | None = None, measure: pl.Expr | None = None) -> pl.DataFrame:
    """`frame` with exactly the columns of CASES, `reason` and `measure` worked out; `n` is 1 and the rest null where it has none."""
    added = {"n": pl.lit(1)} if "n" not in frame.columns else {}
    told = {name: expression for name, expression in (("reason", reason), ("measure", measure)) if expression is not None}
    filled = frame.with_columns(**added, **told)
    return filled.select(
        (pl.col(name) if name in filled.columns else pl.lit(None)).cast(dtype).alias(name) for name, dtype in CASES_SCHEMA.items()
    )


def no_cases() -> pl.DataFrame:
    """CASES without rows."""
    return CASES_SCHEMA.to_frame()
