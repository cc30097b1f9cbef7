"""One judgement, used twice: what the audit found while it made the tables answers the checks that follow in the same process."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock

import polars as pl

from marketdata_assets.defs.batches import batches
from marketdata_assets.defs.lanes import Lane
from marketdata_assets.lake.choose import chosen_files
from marketdata_assets.lake.layout import PartitionKey
from marketdata_assets.pipeline.bars import Audited, audited, judged
from marketdata_assets.pipeline.platform import Platform
from marketdata_assets.rules.report import FINDINGS_SCHEMA
from marketdata_assets.schemas.bars import NORMALIZED_BARS

_KEPT = 256


@dataclass
class AuditShelf:
    """The findings of the latest audits of this process, each with the files that were audited; older ones leave."""

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


def audit(
    platform: Platform, shelf: AuditShelf, lane: Lane, keys: Sequence[PartitionKey], bars: pl.DataFrame, refused: Mapping[str, pl.DataFrame]
) -> Audited:
    """The audit of normalized bars and of each source's refused rows; its findings stay on the shelf for the checks."""
    files = _audited_files(platform, lane, keys)
    outcome = audited(platform, lane.asset_class, lane.timeframe.name, bars, refused, keys)
    shelf.keep(lane.name, keys, files, outcome.findings)
    return outcome


def findings(platform: Platform, shelf: AuditShelf, lane: Lane, keys: Sequence[PartitionKey]) -> pl.DataFrame:
    """FINDINGS about stored partitions: those on the shelf while the files are the same, otherwise by judging the bars again."""
    path, told = lane.path(NORMALIZED_BARS), [FINDINGS_SCHEMA.to_frame()]
    for batch in batches(lane.timeframe, keys):
        known = shelf.find(lane.name, batch.keys, _audited_files(platform, lane, batch.keys))
        if known is not None:
            told.append(known)
            continue
        bars = platform.lake.scan(path, NORMALIZED_BARS, keys=batch.keys).collect()
        told.append(judged(platform, lane.asset_class, lane.timeframe.name, bars, batch.keys)[1].findings)
    return pl.concat(told)


def _audited_files(platform: Platform, lane: Lane, keys: Sequence[PartitionKey]) -> dict[str, str]:
    found = chosen_files(platform.lake.store, lane.path(NORMALIZED_BARS), keys=keys)
    return {path: entry.version for path, entry in found.items()}
