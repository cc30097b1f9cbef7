"""What did not come: sessions without a bar, stretches of a session without one, and the order of what did."""

from __future__ import annotations

import polars as pl

from marketdata_assets.core.periods import period_expr
from marketdata_assets.rules.rule import Action, Rule, Severity, Stage, cases, no_cases, sentence
from marketdata_assets.rules.scope import Scope, in_series, previous
from marketdata_assets.rules.shift import find_shift

_NAMES = ("symbol", "source")


def find_missing_sessions(scope: Scope) -> pl.DataFrame:
    """Cases, one a gap and period: consecutive sessions of the calendar on which a source had nothing for a symbol.

    Looked for between the series' first and last bar, or over the spans handed over, within the window. A refused bar came; a
    shifted series is reported as such. The reason tells by how much the close differs across the gap, which infers no split.
    """
    there = scope.rows.filter(pl.col("ordinal").is_not_null()).select(*_NAMES, "series", "ordinal", "session", "close")
    both = pl.concat([there, _edges(scope)]).sort(*_NAMES, "ordinal", maintain_order=True)
    if not scope.context.timeframe.intraday:
        both = both.join(find_shift(scope).select(_NAMES).unique(), on=_NAMES, how="anti", maintain_order="left")
    start = pl.any_horizontal(pl.col(c) != pl.col(c).shift(1) for c in _NAMES).fill_null(value=True)
    beside = both.with_columns(
        after=pl.when(~start).then(pl.col("ordinal").shift(1)), close_before=pl.when(~start).then(pl.col("close").shift(1))
    )
    gaps = beside.filter(pl.col("ordinal") - pl.col("after") > 1)
    if not gaps.height:
        return no_cases()
    kind = scope.context.timeframe.period
    calendar = scope.context.sessions.sort("session").select(
        "session", ordinal=pl.int_range(pl.len(), dtype=pl.Int32), period=period_expr("session", kind)
    )
    missed = (
        gaps.select(*_NAMES, "close", "close_before", ordinal=pl.int_ranges(pl.col("after") + 1, "ordinal", dtype=pl.Int32), gap="ordinal")
        .explode("ordinal")
        .join(calendar, on="ordinal")
        .filter(*_within_window(scope))
    )
    found = missed.group_by(*_NAMES, "gap", "period").agg(
        pl.len().alias("n"), pl.col("session").min(), pl.col("session").max().alias("last"), pl.col("close", "close_before").first()
    )
    span = pl.when(pl.col("n") == 1).then(sentence("{}", "session")).otherwise(sentence("{}..{} ({} sessions)", "session", "last", "n"))
    across = sentence("; the close goes from {} to {} across the gap", "close_before", "close")
    reason = pl.concat_str(
        pl.lit("no bar on "),
        span,
        pl.when(pl.col("close").is_not_null() & pl.col("close_before").is_not_null()).then(across),
        ignore_nulls=True,
    )
    return cases(found.sort(*_NAMES, "session"), reason, pl.col("n"))


def _edges(scope: Scope) -> pl.DataFrame:
    """A mark just before and just after each span handed over, so that a series that starts late or stops early shows a gap."""
    spans = scope.context.spans
    empty = scope.rows.clear().select(*_NAMES, "series", "ordinal", "session", "close")
    if spans is None or not spans.height:
        return empty
    expected = scope.rows if scope.context.symbols is None else scope.context.symbols
    reach = (
        spans.join(expected.select("symbol").unique(), on="symbol", how="semi")
        .group_by(_NAMES, maintain_order=True)
        .agg(pl.col("first").min(), pl.col("last").max())
    )
    sessions = scope.context.sessions.get_column("session").sort()
    before = sessions.search_sorted(reach["first"], "left").cast(pl.Int32) - 1
    after = sessions.search_sorted(reach["last"], "right").cast(pl.Int32)
    marks = pl.concat([reach.select(_NAMES).with_columns(ordinal) for ordinal in (before.alias("ordinal"), after.alias("ordinal"))])
    return pl.concat([empty, marks], how="diagonal")


