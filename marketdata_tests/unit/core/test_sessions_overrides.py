"""Closures and half days that the library lacks."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest

from marketdata_assets.core.faults import ConfigFault
from marketdata_assets.core.overrides import Override, OverrideKind, overrides_digest, parse_overrides
from marketdata_assets.core.sessions import calendar

HEADER = "exchange,date,kind,close_time,note\n"
CLOSED = Override("XNYS", date(2024, 5, 1), OverrideKind.CLOSED, None, "storm")
SHORT = Override("XNAS", date(2024, 5, 2), OverrideKind.EARLY_CLOSE, time(14, 15))
OPEN = Override("XNYS", date(2024, 5, 4), OverrideKind.OPEN)


def test_an_override_closes_shortens_or_adds_a_session() -> None:
    market = calendar("XNYS", [CLOSED, SHORT, OPEN])
    sessions = market.sessions(date(2024, 5, 1), date(2024, 5, 7))
    assert dict(sessions.select("session", "minutes").iter_rows()) == {
        date(2024, 5, 2): 285,
        date(2024, 5, 3): 390,
        date(2024, 5, 4): 390,
        date(2024, 5, 6): 390,
    }
    assert sessions["close"][0] == datetime(2024, 5, 2, 18, 15, tzinfo=UTC)
    assert sessions["session"].is_sorted()


def test_every_other_session_stays_as_it_was() -> None:
    plain, changed = calendar("XNYS"), calendar("XNYS", [CLOSED, SHORT, OPEN])
    for start, end in ((date(2010, 1, 1), date(2024, 5, 1)), (date(2024, 5, 7), date(2026, 1, 1))):
        assert changed.sessions(start, end).equals(plain.sessions(start, end))


def test_the_version_changes_with_what_is_said_and_not_with_notes_or_order() -> None:
    plain = calendar("XNYS").version
    assert calendar("XNYS", [CLOSED]).version != plain
    assert calendar("XNYS", [CLOSED, SHORT]).version == calendar("XNYS", [SHORT, CLOSED]).version
    quiet = Override("XNYS", CLOSED.date, OverrideKind.CLOSED)
    assert overrides_digest([quiet]) == overrides_digest([CLOSED])
    assert overrides_digest([]) == ""


def test_coins_never_close() -> None:
    assert calendar("CRYPTO", [CLOSED]).version == "24/7"
    assert calendar("CRYPTO", [CLOSED]).is_session(CLOSED.date)
    with pytest.raises(ConfigFault):
        calendar("CRYPTO", [Override("CRYPTO", CLOSED.date, OverrideKind.CLOSED)])


def test_an_override_beyond_the_horizon_or_of_nowhere_is_refused() -> None:
    for exchange, day in (("XNYS", date(1950, 1, 3)), ("XMOON", date(2024, 5, 1))):
        with pytest.raises(ConfigFault):
            calendar("XNYS", [Override(exchange, day, OverrideKind.CLOSED)])


def test_the_file_is_read_as_written() -> None:
    text = HEADER + 'XNYS,2024-05-01,closed,,"storm, high water"\nXNYS,2024-05-02,early_close,13:00,\n'
    assert parse_overrides(text, "o.csv") == [
        Override("XNYS", date(2024, 5, 1), OverrideKind.CLOSED, None, "storm, high water"),
        Override("XNYS", date(2024, 5, 2), OverrideKind.EARLY_CLOSE, time(13), ""),
    ]
    assert parse_overrides(HEADER, "o.csv") == []


@pytest.mark.parametrize(
    "row",
    [
        "XNYS,2024-05-32,closed,,",
        "XNYS,2024-05-01,shut,,",
        "XNYS,2024-05-01,closed,13:00,",
        "XNYS,2024-05-01,early_close,,",
        "XNYS,2024-05-01,early_close,25:00,",
        "XNYS,2024-05-01,closed,",
        "XNYS,2024-01-01,closed,,",
    ],
)
def test_a_mistake_is_refused_with_file_and_line(row: str) -> None:
    with pytest.raises(ConfigFault) as caught:
        parse_overrides(HEADER + "XNYS,2024-01-01,closed,,\n" + row + "\n", "o.csv")
    assert "o.csv, line 3" in str(caught.value)


def test_another_header_is_refused() -> None:
    with pytest.raises(ConfigFault, match="write exchange,date"):
        parse_overrides("exchange,day\n", "o.csv")


def test_an_added_half_day_keeps_its_close_in_winter_time() -> None:
    extra = Override("XNYS", date(2024, 12, 28), OverrideKind.OPEN, time(13))
    session = calendar("XNYS", [extra]).sessions(extra.date, extra.date + timedelta(days=1)).row(0, named=True)
    assert (session["open"], session["minutes"]) == (datetime(2024, 12, 28, 14, 30, tzinfo=UTC), 210)
