"""Sources of one index reconciled: whose word counts when, the spells that follow, and who says what about every change."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import NamedTuple

import polars as pl

from marketdata_assets.schemas.membership import INDEX_EVIDENCE, INDEX_MEMBERSHIP, Change, Verdict
from marketdata_assets.transforms.membership_spells import SourceSpells, Spell, joined

TOLERANCE = timedelta(days=10)
"""Files that mean the same change date it by its announcement, its effect or the next edit; farther apart they differ."""


class Attributed(NamedTuple):
    """A spell and the sources that its entry and its end were taken from."""

    spell: Spell
    source: str
    end_source: str | None


class Moment(NamedTuple):
    """A change that a source has, and the earliest day on which it can have happened as far as that source looked."""

    symbol: str
    change: Change
    on: date
    after: date
    source: str


def on_sessions(found: SourceSpells, sessions: Sequence[date]) -> SourceSpells:
    """The same spells from open to open: a date without a session is the next one with; neighbours that touch are one spell."""
    snapped = [s._replace(start=_next(sessions, s.start), end=s.end and _next(sessions, s.end)) for s in found.spells]
    return found._replace(spells=[s for s in joined(snapped) if s.end is None or s.start < s.end])


def reconciled(by_source: Mapping[str, SourceSpells], until: Mapping[str, date] | None = None) -> list[Attributed]:
    """The spells of an index: on every day those of the first source, in the order given, that speaks of the day.

    A source speaks from its first date on; up to its `until` when that is given, otherwise for ever, so that what is added to its end
    never changes who is asked about an earlier day. Others speak before it began and after it ended.
    """
    parts: list[Attributed] = []
    spoken: list[tuple[date, date]] = []
    for source, found in by_source.items():
        if found.since is None:
            continue
        for start, end in _free((found.since, (until or {}).get(source, date.max)), spoken):
            parts += [Attributed(s, source, source if s.end else None) for s in _clipped(found.spells, start, end)]
        spoken.append((found.since, (until or {}).get(source, date.max)))
    whole: list[Attributed] = []
    for part in sorted(parts, key=lambda p: (p.spell.symbol, p.spell.start)):
        last = whole[-1] if whole else None
        if last and last.spell.symbol == part.spell.symbol and last.spell.end is not None and last.spell.end >= part.spell.start:
            one = joined([last.spell, part.spell])[0]
            whole[-1] = Attributed(one, last.source, part.end_source if one.end == part.spell.end else last.end_source)
        else:
            whole.append(part)
    return whole


def membership_frame(index: str, spells: Sequence[Attributed]) -> pl.DataFrame:
    """The spells as rows of `index_membership`."""
    rows = [
        {
            "index": index,
            "symbol": s.symbol,
            "effective_from": s.start,
            "effective_to": s.end,
            "announced_on": None,
            "spelling": s.entry.spelling,
            "source": source,
            "known_at": s.entry.known_at,
            "end_source": end_source,
            "end_known_at": s.exit.known_at if s.exit and s.end else None,
            "payload_sha256": s.entry.payload_sha256,
            "line": s.entry.line,
        }
        for s, source, end_source in spells
    ]
    return INDEX_MEMBERSHIP.conform(pl.DataFrame(rows, schema=INDEX_MEMBERSHIP.polars_schema))


def evidence_frame(
    index: str, spells: Sequence[Attributed], by_source: Mapping[str, SourceSpells], until: Mapping[str, date] | None = None
) -> pl.DataFrame:
    """What every source says about every change of the index, as rows of `index_evidence`.

    A change is the same in two sources when they date it within ten days, or when it lies between two looks of a source that looks seldom.
    Who was in when a source began is no change.
    """
    rows: list[dict[str, object]] = []
    chosen = [m for a in spells for m in _moments(a.spell, a.source, a.end_source)]
    firsts = {found.since for found in by_source.values()}
    chosen = [m for m in chosen if not (m.change is Change.ENTERS and m.on in firsts)]
    for source, found in by_source.items():
        start = min((s.start for s in found.spells), default=date.max)
        moments = [m for s in found.spells for m in _moments(s, source, source) if m.change is Change.LEAVES or m.on > start]
        rows += _heard(index, source, moments, chosen, start, (until or {}).get(source) or found.to or date.max)
        rows += [_row(index, f.symbol, f.change, f.day, source, f.day, Verdict.REVERTED) for f in found.flips]
    frame = pl.DataFrame(rows, schema=INDEX_EVIDENCE.polars_schema)
    return INDEX_EVIDENCE.conform(frame.unique(INDEX_EVIDENCE.key, keep="first", maintain_order=True))


def _heard(index: str, source: str, moments: Sequence[Moment], chosen: Sequence[Moment], start: date, end: date) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    by_key: dict[tuple[str, Change], list[Moment]] = {}
    for moment in chosen:
        by_key.setdefault((moment.symbol, moment.change), []).append(moment)
    told: set[Moment] = set()
    for moment in moments:
        near = [c for c in by_key.get((moment.symbol, moment.change), []) if moment.after - TOLERANCE <= c.on <= moment.on + TOLERANCE]
        match = min(near, key=lambda c: abs(c.on - moment.on), default=None)
        if match is None:
            rows.append(_row(index, moment.symbol, moment.change, moment.on, source, moment.on, Verdict.DIFFERS))
        else:
            told.add(match)
            verdict = Verdict.CHOSEN if match.source == source else Verdict.AGREES
            rows.append(_row(index, moment.symbol, moment.change, match.on, source, moment.on, verdict))
    silent = [c for c in chosen if c not in told and c.source != source and start <= c.on < end]
    return rows + [_row(index, c.symbol, c.change, c.on, source, None, Verdict.SILENT) for c in silent]


def _row(index: str, symbol: str, change: Change, on: date, source: str, says: date | None, verdict: Verdict) -> dict[str, object]:
    lag = None if says is None else (says - on).days
    return {
        "index": index,
        "symbol": symbol,
        "change": change.value,
        "effective_on": on,
        "source": source,
        "says_on": says,
        "lag_days": lag,
        "verdict": verdict.value,
    }


def _moments(spell: Spell, source: str, end_source: str | None) -> list[Moment]:
    entered = Moment(spell.symbol, Change.ENTERS, spell.start, spell.after or spell.start, source)
    if spell.end is None:
        return [entered]
    return [entered, Moment(spell.symbol, Change.LEAVES, spell.end, spell.until or spell.end, end_source or source)]


def _free(span: tuple[date, date], spoken: Sequence[tuple[date, date]]) -> list[tuple[date, date]]:
    """The parts of a half-open span that no other covers."""
    free = [span]
    for start, end in spoken:
        free = [part for a, b in free for part in ((a, min(b, start)), (max(a, end), b)) if part[0] < part[1]]
    return free


def _clipped(spells: Sequence[Spell], start: date, end: date) -> list[Spell]:
    found = []
    for spell in spells:
        first, last = max(spell.start, start), min(spell.end or date.max, end)
        if first < last:
            found.append(spell._replace(start=first, end=None if last == date.max else last))
    return found


def _next(sessions: Sequence[date], day: date) -> date:
    at = bisect_left(sessions, day)
    return sessions[at] if at < len(sessions) else day
