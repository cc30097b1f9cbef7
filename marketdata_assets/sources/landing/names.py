"""What a file's path states: symbol, bar length, date and venue."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import NamedTuple

from marketdata_assets.core.faults import PayloadFault
from marketdata_assets.core.timeframes import TIMEFRAMES
from marketdata_assets.sources.landing.format import LandingFormat

_SUFFIX = re.compile(r"\.(?:gz|zip|csv|txt|json|feather|arrow|parquet|pq)$", re.IGNORECASE)
_INTERVAL = re.compile(r"(\d+)(m|min|h|d|)")
_MINUTES = {"": 1, "m": 1, "min": 1, "h": 60, "d": 1440}
_BY_MINUTES = {int(t.duration.total_seconds()) // 60: name for name, t in TIMEFRAMES.items()}
LONGEST_SYMBOL = 128
"""Characters a vendor's symbol may have; what is longer is something else."""


class Facts(NamedTuple):
    """What the path of a file states; None for what it leaves open."""

    symbol: str | None = None
    interval: str | None = None
    date: date | None = None
    tape: str | None = None


def stem(path: str) -> str:
    """A path without the suffixes that say how a file is packed: `csv/BRK.B.csv.gz` -> `csv/BRK.B`."""
    while (shorter := _SUFFIX.sub("", path)) != path and not shorter.endswith("/") and shorter:
        path = shorter
    return path


def facts(layout: LandingFormat, paths: list[str]) -> Facts:
    """What all of `paths` (a payload's, and its member's inside a zip) state together under a format's file patterns.

    Without patterns the last name of the first path is the symbol. `PayloadFault` when two paths contradict each other: a zip under
    another file's name.
    """
    told: dict[str, str] = {}
    for path in paths if layout.files else paths[:1]:
        for key, value in _groups(layout, stem(path)).items():
            if told.setdefault(key, value).casefold() != value.casefold() and not (key == "symbol" and "symbol" in layout.columns):
                raise PayloadFault(
                    f"reading {path.rsplit('/', 1)[-1]}",
                    f"the file is named for {key} {told[key]!r} but what it holds is named for {value!r}",
                    "download it again, or give the file its own name back",
                    path=paths[0],
                )
    symbol = layout.symbol or told.get("symbol")
    if symbol is not None and (len(symbol) > LONGEST_SYMBOL or not symbol.isprintable()):
        raise PayloadFault(f"reading a symbol from {path[-80:]!r}", "that is no symbol", "rename the file", path=paths[0][-200:])
    if symbol is not None and layout.symbol is None and layout.symbol_case == "upper":
        symbol = symbol.upper()
    return Facts(symbol, told.get("interval"), _date(told.get("date")), told.get("tape"))


def timeframe_named(interval: str | None) -> str | None:
    """The timeframe that a file name's interval means (`60min`, `1440`, `1h`, `1d`); None for one that is not kept."""
    match = _INTERVAL.fullmatch(interval or "")
    return _BY_MINUTES.get(int(match[1]) * _MINUTES[match[2]]) if match else None


def _groups(layout: LandingFormat, path: str) -> dict[str, str]:
    if not layout.files:
        return {"symbol": path.rsplit("/", 1)[-1]}
    for pattern in layout.files:
        if match := re.search(pattern, path):
            return {key: value for key, value in match.groupdict().items() if value}
    return {}


def _date(text: str | None) -> date | None:
    try:
        return datetime.strptime(text.replace("-", ""), "%Y%m%d").date() if text else None  # noqa: DTZ007 - a calendar date has no zone
    except ValueError:
        return None
