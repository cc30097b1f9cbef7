"""The partitions of a run in portions that fit into the memory: all at once for daily bars, a period at a time for shorter ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

import polars as pl

from marketdata_assets.core.periods import period_window
from marketdata_assets.core.timeframes import Timeframe
from marketdata_assets.lake.layout import PartitionKey
from marketdata_assets.schemas.table import Table


@dataclass(frozen=True)
class Batch:
    """Some partitions of a run; `period` when they are those of one period, of several in the run."""

    keys: Sequence[PartitionKey]
    period: str | None = None

    def rows(self, frame: pl.LazyFrame, table: Table) -> pl.DataFrame:
        """The batch's rows of a frame that holds all partitions of the run."""
        if self.period is None:
            return frame.collect()
        window, at = period_window(self.period), pl.col(table.dated_by)
        if table.polars_schema[table.dated_by] == pl.Date:
            return frame.filter(at >= window.start.date(), at < window.end.date()).collect()
        return frame.filter(at >= window.start, at < window.end).collect()


def batches(timeframe: Timeframe, keys: Sequence[PartitionKey]) -> Iterator[Batch]:
    """The keys of a run in batches, by period; at least one batch when there is a key."""
    if not timeframe.intraday:
        yield from [Batch(keys)] if keys else []
        return
    for period, mine in groupby(sorted(keys), key=lambda key: key.period):
        yield Batch(list(mine), period)
