"""Lona's upload files: validated bars as the backtester takes them, a JSON, a CSV and a manifest for each partition."""

import time
from collections.abc import Iterator

import polars as pl
from dagster import AssetExecutionContext, AssetIn, AssetsDefinition, AssetSpec, BackfillPolicy, MaterializeResult, multi_asset

from marketdata_assets.defs.batches import batches
from marketdata_assets.defs.facts import Publication, first_and_last
from marketdata_assets.defs.keys import asset_key, op_name
from marketdata_assets.defs.lanes import Lane
from marketdata_assets.defs.partitions import partition_keys
from marketdata_assets.defs.refusals import told
from marketdata_assets.defs.resources import PLATFORM, platform_of
from marketdata_assets.defs.results import reported
from marketdata_assets.defs.specs import OWNERS
from marketdata_assets.pipeline.lona import lona_path, publish_lona
from marketdata_assets.schemas.bars import VALIDATED_BARS

CODE_VERSION = "1"
_DESCRIPTION = """Validated bars as files that Lona takes: `ohlcv/<exchange>/<SYMBOL>/<interval>/<period>` as JSON and CSV, with a manifest.

Only final bars, prices as traded, timestamps the bar's open in UTC. The manifest names the validated partition and its SHA-256."""


def lona_export(lane: Lane) -> AssetsDefinition:
    """The asset `lona_export_<tf>` of a lane."""
    path, source = lona_path(lane.asset_class, lane.timeframe.name), lane.path(VALIDATED_BARS)
    spec = AssetSpec(
        key=asset_key(path),
        deps=[asset_key(source)],
        description=_DESCRIPTION,
        metadata={"folder": f"{lane.lake.rstrip('/')}/{path}"},
        group_name=lane.name,
        kinds={"json", "csv", lane.storage},
        owners=OWNERS,
        code_version=CODE_VERSION,
        partitions_def=lane.partitions,
    )

    @multi_asset(
        name=op_name(path),
        specs=[spec],
        ins={"bars": AssetIn(asset_key(source))},
        backfill_policy=BackfillPolicy.single_run(),
        required_resource_keys={PLATFORM},
    )
    def export(context: AssetExecutionContext, bars: pl.LazyFrame) -> Iterator[MaterializeResult[None]]:
        platform, done = platform_of(context), list[Publication]()
        with told():
            for batch in batches(lane.timeframe, partition_keys(context.partition_keys)):
                began, rows = time.perf_counter(), batch.rows(bars, VALIDATED_BARS)
                digests = {key: record.sha256 for key, record in platform.lake.records(source, batch.keys).items()}
                files = publish_lona(platform, lane.asset_class, lane.timeframe.name, rows, digests)
                days = first_and_last(rows, VALIDATED_BARS.dated_by)
                done.append(Publication(batch.keys, None, files, days, time.perf_counter() - began))
        yield from reported(context, path, Publication.together(done), rows, VALIDATED_BARS.dated_by, {})

    return export
