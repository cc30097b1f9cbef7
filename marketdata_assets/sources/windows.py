"""Half-open UTC windows on the way to a vendor: cut to its limits, written in its units, and freed of the bar still forming."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Literal

import polars as pl

from marketdata_assets.core.faults import ConfigFault
from marketdata_assets.core.periods import Window
from marketdata_assets.core.timeframes import Timeframe

EpochUnit = Literal["s", "ms", "us", "ns"]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PER_SECOND = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}


def chunks(window: Window, timeframe: Timeframe, limit: int) -> list[Window]:
    """The window as consecutive half-open windows, each of which holds at most `limit` bars that start on whole multiples of the timeframe.

    Nothing overlaps and nothing is left out; an empty window has no chunks.
    """
    return spans(window, timeframe.duration * _positive(limit))


def spans(window: Window, longest: timedelta) -> list[Window]:
    """The window as consecutive half-open windows no longer than `longest`, for vendors that cap days rather than rows."""
    if longest <= timedelta(0):
        raise ConfigFault("splitting a window", f"a longest span of {longest}", "give a span above zero")
    count = -((window.start - window.end) // longest)
    return [Window(window.start + i * longest, min(window.start + (i + 1) * longest, window.end)) for i in range(count)]


def epoch(instant: datetime, unit: EpochUnit) -> int:
    """The instant as a whole number of units since 1970 UTC, fractions cut off; exact, never by way of a float."""
    micros = (instant - _EPOCH) // timedelta(microseconds=1)
    return micros * _PER_SECOND[unit] // 1_000_000


def instants(counted: pl.Series, unit: EpochUnit, *, from_year: int = 1900) -> pl.Series:
    """The instants (UTC, cut to the microsecond) that whole numbers of units since 1970 stand for; null stays null.

    `ValueError` for one before the year `from_year` or after 2199: the vendor counts in another unit than it documents.
    """
    per = _PER_SECOND[unit]
    low, high = (int(datetime(year, 1, 1, tzinfo=UTC).timestamp()) * per for year in (from_year, 2200))
    strangers = counted.filter(~counted.is_between(low, high, closed="left"))
    if strangers.len():
        raise ValueError(f"{strangers[0]} is no instant between {from_year} and 2200 in {unit} since 1970")
    micros = counted // 1_000 if unit == "ns" else counted * (1_000_000 // per)
    return micros.cast(pl.Datetime("us", "UTC"))


def rfc3339(instant: datetime) -> str:
    """The instant as vendors write it: UTC, `Z`, with a fraction only where there is one."""
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


def last_instant(window: Window, unit: timedelta = timedelta(seconds=1)) -> datetime:
    """The latest instant of the window on a grid of `unit`: what to send as `end` to a vendor whose end is inclusive."""
    if window.end == window.start:
        raise ConfigFault(
            "closing a window", f"[{window.start}, {window.end}) holds no instant", "ask for a window that is longer than nothing"
        )
    return window.end - unit


def closed_only(timestamp: str, timeframe: Timeframe, now: datetime) -> pl.Expr:
    """Keeps the bars that have ended by `now`; `timestamp` is the column of their UTC start. The bar still forming is not among them."""
    return pl.col(timestamp) <= pl.lit(now - timeframe.duration).dt.convert_time_zone("UTC")


def within(timestamp: str, window: Window) -> pl.Expr:
    """Keeps what lies in the half-open window, for vendors that answer with more than was asked."""
    return pl.col(timestamp).is_between(window.start, window.end, closed="left")


def _positive(limit: int) -> int:
    if limit < 1:
        raise ConfigFault("splitting a window", f"a limit of {limit} rows", "give a limit of one row or more")
    return limit


def session_midnight(instant: pl.Expr, zone: str = "America/New_York") -> pl.Expr:
    """Midnight UTC of the date that a UTC instant has in `zone`: how a daily bar is labelled that a vendor stamps in local time."""
    return instant.dt.convert_time_zone(zone).dt.date().cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
