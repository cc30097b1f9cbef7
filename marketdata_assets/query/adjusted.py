"""Bars on another basis than traded, and the events behind it, as questions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import polars as pl

from marketdata_assets.core.faults import QueryFault
from marketdata_assets.core.periods import Window
from marketdata_assets.pipeline.actions import DAILY, stored_actions
from marketdata_assets.pipeline.adjusted import adjusted_view, known_split_events
from marketdata_assets.pipeline.platform import Platform
from marketdata_assets.query.bars import bars, known_columns
from marketdata_assets.query.when import END
from marketdata_assets.query.who import Stretch
from marketdata_assets.schemas.actions import CORPORATE_ACTIONS
from marketdata_assets.schemas.splits import SPLIT_EVENTS
from marketdata_assets.transforms.adjust import HOWS, How


def adjusted_bars(
    platform: Platform,
    asked: Sequence[Stretch],
    timeframe: str,
    how: How,
    *,
    as_of: datetime | None = None,
    columns: Sequence[str] | None = None,
) -> pl.DataFrame:
    """What `query.bars.bars` answers, on the basis `how`, sorted by symbol and timestamp.

    `QueryFault` for another `how`; `AdjustmentFault` where sources contradict each other about an event of a symbol asked for.
    """
    if how not in HOWS:
        raise QueryFault("adjusting bars", f"there is no way {str(how)[:40]!r}", f"ask for one of {', '.join(HOWS)}")
    wanted = known_columns(columns)
    if how == "raw":
        return bars(platform, asked, timeframe, as_of=as_of, columns=columns)
    parts = []
    for name in dict.fromkeys(s.asset_class for s in asked):
        mine = [s for s in asked if s.asset_class == name]
        rows = bars(platform, mine, timeframe, as_of=as_of)
        longer = [Stretch(s.asset_class, s.symbol, Window(s.window.start, END)) for s in mine]
        needed = how == "split+dividend" or as_of is not None
        daily = bars(platform, longer, DAILY, as_of=as_of) if needed else None
        parts.append(adjusted_view(platform, name, rows, how, as_of, daily))
    whole = pl.concat(parts) if parts else bars(platform, asked, timeframe)
    return whole.sort("symbol", "timestamp").select(wanted)


def split_events(platform: Platform, asked: Sequence[Stretch], as_of: datetime | None = None) -> pl.DataFrame:
    """SPLIT_EVENTS of the stretches asked for: what is made of every split that is reported or seen, as known by `as_of`."""
    names = dict.fromkeys(s.asset_class for s in asked)
    parts = [SPLIT_EVENTS.empty(), *(known_split_events(platform, name, as_of) for name in names)]
    return SPLIT_EVENTS.conform(_within(pl.concat(parts), asked, "ex_date"))


def announced_actions(platform: Platform, asked: Sequence[Stretch], as_of: datetime | None = None) -> pl.DataFrame:
    """Published corporate actions of the stretches asked for, every version that was known by `as_of`, with their `source`."""
    names = dict.fromkeys(s.asset_class for s in asked)
    empty = CORPORATE_ACTIONS.empty().with_columns(source=pl.lit(None, pl.String)).clear()
    rows = pl.concat([empty, *(stored_actions(platform, name) for name in names)])
    known = rows if as_of is None else rows.filter(pl.col("known_at") <= as_of)
    return _within(known, asked, "dated_on").sort("symbol", "dated_on", "source", "known_at", "line")


def _within(rows: pl.DataFrame, asked: Sequence[Stretch], dated_by: str) -> pl.DataFrame:
    spans = pl.DataFrame(
        [(s.symbol, s.window.start.date(), s.window.end) for s in asked],
        schema={"symbol": pl.String, "_from": pl.Date, "_until": pl.Datetime("us", "UTC")},
        orient="row",
    ).unique()
    day = pl.col(dated_by).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    inside = rows.join(spans, on="symbol").filter(pl.col(dated_by) >= pl.col("_from"), day < pl.col("_until"))
    return inside.drop("_from", "_until").unique(maintain_order=True)
