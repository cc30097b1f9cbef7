"""Dates as people write them, as UTC instants."""

from __future__ import annotations

from datetime import UTC, date, datetime

from marketdata_assets.core import clock
from marketdata_assets.core.faults import PartitionFault, QueryFault
from marketdata_assets.core.periods import Window, period_window

When = date | datetime | str | None
BEGINNING = datetime(1900, 1, 1, tzinfo=UTC)
END = datetime(2200, 1, 1, tzinfo=UTC)


def instant(value: date | datetime | str, what: str) -> datetime:
    """The UTC instant behind a date (its midnight), a datetime (UTC when it names no zone) or a text of either.

    `2024` and `2024-03` are their first instants. `what` says in the `QueryFault` for any other text which of the caller's dates it was.
    """
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    for read in (lambda text: period_window(text).start, datetime.fromisoformat):
        try:
            return instant(read(value.strip()), what)
        except (PartitionFault, ValueError):
            continue
    raise QueryFault(f"reading the {what}", f"{value[:40]!r} is no date", "write 2024-03-01, 2024-03-01T14:30, 2024-03 or 2024; zone UTC")


def day_or_instant(value: When, what: str) -> date | datetime:
    """A date where one was written (until its close), an instant where a time was; None: now. See `instant` for what is refused."""
    if value is None:
        return clock.now()
    timed = isinstance(value, datetime) or (isinstance(value, str) and ":" in value)
    at = instant(value, what)
    return at if timed else at.date()


def window(start: When, end: When) -> Window:
    """The half-open span `[start, end)`; None leaves that side open. `QueryFault` when it ends before it starts."""
    first = BEGINNING if start is None else instant(start, "start")
    last = END if end is None else instant(end, "end")
    if last <= first:
        raise QueryFault(
            "reading the span", f"[{_short(first)}, {_short(last)}) holds nothing", "the end comes after the start and is itself left out"
        )
    return Window(first, last)


def _short(at: datetime) -> str:
    return at.strftime("%Y-%m-%d" if (at.hour, at.minute, at.second) == (0, 0, 0) else "%Y-%m-%dT%H:%M:%S")
