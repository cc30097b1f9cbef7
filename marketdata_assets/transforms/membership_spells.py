"""What one source states, as spells of membership: exact dates as they are, snapshots only once a day has passed without a revert."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import NamedTuple

import polars as pl

from marketdata_assets.schemas.membership import Change

DAY = timedelta(days=1)
FLIP = 2 * DAY
"""A change first seen in the snapshot of a day stands from the second day on: the next day's snapshot, known by then, may take it back."""


class Stated(NamedTuple):
    """Where a statement stands."""

    spelling: str
    known_at: datetime
    payload_sha256: str
    line: int


class Spell(NamedTuple):
    """A symbol is in on `[start, end)`, end None while it is; `after`, `until`: since when the source had not looked at entry and end."""

    symbol: str
    start: date
    end: date | None
    entry: Stated
    exit: Stated | None = None
    after: date | None = None
    until: date | None = None


class Flip(NamedTuple):
    """A change in the snapshot of `day` that the next day's took back."""

    symbol: str
    change: Change
    day: date


class SourceSpells(NamedTuple):
    """One source's spells, the changes it took back, and the half-open span on which it can speak; `to` None: it is meant to be current."""

    spells: list[Spell]
    flips: list[Flip]
    since: date | None
    to: date | None


def named(statements: pl.DataFrame, names: pl.DataFrame) -> pl.DataFrame:
    """The statements under the symbols that their tickers meant on their dates; an interval across a rename is cut in two.

    A ticker that leaves is the one it was the day before.
    """
    at = pl.when(pl.col("kind") == "removed").then(pl.col("start") - DAY).otherwise("start")
    written = pl.col("known_at").dt.date()
    joined = statements.join(names, on="spelling", how="inner", maintain_order="left").filter(
        pl.col("written_from").is_null() | (pl.col("written_from") <= written),
        pl.col("written_to").is_null() | (written < pl.col("written_to")),
    )
    opens, closes = pl.col("named_from").fill_null(date.min), pl.col("named_to").fill_null(date.max)
    spans = joined.filter(pl.col("kind").is_in(["member", "seen"])).with_columns(
        pl.max_horizontal("start", opens).alias("start"),
        pl.min_horizontal("end", "named_to").alias("end"),
    )
    days = joined.filter(~pl.col("kind").is_in(["member", "seen"]), at >= opens, at < closes)
    kept = spans.filter(pl.col("end").is_null() | (pl.col("start") < pl.col("end")))
    return (
        pl.concat([kept, days])
        .drop("named_from", "named_to", "written_from", "written_to")
        .sort("known_at", "payload_sha256", "line", "start", maintain_order=True)
    )


def source_spells(statements: pl.DataFrame) -> SourceSpells:
    """The spells that one source's statements (see `named`) amount to.

    Intervals win over anything else, then yearly bases with their changes, then snapshots, then a bare list of changes, whose removals
    were members since it began. The newest file of intervals, or of a year, replaces older ones; what it repeats was known before.
    """
    kinds = set(statements["kind"])
    if "member" in kinds:
        return _of_intervals(statements.filter(pl.col("kind") == "member"))
    if "base" in kinds or "seen" not in kinds:
        return _of_events(statements.filter(pl.col("kind") != "seen"))
    return _of_snapshots(statements.filter(pl.col("kind") == "seen"))


def _of_intervals(rows: pl.DataFrame) -> SourceSpells:
    newest = rows.row(-1, named=True)["payload_sha256"]
    first: dict[tuple[object, ...], Stated] = {}
    for row in rows.iter_rows(named=True):
        for key in ((row["symbol"], row["start"]), (row["symbol"], row["start"], row["end"])):
            first.setdefault(key, _stated(row))
    spells = []
    for symbol, start, end in rows.filter(pl.col("payload_sha256") == newest).select("symbol", "start", "end").iter_rows():
        spells.append(Spell(symbol, start, end, first[symbol, start], None if end is None else first[symbol, start, end]))
    return SourceSpells(spells, [], min(s.start for s in spells), None)


