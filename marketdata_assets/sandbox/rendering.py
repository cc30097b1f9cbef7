"""From the vendors' frames to their files, as they stood at an instant."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta

import polars as pl

from marketdata_assets.core.timeframes import timeframe
from marketdata_assets.sandbox.companies import Company, session_at
from marketdata_assets.sandbox.planting import Feeds, Series, midnight
from marketdata_assets.sandbox.vendors import alphavantage, binance_vision, kraken, lean, tiingo
from marketdata_assets.sandbox.vendors.file import File


def files(feeds: Feeds, cast: Iterable[Company], days: list[date], received: datetime) -> Iterator[File]:
    """Every vendor's files with the bars that had begun by `received`; a month that had not ended has no archive yet."""
    renames = {c.symbol: (c.until, midnight(session_at(days, c.renamed))) for c in cast if c.until and c.renamed is not None}
    for series, bars in feeds.items():
        begun = bars.filter(pl.col("timestamp") < received)
        if begun.height:
            yield from _written(series, begun, renames.get(series.symbol), received)


def _written(series: Series, bars: pl.DataFrame, rename: tuple[str, datetime] | None, received: datetime) -> Iterator[File]:
    length: timedelta = timeframe(series.timeframe).duration
    match series.source:
        case tiingo.SOURCE if rename:
            # This vendor files under the ticker of the time; the other under today's.
            before, day = rename
            yield tiingo.end_of_day(before, bars.filter(pl.col("timestamp") < day))
            if (rest := bars.filter(pl.col("timestamp") >= day)).height:
                yield tiingo.end_of_day(series.symbol, rest)
        case tiingo.SOURCE:
            yield tiingo.end_of_day(series.symbol, bars)
        case alphavantage.SOURCE:
            yield alphavantage.daily(series.symbol, bars)
        case lean.SOURCE if series.timeframe == "1m":
            local = pl.col("timestamp").dt.convert_time_zone(lean.ZONE).dt.date()
            for part in bars.with_columns(local.alias("day")).partition_by("day", maintain_order=True):
                yield lean.minutes(series.symbol, part["day"][0], part)
        case lean.SOURCE:
            yield lean.hours(series.symbol, bars)
        case binance_vision.SOURCE:
            yield from binance_vision.klines(series.symbol, series.timeframe, bars, received)
        case kraken.SOURCE:
            yield kraken.ohlcvt(series.symbol, length, bars)
