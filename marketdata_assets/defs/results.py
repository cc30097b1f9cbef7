"""What a run reports of a table it published: each partition's own facts, and the whole run's once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache

import polars as pl
from dagster import AssetExecutionContext, AssetKey, AssetMaterialization, MaterializeResult, PartitionKeyRange, PartitionsDefinition
from dagster._core.definitions.metadata import RawMetadataValue
from dagster._core.execution.context.metadata_logging import AssetMetadataHandle, OutputMetadataAccumulator
from dagster._core.execution.context.system import StepExecutionContext

from marketdata_assets.defs.facts import Publication
from marketdata_assets.defs.keys import asset_key
from marketdata_assets.defs.partitions import partition_key
from marketdata_assets.defs.plots import line_plot, preview

Facts = Mapping[str, RawMetadataValue]


def reported(
    context: AssetExecutionContext, path: str, publication: Publication, rows: pl.DataFrame, dated_by: str, more: Facts
) -> Iterator[MaterializeResult[None]]:
    """The materialization of a table that the step published itself, as its result when selected, else as events.

    Tables that are made together are published together; selecting one of them only decides whose result the run waits for.
    """
    key, step = asset_key(path), context.get_step_execution_context()
    facts = _by_partition(step, publication, rows, dated_by, more)
    if key in context.selected_asset_keys:
        _tell(step, key, facts)
        yield MaterializeResult(asset_key=key)
        return
    for partition, told in facts.items():
        context.log_event(AssetMaterialization(key, partition=partition, metadata=told))


def record(step: StepExecutionContext, key: AssetKey, publication: Publication, rows: pl.DataFrame, dated_by: str) -> None:
    """Put what was published on the events that Dagster is about to write for an output."""
    _tell(step, key, _by_partition(step, publication, rows, dated_by, {}))


def _by_partition(step: StepExecutionContext, publication: Publication, rows: pl.DataFrame, dated_by: str, more: Facts) -> dict[str, Facts]:
    """Each partition's facts; the one whose event Dagster writes last, which the asset's page shows, has the run's facts too."""
    partitions = step.run_partitions_def
    assert partitions is not None  # noqa: S101 - every table that is published in partitions has them
    mine, last = publication.by_partition(), _written_last(partitions, step.partition_key_range)
    looks = _looks(rows, dated_by, partition_key(last).symbol)
    return mine | {last: {**mine[last], **publication.facts(), **more, **looks}}


@lru_cache(maxsize=16)
def _written_last(partitions: PartitionsDefinition, chosen: PartitionKeyRange) -> str:
    """Dagster goes through a run's partitions as a set, in no order of ours, so the order is asked of the very same set."""
    return list(partitions.empty_subset().with_partition_key_range(partitions, chosen).get_partition_keys())[-1]


def _looks(rows: pl.DataFrame, dated_by: str, symbol: str | None) -> Facts:
    """A few rows of one symbol, and a picture: its close over time where the rows have one, else the rows of all symbols per day."""
    mine = rows.filter(pl.col("symbol") == symbol) if symbol else rows
    if "close" in rows.columns and mine.height:
        return {"preview": preview(mine), "plot": line_plot(mine.select(dated_by, "close").sort(dated_by), f"close of {symbol}")}
    daily = rows.group_by(pl.col(dated_by).cast(pl.Date)).len().sort(dated_by)
    return {"preview": preview(mine if mine.height else rows), "plot": line_plot(daily, "rows per day")}


def _tell(step: StepExecutionContext, key: AssetKey, facts: Mapping[str, Facts]) -> None:
    """Attach metadata to the coming event of each partition, in one go.

    `context.add_asset_metadata` takes one partition at a time, looks it up in the whole range and copies all that was attached
    before: its cost grows with the square of the partitions, to half a minute for 1,380 of them. Hence the private attribute.
    """
    held = dict(step._metadata_accumulator.per_output_metadata)  # noqa: SLF001
    held.update((AssetMetadataHandle(asset_key=key, partition_key=partition), told) for partition, told in facts.items())
    step._metadata_accumulator = OutputMetadataAccumulator(per_output_metadata=held)  # noqa: SLF001
