"""When New York trades, and when coins do."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketdata_assets.core.faults import CalendarFault, ConfigFault
from marketdata_assets.core.sessions import HORIZON, SESSIONS_SCHEMA, calendar

XNYS = calendar("XNYS")
CRYPTO = calendar("CRYPTO")


def test_new_york_held_4248_sessions_and_34_half_days_from_2010_to_november_2026() -> None:
    sessions = XNYS.sessions(date(2010, 1, 1), date(2026, 11, 21))
    assert sessions.height == 4_248
    assert sessions.filter(pl.col("minutes") != 390)["minutes"].to_list() == [210] * 34
    assert sessions["session"].is_sorted()
    assert sessions.schema == SESSIONS_SCHEMA


@pytest.mark.parametrize(
    "day", [date(2012, 10, 29), date(2018, 12, 5), date(2025, 1, 9), date(2024, 7, 4), date(2024, 7, 6), date(2021, 4, 2)]
)
def test_new_york_was_closed(day: date) -> None:
    assert not XNYS.is_session(day)


@pytest.mark.parametrize(
    ("day", "opening", "close"),
    [
        (date(2024, 11, 29), datetime(2024, 11, 29, 14, 30, tzinfo=UTC), datetime(2024, 11, 29, 18, tzinfo=UTC)),
        (date(2024, 3, 8), datetime(2024, 3, 8, 14, 30, tzinfo=UTC), datetime(2024, 3, 8, 21, tzinfo=UTC)),
        (date(2024, 3, 11), datetime(2024, 3, 11, 13, 30, tzinfo=UTC), datetime(2024, 3, 11, 20, tzinfo=UTC)),
    ],
)
def test_hours_follow_the_half_day_and_the_clock_change(day: date, opening: datetime, close: datetime) -> None:
    assert XNYS.sessions(day, day + timedelta(days=1)).row(0)[:3] == (day, opening, close)


def test_nasdaq_keeps_new_yorks_calendar() -> None:
    assert calendar("XNAS") is XNYS


def test_a_coin_trades_1440_minutes_every_day_across_clock_changes() -> None:
    days = CRYPTO.sessions(date(2024, 3, 1), date(2024, 4, 1))
    assert days["minutes"].to_list() == [1440] * 31
    assert days["close"].to_list()[:-1] == days["open"].to_list()[1:]
    assert days.schema == SESSIONS_SCHEMA
    assert CRYPTO.is_session(date(2024, 12, 25))


@given(st.dates(date(1965, 1, 1), date(2045, 1, 1)), st.integers(0, 40), st.integers(0, 40), st.sampled_from([XNYS, CRYPTO]))
def test_adjoining_spans_hold_what_their_union_holds(start: date, first: int, second: int, market: object) -> None:
    middle, end = start + timedelta(days=first), start + timedelta(days=first + second)
    parts = [market.sessions(start, middle), market.sessions(middle, end)]  # type: ignore[attr-defined]
    assert pl.concat(parts).equals(market.sessions(start, end))  # type: ignore[attr-defined]


def test_the_end_of_a_span_is_not_in_it() -> None:
    assert XNYS.sessions(date(2024, 7, 3), date(2024, 7, 5))["session"].to_list() == [date(2024, 7, 3)]
    assert XNYS.sessions(date(2024, 7, 5), date(2024, 7, 5)).is_empty()


def test_beyond_the_horizon_a_question_is_refused_rather_than_answered_closed() -> None:
    for start, end in ((date(1959, 12, 31), date(1960, 2, 1)), (date(2050, 1, 1), date(2051, 1, 2))):
        with pytest.raises(CalendarFault) as caught:
            XNYS.sessions(start, end)
        assert str(HORIZON[0]) in caught.value.found
    assert XNYS.sessions(*HORIZON).height > 20_000
    assert XNYS.clip(date(1900, 1, 1), date(1960, 2, 1)) == (HORIZON[0], date(1960, 2, 1))
    first, last = XNYS.clip(date(1900, 1, 1), date(1901, 1, 1))
    assert first == last
    assert CRYPTO.sessions(date(1900, 1, 1), date(1900, 1, 2)).height == 1


def test_an_exchange_without_a_calendar_is_refused() -> None:
    with pytest.raises(ConfigFault, match="XNYS, XNAS, CRYPTO"):
        calendar("XMOON")


def test_the_version_names_the_library() -> None:
    assert XNYS.version.startswith("exchange_calendars 4.")
    assert CRYPTO.version == "24/7"


def test_the_library_is_loaded_only_for_the_first_session() -> None:
    code = (
        "import sys; from marketdata_assets.core.sessions import calendar; c = calendar('XNYS'); c.version; "
        "print(any(name.split('.')[0] in ('exchange_calendars', 'pandas') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "False"


def bars(*instants: datetime | None) -> pl.DataFrame:
    return pl.DataFrame({"timestamp": pl.Series(instants, dtype=pl.Datetime("us", "UTC")), "n": range(len(instants))})


def test_an_intraday_bar_belongs_to_its_new_york_date_inside_the_session_or_not() -> None:
    placed = XNYS.place(
        bars(
            datetime(2024, 11, 29, 13, 0, tzinfo=UTC),
            datetime(2024, 11, 29, 14, 30, tzinfo=UTC),
            datetime(2024, 11, 29, 17, 59, tzinfo=UTC),
            datetime(2024, 11, 29, 18, 0, tzinfo=UTC),
            datetime(2024, 11, 30, 0, 30, tzinfo=UTC),
            datetime(2024, 11, 28, 15, 0, tzinfo=UTC),
            None,
        )
    )
    assert placed["session"].to_list() == [*[date(2024, 11, 29)] * 5, date(2024, 11, 28), None]
    assert placed["in_session"].to_list() == [False, True, True, False, False, False, None]
    assert placed["n"].to_list() == list(range(7))


def test_a_coins_bar_belongs_to_its_utc_day() -> None:
    placed = CRYPTO.place(bars(datetime(2024, 3, 10, 23, 59, tzinfo=UTC), datetime(2024, 3, 11, 0, 0, tzinfo=UTC)))
    assert placed["session"].to_list() == [date(2024, 3, 10), date(2024, 3, 11)]
    assert placed["in_session"].all()


def test_placing_no_bars_or_only_unknown_days_needs_no_sessions() -> None:
    assert XNYS.place(bars()).columns == ["timestamp", "n", "session", "in_session"]
    assert XNYS.place(bars(None))["in_session"].to_list() == [None]
    far = XNYS.place(bars(datetime(1950, 1, 3, 15, tzinfo=UTC), datetime(2024, 11, 29, 15, tzinfo=UTC)))
    assert far["in_session"].to_list() == [None, True]


@given(st.datetimes(datetime(2000, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)))
def test_placing_agrees_with_the_sessions_themselves(instant: datetime) -> None:
    day = instant.date()
    around = XNYS.sessions(day - timedelta(days=1), day + timedelta(days=2))
    within = [row["session"] for row in around.iter_rows(named=True) if row["open"] <= instant < row["close"]]
    placed = XNYS.place(bars(instant)).row(0, named=True)
    assert placed["in_session"] is bool(within)
    if within:
        assert placed["session"] == within[0]


def test_the_last_closed_session_changes_at_the_close() -> None:
    assert XNYS.last_closed(datetime(2024, 11, 29, 17, 59, 59, tzinfo=UTC)) == date(2024, 11, 27)
    assert XNYS.last_closed(datetime(2024, 11, 29, 18, 0, tzinfo=UTC)) == date(2024, 11, 29)
    assert XNYS.last_closed(datetime(2024, 12, 2, 12, 0, tzinfo=UTC)) == date(2024, 11, 29)
    assert CRYPTO.last_closed(datetime(2024, 11, 30, 0, 0, tzinfo=UTC)) == date(2024, 11, 29)
