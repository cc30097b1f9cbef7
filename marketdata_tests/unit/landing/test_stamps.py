"""Stamps are read as the file means them, and never guessed."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketdata_assets.sources.landing.format import Stamp
from marketdata_assets.sources.landing.stamps import read_stamps, why_unreadable

NEW_YORK = Stamp(formats=("%Y-%m-%d %H:%M:%S",), zone="America/New_York")
DATES = Stamp(formats=("%Y-%m-%d",), zone="America/New_York")
MIDNIGHT = Stamp(formats=(), unit="ms", since="midnight", zone="America/New_York")


def read(texts: list[object], stamp: Stamp, *, daily: bool = False, day: date | None = None) -> list[datetime | None]:
    return read_stamps(pl.Series(texts), stamp, daily=daily, day=day).instants.to_list()


def why(text: str | int, stamp: Stamp, *, daily: bool = False, day: date | None = None) -> tuple[str, str]:
    return why_unreadable(pl.Series([text]), stamp, daily=daily, day=day).row(0)


def test_a_daily_date_is_midnight_utc_whatever_the_zone() -> None:
    assert read(["2014-06-06"], DATES, daily=True) == [datetime(2014, 6, 6, tzinfo=UTC)]


def test_an_offset_that_decorates_a_session_date_is_dropped() -> None:
    stamp = Stamp(formats=("%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S%.f"), zone="America/New_York", offset="drop")
    texts = ["2016-02-22 00:00:00-05:00", "2016-06-22 00:00:00-0400", "2000-01-03 00:00:00+00:00", "2000-01-03T00:00:00.000Z"]
    assert [t.isoformat() for t in read(texts, stamp, daily=True) if t] == [
        "2016-02-22T00:00:00+00:00",
        "2016-06-22T00:00:00+00:00",
        "2000-01-03T00:00:00+00:00",
        "2000-01-03T00:00:00+00:00",
    ]


def test_a_daily_stamp_keeps_an_hour_that_is_not_midnight() -> None:
    stamp = Stamp(formats=("%Y%m%d %H:%M",), zone="America/New_York")
    assert read(["20190101 19:00"], stamp, daily=True) == [datetime(2019, 1, 1, 19, tzinfo=UTC)]


def test_the_hour_of_a_daily_stamp_goes_only_where_the_format_says_so() -> None:
    stamp = Stamp(formats=("%Y-%m-%d %H:%M:%S%z",), zone="America/New_York", time_of_day="drop")
    assert read(["2020-01-02 09:30:00-05:00"], stamp, daily=True) == [datetime(2020, 1, 2, tzinfo=UTC)]


def test_an_honoured_offset_converts() -> None:
    stamp = Stamp(formats=("%Y-%m-%d %H:%M:%S%z",))
    texts = ["2023-03-01 00:01:00+00:00", "2023-03-01 00:01:00-05:00", "2023-03-01 00:01:00Z"]
    assert read(texts, stamp) == [datetime(2023, 3, 1, hour, 1, tzinfo=UTC) for hour in (0, 5, 0)]


def test_vendor_midnight_in_new_york_is_the_session_date() -> None:
    """Alpaca's 04:00Z and 05:00Z are New York midnight; 01:00Z is the evening before, and shows it."""
    stamp = Stamp(formats=("%Y-%m-%dT%H:%M:%S%z",), zone="America/New_York")
    texts = ["2024-06-03T04:00:00Z", "2024-01-03T05:00:00Z", "2024-01-03T01:00:00Z"]
    assert read(texts, stamp, daily=True) == [
        datetime(2024, 6, 3, tzinfo=UTC),
        datetime(2024, 1, 3, tzinfo=UTC),
        datetime(2024, 1, 2, 20, tzinfo=UTC),
    ]


def test_wall_clock_of_new_york_follows_daylight_saving() -> None:
    texts = ["2019-03-08 09:30:00", "2019-03-11 09:30:00", "2019-11-01 09:30:00", "2019-11-04 09:30:00"]
    assert [t.hour for t in read(texts, NEW_YORK) if t] == [14, 13, 13, 14]


