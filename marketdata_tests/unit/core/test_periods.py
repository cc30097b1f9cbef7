"""Date keys and their windows."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from itertools import pairwise

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketdata_assets.core.faults import PartitionFault
from marketdata_assets.core.periods import PeriodKind, Window, period_expr, period_key, period_keys, period_kind, period_window

KINDS = st.sampled_from(list(PeriodKind))
DATES = st.dates(date(1970, 1, 1), date(2100, 12, 31))
INSTANTS = st.datetimes(datetime(1970, 1, 1), datetime(2100, 12, 31), timezones=st.just(UTC))


@given(INSTANTS, KINDS)
def test_every_instant_lies_in_the_window_of_its_own_key(instant: datetime, kind: PeriodKind) -> None:
    key = period_key(instant, kind)
    assert period_window(key).holds(instant)
    assert period_kind(key) is kind


@given(DATES, st.integers(0, 3000), KINDS)
def test_keys_tile_the_span_without_gap_or_overlap(start: date, days: int, kind: PeriodKind) -> None:
    end = start + timedelta(days=days)
    windows = [period_window(key) for key in period_keys(start, end, kind)]
    assert all(a.end == b.start for a, b in pairwise(windows))
    if not days:
        assert windows == []
        return
    assert windows[0].holds(_midnight(start))
    assert windows[-1].start < _midnight(end) <= windows[-1].end


def test_the_end_of_a_span_touches_no_period_of_its_own() -> None:
    assert period_keys(date(2023, 12, 31), date(2024, 1, 1), PeriodKind.YEAR) == ["2023"]
    assert period_keys(date(2023, 12, 31), date(2024, 1, 2), PeriodKind.YEAR) == ["2023", "2024"]


def test_a_span_is_cut_in_utc_wherever_its_ends_were_written() -> None:
    tokyo = timezone(timedelta(hours=9))
    start, end = datetime(2024, 1, 1, 8, tzinfo=tokyo), datetime(2024, 1, 1, 9, tzinfo=tokyo)
    assert period_keys(start, end, PeriodKind.YEAR) == ["2023"]


@given(KINDS, DATES)
def test_windows_are_half_open(kind: PeriodKind, day: date) -> None:
    window = period_window(period_key(day, kind))
    assert window.holds(window.start)
    assert not window.holds(window.end)
    assert window.holds(window.end - timedelta(microseconds=1))


def test_february_ends_where_march_begins() -> None:
    assert period_window("2024-02").end == datetime(2024, 3, 1, tzinfo=UTC)
    assert period_window("2023-12").end == datetime(2024, 1, 1, tzinfo=UTC)
    assert period_window("2024-02-29") == Window(datetime(2024, 2, 29, tzinfo=UTC), datetime(2024, 3, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    "key",
    [
        "",
        "24",
        "2024-1",
        "2024-13",
        "2023-02-29",
        "2024-01-01T00",
        "../2024",
        "0000",
        "9999",
        "9999-12",
        "9999-12-31",
        "2024\n",
        "٢٠٢٤",
        "x" * 10_000,
    ],
)
def test_anything_else_is_no_date_key(key: str) -> None:
    with pytest.raises(PartitionFault) as caught:
        period_window(key)
    assert "2024-01" in caught.value.remedy
    assert len(str(caught.value)) < 300


def test_a_window_needs_aware_instants_in_order() -> None:
    with pytest.raises(PartitionFault):
        Window(datetime(2024, 1, 1), datetime(2024, 1, 2))
    with pytest.raises(PartitionFault):
        Window(datetime(2024, 1, 2, tzinfo=UTC), datetime(2024, 1, 1, tzinfo=UTC))


@given(st.lists(INSTANTS, min_size=1, max_size=20), KINDS)
def test_the_column_expression_says_what_the_function_says(instants: list[datetime], kind: PeriodKind) -> None:
    frame = pl.DataFrame({"timestamp": pl.Series(instants, dtype=pl.Datetime("us", "UTC"))})
    keys = frame.select(period_expr("timestamp", kind)).to_series().to_list()
    assert keys == [period_key(instant, kind) for instant in instants]


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
