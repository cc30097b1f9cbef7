"""Rules on the time of one row: on its grid, within a session, over before it was received."""

from __future__ import annotations

import polars as pl

from marketdata_assets.rules.context import AuditContext
from marketdata_assets.rules.rule import Action, Rule, Severity, Stage, sentence


def _off_grid(context: AuditContext) -> pl.Expr:
    """A daily bar is stamped midnight UTC of its session; an intraday one starts on a whole minute, wherever its vendor's hour begins."""
    grid = "1m" if context.timeframe.intraday else "1d"
    return pl.col("timestamp") != pl.col("timestamp").dt.truncate(grid)


def _outside_session(context: AuditContext) -> pl.Expr:
    closed = pl.col("opens").is_null()
    if not context.timeframe.intraday or context.around_the_clock:
        return closed
    first, last = context.trading_day
    local = pl.col("timestamp").dt.convert_time_zone(context.zone).dt.time()
    return closed | (local < first) | (local >= last)


def _outside_reason(context: AuditContext) -> pl.Expr:
    stamp = pl.col("timestamp").dt.to_string("%Y-%m-%d %H:%M UTC")
    hours = f"{context.trading_day[0]:%H:%M} to {context.trading_day[1]:%H:%M} in {context.zone}"
    within = sentence("{} lies outside " + hours, stamp)
    return pl.when(pl.col("opens").is_null()).then(sentence("no session on {}, a {}", "session", _weekday())).otherwise(within)


def _weekday() -> pl.Expr:
    return pl.col("session").dt.to_string("%A")


OFF_GRID = Rule(
    "off_grid",
    "the stamp does not lie on the grid of its bar length",
    Stage.ROW,
    Action.QUARANTINE,
    Severity.ERROR,
    "correct the time unit or the zone of the source's format",
    bad=_off_grid,
    reason=lambda _: sentence("stamped {}", pl.col("timestamp").dt.to_string("%Y-%m-%d %H:%M:%S%.6f UTC")),
)
OUTSIDE_SESSION = Rule(
    "outside_session",
    "the bar lies on a closed day or outside the trading hours, extended ones included",
    Stage.ROW,
    Action.QUARANTINE,
    Severity.ERROR,
    "correct the zone of the source's format, or add the session to data/reference/calendar_overrides.csv",
    bad=_outside_session,
    reason=_outside_reason,
)
NOT_FINAL = Rule(
    "not_final",
    "the bar was still forming when it was received",
    Stage.ROW,
    Action.QUARANTINE,
    Severity.ERROR,
    "land the file again after the bar has closed; the later version replaces this one",
    bad=lambda _: pl.col("ends_at") > pl.col("known_at"),
    reason=lambda _: sentence(
        "the bar ends {}, it was received {}", *(pl.col(c).dt.to_string("%Y-%m-%d %H:%M:%S UTC") for c in ("ends_at", "known_at"))
    ),
)
TIME_RULES = (OFF_GRID, OUTSIDE_SESSION, NOT_FINAL)
