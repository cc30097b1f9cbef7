"""What can be wrong with an index's membership: counts, turnover against announcements, members without a life, days without bars."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from datetime import date

import polars as pl

from marketdata_assets.schemas.membership import Change

ANNOUNCED = pl.Schema([("source", pl.String), ("on", pl.Date), ("symbol", pl.String), ("change", pl.String)])
LIVES = pl.Schema([("symbol", pl.String), ("first_bar", pl.Date), ("delisted_on", pl.Date)])


def announced_changes(named: pl.DataFrame, sessions: Sequence[date], source: str) -> pl.DataFrame:
    """(source, on, symbol, change) of each entry and exit in a source's lists of changes, at the session it takes effect.

    A symbol that leaves and enters on one day was renamed: no change.
    """
    rows = (
        [
            (source, _next(sessions, day), symbol, (Change.ENTERS if kind == "added" else Change.LEAVES).value)
            for kind, symbol, day in named.filter(pl.col("kind").is_in(["added", "removed"])).select("kind", "symbol", "start").iter_rows()
        ]
        if named.height
        else []
    )
    frame = pl.DataFrame(rows, schema=ANNOUNCED, orient="row").unique(maintain_order=True)
    return frame.filter(pl.len().over("on", "symbol") == 1).sort("on", "symbol")


def member_counts(spells: pl.DataFrame, sessions: pl.DataFrame) -> pl.DataFrame:
    """(session, members) for each row of `sessions`: how many spells hold on it."""
    opens = spells.select(pl.col("effective_from").alias("session"), pl.lit(1).alias("by"))
    ends = spells.filter(pl.col("effective_to").is_not_null()).select(pl.col("effective_to").alias("session"), pl.lit(-1).alias("by"))
    steps = (
        pl.concat([opens, ends]).group_by("session").agg(pl.col("by").sum()).sort("session").with_columns(members=pl.col("by").cum_sum())
    )
    held = sessions.select("session").sort("session").join_asof(steps.drop("by"), on="session", strategy="backward")
    return held.with_columns(pl.col("members").fill_null(0).cast(pl.Int64))


def off_count(counts: pl.DataFrame, members: int, tolerance: float) -> pl.DataFrame:
    """The sessions whose count is off by more than the tolerated share."""
    return counts.filter((pl.col("members") - members).abs() > members * tolerance)


def turnover(spells: pl.DataFrame, announced: pl.DataFrame) -> pl.DataFrame:
    """Changes that a list announces and the spells lack, and changes within the list's span that it does not announce.

    (source, on, symbol, change, announced): `announced` true for the former. Empty when turnover equals the announced changes.
    """
    made = pl.concat(
        spells.filter(pl.col(column).is_not_null()).select(pl.col(column).alias("on"), "symbol", pl.lit(change.value).alias("change"))
        for change, column in ((Change.ENTERS, "effective_from"), (Change.LEAVES, "effective_to"))
    )
    found = []
    for (source,), told in announced.partition_by("source", as_dict=True).items():
        span = made.filter(pl.col("on").is_between(told["on"].min(), told["on"].max()))
        keys = ["on", "symbol", "change"]
        lacking = told.select(keys).join(made, on=keys, how="anti").with_columns(announced=pl.lit(value=True))
        unsaid = span.join(told, on=keys, how="anti").select(keys).with_columns(announced=pl.lit(value=False))
        found.append(pl.concat([lacking, unsaid]).select(pl.lit(source).alias("source"), *keys, "announced"))
    empty = pl.DataFrame(schema={**ANNOUNCED, "announced": pl.Boolean})
    return pl.concat([empty, *found]).sort("source", "on", "symbol", "change")


def outside_life(spells: pl.DataFrame, lives: pl.DataFrame, until: date) -> pl.DataFrame:
    """Spells that begin before a symbol's first validated bar or last beyond its delisting, with both dates.

    Symbols of which there is no bar and no delisting are not judged: they show in the coverage. `until` ends the spells that go on.
    """
    joined = spells.join(lives, on="symbol", how="inner").with_columns(pl.col("effective_to").fill_null(until).alias("last"))
    early = pl.col("effective_from") < pl.col("first_bar")
    late = pl.col("last") > pl.col("delisted_on")
    reason = pl.when(early).then(pl.lit("a member before its first bar")).otherwise(pl.lit("a member after its delisting"))
    kept = joined.filter(early.fill_null(value=False) | late.fill_null(value=False))
    return kept.select("index", "symbol", "effective_from", "effective_to", "first_bar", "delisted_on", reason.alias("reason"))


def bar_coverage(universe: pl.DataFrame, bars: pl.DataFrame) -> pl.DataFrame:
    """(index, member_days, with_bar, share) by index: how many of a universe's symbol days have a validated bar (symbol, session)."""
    has = bars.select("symbol", pl.col("session").alias("date")).unique().with_columns(has=pl.lit(value=True))
    joined = universe.select("index", "date", "symbol").join(has, on=["symbol", "date"], how="left")
    counted = joined.group_by("index").agg(pl.len().alias("member_days"), pl.col("has").fill_null(value=False).sum().alias("with_bar"))
    return counted.with_columns((pl.col("with_bar") / pl.col("member_days")).alias("share")).sort("index")


def _next(sessions: Sequence[date], day: date) -> date:
    at = bisect_left(sessions, day)
    return sessions[at] if at < len(sessions) else day
