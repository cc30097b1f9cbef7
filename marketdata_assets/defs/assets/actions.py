"""Corporate actions of each source: vendors are asked for what is lacking, columns of landed bars are read, every version is kept."""

from collections.abc import Iterator

import polars as pl
from dagster import (
    AssetCheckResult,
    AssetCheckSeverity,
    AssetCheckSpec,
    AssetExecutionContext,
    AssetKey,
    AssetsDefinition,
    AssetSpec,
    MaterializeResult,
    multi_asset,
)
from dagster._core.definitions.metadata import RawMetadataValue

from marketdata_assets.defs.keys import asset_key, op_name
from marketdata_assets.defs.lanes import storage_kind
from marketdata_assets.defs.plots import preview
from marketdata_assets.defs.refusals import told
from marketdata_assets.defs.resources import PLATFORM, platform_of
from marketdata_assets.defs.specs import OWNERS, description, kinds, table_metadata
from marketdata_assets.defs.years import ONE_RUN, whole, yearly
from marketdata_assets.pipeline.action_fetches import ActionsFetched, action_datasets, fetch_actions
from marketdata_assets.pipeline.actions import DAILY, action_sources, announced, publish_actions
from marketdata_assets.pipeline.platform import table_path
from marketdata_assets.schemas.actions import CORPORATE_ACTIONS
from marketdata_assets.schemas.audit import LandingState
from marketdata_assets.schemas.bars import RAW_BARS
from marketdata_assets.settings import Settings

CODE_VERSION = "1"
ANSWERED = "actions_answered"
_SHOWN = 30


def actions_path(settings: Settings, source: str) -> str:
    """Where the corporate actions of a source lie in the lake, which is also their asset key."""
    return table_path(CORPORATE_ACTIONS.name, settings.sources[source].asset_class, None, source)


def corporate_actions(settings: Settings) -> list[AssetsDefinition]:
    """One asset for each source that may tell of corporate actions, a partition a year of ex-dates."""
    return [_of_source(settings, source) for name in settings.asset_classes for source in action_sources(settings, name)]


def _of_source(settings: Settings, source: str) -> AssetsDefinition:
    config = settings.sources[source]
    path, asked = actions_path(settings, source), bool(action_datasets(config))
    raw = table_path(RAW_BARS.name, config.asset_class, DAILY, source)
    also = "The vendor is asked for what it has not told yet." if asked else "Read from the split and dividend columns of its daily bars."

    spec = AssetSpec(
        key=asset_key(path),
        deps=[] if asked else whole([raw]),
        group_name=f"{config.asset_class}_events",
        kinds=kinds(storage_kind(settings.lake), "api" if asked else "file"),
        owners=OWNERS,
        description=description(CORPORATE_ACTIONS, also),
        metadata=table_metadata(CORPORATE_ACTIONS, path, settings.lake),
        code_version=CODE_VERSION,
        partitions_def=yearly(settings.asset_classes[config.asset_class].start),
    )

    @multi_asset(
        name=op_name(path),
        specs=[spec],
        check_specs=[_answered_spec(asset_key(path))] if asked else [],
        backfill_policy=ONE_RUN,
        required_resource_keys={PLATFORM},
    )
    def events(context: AssetExecutionContext) -> Iterator[MaterializeResult[None] | AssetCheckResult]:
        platform, years = platform_of(context), list(context.partition_keys)
        with told():
            fetched = fetch_actions(platform, source) if asked else None
            files = publish_actions(platform, source, years)
            every = announced(platform, source)
        metadata: dict[str, RawMetadataValue] = {
            "dagster/row_count": sum(each.rows for each in files),
            "events in all": every.height,
            "kinds": preview(every.group_by("kind").len().sort("kind"), _SHOWN),
            "years restated": sum(each.changed for each in files),
            "without an instrument": preview(every.filter(pl.col("symbol").is_null()), _SHOWN),
        }
        if fetched is not None:
            metadata["requests"] = fetched.requests
        yield MaterializeResult(metadata=metadata)
        if fetched is not None and context.selected_asset_check_keys:
            yield _answered(asset_key(path), fetched)

    return events


def _answered_spec(key: AssetKey) -> AssetCheckSpec:
    return AssetCheckSpec(
        ANSWERED, asset=key, description="Every window of corporate actions that the run asked the vendor for was answered."
    )


def _answered(key: AssetKey, fetched: ActionsFetched) -> AssetCheckResult:
    """A warning with the windows asked for in vain; an error when not one was answered."""
    vain = fetched.rows.filter(pl.col("state") == LandingState.REFUSED)
    windows = fetched.rows.select("dataset", "symbol", "asked_from", "asked_until").n_unique()
    said = f"{windows} windows answered in {fetched.requests} requests" if windows else "nothing was lacking, nothing was asked"
    return AssetCheckResult(
        check_name=ANSWERED,
        asset_key=key,
        passed=vain.is_empty(),
        severity=AssetCheckSeverity.ERROR if windows and vain.height == windows else AssetCheckSeverity.WARN,
        description=f"{vain.height} of {windows} windows were asked for in vain; the next run asks again" if vain.height else said,
        metadata={"in vain": preview(vain.select("dataset", "symbol", "asked_from", "asked_until", "reason"), _SHOWN)},
    )
