"""Universes by year: who belonged to each index and each universe by rule on every session, and how far validated bars cover them."""

from datetime import timedelta

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

from marketdata_assets.core import clock
from marketdata_assets.defs.assets.membership import membership_path
from marketdata_assets.defs.keys import asset_key
from marketdata_assets.defs.lanes import storage_kind
from marketdata_assets.defs.plots import preview
from marketdata_assets.defs.refusals import told
from marketdata_assets.defs.resources import PLATFORM, platform_of
from marketdata_assets.defs.specs import OWNERS, description, kinds, table_metadata
from marketdata_assets.defs.years import ONE_RUN, whole, yearly
from marketdata_assets.pipeline.platform import Platform, table_path
from marketdata_assets.pipeline.universe import coverage_by_bars, delisted, publish_universe, universe_path
from marketdata_assets.schemas.bars import VALIDATED_BARS
from marketdata_assets.schemas.universe import UNIVERSE
from marketdata_assets.settings import Settings

CODE_VERSION = "1"
COVERED = "universe_covered_by_bars"
ENOUGH = 0.95
_SHOWN = 30
_YEAR = timedelta(days=366)
_ALSO = "Only what had been announced or traded by the day before decides; a universe by rule is chosen anew on fixed dates."


def universe(settings: Settings) -> list[AssetsDefinition]:
    """One asset for each asset class that has an index or a universe by rule, a partition a year."""
    return [_of_class(settings, asset_class) for asset_class in _classes(settings)]


def universe_checks(settings: Settings) -> list[AssetChecksDefinition]:
    """Whether validated bars cover the universes of each asset class."""
    return [_covered(asset_class) for asset_class in _classes(settings)]


def _of_class(settings: Settings, asset_class: str) -> AssetsDefinition:
    path = universe_path(asset_class)
    indices = [index for index, config in settings.indices.items() if config.asset_class == asset_class]
    rules = any(config.asset_class == asset_class for config in settings.universes.values())
    bars = [table_path(VALIDATED_BARS.name, asset_class, "1d")] if rules and settings.sources_of(asset_class, "1d") else []

    @asset(
        key=asset_key(path),
        deps=whole([*(membership_path(settings, index) for index in indices), *bars]),
        partitions_def=yearly(settings.asset_classes[asset_class].start),  # type: ignore[index]
        backfill_policy=ONE_RUN,
        group_name=f"{asset_class}_universe",
        kinds=kinds(storage_kind(settings.lake)),
        owners=OWNERS,
        description=description(UNIVERSE, _ALSO),
        metadata=dict(table_metadata(UNIVERSE, path, settings.lake)),
        code_version=CODE_VERSION,
        required_resource_keys={PLATFORM},
    )
    def days(context: AssetExecutionContext) -> MaterializeResult[None]:
        platform = platform_of(context)
        years = list(context.partition_keys)
        with told():
            rows = publish_universe(platform, asset_class, years)
            gone = delisted(platform, asset_class, clock.now().date() - _YEAR, clock.now().date())
        metadata: dict[str, RawMetadataValue] = {
            "dagster/row_count": sum(rows.values()),
            "universes": preview(_sizes(platform, asset_class, years), _SHOWN),
            "delisted within a year": preview(gone, _SHOWN),
        }
        return MaterializeResult(metadata=metadata)

    return days


def _covered(asset_class: str) -> AssetChecksDefinition:
    @asset_check(
        asset=asset_key(universe_path(asset_class)),
        name=COVERED,
        description=f"At least {ENOUGH:.0%} of the symbol days of every universe have a validated daily bar.",
        required_resource_keys={PLATFORM},
    )
    def covered(context: AssetCheckExecutionContext) -> AssetCheckResult:
        with told():
            shares = coverage_by_bars(platform_of(context), asset_class)
        poor = shares.filter(pl.col("share") < ENOUGH)
        return AssetCheckResult(passed=poor.is_empty(), severity=AssetCheckSeverity.WARN, metadata={"coverage": preview(shares, _SHOWN)})

    return covered


def _classes(settings: Settings) -> list[str]:
    kept = {index.asset_class for index in settings.indices.values()} | {rule.asset_class for rule in settings.universes.values()}
    return [name for name in settings.asset_classes if name in kept]


def _sizes(platform: Platform, asset_class: str, years: list[str]) -> pl.DataFrame:
    rows = platform.lake.scan(universe_path(asset_class), UNIVERSE, periods=years)
    counted = rows.group_by("index", "date").len().group_by("index").agg(pl.col("len").mean().round(1).alias("mean members"))
    return counted.sort("index").collect()
