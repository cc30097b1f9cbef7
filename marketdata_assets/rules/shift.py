"""Series displaced as a whole: daily bars by a day, intraday bars by an hour."""

from __future__ import annotations

from datetime import timedelta

import polars as pl

from marketdata_assets.rules.rule import Action, Rule, Severity, Stage, cases, no_cases, sentence
from marketdata_assets.rules.scope import Scope

_PAYLOAD = ["series", "payload_sha256"]
_SERIES = ["series"]


def find_shift(scope: Scope) -> pl.DataFrame:
    """Cases, one a row, of series whose days or hours fit the calendar only when moved."""
    if scope.context.around_the_clock or not scope.rows.height:
        return no_cases()
    return _by_hours(scope) if scope.context.timeframe.intraday else _by_days(scope)


def _by_days(scope: Scope) -> pl.DataFrame:
    """Rows of a payload (of the series, where the payload is short) whose days become sessions when moved by one day."""
    if not scope.rows.get_column("opens").null_count():
        return no_cases()
    days = scope.context.sessions.get_column("session").implode()
    moved = scope.rows.select(
        *_PAYLOAD,
        pl.col("opens").is_null().alias("closed"),
        *(pl.col("session").dt.offset_by(f"{d}d").is_in(days).alias(f"moved{d}") for d in (1, -1)),
    )
    payloads, series = _day_verdicts(moved, _PAYLOAD, scope), _day_verdicts(moved, _SERIES, scope)
    told = (
        scope.rows.join(payloads, on=_PAYLOAD, how="left", maintain_order="left")
        .join(series, on=_SERIES, how="left", maintain_order="left", suffix="_series")
        .with_columns(_decided("days"), _decided("n_closed"), _decided("n_bars"))
        .filter(pl.col("days").is_not_null())
    )
    words = "the series is one day {}: {} of its {} bars lie on closed days and moved by {} day all are sessions"
    early = pl.when(pl.col("days") == 1).then(pl.lit("early")).otherwise(pl.lit("late"))
    return cases(told, sentence(words, early, "n_closed", "n_bars", "days"), pl.col("days"))


def _decided(column: str) -> pl.Expr:
    """The payload's verdict where it was long enough to have one, the series' otherwise."""
    return pl.when(pl.col("enough").fill_null(value=False)).then(pl.col(column)).otherwise(pl.col(f"{column}_series")).alias(column)


def _day_verdicts(moved: pl.DataFrame, key: list[str], scope: Scope) -> pl.DataFrame:
    limits = scope.context.thresholds
    counted = moved.group_by(key).agg(
        pl.len().alias("n_bars"), pl.col("closed").sum().alias("n_closed"), pl.col("moved1").mean(), pl.col("moved-1").mean()
    )
    # Four of five days of a shifted week are sessions all the same: one closed day in ten is the trace of a shift.
    suspect = pl.col("n_closed") * 10 >= pl.col("n_bars")
    fits = pl.when(pl.col("moved1") >= limits.shift_share).then(1).when(pl.col("moved-1") >= limits.shift_share).then(-1)
    enough = pl.col("n_bars") >= limits.shift_bars
    return counted.select(*key, "n_bars", "n_closed", enough.alias("enough"), pl.when(enough & suspect).then(fits).alias("days"))


def _by_hours(scope: Scope) -> pl.DataFrame:
    """Rows of sessions in a row whose trading happens exactly an hour before or after the exchange's hours.

    The volume within the regular hours is compared with that within the same hours an hour earlier and later. The open and the
    close are the busiest minutes of a session, so the right hours hold the most, with or without extended hours around them.
    """
    length = scope.context.timeframe.duration
    hours = {0: timedelta(0), 1: timedelta(hours=1), -1: timedelta(hours=-1)}
    within = {
        h: (pl.col("timestamp") < pl.col("closes") + by) & (pl.col("timestamp") + length > pl.col("opens") + by) for h, by in hours.items()
    }
    volumes = (
        scope.rows.filter(pl.col("opens").is_not_null())
        .group_by("series", "session", "ordinal", maintain_order=True)
        .agg(pl.col("volume").filter(expression).sum().alias(f"v{h}") for h, expression in within.items())
    )
    best = pl.when((pl.col("v1") > pl.col("v0")) & (pl.col("v1") >= pl.col("v-1"))).then(1).when(pl.col("v-1") > pl.col("v0")).then(-1)
    fitted = volumes.with_columns(hours=best.otherwise(0))
    start = pl.any_horizontal(pl.col(c).ne_missing(pl.col(c).shift(1)) for c in ("series", "hours"))
    runs = fitted.with_columns(run=start.cum_sum()).with_columns(length=pl.len().over("run"))
    shifted = runs.filter(pl.col("hours") != 0, pl.col("length") >= scope.context.thresholds.shift_sessions)
    told = scope.rows.join(shifted.select("series", "session", "hours", "length"), on=["series", "session"], maintain_order="left")
    words = "{} sessions in a row trade an hour {}: the busiest regular hours lie {} h from the exchange's"
    early = pl.when(pl.col("hours") < 0).then(pl.lit("early")).otherwise(pl.lit("late"))
    return cases(told, sentence(words, "length", early, "hours"), pl.col("hours"))


SHIFTED_SERIES = Rule(
    "shifted_series",
    "the whole series lies a day or an hour beside the calendar",
    Stage.SERIES,
    Action.QUARANTINE,
    Severity.ERROR,
    "correct the zone or the session rule of the source's format (it tells by how much) and land the file again",
    thresholds=("shift_bars", "shift_share", "shift_sessions"),
    find=find_shift,
)
SHIFT_RULES = (SHIFTED_SERIES,)
