"""The audit: normalized bars become validated ones, quarantine and coverage, three tables of one judgement."""

from collections.abc import Iterator, Mapping

import polars as pl
from dagster import AssetExecutionContext, AssetIn, AssetsDefinition, BackfillPolicy, MaterializeResult, multi_asset
from dagster._core.definitions.metadata import RawMetadataValue

from marketdata_assets.defs.audits import judge
from marketdata_assets.defs.keys import asset_key, op_name
from marketdata_assets.defs.lanes import Lane
from marketdata_assets.defs.partitions import partition_keys
from marketdata_assets.defs.refusals import told
from marketdata_assets.defs.resources import IO_MANAGER, PLATFORM, audits_of, platform_of
from marketdata_assets.defs.results import looks, reported
from marketdata_assets.defs.specs import table_spec
from marketdata_assets.pipeline.bars import Audited
from marketdata_assets.schemas.audit import COVERAGE, QUARANTINE, REFUSED_ROWS
from marketdata_assets.schemas.bars import NORMALIZED_BARS, VALIDATED_BARS

CODE_VERSION = "1"
# Quarantine first: a row that leaves validated bars is never missing from both.
TABLES = (QUARANTINE, COVERAGE, VALIDATED_BARS)


def audited_bars(lane: Lane) -> AssetsDefinition:
    """The assets `validated_bars_<tf>`, `quarantine_<tf>` and `coverage_<tf>` of a lane.

    Rows that a rule refuses go to quarantine and the rest is published. A frame that fails as a whole is not published: the run
    fails with the evidence, and the previous version of all three tables stays.
    """
    bars, refused = lane.path(NORMALIZED_BARS), {source: lane.path(REFUSED_ROWS, source) for source in lane.sources}
    paths = [lane.path(table) for table in TABLES]

    @multi_asset(
        name=op_name(lane.path(VALIDATED_BARS)),
        specs=[table_spec(lane, table, code_version=CODE_VERSION, deps=[bars, *refused.values()]) for table in TABLES],
        ins={"bars": AssetIn(asset_key(bars)), **{f"refused_{source}": AssetIn(asset_key(path)) for source, path in refused.items()}},
        can_subset=True,
        backfill_policy=BackfillPolicy.single_run(),
        required_resource_keys={PLATFORM, IO_MANAGER},
    )
    def audit(context: AssetExecutionContext, bars: pl.LazyFrame, **unread: pl.LazyFrame) -> Iterator[MaterializeResult[None]]:
        with told():
            rows = {"": bars.collect(), **{source: unread[f"refused_{source}"].collect() for source in refused}}
            outcome = judge(platform_of(context), audits_of(context), lane, partition_keys(context.partition_keys), rows)
            frames = (outcome.quarantine, outcome.coverage, outcome.validated)
            published = [context.resources.io_manager.publish(context, path, frame) for path, frame in zip(paths, frames, strict=True)]
        for path, frame, publication, table in zip(paths, frames, published, TABLES, strict=True):
            yield from reported(context, path, publication, {**summary(outcome), **looks(frame, table.dated_by)})

    return audit


def summary(outcome: Audited) -> Mapping[str, RawMetadataValue]:
    """What the audit came to: rows kept and refused, the share of expected bars that came, and how many findings there are."""
    expected, received = outcome.coverage.select(pl.col("expected", "received").sum()).row(0)
    return {
        "validated rows": outcome.validated.height,
        "quarantined rows": outcome.quarantine.height,
        "flagged rows": outcome.validated.filter(pl.col("quality_flags") != "").height,
        "findings": outcome.findings.height,
        "coverage": round(received / expected, 6) if expected else 1.0,
    }
