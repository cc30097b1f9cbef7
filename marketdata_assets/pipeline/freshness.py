"""How old the newest bars are: the one judgement that depends on now, so it is made over what is stored and never stored itself."""

from __future__ import annotations

from datetime import datetime, timedelta

import polars as pl

from marketdata_assets.core.timeframes import timeframe as timeframe_named
from marketdata_assets.pipeline.platform import Platform, listing_bounds
from marketdata_assets.rules.context import AuditContext
from marketdata_assets.rules.coverage import find_late_symbols
from marketdata_assets.rules.events import EVENTS_SCHEMA
from marketdata_assets.rules.scope import Scope
from marketdata_assets.schemas.bars import VALIDATED_BARS

_LOOK_BACK = timedelta(days=400)
_BOUNDS = {"symbol": pl.String, "listed_on": pl.Date, "delisted_on": pl.Date}


def late_symbols(platform: Platform, asset_class: str, timeframe: str, at: datetime) -> pl.DataFrame:
    """Cases of rule `freshness` at the instant `at`: stored symbols whose newest validated bar is too many closed sessions old.

    Symbols of which nothing was ever stored are a matter of coverage, not of freshness. Only the newest partition of each symbol is read.
    """
    path = platform.path(VALIDATED_BARS, asset_class, timeframe)
    newest = {key.symbol: key for key in platform.lake.partitions(path)}
    bars = platform.lake.scan(path, VALIDATED_BARS, keys=list(newest.values())).select("symbol", "session").collect()
    calendar, day = platform.calendar(asset_class), at.date()
    oldest = bars.select(pl.col("session").min()).item() or day
    reach = calendar.clip(min(day - _LOOK_BACK, oldest), day + timedelta(days=1))
    bounds = [(symbol, *listing_bounds(platform, symbol)) for symbol in platform.symbols(asset_class) if symbol in newest]
    context = AuditContext(
        timeframe=timeframe_named(timeframe),
        sessions=calendar.sessions(*reach),
        thresholds=platform.settings.rules.thresholds,
        symbols=pl.DataFrame(bounds, schema=_BOUNDS, orient="row"),
        as_of=at,
    )
    return find_late_symbols(Scope(bars, bars, EVENTS_SCHEMA.to_frame(), context, bars))
