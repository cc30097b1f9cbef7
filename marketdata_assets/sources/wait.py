"""How long a vendor asks us to wait: Retry-After and reset headers, whatever they hold, as seconds."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Literal

LONGEST_WAIT = 900.0  # seconds; a vendor that asks for more is left alone this long, then asked again


def retry_after(value: str | None, now: datetime) -> float | None:
    """Seconds that a Retry-After header asks for, uncapped: a number, or a date in any of HTTP's three forms.

    None where it asks for nothing that makes sense: absent, unreadable, negative, zero, a date gone by.
    """
    if value is None:
        return None
    seconds = _number(value)
    if seconds is None:
        at = _http_date(value)
        seconds = None if at is None else (at - now).total_seconds()
    return seconds if seconds is not None and seconds > 0 else None


def reset_wait(value: str | None, held_as: Literal["epoch_s", "epoch_ms", "seconds"], now: datetime) -> float | None:
    """Seconds until the instant that a reset header names, uncapped; None where it cannot be read or lies in the past."""
    number = None if value is None else _number(value)
    if number is None:
        return None
    wait = number if held_as == "seconds" else number / (1000.0 if held_as == "epoch_ms" else 1.0) - now.timestamp()
    return wait if wait > 0 else None


def whole_number(value: str | None) -> int | None:
    """A header's count; None where it is absent, unreadable or negative."""
    number = None if value is None else _number(value)
    return int(number) if number is not None and number >= 0 else None


def _number(value: str) -> float | None:
    try:
        number = float(value.strip())
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _http_date(value: str) -> datetime | None:
    try:
        at = parsedate_to_datetime(value.strip())
    except (ValueError, TypeError, OverflowError):
        return None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at
