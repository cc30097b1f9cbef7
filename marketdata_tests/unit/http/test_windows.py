from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marketdata_assets.core.faults import ConfigFault
from marketdata_assets.core.periods import Window
from marketdata_assets.core.timeframes import timeframe
from marketdata_assets.sources.windows import EpochUnit, chunks, closed_only, epoch, instants, last_instant, rfc3339, spans, within

START = datetime(2024, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def starts_in(part: Window, step: timedelta) -> range:
    """Which whole multiples of `step` lie in the window."""
    return range(-((START - part.start) // step), -((START - part.end) // step))


@given(offset=st.integers(0, 59), minutes=st.integers(0, 900), limit=st.integers(1, 300), name=st.sampled_from(["1m", "5m", "1h"]))
@settings(max_examples=40, deadline=None)
def test_chunks_lie_end_to_end_cover_everything_and_never_hold_too_many_bars(offset: int, minutes: int, limit: int, name: str) -> None:
    frame, start = timeframe(name), START + offset * MINUTE
    window = Window(start, start + minutes * MINUTE)
    parts = chunks(window, frame, limit)
    edges = [window.start, *(part.end for part in parts)]
    assert [part.start for part in parts] == edges[:-1]
    assert edges[-1] == window.end
    assert max([0, *(len(starts_in(part, frame.duration)) for part in parts)]) <= limit


def test_a_year_of_days_and_a_day_of_minutes() -> None:
    year = Window(START, datetime(2025, 1, 1, tzinfo=UTC))
    assert len(chunks(year, timeframe("1d"), 300)) == 2
    assert len(chunks(year, timeframe("1m"), 1_000)) == 528
    assert [part.start.day for part in spans(Window(START, START + timedelta(days=20)), timedelta(days=8))] == [1, 9, 17]


def test_a_limit_of_nothing_is_refused() -> None:
    with pytest.raises(ConfigFault):
        chunks(Window(START, START + MINUTE), timeframe("1m"), 0)
    with pytest.raises(ConfigFault):
        spans(Window(START, START + MINUTE), timedelta(0))


def test_epochs_are_exact_in_every_unit() -> None:
    at = datetime(2026, 9, 27, 13, 0, 0, 123_457, tzinfo=UTC)
    assert [epoch(at, unit) for unit in ("s", "ms", "us", "ns")] == [
        1_790_514_000,
        1_790_514_000_123,
        1_790_514_000_123_457,
        1_790_514_000_123_457_000,
    ]
    assert epoch(datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC), "ms") == -1_000


def test_instants_are_written_in_utc() -> None:
    summer = datetime(2024, 7, 1, 9, 30, tzinfo=ZoneInfo("America/New_York"))
    assert [rfc3339(START), rfc3339(summer)] == ["2024-01-01T00:00:00Z", "2024-07-01T13:30:00Z"]
    assert rfc3339(START + timedelta(microseconds=5)) == "2024-01-01T00:00:00.000005Z"


def test_an_inclusive_end_is_the_last_instant_of_the_window() -> None:
    window = Window(START, START + timedelta(days=1))
    assert last_instant(window) == datetime(2024, 1, 1, 23, 59, 59, tzinfo=UTC)
    assert epoch(last_instant(window, timedelta(milliseconds=1)), "ms") == epoch(window.end, "ms") - 1
    with pytest.raises(ConfigFault):
        last_instant(Window(START, START))


def test_the_bar_still_forming_and_rows_outside_the_window_go() -> None:
    bars = pl.DataFrame({"timestamp": [START + n * timedelta(hours=1) for n in range(5)]}).with_columns(
        pl.col("timestamp").cast(pl.Datetime("us", "UTC"))
    )
    kept = bars.filter(closed_only("timestamp", timeframe("1h"), START + timedelta(hours=4)))
    assert kept["timestamp"].to_list()[-1] == START + timedelta(hours=3)
    assert bars.filter(closed_only("timestamp", timeframe("1h"), START + timedelta(hours=3, minutes=59))).height == 3
    inside = bars.filter(within("timestamp", Window(START + timedelta(hours=1), START + timedelta(hours=3))))
    assert inside["timestamp"].dt.hour().to_list() == [1, 2]


@pytest.mark.parametrize(
    ("unit", "counted"), [("s", 1704067261), ("ms", 1704067261000), ("us", 1704067261000000), ("ns", 1704067261000000999)]
)
def test_counts_since_1970_are_instants(unit: EpochUnit, counted: int) -> None:
    found = instants(pl.Series([counted, None]), unit)
    assert found.to_list() == [datetime(2024, 1, 1, 0, 1, 1, tzinfo=UTC), None]
    assert found.dtype == pl.Datetime("us", "UTC")
    assert instants(pl.Series([], dtype=pl.Int64), unit).len() == 0


@pytest.mark.parametrize(("unit", "counted"), [("s", 1704067261000), ("ms", 1704067261), ("us", 1704067261000), ("ns", 1704067261000000)])
def test_a_count_in_another_unit_is_refused(unit: EpochUnit, counted: int) -> None:
    with pytest.raises(ValueError, match="is no instant between 2009 and 2200"):
        instants(pl.Series([counted]), unit, from_year=2009)
