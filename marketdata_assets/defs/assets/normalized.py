"""Normalized bars: the newest version of every source's bars, in one shape."""

from collections.abc import Iterator

import polars as pl
from dagster import AssetExecutionContext, AssetIn, AssetsDefinition, BackfillPolicy, MaterializeResult, multi_asset

from marketdata_assets.defs.batches import Batch, batches
from marketdata_assets.defs.keys import asset_key, op_name
from marketdata_assets.defs.lanes import Lane
from marketdata_assets.defs.partitions import partition_keys
from marketdata_assets.defs.resources import PLATFORM, platform_of
from marketdata_assets.defs.specs import table_spec
from marketdata_assets.pipeline.bars import normalized
from marketdata_assets.schemas.bars import NORMALIZED_BARS, RAW_BARS

CODE_VERSION = "1"


def normalized_bars(lane: Lane) -> AssetsDefinition:
    """The asset `normalized_bars_<tf>` of a lane, from the raw bars of all its sources."""
    raw_paths = {source: lane.path(RAW_BARS, source) for source in lane.sources}
    path = lane.path(NORMALIZED_BARS)

    @multi_asset(
        name=op_name(path),
        specs=[table_spec(lane, NORMALIZED_BARS, code_version=CODE_VERSION, deps=raw_paths.values())],
        ins={f"raw_{source}": AssetIn(asset_key(raw)) for source, raw in raw_paths.items()},
        backfill_policy=BackfillPolicy.single_run(),
        required_resource_keys={PLATFORM},
    )
    def normalize(context: AssetExecutionContext, **raw: pl.LazyFrame) -> Iterator[MaterializeResult[Iterator[tuple[Batch, pl.DataFrame]]]]:
        def bars() -> Iterator[tuple[Batch, pl.DataFrame]]:
            for batch in batches(lane.timeframe, partition_keys(context.partition_keys)):
                rows = {source: batch.rows(raw[f"raw_{source}"], RAW_BARS) for source in raw_paths}
                yield batch, normalized(platform_of(context), lane.asset_class, lane.timeframe.name, rows)

        yield MaterializeResult(value=bars())

    return normalize
