"""What a materialization says about itself: how much was published, of whom, over which days, and what changed."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

import polars as pl
from dagster._core.definitions.metadata import RawMetadataValue

from marketdata_assets.lake.layout import PartitionKey
from marketdata_assets.lake.publish import Published

NEW, RESTATED, WRITTEN, UNCHANGED, NO_ROWS = "new", "restated", "written", "unchanged", "no rows"


@dataclass(frozen=True)
class Publication:
    """One publish of a table: partitions asked for, stored before (None: not known), and standing now; first and last day of the rows."""

    keys: Sequence[PartitionKey]
    before: Collection[PartitionKey] | None
    published: Sequence[Published]
    days: Collection[date]
    seconds: float

    @classmethod
    def together(cls, parts: Sequence[Publication]) -> Publication:
        """The publishes of a table, batch after batch, as the one of the whole run."""
        known = [part.before for part in parts if part.before is not None]
        return cls(
            [key for part in parts for key in part.keys],
            {key for before in known for key in before} if known else None,
            [each for part in parts for each in part.published],
            [day for part in parts for day in part.days],
            sum(part.seconds for part in parts),
        )

    def facts(self) -> dict[str, RawMetadataValue]:
        """The run as a whole: row, symbol and byte counts, first and last day, how many partitions are new, restated or unchanged."""
        states = [self._state(key) for key in self.keys]
        return {
            "run rows": sum(p.rows for p in self.published),
            "run symbols": len({p.key.symbol for p in self.published if p.rows}),
            "run span": f"{min(self.days)} to {max(self.days)}" if self.days else "no rows",
            "run partitions": len(self.keys),
            **{f"run partitions {state}": states.count(state) for state in sorted(set(states))},
            "run bytes": sum(p.size for p in self.published),
            "run seconds": round(self.seconds, 3),
        }

    def by_partition(self) -> dict[str, dict[str, RawMetadataValue]]:
        """Each partition under its Dagster key: rows, what happened to it, and the SHA-256 of its file."""
        return {str(key): self._own(key) for key in self.keys}

    @cached_property
    def _files(self) -> dict[PartitionKey, Published]:
        return {each.key: each for each in self.published}

    def _own(self, key: PartitionKey) -> dict[str, RawMetadataValue]:
        file = self._files.get(key)
        told: dict[str, RawMetadataValue] = {"dagster/partition_row_count": file.rows if file else 0, "state": self._state(key)}
        return told | ({"sha256": file.sha256} if file and file.sha256 else {})

    def _state(self, key: PartitionKey) -> str:
        file = self._files.get(key)
        if file is None:
            return NO_ROWS if self.before is None or key not in self.before else UNCHANGED
        if not file.changed:
            return UNCHANGED
        if self.before is None:
            return WRITTEN
        return RESTATED if key in self.before else NEW


def first_and_last(frame: pl.DataFrame, dated_by: str) -> list[date]:
    """The first and the last day of a frame's rows; nothing for a frame without any."""
    days = frame.select(pl.col(dated_by).cast(pl.Date))
    return [] if not days.height else [*days.select(first=pl.col(dated_by).min(), last=pl.col(dated_by).max()).row(0)]