def _within_window(scope: Scope) -> list[pl.Expr]:
    window = scope.context.window
    if window is not None:
        return [pl.col("session").is_between(window[0], window[1], closed="left")]
    judged = scope.rows.filter(pl.col("row").is_not_null()).get_column("session")
    return [pl.col("session").is_between(judged.min(), judged.max())] if judged.len() else [pl.lit(value=False)]


def find_session_gaps(scope: Scope) -> pl.DataFrame:
    """Cases, one a stretch: two bars of one session's regular hours that start `gap_minutes` and more apart, intraday only."""
    if not scope.context.timeframe.intraday:
        return no_cases()
    regular = scope.sound.filter(pl.col("timestamp") >= pl.col("opens"), pl.col("timestamp") < pl.col("closes"))
    beside = regular.with_columns(before=previous("timestamp"), same_day=in_series(lambda c: c.shift(1), "session") == pl.col("session"))
    length = scope.context.timeframe.duration
    minutes = (pl.col("timestamp") - pl.col("before")).dt.total_minutes()
    wide = beside.filter(
        pl.col("row").is_not_null(),
        pl.col("same_day"),
        minutes >= scope.context.thresholds.gap_minutes,
        pl.col("timestamp") >= pl.col("before") + 2 * length,
    )
    shown = (pl.col(c).dt.to_string("%H:%M") for c in ("before", "timestamp"))
    return cases(wide, sentence("no bar starts between {} and {} UTC, {} minutes apart", *shown, minutes), minutes)


def find_mixed_order(scope: Scope) -> pl.DataFrame:
    """Cases, one a payload and series: rows that run neither forward nor backward in time; newest-first files are legal."""
    same = (pl.col("payload_sha256") == previous("payload_sha256")) & (pl.col("timestamp") != previous("timestamp"))
    steps = scope.rows.with_columns(step=pl.when(same).then((pl.col("line") - previous("line")).sign()))
    counted = steps.group_by(*_NAMES, "payload_sha256", maintain_order=True).agg(
        (pl.col("step") > 0).sum().alias("forward"),
        (pl.col("step") < 0).sum().alias("backward"),
        pl.col("session").filter(pl.col("step") < 0).first().alias("first_backward"),
        pl.col("session").filter(pl.col("step") > 0).first().alias("first_forward"),
        pl.col("row").is_not_null().any().alias("judged"),
    )
    n = pl.min_horizontal("forward", "backward")
    mixed = counted.filter(n > 0, "judged")
    first = pl.when(pl.col("backward") <= pl.col("forward")).then("first_backward").otherwise("first_forward")
    words = "payload {}: {} rows follow an earlier one, {} a later one"
    told = sentence(words, pl.col("payload_sha256").str.slice(0, 12), "forward", "backward")
    return cases(mixed.with_columns(n=n, session=first), told, n)


MISSING_SESSIONS = Rule(
    "missing_sessions",
    "the exchange traded and the source has no bar",
    Stage.SERIES,
    Action.REPORT,
    Severity.WARN,
    "land what is missing, or add the closure to data/reference/calendar_overrides.csv; no split is ever inferred across a gap",
    find=find_missing_sessions,
)
SESSION_GAP = Rule(
    "session_gap",
    "a stretch of a session without a bar",
    Stage.SERIES,
    Action.REPORT,
    Severity.WARN,
    "expect it of halts and thin instruments; compare with another source",
    thresholds=("gap_minutes",),
    find=find_session_gaps,
)
TIME_ORDER = Rule(
    "time_order",
    "a payload's rows run forward in time and backward too",
    Stage.SERIES,
    Action.REPORT,
    Severity.WARN,
    "ask the vendor whether the file was put together from parts; the rows themselves are kept and sorted",
    find=find_mixed_order,
)
GAP_RULES = (MISSING_SESSIONS, SESSION_GAP, TIME_ORDER)
