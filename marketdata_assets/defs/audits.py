"""One judgement, used twice: what the audit found while it made the tables answers the checks that follow in the same process."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from threading import Lock
from typing import NamedTuple

import polars as pl

from marketdata_assets.core.faults import AuditFault
from marketdata_assets.defs.lanes import Lane
from marketdata_assets.lake.choose import chosen_files
from marketdata_assets.lake.layout import PartitionKey
from marketdata_assets.pipeline.bars import Audited, audited
from marketdata_assets.pipeline.platform import Platform
from marketdata_assets.rules.report import FINDINGS_SCHEMA
from marketdata_assets.schemas.audit import REFUSED_ROWS
from marketdata_assets.schemas.bars import NORMALIZED_BARS

_KEPT = 8


class Judgement(NamedTuple):
    """What the rules found in some partitions, whether the frame failed as a whole, and whether the audit had to be done for it."""

    findings: pl.DataFrame
    fault: AuditFault | None
    afresh: bool


@dataclass
class AuditShelf:
    """The findings of the latest audits of this process, each with the files it read; older ones leave."""

    _kept: OrderedDict[tuple[str, frozenset[PartitionKey]], tuple[Mapping[str, str], pl.DataFrame]] = field(default_factory=OrderedDict)
    _lock: Lock = field(default_factory=Lock)

    def keep(self, lane: str, keys: Sequence[PartitionKey], files: Mapping[str, str], findings: pl.DataFrame) -> None:
        """Put the findings about `keys` on the shelf, together with the versions of the files they are about."""
        with self._lock:
            self._kept[lane, frozenset(keys)] = (files, findings)
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)

    def find(self, lane: str, keys: Sequence[PartitionKey], files: Mapping[str, str]) -> pl.DataFrame | None:
        """The findings about exactly these keys, if the same files still stand."""
        kept = self._kept.get((lane, frozenset(keys)))
        return kept[1] if kept and kept[0] == files else None


def judge(platform: Platform, shelf: AuditShelf, lane: Lane, keys: Sequence[PartitionKey], rows: Mapping[str, pl.DataFrame]) -> Audited:
    """The audit of normalized bars (under "") and each source's refused rows, its findings kept for the checks."""
    files = audited_files(platform, lane, keys)
    refused = {source: rows[source] for source in lane.sources}
    outcome = audited(platform, lane.asset_class, lane.timeframe.name, rows[""], refused, keys)
    shelf.keep(lane.name, keys, files, outcome.findings)
    return outcome


def judged(platform: Platform, shelf: AuditShelf, lane: Lane, keys: Sequence[PartitionKey]) -> Judgement:
    """The findings about stored partitions: the ones on the shelf if the files are the same, otherwise by auditing them again."""
    found = shelf.find(lane.name, keys, audited_files(platform, lane, keys))
    if found is not None:
        return Judgement(found, None, afresh=False)
    told: list[pl.DataFrame] = [FINDINGS_SCHEMA.to_frame()]
    for batch in _batches(lane, keys):
        try:
            told.append(judge(platform, shelf, lane, batch, stored_rows(platform, lane, batch)).findings)
        except AuditFault as fault:
            return Judgement(pl.concat(told), fault, afresh=True)
    return Judgement(pl.concat(told), None, afresh=True)


def stored_rows(platform: Platform, lane: Lane, keys: Sequence[PartitionKey]) -> dict[str, pl.DataFrame]:
    """What an audit reads: normalized bars under "", and the refused rows of each source under its name."""
    tables = {"": (lane.path(NORMALIZED_BARS), NORMALIZED_BARS), **{s: (lane.path(REFUSED_ROWS, s), REFUSED_ROWS) for s in lane.sources}}
    return {name: platform.lake.scan(path, table, keys=keys).collect() for name, (path, table) in tables.items()}


def audited_files(platform: Platform, lane: Lane, keys: Sequence[PartitionKey]) -> dict[str, str]:
    """Path and version of every file that an audit of `keys` reads."""
    paths = [lane.path(NORMALIZED_BARS), *(lane.path(REFUSED_ROWS, source) for source in lane.sources)]
    return {e.path: e.version for path in paths for e in chosen_files(platform.lake.store, path, keys=keys).values()}


def _batches(lane: Lane, keys: Sequence[PartitionKey]) -> Iterator[Sequence[PartitionKey]]:
    """All of the keys at once for daily bars, a period at a time for intraday ones, whose rows would fill the memory."""
    if not lane.timeframe.intraday:
        yield keys
        return
    for _, batch in groupby(sorted(keys), key=lambda key: key.period):
        yield list(batch)
