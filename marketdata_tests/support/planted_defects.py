"""For every quality rule a small frame of normalized bars with that defect planted in it, and how often it must be found."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

import polars as pl

from marketdata_assets.core.timeframes import timeframe
from marketdata_assets.rules.context import AuditContext
from marketdata_assets.rules.thresholds import Thresholds
from marketdata_assets.schemas.bars import NORMALIZED_BARS
from marketdata_tests.support.bar_frames import bars, daily, weekday_sessions, weekdays

FIRST = date(2024, 1, 2)
DAYS = weekdays(FIRST, 60)
SESSIONS = weekday_sessions(date(2023, 11, 1), date(2024, 7, 1))


class Planted(NamedTuple):
    """A frame, the context it is audited in, and how many rows or cases the rule must count."""

    frame: pl.DataFrame
    context: AuditContext
    n: int


def daily_context(**more: Any) -> AuditContext:
    return AuditContext(**{"timeframe": timeframe("1d"), "sessions": SESSIONS, **more})


def minute_context(**more: Any) -> AuditContext:
    return AuditContext(**{"timeframe": timeframe("1m"), "sessions": SESSIONS, **more})


def joined(*frames: pl.DataFrame) -> pl.DataFrame:
    return NORMALIZED_BARS.conform(pl.concat(frames))


def symbols(*names: str, listed_on: date | None = None, delisted_on: date | None = None) -> pl.DataFrame:
    schema = {"symbol": pl.String, "listed_on": pl.Date, "delisted_on": pl.Date}
    return pl.DataFrame([(n, listed_on, delisted_on) for n in names], schema=schema, orient="row")


def with_row(i: int, **values: Any) -> pl.DataFrame:
    """Sixty clean daily bars, some values of the `i`-th replaced; a list column cannot be given."""
    rows = daily(DAYS).with_row_index("i")
    changed = [pl.when(pl.col("i") == i).then(pl.lit(v, rows.schema[k])).otherwise(pl.col(k)).alias(k) for k, v in values.items()]
    return NORMALIZED_BARS.conform(rows.with_columns(changed))


def scaled(frame: pl.DataFrame, factor: float, before: date, *columns: str) -> pl.DataFrame:
    """`frame` with `columns` times `factor` on the sessions before a date."""
    return frame.with_columns(pl.when(pl.col("session") < before).then(pl.col(c) * factor).otherwise(c).alias(c) for c in columns)


PRICES = ("open", "high", "low", "close")
SPLIT_DAY = DAYS[40]


def split_in_two(**columns: Any) -> pl.DataFrame:
    """Sixty bars as traded around a 2-for-1 split that the split column names: prices halve, volumes double."""
    ratio = [2.0 if day == SPLIT_DAY else 1.0 for day in DAYS]
    raw = scaled(daily(DAYS, split_ratio=ratio, **columns), 2.0, SPLIT_DAY, *PRICES)
    return scaled(raw, 0.5, SPLIT_DAY, "volume")


def minutes_of(day: date, n: int, shift: timedelta = timedelta(0), without: range = range(0), **columns: Any) -> pl.DataFrame:
    """`n` one-minute bars from the open of `day`, busiest at both ends."""
    start = datetime(day.year, day.month, day.day, 14, 30, tzinfo=UTC) + shift
    rows = [
        {
            "timestamp": start + timedelta(minutes=i),
            "session": day,
            "close": 100.5 + (i % 5) * 0.01,
            "volume": 100.0 + (500.0 if i < 30 or i >= n - 30 else 0.0) + i % 7,
            "line": i + 1,
            **columns,
        }
        for i in range(n)
        if i not in without
    ]
    return bars(*rows)


def _rows(i: int, **values: Any) -> Callable[[], Planted]:
    return lambda: Planted(with_row(i, **values), daily_context(), 1)


def _missing_volume() -> Planted:
    return Planted(with_row(10, volume=None), daily_context(), 1)


def _conflict() -> Planted:
    other = with_row(10, close=100.1).slice(10, 1).with_columns(line=pl.lit(900, pl.Int64))
    return Planted(joined(daily(DAYS), other), daily_context(), 2)


def _saturday() -> Planted:
    return Planted(joined(daily(DAYS), daily([date(2024, 1, 6)], line=900)), daily_context(), 1)


def _forming() -> Planted:
    return Planted(with_row(59, known_at=datetime(2024, 3, 25, 19, 0, tzinfo=UTC)), daily_context(), 1)


def _off_grid() -> Planted:
    day = DAYS[10]
    return Planted(with_row(10, timestamp=datetime(day.year, day.month, day.day, 5, tzinfo=UTC)), daily_context(), 1)


def _crash() -> Planted:
    return Planted(NORMALIZED_BARS.conform(scaled(daily(DAYS), 2.5, SPLIT_DAY, *PRICES)), daily_context(), 1)


def _bad_tick() -> Planted:
    return Planted(with_row(30, open=60.0, high=61.0, low=59.0, close=60.0), daily_context(), 1)


def _hundredfold() -> Planted:
    return Planted(with_row(30, open=10000.0, high=10100.0, low=9900.0, close=10050.0), daily_context(), 1)


def _repeat(times: int) -> Callable[[], Planted]:
    def plant() -> Planted:
        frame = daily(DAYS).with_row_index("i")
        source = frame.row(30, named=True)
        stale = pl.col("i").is_between(31, 30 + times)
        columns = (*PRICES, "volume")
        repeated = frame.with_columns(pl.when(stale).then(pl.lit(source[c])).otherwise(c).alias(c) for c in columns)
        return Planted(NORMALIZED_BARS.conform(repeated), daily_context(), times)

    return plant


def _shifted_by_a_day() -> Planted:
    early = [day - timedelta(days=1) for day in DAYS]
    return Planted(daily(early), daily_context(), 60)


def _identical() -> Planted:
    return Planted(joined(daily(DAYS), daily(DAYS, symbol="BBB"), another(DAYS, symbol="CCC")), daily_context(), 120)


def another(days: list[date], **columns: Any) -> pl.DataFrame:
    """Clean daily bars of a second symbol that moves in its own way."""
    close = [100.0 + (i * i) % 11 * 0.05 for i in range(len(days))]
    own = {"close": close, "open": close, "high": [c + 1 for c in close], "low": [c - 1 for c in close]}
    return daily(days, **{"symbol": "BBB", **own, **columns})


def _adjusted_prices() -> Planted:
    whole = [2.0 if day == SPLIT_DAY else 1.0 for day in DAYS]
    return Planted(daily(DAYS, split_ratio=whole), daily_context(), 60)


def _adjusted_volumes() -> Planted:
    honest = split_in_two(source="beta")
    flipped = scaled(split_in_two(), 2.0, SPLIT_DAY, "volume")
    return Planted(joined(honest, flipped), daily_context(), 60)


def _unseen_event() -> Planted:
    applied = [100.0 + (i % 7) + i * 0.01 for i in range(60)]
    adjusted = [a / 2 if day < SPLIT_DAY else a for a, day in zip(applied, DAYS, strict=True)]
    whole = [2.0 if day == SPLIT_DAY else 1.0 for day in DAYS]
    return Planted(daily(DAYS, split_ratio=whole, adj_close=adjusted), daily_context(), 1)


def _two_bases() -> Planted:
    return Planted(joined(daily(DAYS[:30]), daily(DAYS[30:], price_basis="split_adjusted")), daily_context(), 1)


def _outlier() -> Planted:
    close = daily(DAYS)["close"].to_list()
    wrong = [c * 1.02 if i == 30 else c for i, c in enumerate(close)]
    return Planted(
        joined(daily(DAYS), daily(DAYS, source="beta"), daily(DAYS, source="gamma", close=wrong, high=[c + 9 for c in close])),
        daily_context(),
        1,
    )


def _hole() -> Planted:
    return Planted(daily(DAYS[:20] + DAYS[27:]), daily_context(), 7)


def _minute_hole() -> Planted:
    return Planted(minutes_of(FIRST, 390, without=range(100, 115)), minute_context(), 1)


def _mixed_order() -> Planted:
    return Planted(daily(DAYS, line=[i + 1 if i not in (10, 11) else 23 - i for i in range(60)]), daily_context(), 1)


def _absent_symbol() -> Planted:
    there = joined(daily(DAYS), another(DAYS[:30] + DAYS[31:]))
    return Planted(there, daily_context(symbols=symbols("AAA", "BBB")), 1)


def _low_coverage() -> Planted:
    context = daily_context(symbols=symbols("AAA", "BBB"), thresholds=Thresholds(coverage_block=0.9))
    return Planted(daily(DAYS), context, 60)


def _late() -> Planted:
    as_of = datetime(2024, 4, 2, tzinfo=UTC)
    return Planted(daily(DAYS), daily_context(symbols=symbols("AAA"), as_of=as_of), 1)


PLANTED: dict[str, Callable[[], Planted]] = {
    "required_values": _missing_volume,
    "price_not_finite": _rows(10, open=float("inf"), high=float("inf")),
    "price_not_positive": _rows(10, low=0.0),
    "high_below_body": _rows(10, high=102.9),
    "low_above_body": _rows(10, low=103.0),
    "volume_negative": _rows(10, volume=-1.0),
    "zero_volume": _rows(10, volume=0.0),
    "key_conflict": _conflict,
    "off_grid": _off_grid,
    "outside_session": _saturday,
    "not_final": _forming,
    "jump_unexplained": _crash,
    "bad_tick_roundtrip": _bad_tick,
    "price_off_scale": _hundredfold,
    "stale_repeat": _repeat(1),
    "frozen_feed": _repeat(3),
    "shifted_series": _shifted_by_a_day,
    "identical_series": _identical,
    "price_basis_flip": _adjusted_prices,
    "volume_basis_flip": _adjusted_volumes,
    "event_unseen": _unseen_event,
    "price_basis_conflict": _two_bases,
    "cross_source_deviation": _outlier,
    "missing_sessions": _hole,
    "session_gap": _minute_hole,
    "time_order": _mixed_order,
    "coverage_symbols": _absent_symbol,
    "coverage_below_threshold": _low_coverage,
    "freshness": _late,
}
"""By rule name; the rule on the frame's columns is tested on its own."""


def clean_daily() -> Planted:
    """Two symbols from three sources through an honest split, nothing wrong with any of them."""
    sources = ("alpha", "beta", "gamma")
    split = [split_in_two(source=s) for s in sources]
    calm = [another(DAYS, source=s) for s in sources]
    context = daily_context(
        symbols=symbols("AAA", "BBB"), as_of=datetime(2024, 3, 26, tzinfo=UTC), thresholds=Thresholds(coverage_block=1.0)
    )
    return Planted(joined(*split, *calm), context, 0)


def clean_minutes() -> Planted:
    """Six whole sessions of minutes."""
    return Planted(
        joined(*(minutes_of(day, 390, payload_sha256=f"{i}" * 64) for i, day in enumerate(DAYS[:6]))),
        minute_context(symbols=symbols("AAA")),
        0,
    )
