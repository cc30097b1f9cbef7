"""Frames of invented bars for tests: raw and normalized rows from a few words each, and the sessions they fall on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl

from marketdata_assets.schemas.bars import NORMALIZED_BARS, RAW_BARS

EARLY = datetime(2030, 1, 1, tzinfo=UTC)
_DEFAULTS: dict[str, Any] = {
    "symbol": "AAA",
    "vendor_symbol": "AAA",
    "open": 100.0,
    "high": 101.0,
    "low": 99.0,
    "close": 100.5,
    "volume": 1000.0,
    "price_basis": "raw",
    "volume_basis": "raw",
    "source": "alpha",
    "tape": "consolidated",
    "currency": "USD",
    "known_at": EARLY,
    "payload_sha256": "a" * 64,
}


def at(day: date) -> datetime:
    """Midnight UTC of a date: the stamp of its daily bar."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def raw(*rows: Mapping[str, Any], **common: Any) -> pl.DataFrame:
    """RAW_BARS rows: `common`, then each row's own words; a `day` becomes the stamp, lines count from 1."""
    return RAW_BARS.conform(_frame(rows, common))


def bars(*rows: Mapping[str, Any], **common: Any) -> pl.DataFrame:
    """NORMALIZED_BARS rows, like `raw`; the session is the date of the stamp unless given."""
    return NORMALIZED_BARS.conform(_frame(rows, common))


def daily(days: Sequence[date], **columns: Any) -> pl.DataFrame:
    """One gently moving daily bar a day; a column given as a list replaces that column, as a scalar fills it."""
    n = len(days)
    close = [100.0 + (i % 7) + i * 0.01 for i in range(n)]
    base: dict[str, Any] = {
        "close": close,
        "open": [c - 0.25 for c in close],
        "high": [c + 0.5 for c in close],
        "low": [c - 0.75 for c in close],
        "volume": [1000.0 + 13 * i for i in range(n)],
    }
    base.update(columns)
    return bars(*({k: v[i] if isinstance(v, list) else v for k, v in base.items()} | {"day": day} for i, day in enumerate(days)))


def weekdays(start: date, n: int) -> list[date]:
    """The first `n` days from `start` that are no Saturday or Sunday."""
    days = (start + timedelta(days=i) for i in range(2 * n + 7))
    return [day for day in days if day.weekday() < 5][:n]


def weekday_sessions(start: date, end: date) -> pl.DataFrame:
    """Sessions 14:30 to 21:00 UTC (390 minutes) on every weekday of `[start, end)`."""
    return (
        pl.DataFrame({"session": pl.date_range(start, end, closed="left", eager=True)})
        .filter(pl.col("session").dt.weekday() < 6)
        .with_columns(open=_instant(14, 30), close=_instant(21, 0), minutes=pl.lit(390, pl.Int32))
    )


def round_the_clock(start: date, end: date) -> pl.DataFrame:
    """A session of 1,440 minutes on every UTC day of `[start, end)`."""
    return pl.DataFrame({"session": pl.date_range(start, end, closed="left", eager=True)}).with_columns(
        open=_instant(0, 0), close=_instant(24, 0), minutes=pl.lit(1440, pl.Int32)
    )


def _instant(hours: int, minutes: int) -> pl.Expr:
    return pl.col("session").cast(pl.Datetime("us")).dt.replace_time_zone("UTC") + pl.duration(hours=hours, minutes=minutes)


def _frame(rows: Sequence[Mapping[str, Any]], common: Mapping[str, Any]) -> pl.DataFrame:
    told = []
    for line, row in enumerate(rows, start=1):
        values = {**_DEFAULTS, "line": line, **common, **row}
        if "day" in values:
            values["timestamp"] = at(values.pop("day"))
        values.setdefault("session", values["timestamp"].date())
        told.append(values)
    return pl.DataFrame(told, infer_schema_length=None, schema=None if told else NORMALIZED_BARS.polars_schema)
