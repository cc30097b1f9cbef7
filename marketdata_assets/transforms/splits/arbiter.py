"""One row for every split that somebody reports or the prices show: what speaks for it, and what the platform makes of it."""

from __future__ import annotations

from datetime import datetime

import polars as pl

from marketdata_assets.schemas.splits import SPLIT_EVENTS
from marketdata_assets.transforms.splits.detector import detected_among, judge_reported
from marketdata_assets.transforms.splits.evidence import evidence_of, moves
from marketdata_assets.transforms.splits.parameters import DEFAULTS, SplitParameters
from marketdata_assets.transforms.splits.statements import statements
from marketdata_assets.transforms.splits.verdict import with_verdict

DAY = ["symbol", "ex_date"]
_EVIDENCE = (
    "prior_session",
    "prior_close",
    "overnight",
    "market_overnight",
    "overnight_scale",
    "volume_change",
    "old_level",
    "new_level",
    "missing_sessions",
    "decided_on",
)


def split_events(
    bars: pl.DataFrame,
    sessions: pl.DataFrame,
    reported: pl.DataFrame,
    *,
    covering: pl.DataFrame | None = None,
    decisions: pl.DataFrame | None = None,
    as_of: datetime | None = None,
    parameters: SplitParameters = DEFAULTS,
) -> pl.DataFrame:
    """SPLIT_EVENTS: each split that `reported` names, that the prices show, or that a gap in the bars may hide.

    `bars` are raw daily bars, one a symbol and session (VALIDATED_BARS will do), `sessions` the calendar over their span, `reported`
    REPORTED_EVENTS of every source. `covering` (symbol, source, first, last) says over which days a source would have reported a split,
    so that its silence counts as an error; without it silence is no error. `decisions` are SPLIT_DECISIONS: the newest of each symbol and
    day overrules what the evidence says, until it is withdrawn. With `as_of`, only what was known at that instant is looked at.

    A row is final once `decided_on` is set: no later bar changes it, and a report or decision received later is a new state of knowledge,
    which `as_of` leaves out. Nothing here repairs a price.
    """
    prices, reports = _known(bars, as_of), _known(reported, as_of)
    decided = None if decisions is None else _known(decisions, as_of)
    told = statements(reports, parameters)
    moved = moves(prices, sessions, parameters)
    seen = evidence_of(moved, parameters=parameters)
    detected = detected_among(seen, parameters=parameters)
    placed = _placed(told, prices)
    judged = _judged(placed, moved, parameters)
    rows = _together(judged, detected, _jumps_across_gaps(seen, placed, parameters)).join(_cash(reports), on=DAY, how="left")
    return SPLIT_EVENTS.conform(with_verdict(rows, covering, decided, parameters))


def _known(frame: pl.DataFrame, as_of: datetime | None) -> pl.DataFrame:
    return frame if as_of is None else frame.filter(pl.col("known_at") <= as_of)


def _cash(reported: pl.DataFrame) -> pl.DataFrame:
    """(symbol, ex_date, cash): the largest cash dividend that a source reports for a day."""
    paid = reported.filter(pl.col("kind") == "cash_dividend")
    return paid.group_by(DAY).agg(pl.col("amount").max().alias("cash"))


def _placed(told: pl.DataFrame, prices: pl.DataFrame) -> pl.DataFrame:
    """`told` with `session`: the first bar of the symbol on or after the ex-date; null when there is none yet, or none before."""
    days = prices.select("symbol", "session", opened=pl.col("session")).sort("session")
    first = prices.group_by("symbol").agg(pl.col("session").min().alias("first_bar"))
    near = told.sort("ex_date").join_asof(
        days, left_on="ex_date", right_on="session", by="symbol", strategy="forward", check_sortedness=False, coalesce=False
    )
    within = near.join(first, on="symbol", how="left").with_columns(
        session=pl.when(pl.col("ex_date") > pl.col("first_bar")).then(pl.col("opened"))
    )
    return within.drop("opened", "first_bar").sort(DAY)


def _judged(placed: pl.DataFrame, moved: pl.DataFrame, parameters: SplitParameters) -> pl.DataFrame:
    days = placed.filter(pl.col("session").is_not_null())
    seen = evidence_of(moved, days=days, parameters=parameters)
    weighed = judge_reported(days.drop("known_at").join(seen, on=["symbol", "session"], how="inner"), parameters=parameters)
    chosen = weighed.select(*DAY, *_EVIDENCE, "confidence", "with_distribution", pl.col("known_at").alias("bars_known_at"))
    return placed.join(chosen, on=DAY, how="left").with_columns(pl.col("known_at").alias("told_known_at")).drop("known_at")


def _jumps_across_gaps(seen: pl.DataFrame, placed: pl.DataFrame, parameters: SplitParameters) -> pl.DataFrame:
    """Bars after a gap that open far from the close before it, or after a very long one."""
    unlike = (pl.col("overnight").abs() >= parameters.gap_jump) | (pl.col("missing_sessions") >= parameters.blind_gap)
    jumps = seen.filter(pl.col("missing_sessions") > 0, unlike)
    inside = placed.select("symbol", "session", told_on="ex_date")
    joined = jumps.join(inside, on=["symbol", "session"], how="left")
    found = joined.with_columns(ex_date=pl.coalesce("told_on", "session"), hidden_in_gap=pl.lit(value=True)).drop("told_on")
    return found.unique(DAY, keep="first", maintain_order=True)


def _together(judged: pl.DataFrame, detected: pl.DataFrame, gaps: pl.DataFrame) -> pl.DataFrame:
    """One row a symbol and ex-date of all three, each fact from the first that knows it."""
    found = detected.select(
        *DAY,
        *_EVIDENCE,
        detected_ratio="ratio",
        detected_confidence="confidence",
        detected_known_at="known_at",
        detected=pl.lit(value=True),
    )
    hidden = gaps.select(*DAY, *_EVIDENCE, "hidden_in_gap", gap_known_at="known_at")
    rows = judged.join(found, on=DAY, how="full", coalesce=True, suffix="_found")
    rows = rows.join(hidden, on=DAY, how="full", coalesce=True, suffix="_hidden")
    merged = rows.with_columns(
        *(pl.coalesce(c, f"{c}_found", f"{c}_hidden") for c in _EVIDENCE),
        pl.col("detected", "hidden_in_gap", "conflicting", "only_spin_off", "told").fill_null(value=False),
        pl.col("reported_by", "reported_ratios").fill_null(""),
        known_at=pl.max_horizontal("told_known_at", "bars_known_at", "detected_known_at", "gap_known_at"),
    )
    return merged.drop([f"{c}_{s}" for c in _EVIDENCE for s in ("found", "hidden")]).sort(DAY)
