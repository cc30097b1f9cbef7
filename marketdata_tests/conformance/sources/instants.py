"""Instants and days as vendors write them, read with the standard library alone."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

NEW_YORK = ZoneInfo("America/New_York")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROS = {"s": 10**6, "ms": 10**3, "us": 1, "ns": Decimal("0.001")}


def since_1970(text: str, unit: str) -> datetime:
    """A count of units since 1970 UTC, cut to the microsecond; exact."""
    return EPOCH + timedelta(microseconds=int(Decimal(text) * _MICROS[unit]))


def rfc3339(text: str) -> datetime:
    """`2021-10-13T08:00:00.08960768Z`, cut to the microsecond."""
    whole, _, fraction = text.removesuffix("Z").partition(".")
    return datetime.fromisoformat(whole).replace(tzinfo=UTC) + timedelta(microseconds=int((fraction + "000000")[:6]))


def midnight(day: date) -> datetime:
    """Midnight UTC of a date: how a daily bar is labelled."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def session(instant: datetime) -> datetime:
    """The label of the daily bar that a vendor stamps with this instant: the date in New York."""
    return midnight(instant.astimezone(NEW_YORK).date())


def wall(text: str) -> datetime:
    """`2026-05-15 19:55:00` on a clock in New York."""
    return datetime.fromisoformat(text).replace(tzinfo=NEW_YORK).astimezone(UTC)


def day(text: str | None) -> date | None:
    """A date; nothing for null and the texts that stand for it."""
    return None if text in (None, "", "None", "null") else date.fromisoformat(str(text)[:10])
