"""The audit: normalized bars become validated ones, quarantine and coverage, three tables of one judgement."""

from collections import Counter
from collections.abc import Iterator, Mapping

import polars as pl
from dagster import AssetExecutionContext, AssetIn, AssetsDefinition, AssetSpec, BackfillPolicy, MaterializeResult, multi_asset
from dagster._core.definitions.metadata import RawMetadataValue

from marketdata_assets.defs.audits import audit
from marketdata_assets.defs.batches import batches
from marketdata_assets.defs.facts import Publication
from marketdata_assets.defs.keys import asset_key, op_name
from marketdata_assets.defs.lanes import Lane
from marketdata_assets.defs.partitions import partition_keys
from marketdata_assets.defs.refusals import told
from marketdata_assets.defs.resources import IO_MANAGER, PLATFORM, audits_of, platform_of
from marketdata_assets.defs.results import reported
from marketdata_assets.defs.specs import table_spec
from marketdata_assets.defs.years import whole
from marketdata_assets.pipeline.actions import known_ratios, ratio_digests
from marketdata_assets.pipeline.bars import Audited
from marketdata_assets.schemas.audit import COVERAGE, QUARANTINE, REFUSED_ROWS
from marketdata_assets.schemas.bars import NORMALIZED_BARS, VALIDATED_BARS
from marketdata_assets.schemas.table import Table

CODE_VERSION = "1"
# Quarantine first: a row that leaves validated bars is never missing from both.
TABLES = (QUARANTINE, COVERAGE, VALIDATED_BARS)


def audited_bars(lane: Lane) -> AssetsDefinition:
    """The assets `validated_bars_<tf>`, `quarantine_<tf>` and `coverage_<tf>` of a lane.

    Rows that a rule refuses go to quarantine and the rest is published. A frame that fails as a whole is not published: the run
    fails with the evidence, and the previous version of all three tables stays.
    """
    source, refused = lane.path(NORMALIZED_BARS), {each: lane.path(REFUSED_ROWS, each) for each in lane.sources}

    @multi_asset(
        name=op_name(lane.path(VALIDATED_BARS)),
        specs=[_spec(lane, table, [source, *refused.values()]) for table in TABLES],
        ins={"bars": AssetIn(asset_key(source)), **{f"refused_{each}": AssetIn(asset_key(path)) for each, path in refused.items()}},
        can_subset=True,
        backfill_policy=BackfillPolicy.single_run(),
        required_resource_keys={PLATFORM, IO_MANAGER},
    )
    def validate(context: AssetExecutionContext, bars: pl.LazyFrame, **unread: pl.LazyFrame) -> Iterator[MaterializeResult[None]]:
        platform, shelf, lake = platform_of(context), audits_of(context), context.resources.io_manager
        done, counted = list[list[Publication]](), Counter[str]()
        with told():
            keys = partition_keys(context.partition_keys)
            events = ratio_digests(known_ratios(platform, lane.asset_class, {str(key.symbol) for key in keys}))
            for batch in batches(lane.timeframe, keys):
                rows = {each: batch.rows(unread[f"refused_{each}"], REFUSED_ROWS) for each in refused}
                outcome = audit(platform, shelf, lane, batch.keys, batch.rows(bars, NORMALIZED_BARS), rows)
                frames = {QUARANTINE.name: outcome.quarantine, COVERAGE.name: outcome.coverage, VALIDATED_BARS.name: outcome.validated}
                done.append([lake.publish(context, lane.path(table), batch, frames[table.name], events) for table in TABLES])
                counted.update(_counts(outcome))
        for table, parts in zip(TABLES, zip(*done, strict=True), strict=True):
            whole = Publication.together(parts)
            yield from reported(context, lane.path(table), whole, frames[table.name], table.dated_by, _summary(counted))

    return validate


def _spec(lane: Lane, table: Table, deps: list[str]) -> AssetSpec:
    spec = table_spec(lane, table, code_version=CODE_VERSION, deps=deps)
    return spec.replace_attributes(deps=[*spec.deps, *whole(lane.announcers)])


def _counts(outcome: Audited) -> dict[str, int]:
    expected, received = outcome.coverage.select(pl.col("expected", "received").sum()).row(0)
    return {
        "validated rows": outcome.validated.height,
        "quarantined rows": outcome.quarantine.height,
        "flagged rows": outcome.validated.filter(pl.col("quality_flags") != "").height,
        "findings": outcome.findings.height,
        "expected bars": expected,
        "received bars": received,
    }


def _summary(counted: Mapping[str, int]) -> dict[str, RawMetadataValue]:
    """What the audit of the run came to, with the share of expected bars that came."""
    return {**counted, "coverage": round(counted["received bars"] / counted["expected bars"], 6) if counted["expected bars"] else 1.0}
