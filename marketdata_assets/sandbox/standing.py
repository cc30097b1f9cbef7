"""What the vendors' live interfaces know at an instant: bars that had begun, the one under way half made."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl

from marketdata_assets.core.sessions import calendar
from marketdata_assets.core.timeframes import timeframe
from marketdata_assets.sandbox.companies import COINS
from marketdata_assets.sandbox.defects_shorter import half_made
from marketdata_assets.sandbox.intraday import aggregate
from marketdata_assets.sandbox.planting import Feeds, Series, midnight

NEW_YORK = ZoneInfo("America/New_York")
_COINS = frozenset(coin.symbol for coin in COINS)


def standing(feeds: Feeds, at: datetime) -> Feeds:
    """The bars of `feeds` that had begun by `at` (UTC), series without one left out.

    The bar under way has half its volume and has reached half of its move. A share's day begins at its session's open and is whole
    at its close; a pair's day is made of its hours where there are any.
    """
    shares, under_way = _share_days(at)
    known: Feeds = {}
    for series, bars in feeds.items():
        if series.timeframe == "1d" and series.symbol not in _COINS:
            begun = bars.filter(pl.col("timestamp") <= shares)
            forming = pl.col("timestamp") == under_way if under_way else pl.lit(value=False)
        else:
            begun = bars.filter(pl.col("timestamp") < at)
            forming = pl.col("timestamp") + timeframe(series.timeframe).duration > at
        if begun.height:
            known[series] = half_made(begun, forming)
    for series in [series for series in known if series.timeframe == "1d" and series.symbol in _COINS]:
        known[series] = _of_hours(known[series], known.get(series._replace(timeframe="1h")), at)
    return known


def _share_days(at: datetime) -> tuple[datetime, datetime | None]:
    """The stamp of the newest day that had begun in New York, and that day's again while its session lasts."""
    day = at.astimezone(NEW_YORK).date()
    hours = calendar("XNYS").sessions(day, day + timedelta(days=1))
    if hours.height and at < hours["open"][0]:
        return midnight(day) - timedelta(days=1), None
    return midnight(day), midnight(day) if hours.height and at < hours["close"][0] else None


def _of_hours(days: pl.DataFrame, hours: pl.DataFrame | None, at: datetime) -> pl.DataFrame:
    today = at.replace(hour=0, minute=0, second=0, microsecond=0)
    so_far = hours.filter(pl.col("timestamp") >= today) if hours is not None else None
    if so_far is None or not so_far.height or days["timestamp"][-1] != today:
        return days
    return pl.concat([days.filter(pl.col("timestamp") < today), aggregate(so_far, "1d").cast(days.schema).select(days.columns)])


def undamaged(feeds: Feeds, source: str) -> Feeds:
    """The bars in which something traded, as each series' first source has them, under the name `source`."""
    first = {(series.timeframe, series.symbol): series for series in reversed(feeds)}
    return {Series(source, *named): feeds[series].filter(pl.col("volume") > 0) for named, series in first.items()}
