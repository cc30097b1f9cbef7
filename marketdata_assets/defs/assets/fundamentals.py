"""Reported figures: a partition a year of filing, from landed files and a networked source, with the check of what contradicts itself."""

from collections.abc import Mapping

import polars as pl
from dagster import (
    AssetCheckExecutionContext,
    AssetCheckResult,
    AssetChecksDefinition,
    AssetCheckSeverity,
    AssetExecutionContext,
    AssetsDefinition,
    MaterializeResult,
    asset,
    asset_check,
)
from dagster._core.definitions.metadata import RawMetadataValue

from marketdata_assets.core.faults import Fault
from marketdata_assets.defs.keys import asset_key
from marketdata_assets.defs.lanes import storage_kind
from marketdata_assets.defs.plots import preview
from marketdata_assets.defs.refusals import told
from marketdata_assets.defs.resources import PLATFORM, platform_of
from marketdata_assets.defs.specs import OWNERS, description, kinds, table_metadata
from marketdata_assets.defs.years import ONE_RUN, yearly
from marketdata_assets.pipeline.fundamentals import fetch, fundamentals_path, publish_fundamentals, take_in
from marketdata_assets.pipeline.fundamentals import told as told_figures
from marketdata_assets.schemas.fundamentals import FUNDAMENTALS
from marketdata_assets.settings import Settings
from marketdata_assets.settings_universes import FundamentalsSettings
from marketdata_assets.transforms.fundamentals import conflicting, without_acceptance

CODE_VERSION = "1"
SAME, TIMED = "one_value_a_figure_and_filing", "filings_have_acceptance_times"
_SHOWN = 30
_ALSO = (
    "A figure is known when its filing was accepted, not when its period ended; accepted after the close, it is usable in the next "
    "session. A restated figure is a row of its own."
)


def fundamentals(settings: Settings) -> list[AssetsDefinition]:
    """The asset of reported figures; none where `fundamentals` is not configured."""
    return [] if settings.fundamentals is None else [_figures(settings, settings.fundamentals)]


def fundamentals_checks(settings: Settings) -> list[AssetChecksDefinition]:
    """Whether a filing tells a figure once, and whether its acceptance is known."""
    if settings.fundamentals is None:
        return []
    path = fundamentals_path(settings.fundamentals.asset_class)
    return [_same(path), _timed(path)]


def _figures(settings: Settings, config: FundamentalsSettings) -> AssetsDefinition:
    path = fundamentals_path(config.asset_class)

    @asset(
        key=asset_key(path),
        partitions_def=yearly(config.start),
        backfill_policy=ONE_RUN,
        group_name=f"{config.asset_class}_fundamentals",
        kinds=kinds(storage_kind(settings.lake), "file"),
        owners=OWNERS,
        description=description(FUNDAMENTALS, _ALSO),
        metadata=dict(table_metadata(FUNDAMENTALS, path, settings.lake)),
        code_version=CODE_VERSION,
        required_resource_keys={PLATFORM},
    )
    def figures(context: AssetExecutionContext) -> MaterializeResult[None]:
        platform = platform_of(context)
        with told():
            new = take_in(platform)
            failed = fetch(platform, platform.symbols(config.asset_class))
            rows = publish_fundamentals(platform, list(context.partition_keys))
        metadata: dict[str, RawMetadataValue] = {
            "dagster/row_count": sum(rows.values()),
            "new files": new.height,
            "refused files": preview(new.filter(pl.col("state") == "refused").select("path", "reason"), _SHOWN),
            "not answered": preview(_faults(failed), _SHOWN),
        }
        return MaterializeResult(metadata=metadata)

    return figures


def _same(path: str) -> AssetChecksDefinition:
    @asset_check(
        asset=asset_key(path),
        name=SAME,
        description="No payload tells one figure of one filing twice with different values.",
        required_resource_keys={PLATFORM},
    )
    def same(context: AssetCheckExecutionContext) -> AssetCheckResult:
        with told():
            wrong = conflicting(told_figures(platform_of(context)).facts)
        return AssetCheckResult(passed=wrong.is_empty(), severity=AssetCheckSeverity.WARN, metadata={"figures": preview(wrong, _SHOWN)})

    return same


def _timed(path: str) -> AssetChecksDefinition:
    @asset_check(
        asset=asset_key(path),
        name=TIMED,
        description="Every filing with figures has an acceptance time; the others count from the session after their filing date.",
        required_resource_keys={PLATFORM},
    )
    def timed(context: AssetCheckExecutionContext) -> AssetCheckResult:
        with told():
            found = told_figures(platform_of(context))
            lacking = without_acceptance(found.facts, found.filings)
        return AssetCheckResult(
            passed=lacking.is_empty(),
            severity=AssetCheckSeverity.WARN,
            metadata={"filings without": lacking.height, "filings": preview(lacking, _SHOWN)},
        )

    return timed


def _faults(failed: Mapping[str, Fault]) -> pl.DataFrame:
    return pl.DataFrame(
        {"symbol": list(failed), "reason": [str(fault) for fault in failed.values()]}, schema={"symbol": pl.String, "reason": pl.String}
    )
