"""Reading what a request asks for: instants, whole numbers, flags, lists; each vendor says what is wrong in its own words."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from aiohttp import web

_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_FRACTION = re.compile(r"\.(\d+)")


class Wrong(ValueError):
    """A parameter does not read."""


def instant(text: str, zone: tzinfo = UTC) -> datetime:
    """An RFC-3339 instant, or a day as its midnight in `zone`; fractions finer than a microsecond are cut. UTC."""
    try:
        if _DAY.fullmatch(text):
            return datetime.combine(date.fromisoformat(text), time(), tzinfo=zone).astimezone(UTC)
        cut = _FRACTION.sub(lambda match: "." + match[1][:6].ljust(6, "0"), text.replace(" ", "+"))
        found = datetime.fromisoformat(cut.replace("Z", "+00:00").replace("z", "+00:00"))
    except ValueError:
        raise Wrong(text) from None
    return found.replace(tzinfo=found.tzinfo or zone).astimezone(UTC)


def epoch(text: str, unit: int) -> datetime:
    """The instant of a count since 1970 in parts of `unit` a second (1, 1000, 10**9), cut to the microsecond. UTC."""
    try:
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=int(text) * 1_000_000 // unit)
    except (ValueError, OverflowError):
        raise Wrong(text) from None


def day(text: str) -> date:
    """A date written 2024-01-31."""
    if not _DAY.fullmatch(text):
        raise Wrong(text)
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Wrong(text) from None


def whole(request: web.Request, name: str, default: int, low: int, high: int) -> int:
    """A whole number of `[low, high]`."""
    text = request.query.get(name)
    if text is None:
        return default
    if not re.fullmatch(r"-?\d{1,18}", text) or not low <= int(text) <= high:
        raise Wrong(text)
    return int(text)


def chosen(request: web.Request, name: str, default: str, among: Callable[[str], bool] | frozenset[str]) -> str:
    """One of a set of words."""
    found = request.query.get(name, default)
    if not (found in among if isinstance(among, frozenset) else among(found)):
        raise Wrong(found)
    return found


def listed(request: web.Request, name: str) -> list[str]:
    """Words parted by commas, each once, empty ones left out, in order."""
    return list(dict.fromkeys(part for part in request.query.get(name, "").split(",") if part))
