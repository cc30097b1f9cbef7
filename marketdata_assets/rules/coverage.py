"""Rules on a partition as a whole: every expected symbol on every session, nothing late."""

from __future__ import annotations

import polars as pl

from marketdata_assets.core.periods import period_expr
from marketdata_assets.rules.rule import Action, Rule, Severity, Stage, cases, no_cases, sentence
from marketdata_assets.rules.scope import Scope

_NAMED_AT_MOST = 5


def find_absent_symbols(scope: Scope) -> pl.DataFrame:
    """Cases, one a session: expected symbols without a bar that passed."""
    expected = expected_days(scope)
    if not expected.height:
        return no_cases()
    there = scope.kept.select("symbol", "session").unique()
    absent = expected.join(there, on=["symbol", "session"], how="anti")
    if not absent.height:
        return no_cases()
    daily = absent.group_by("session").agg(pl.col("symbol").sort().alias("absent"), pl.len().alias("n"))
    counted = daily.join(expected.group_by("session").len("of"), on="session").sort("session")
    named = pl.col("absent").list.head(_NAMED_AT_MOST).list.join(", ")
    reason = sentence("{} of {} symbols have a bar; absent: {}", pl.col("of") - pl.col("n"), "of", named)
    return cases(counted.with_columns(symbol=pl.lit(""), source=pl.lit("")), reason, 1 - pl.col("n") / pl.col("of"))


def find_low_coverage(scope: Scope) -> pl.DataFrame:
    """Cases, one a period, whose share of expected symbol sessions lies below `coverage_block`; none while that is off."""
    limit = scope.context.thresholds.coverage_block
    expected = expected_days(scope)
    if limit is None or not expected.height:
        return no_cases()
    there = scope.kept.select("symbol", "session").unique().with_columns(came=pl.lit(value=True))
    period = period_expr("session", scope.context.timeframe.period).alias("period")
    share = (
        expected.join(there, on=["symbol", "session"], how="left")
        .group_by(period)
        .agg(pl.col("came").is_not_null().mean().alias("share"), pl.col("session").min(), pl.col("came").is_null().sum().alias("n"))
        .filter(pl.col("share") < limit)
        .sort("period")
    )
    reason = sentence(
        "{} % of the expected symbol sessions of {} came, below {} %", (pl.col("share") * 100).round(2), "period", pl.lit(limit * 100)
    )
    return cases(share.with_columns(symbol=pl.lit(""), source=pl.lit("")), reason, pl.col("share"))


def find_late_symbols(scope: Scope) -> pl.DataFrame:
    """Cases, one a symbol: more than `freshness_sessions` sessions have closed since its newest bar that passed."""
    as_of = scope.context.as_of
    closed = scope.context.sessions.sort("session").with_columns(ordinal=pl.int_range(pl.len())).filter(pl.col("close") <= as_of)
    symbols = _symbols(scope)
    if not closed.height or not symbols.height:
        return no_cases()
    today = closed.row(-1, named=True)
    listed = symbols.filter(pl.col("delisted_on").is_null() | (pl.col("delisted_on") > today["session"]))
    newest = scope.kept.group_by("symbol").agg(pl.col("session").max())
    behind = (
        listed.join(newest, on="symbol", how="left")
        .join(closed.select("session", "ordinal"), on="session", how="left")
        .with_columns(behind=today["ordinal"] - pl.col("ordinal"))
        .filter(pl.col("behind").is_null() | (pl.col("behind") > scope.context.thresholds.freshness_sessions))
        .filter(pl.col("listed_on").is_null() | (pl.col("listed_on") <= today["session"]))
        .sort("symbol")
    )
    stale = sentence("newest bar {}, {} sessions before {}", "newest", "behind", pl.lit(today["session"]))
    reason = pl.when(pl.col("newest").is_null()).then(pl.lit("no bar at all")).otherwise(stale)
    told = behind.with_columns(source=pl.lit(""), session=pl.lit(today["session"]), newest="session")
    return cases(told, reason, pl.col("behind"))


def expected_days(scope: Scope) -> pl.DataFrame:
    """(symbol, session) that should have a bar: listed, a session of the window, and within what any payload of the symbol covers.

    A symbol of which nothing ever came is expected throughout.
    """
    symbols, window = _symbols(scope), scope.context.window
    judged = scope.rows.filter(pl.col("row").is_not_null()).get_column("session")
    if not symbols.height or (window is None and not judged.len()):
        return scope.rows.clear().select("symbol", "session")
    first, last = (judged.min(), judged.max()) if window is None else (window[0], window[1])
    sessions = scope.context.sessions.filter(pl.col("session").is_between(first, last, closed="both" if window is None else "left"))
    spans = scope.rows.select("symbol", first="session", last="session") if scope.context.spans is None else scope.context.spans
    reach = spans.group_by("symbol").agg(pl.col("first").min(), pl.col("last").max())
    grid = symbols.join(reach, on="symbol", how="left").join(sessions.select("session"), how="cross")
    listed = (pl.col("listed_on").is_null() | (pl.col("session") >= pl.col("listed_on"))) & (
        pl.col("delisted_on").is_null() | (pl.col("session") < pl.col("delisted_on"))
    )
    fetched = pl.col("first").is_null() | pl.col("session").is_between("first", "last")
    return grid.filter(listed, fetched).select("symbol", "session")


def _symbols(scope: Scope) -> pl.DataFrame:
    """Expected symbols with their listing bounds, each once."""
    told = scope.context.symbols
    if told is None:
        return scope.rows.clear().select("symbol", listed_on="session", delisted_on="session")
    return told.select("symbol", pl.col("listed_on", "delisted_on").cast(pl.Date)).unique("symbol", maintain_order=True)


COVERAGE_SYMBOLS = Rule(
    "coverage_symbols",
    "an expected symbol has no bar on a session",
    Stage.PARTITION,
    Action.REPORT,
    Severity.WARN,
    "land what is missing; coverage says of each symbol and day what became of it",
    needs=("symbols",),
    find=find_absent_symbols,
)
COVERAGE_BELOW_THRESHOLD = Rule(
    "coverage_below_threshold",
    "too little of a period came to be published",
    Stage.PARTITION,
    Action.BLOCK,
    Severity.ERROR,
    "land what is missing, or lower coverage_block",
    thresholds=("coverage_block",),
    needs=("symbols",),
    find=find_low_coverage,
)
FRESHNESS = Rule(
    "freshness",
    "the newest bar of a symbol is old",
    Stage.PARTITION,
    Action.REPORT,
    Severity.WARN,
    "land newer files; enter the delisting if the symbol has left",
    thresholds=("freshness_sessions",),
    needs=("symbols", "as_of"),
    find=find_late_symbols,
)
PARTITION_RULES = (COVERAGE_SYMBOLS, COVERAGE_BELOW_THRESHOLD, FRESHNESS)
