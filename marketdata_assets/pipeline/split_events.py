"""Split events of an asset class: validated daily bars and reported events before the arbiter, with what people decided."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, date, datetime, timedelta

import polars as pl

from marketdata_assets.core import clock
from marketdata_assets.core.faults import QueryFault
from marketdata_assets.core.sessions import ROUND_THE_CLOCK
from marketdata_assets.lake.layout import PartitionKey
from marketdata_assets.lake.publish import Published
from marketdata_assets.pipeline.action_fetches import action_datasets, action_fetches
from marketdata_assets.pipeline.actions import DAILY, action_sources, announced, decisions
from marketdata_assets.pipeline.platform import Platform
from marketdata_assets.schemas.actions import DECISIONS, SPLIT_DECISIONS
from marketdata_assets.schemas.audit import LandingState
from marketdata_assets.schemas.bars import RAW_BARS, VALIDATED_BARS
from marketdata_assets.schemas.splits import SPLIT_EVENTS
from marketdata_assets.transforms.actions import standing
from marketdata_assets.transforms.splits.arbiter import split_events as arbitrated
from marketdata_assets.transforms.splits.reported import covering_of_bars, of_actions

_COVERING = pl.Schema({"symbol": pl.String(), "source": pl.String(), "first": pl.Date(), "last": pl.Date()})


def split_events(platform: Platform, asset_class: str, as_of: datetime | None = None, bars: pl.DataFrame | None = None) -> pl.DataFrame:
    """Every split of an asset class that somebody reports or that the prices show (SPLIT_EVENTS), as it was known by `as_of`.

    Always judged over all symbols and days, so that one year is the same alone as among others. `bars` stand in for the stored
    validated bars of their symbols: a past state of them, say. Coins have no splits.
    """
    calendar = platform.calendar(asset_class)
    if calendar.name == ROUND_THE_CLOCK:
        return SPLIT_EVENTS.empty()
    stored = platform.lake.scan(platform.path(VALIDATED_BARS, asset_class, DAILY), VALIDATED_BARS).collect()
    if as_of is not None:
        stored = stored.filter(pl.col("known_at") <= as_of, pl.col("timestamp") <= as_of)
    if bars is not None:
        stored = pl.concat([stored.filter(~pl.col("symbol").is_in(bars["symbol"].unique().to_list())), bars])
    reported = reported_events(platform, asset_class, as_of)
    if not stored.height:
        first, last = clock.now().date(), clock.now().date()
    else:
        first, last = stored.select(pl.col("session").min().alias("first"), pl.col("session").max().alias("last")).row(0)
    sessions = calendar.sessions(*calendar.clip(first, last + timedelta(days=1)))
    return arbitrated(
        VALIDATED_BARS.conform(stored),
        sessions,
        reported,
        covering=covering(platform, asset_class, as_of),
        decisions=decisions(platform, asset_class, as_of),
        as_of=as_of,
    )


def reported_events(platform: Platform, asset_class: str, as_of: datetime | None = None) -> pl.DataFrame:
    """What the sources say about shares and cash (REPORTED_EVENTS), each event in the newest version that was known by `as_of`."""
    sources = action_sources(platform.settings, asset_class)
    return of_actions({source: standing(announced(platform, source, as_of)) for source in sources})


def covering(platform: Platform, asset_class: str, as_of: datetime | None = None) -> pl.DataFrame:
    """(symbol, source, first, last): the days over which a source would have reported a split, so that its silence says something."""
    parts = [_COVERING.to_frame()]
    for source, config in action_sources(platform.settings, asset_class).items():
        if action_datasets(config):
            told = action_fetches(platform, source).filter(pl.col("state") == LandingState.LANDED)
            known = told if as_of is None else told.filter(pl.col("known_at") <= as_of)
            until = pl.min_horizontal("asked_until", "known_at").dt.date()
            start = pl.col("asked_from").dt.date().fill_null(platform.settings.asset_classes[asset_class].start)  # type: ignore[index]
            spans = known.group_by("symbol").agg(start.min().alias("first"), until.max().alias("last"))
            parts.append(spans.with_columns(source=pl.lit(source)).select(_COVERING.names()))
            continue
        raw = platform.lake.scan(platform.path(RAW_BARS, asset_class, DAILY, source), RAW_BARS)
        rows = raw.select(
            "symbol", pl.col("timestamp").dt.date().alias("session"), "split_ratio", "known_at", source=pl.lit(source)
        ).collect()
        parts.append(covering_of_bars(rows if as_of is None else rows.filter(pl.col("known_at") <= as_of)))
    return pl.concat([part.cast(_COVERING) for part in parts])


def publish_split_events(platform: Platform, asset_class: str, years: Collection[str]) -> tuple[pl.DataFrame, list[Published]]:
    """The split events of the years as they stand, and their files; a year without any is emptied, or not written."""
    events = split_events(platform, asset_class).filter(pl.col("ex_date").dt.strftime("%Y").is_in(list(years)))
    keys = [PartitionKey(year) for year in sorted(years)]
    path = platform.path(SPLIT_EVENTS, asset_class)
    frames = {key: events.filter(pl.col("ex_date").dt.strftime("%Y") == key.period) for key in keys}
    return events, platform.lake.publish(path, SPLIT_EVENTS, frames, metadata={"calendar": platform.calendar(asset_class).version})


def stored_split_events(platform: Platform, asset_class: str) -> pl.DataFrame:
    """The published split events of an asset class (SPLIT_EVENTS)."""
    return platform.lake.scan(platform.path(SPLIT_EVENTS, asset_class), SPLIT_EVENTS).collect()


def decide(
    platform: Platform, asset_class: str, symbol: str, ex_date: date, decision: str, *, by: str, reason: str, ratio: float | None = None
) -> pl.DataFrame:
    """Append what a person decided about a split, and judge that year anew; the event as it stands then (SPLIT_EVENTS, a row or none).

    `accept` without a `ratio` takes the reported or detected one; `withdraw` takes the newest decision back. `QueryFault` when there is
    no such event to decide about, or nothing to withdraw.
    """
    held = split_events(platform, asset_class).filter(pl.col("symbol") == symbol, pl.col("ex_date") == ex_date)
    _require_sense(platform, asset_class, held, symbol, ex_date, decision, ratio)
    row = {
        "symbol": symbol,
        "ex_date": ex_date,
        "decision": decision,
        "ratio": ratio,
        "decided_by": by,
        "reason": reason,
        "known_at": clock.now().astimezone(UTC),
    }
    new = SPLIT_DECISIONS.conform(pl.DataFrame([row], schema=SPLIT_DECISIONS.polars_schema))
    path, year = platform.path(SPLIT_DECISIONS, asset_class), PartitionKey(f"{row['known_at']:%Y}")
    platform.lake.append(path, SPLIT_DECISIONS, year, lambda old: SPLIT_DECISIONS.conform(pl.concat([old, new])))
    events, _ = publish_split_events(platform, asset_class, [f"{ex_date:%Y}"])
    return events.filter(pl.col("symbol") == symbol, pl.col("ex_date") == ex_date)


def _require_sense(
    platform: Platform, asset_class: str, held: pl.DataFrame, symbol: str, ex_date: date, decision: str, ratio: float | None
) -> None:
    tried = f"deciding about {symbol} on {ex_date}"
    if decision not in DECISIONS:
        raise QueryFault(tried, f"{decision[:40]!r} is no decision", f"use {', '.join(DECISIONS)}")
    if ratio is not None and (decision != "accept" or ratio <= 0):
        raise QueryFault(tried, f"a ratio of {ratio} with {decision}", "give a positive ratio, new shares / old shares, when you accept")
    known = decisions(platform, asset_class).filter(pl.col("symbol") == symbol, pl.col("ex_date") == ex_date)
    if decision == "withdraw" and not known.height:
        raise QueryFault(tried, "nobody decided anything about it", "`marketdata events list --decided` shows what was decided")
    if decision == "reject" and not held.height:
        raise QueryFault(
            tried, "no split is reported, seen or proposed for that day", "`marketdata events list SYMBOL` shows what there is"
        )
    if decision == "accept" and ratio is None:
        told = held.select(pl.coalesce("ratio", "detected_ratio")).drop_nulls()
        if not told.height:
            raise QueryFault(tried, "nothing tells its ratio", "give it: --ratio 4 for four new shares for an old one, 0.05 for 1 for 20")
