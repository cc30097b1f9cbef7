"""Raw bars of one source: what files or answers say about the run's partitions, every version kept, unreadable rows beside them."""

import time
from collections.abc import Iterator

from dagster import AssetCheckResult, AssetExecutionContext, AssetsDefinition, BackfillPolicy, MaterializeResult, multi_asset

from marketdata_assets.defs.asking import answered, answered_spec, ask_first
from marketdata_assets.defs.batches import batches
from marketdata_assets.defs.facts import Publication, first_and_last
from marketdata_assets.defs.inventory import look_first
from marketdata_assets.defs.keys import asset_key, op_name
from marketdata_assets.defs.lanes import Lane
from marketdata_assets.defs.partitions import partition_keys
from marketdata_assets.defs.refusals import told
from marketdata_assets.defs.resources import PLATFORM, platform_of
from marketdata_assets.defs.results import reported
from marketdata_assets.defs.specs import table_spec
from marketdata_assets.pipeline.fetching import NOTHING
from marketdata_assets.pipeline.raw import arrived, publish_raw
from marketdata_assets.schemas.audit import REFUSED_ROWS
from marketdata_assets.schemas.bars import RAW_BARS

CODE_VERSION = "1"


def raw_bars(lane: Lane, source: str) -> AssetsDefinition:
    """The assets `raw_bars_<tf>/<source>` and `refused_rows_<tf>/<source>`, made together from the source's payloads.

    Files that landed since the last look are taken in first; a networked source is asked first for what the partitions lack, and what it
    does not answer fails no run: a check lists it.
    """
    networked, key = source in lane.networked, asset_key(lane.path(RAW_BARS, source))
    tables = {lane.path(table, source): table for table in (RAW_BARS, REFUSED_ROWS)}

    @multi_asset(
        name=op_name(lane.path(RAW_BARS, source)),
        specs=[
            table_spec(lane, table, source=source, code_version=CODE_VERSION, deps=[lane.inventory(source)]) for table in tables.values()
        ],
        check_specs=[answered_spec(key)] if networked else [],
        can_subset=True,
        backfill_policy=BackfillPolicy.single_run(),
        required_resource_keys={PLATFORM},
    )
    def raw(context: AssetExecutionContext) -> Iterator[MaterializeResult[None] | AssetCheckResult]:
        platform, done = platform_of(context), dict[str, list[Publication]]()
        keys = partition_keys(context.partition_keys)
        with told():
            if not networked:
                look_first(context, platform, source)
            asked = ask_first(context, platform, lane, source, keys) if networked else NOTHING
            for batch in batches(lane.timeframe, keys):
                began, before = time.perf_counter(), {path: set(platform.lake.partitions(path)) for path in tables}
                new = arrived(platform, source, lane.timeframe.name, batch.keys)
                published = publish_raw(platform, source, lane.timeframe.name, batch.keys, new)
                seconds = time.perf_counter() - began
                for (path, table), rows in zip(tables.items(), (new.bars, new.refused), strict=True):
                    mine = [each for each in published if each.path.startswith(f"{path}/")]
                    days = first_and_last(rows, table.dated_by)
                    done.setdefault(path, []).append(Publication(batch.keys, before[path], mine, days, seconds))
        for (path, table), rows in zip(tables.items(), (new.bars, new.refused), strict=True):
            yield from reported(context, path, Publication.together(done[path]), rows, table.dated_by, {})
        if networked and context.selected_asset_check_keys:
            yield answered(key, asked)

    return raw