def _of_events(rows: pl.DataFrame) -> SourceSpells:
    """Bases and changes in the order of their dates; a base says who is in, so whoever is not in it has left."""
    if rows.is_empty():
        return SourceSpells([], [], None, None)
    newest = {row["start"].year: row["payload_sha256"] for row in rows.filter(pl.col("kind") == "base").iter_rows(named=True)}
    kept = [r for r in rows.iter_rows(named=True) if r["payload_sha256"] == newest.get(r["start"].year, r["payload_sha256"])]
    first = {(r["kind"], r["symbol"], r["start"]): _stated(r) for r in rows.reverse().iter_rows(named=True)}
    days: dict[date, list[dict[str, object]]] = {}
    for row in kept:
        days.setdefault(row["start"], []).append({**row, **first[row["kind"], row["symbol"], row["start"]]._asdict()})
    began = min(days)
    inside: dict[str, tuple[date, Stated]] = {}
    spells: list[Spell] = []
    for day in sorted(days):
        stated = {kind: {str(r["symbol"]): _stated(r) for r in days[day] if r["kind"] == kind} for kind in ("base", "added", "removed")}
        leaving = {s: at for s, at in stated["removed"].items() if s not in stated["added"]}
        if stated["base"]:
            any_row = next(iter(stated["base"].values()))
            leaving |= {s: any_row for s in inside if s not in stated["base"]}
        for symbol, at in leaving.items():
            start, entry = inside.pop(symbol, (began, at))
            if start < day:
                spells.append(Spell(symbol, start, day, entry, at))
        for symbol, at in {**stated["base"], **stated["added"]}.items():
            inside.setdefault(symbol, (day, at))
    spells += [Spell(symbol, start, None, entry) for symbol, (start, entry) in inside.items()]
    return SourceSpells(spells, [], began, None)


def _of_snapshots(rows: pl.DataFrame) -> SourceSpells:
    seen: dict[date, dict[str, Stated]] = {}
    partial: set[date] = set()
    for row in rows.iter_rows(named=True):
        day = row["start"]
        while day < row["end"]:
            seen.setdefault(day, {})[row["symbol"]] = _stated(row)
            if row["partial"]:
                partial.add(day)
            day += DAY
    walk = _Walk()
    for day in sorted(seen):
        walk.look(day, seen[day], complete=day not in partial)
    return walk.done(min(seen), max(seen))


class _Walk:
    """Snapshots in the order of their days: who is in, what is pending, what was taken back."""

    def __init__(self) -> None:
        self.inside: dict[str, tuple[date, Stated, date | None]] = {}
        self.pending: dict[str, tuple[Change, date, Stated, date]] = {}
        self.spells: list[Spell] = []
        self.flips: list[Flip] = []
        self.last: date | None = None

    def look(self, day: date, there: Mapping[str, Stated], *, complete: bool) -> None:
        """Take one snapshot in. The first one is the state as it stands; an incomplete one says nothing about the absent."""
        if self.last is None:
            self.inside = {symbol: (day + DAY, at, None) for symbol, at in there.items()}
            self.last = day
            return
        for symbol, (change, first, at, before) in list(self.pending.items()):
            absent = symbol not in there and complete
            reverted = day - first < FLIP and (absent if change is Change.ENTERS else symbol in there)
            del self.pending[symbol]
            if reverted:
                self.flips.append(Flip(symbol, change, first))
            else:
                self._settle(symbol, change, first, at, before)
        some = next(iter(there.values()))
        for symbol, at in there.items():
            if symbol not in self.inside:
                self.pending[symbol] = (Change.ENTERS, day, at, self.last)
        for symbol in [s for s in self.inside if s not in there] if complete else []:
            self.pending[symbol] = (Change.LEAVES, day, some, self.last)
        self.last = day

    def done(self, since: date, last: date) -> SourceSpells:
        """Everything settled; what the last snapshot changed stands from the day after next."""
        for symbol, (change, first, at, before) in self.pending.items():
            self._settle(symbol, change, first, at, before)
        spells = self.spells + [Spell(s, start, None, at, after=before) for s, (start, at, before) in self.inside.items()]
        return SourceSpells(spells, self.flips, since + DAY, last + FLIP)

    def _settle(self, symbol: str, change: Change, first: date, at: Stated, before: date) -> None:
        if change is Change.ENTERS:
            self.inside[symbol] = (first + FLIP, at, before)
            return
        start, entry, after = self.inside.pop(symbol)
        self.spells.append(Spell(symbol, start, first + FLIP, entry, at, after, before))


def _stated(row: Mapping[str, object]) -> Stated:
    return Stated(str(row["spelling"]), row["known_at"], str(row["payload_sha256"]), row["line"])  # type: ignore[arg-type]


def joined(spells: Iterable[Spell]) -> list[Spell]:
    """The spells of each symbol with neighbours that touch or overlap made one, sorted by symbol and start."""
    found: list[Spell] = []
    for spell in sorted(spells, key=lambda s: (s.symbol, s.start, s.end or date.max)):
        last = found[-1] if found else None
        if last is None or last.symbol != spell.symbol or (last.end is not None and last.end < spell.start):
            found.append(spell)
        elif last.end is not None and (spell.end is None or spell.end > last.end):
            found[-1] = last._replace(end=spell.end, exit=spell.exit, until=spell.until)
    return found
