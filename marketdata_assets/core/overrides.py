"""Closures and half days that the calendar library lacks, as the override file says them."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Container, Iterable
from dataclasses import dataclass
from datetime import date, time
from enum import StrEnum

from marketdata_assets.core.faults import ConfigFault

COLUMNS = ("exchange", "date", "kind", "close_time", "note")


class OverrideKind(StrEnum):
    """What an override says of its day."""

    CLOSED = "closed"
    EARLY_CLOSE = "early_close"
    OPEN = "open"


@dataclass(frozen=True)
class Override:
    """What one exchange really did on one day: stayed shut, shut at `close_time`, or held a session the library does not know.

    `close_time` is the exchange's local time; an early close needs it, an open day may have it, a closed one has none.
    """

    exchange: str
    date: date
    kind: OverrideKind
    close_time: time | None = None
    note: str = ""

    def __post_init__(self) -> None:
        wants = {OverrideKind.CLOSED: self.close_time is None, OverrideKind.EARLY_CLOSE: self.close_time is not None}
        if not wants.get(self.kind, True):
            raise ConfigFault(
                f"reading the {self.kind} override of {self.exchange} on {self.date}",
                f"its close_time is {self.close_time or 'empty'}",
                "an early_close needs a close_time, a closed day has none",
            )


def parse_overrides(text: str, where: str) -> list[Override]:
    """The overrides of a CSV text with the columns `COLUMNS`, in file order; times are local to the exchange.

    `ConfigFault` with file and line for another header, a bad date, time or kind, or a second override of one day.
    """
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    found: dict[tuple[str, date], Override] = {}
    try:
        for cells in reader:
            if reader.line_num == 1:
                _require_header(cells)
            elif cells:
                override = _override(cells)
                _require_new(override, found)
                found[override.exchange, override.date] = override
    except (ConfigFault, csv.Error, ValueError) as error:
        fault = error if isinstance(error, ConfigFault) else ConfigFault("reading an override", str(error), "see data/reference/README.md")
        line = reader.line_num
        raise ConfigFault(f"{where}, line {line}: {fault.tried}", fault.found, fault.remedy, path=where, line=line) from None
    return list(found.values())


def overrides_digest(overrides: Iterable[Override]) -> str:
    """Eight hexadecimal digits that change with what any override says of its day, not with notes or order; "" for none."""
    said = sorted(f"{o.exchange},{o.date},{o.kind},{o.close_time or ''}" for o in overrides)
    return hashlib.sha256("\n".join(said).encode()).hexdigest()[:8] if said else ""


def _require_header(cells: list[str]) -> None:
    if tuple(cells) != COLUMNS:
        raise ConfigFault("reading the header", f"it is {','.join(cells)[:80]!r}", f"write {','.join(COLUMNS)}")


def _require_new(override: Override, found: Container[tuple[str, date]]) -> None:
    if (override.exchange, override.date) in found:
        raise ConfigFault("reading an override", f"{override.date} is given twice", "keep one row for each exchange and day")


def _override(cells: list[str]) -> Override:
    if len(cells) != len(COLUMNS):
        raise ConfigFault("reading an override", f"{len(cells)} cells, not {len(COLUMNS)}", f"fill {','.join(COLUMNS)}")
    exchange, day, kind, close, note = (cell.strip() for cell in cells)
    return Override(exchange, date.fromisoformat(day), OverrideKind(kind), time.fromisoformat(close) if close else None, note)
