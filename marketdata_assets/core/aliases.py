"""Other names of an instrument: which vendor spells it how, and from when until when."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from marketdata_assets.core.faults import ConfigFault

ANY_SOURCE = "*"
_SOURCE = re.compile(r"\*|[a-z][a-z0-9_]{0,31}")
_GRAMMAR = "write source:SPELLING, source:SPELLING@2012-05-18..2022-06-09 or, for every source, *:SPELLING; several are parted by ';'"


@dataclass(frozen=True)
class Alias:
    """A spelling under which `source` (`*`: any) files an instrument on the dates `[start, end)`; None leaves that side open."""

    source: str
    spelling: str
    start: date | None = None
    end: date | None = None

    def __post_init__(self) -> None:
        spelling = self.spelling
        if not _SOURCE.fullmatch(self.source):
            raise _malformed(self, f"{self.source!r} is no source name")
        if not spelling or spelling != spelling.strip() or not spelling.isprintable() or set(spelling) & set(";@") or len(spelling) > 64:
            raise _malformed(self, f"{spelling[:64]!r} is no spelling")
        if self.start and self.end and self.start >= self.end:
            raise _malformed(self, f"{self.start} is not before {self.end}")

    @property
    def dated(self) -> bool:
        """Whether the alias holds for a part of time only."""
        return self.start is not None or self.end is not None

    def holds(self, on: date) -> bool:
        """Whether the alias is in force on the date `on`; on its end it no longer is."""
        return (self.start is None or self.start <= on) and (self.end is None or on < self.end)

    def overlaps(self, other: Alias) -> bool:
        """Whether some date has both aliases in force."""
        return (self.start is None or other.end is None or self.start < other.end) and (
            other.start is None or self.end is None or other.start < self.end
        )

    def __str__(self) -> str:
        span = f"@{self.start or ''}..{self.end or ''}" if self.dated else ""
        return f"{self.source}:{self.spelling}{span}"


def parse_aliases(text: str) -> tuple[Alias, ...]:
    """The aliases of one cell of instruments.csv, in the order written; `ConfigFault` names the entry that is malformed."""
    return tuple(_alias(entry.strip()) for entry in text.split(";")) if text.strip() else ()


def format_aliases(aliases: tuple[Alias, ...]) -> str:
    """The cell that `parse_aliases` reads back."""
    return "; ".join(map(str, aliases))


def _alias(entry: str) -> Alias:
    source, colon, rest = entry.partition(":")
    spelling, at, span = rest.partition("@")
    if not colon:
        raise _malformed(entry, "it has no ':' between source and spelling")
    if not at:
        return Alias(source, spelling)
    start, dots, end = span.partition("..")
    if not dots or not (start or end):
        raise _malformed(entry, "its span is not start..end with at least one date")
    return Alias(source, spelling, _day(start, entry), _day(end, entry))


def _day(text: str, entry: str) -> date | None:
    if not text:
        return None
    try:
        if len(text) == 10:
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise _malformed(entry, f"{text!r} is no date like 2022-06-09")


def _malformed(entry: Alias | str, found: str) -> ConfigFault:
    shown = f"{entry.source}:{entry.spelling}"[:80] if isinstance(entry, Alias) else entry[:80]
    return ConfigFault(f"reading the alias {shown!r}", found, _GRAMMAR)