@given(st.datetimes(datetime(1990, 1, 1), datetime(2037, 1, 1)).map(lambda t: t.replace(microsecond=0)))
def test_local_time_is_what_the_zone_database_says_or_nothing(local: datetime) -> None:
    zone = ZoneInfo("America/New_York")
    early, late = (local.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    clear = early.utcoffset() == late.utcoffset()
    assert read([local.isoformat(sep=" ")], NEW_YORK) == [early.astimezone(UTC) if clear else None]


def test_an_hour_that_came_twice_or_never_is_refused_with_its_reason() -> None:
    assert read(["2020-11-01 01:30:00", "2020-03-08 02:30:00"], NEW_YORK) == [None, None]
    assert why("2020-11-01 01:30:00", NEW_YORK) == (
        "ambiguous_time",
        "'2020-11-01 01:30:00' came twice in America/New_York: the clock was changed",
    )
    assert why("2020-03-08 02:30:00", NEW_YORK) == (
        "nonexistent_time",
        "'2020-03-08 02:30:00' never came in America/New_York: the clock was changed",
    )
    both = Stamp(zone="America/New_York")
    assert why("2020-11-01 01:30:00", both)[0] == "ambiguous_time"


def test_milliseconds_since_midnight_are_the_wall_clock() -> None:
    """SHY's first session after the clock change of 2008-03-09: 08:54 New York is 12:54 UTC, not 13:54."""
    assert read(["32040000"], MIDNIGHT, day=date(2008, 3, 7)) == [datetime(2008, 3, 7, 13, 54, tzinfo=UTC)]
    assert read(["32040000"], MIDNIGHT, day=date(2008, 3, 10)) == [datetime(2008, 3, 10, 12, 54, tzinfo=UTC)]


def test_milliseconds_since_midnight_on_the_day_of_the_change_itself() -> None:
    nine = 9 * 3_600_000
    half_past_two, half_past_one = 9_000_000, 5_400_000
    assert read([nine, half_past_two], MIDNIGHT, day=date(2020, 3, 8)) == [datetime(2020, 3, 8, 13, tzinfo=UTC), None]
    assert read([half_past_one], MIDNIGHT, day=date(2020, 11, 1)) == [None]
    assert why(half_past_one, MIDNIGHT, day=date(2020, 11, 1))[0] == "ambiguous_time"
    assert why(half_past_two, MIDNIGHT, day=date(2020, 3, 8))[0] == "nonexistent_time"


def test_a_count_beyond_its_day_is_no_time() -> None:
    assert read([86_400_000, -1], MIDNIGHT, day=date(2020, 6, 1)) == [None, None]


@given(
    st.datetimes(datetime(2001, 9, 10), datetime(2199, 1, 1)).map(lambda t: t.replace(microsecond=0, tzinfo=UTC)),
    st.sampled_from(["s", "ms", "us", "ns"]),
)
def test_counts_are_told_apart_by_magnitude(instant: datetime, unit: str) -> None:
    per_second = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}[unit]
    count = str(int(instant.timestamp()) * per_second)
    assert read([count], Stamp(formats=(), unit="auto")) == [instant]
    assert read([count], Stamp(formats=(), unit=unit)) == [instant]


@pytest.mark.parametrize("text", ["1672531200000", "99999999999999999999999", "-99999999999", "1.5", "x", "", "9223372036854775807"])
def test_a_count_in_the_wrong_unit_is_no_time(text: str) -> None:
    stamp = Stamp(formats=(), unit="s")
    assert read([text], stamp) == [None]
    assert why(text, stamp)[0] == "unreadable_time"


def test_dates_re_saved_by_a_spreadsheet_are_read_and_noted() -> None:
    found = read_stamps(pl.Series(["2023/12/29", "1999/11/2"]), DATES, daily=True, day=None)
    assert found.instants.to_list() == [datetime(2023, 12, 29, tzinfo=UTC), datetime(1999, 11, 2, tzinfo=UTC)]
    assert found.notes == ["2 dates are written YYYY/MM/DD: a spreadsheet re-saved the file, which may have rounded its numbers"]
    intraday = read_stamps(pl.Series(["2023/12/29 16:00"]), NEW_YORK, daily=False, day=None)
    assert intraday.instants.to_list() == [datetime(2023, 12, 29, 21, tzinfo=UTC)]


@pytest.mark.parametrize(
    "text", ["12/29/2023", "29.12.2023", "2023-13-01", "2023-02-30", "20231229", "2023-12-29x", "0023-12-29", "+12023-12-29", "45289"]
)
def test_dates_of_another_form_are_no_dates(text: str) -> None:
    assert read([text], DATES, daily=True) == [None]
    assert why(text, DATES, daily=True) == ("unreadable_time", f"'{text}' is no time of the form %Y-%m-%d in 1900..2199")


def test_times_that_a_file_has_typed_are_taken_as_they_are() -> None:
    aware = pl.Series([datetime(2024, 1, 2, 14, 30)]).dt.cast_time_unit("ns").dt.replace_time_zone("UTC")
    assert read_stamps(aware, Stamp(), daily=False, day=None).instants.to_list() == [datetime(2024, 1, 2, 14, 30, tzinfo=UTC)]
    naive = pl.Series([datetime(2024, 1, 2, 9, 30)])
    assert read_stamps(naive, NEW_YORK, daily=False, day=None).instants.to_list() == [datetime(2024, 1, 2, 14, 30, tzinfo=UTC)]
    days = pl.Series([date(2024, 1, 2)])
    assert read_stamps(days, DATES, daily=True, day=None).instants.to_list() == [datetime(2024, 1, 2, tzinfo=UTC)]
    spans = pl.Series([timedelta(days=1)])
    assert read_stamps(spans, DATES, daily=True, day=None).instants.to_list() == [None]
