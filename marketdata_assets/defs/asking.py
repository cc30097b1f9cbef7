"""What Dagster shows of asking a vendor: how much was asked, what came, and which requests were in vain."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import polars as pl
from dagster import AssetCheckResult, AssetCheckSeverity, AssetCheckSpec, AssetExecutionContext, AssetKey, AssetMaterialization, AssetSpec
from dagster._core.definitions.metadata import RawMetadataValue

from marketdata_assets.defs.keys import asset_key
from marketdata_assets.defs.lanes import Lane, storage_kind
from marketdata_assets.defs.plots import preview
from marketdata_assets.defs.specs import OWNERS, description, kinds, table_metadata
from marketdata_assets.lake.layout import PartitionKey
from marketdata_assets.pipeline.failover import fetch_assigned
from marketdata_assets.pipeline.fetching import NOTHING, Fetched, Progress, fetch
from marketdata_assets.pipeline.inventory import inventory_path
from marketdata_assets.pipeline.platform import Platform, table_path
from marketdata_assets.schemas.audit import FETCHES, LandingState
from marketdata_assets.settings import Settings

ANSWERED = "requests_answered"
FETCH_TAG, SOURCES_TAG = "marketdata/fetch", "marketdata/sources"
_SHOWN = 20
_TENTHS = 10


def fetches_spec(settings: Settings, source: str) -> AssetSpec:
    """The asset `fetches/<source>`: recorded by whatever run asks the vendor, and made by none on its own."""
    config = settings.sources[source]
    vendor = config.source()
    path = table_path(FETCHES.name, config.asset_class, None, source)
    return AssetSpec(
        key=asset_key(path),
        group_name=f"{config.asset_class}_landing",
        kinds=kinds(storage_kind(settings.lake), "api"),
        owners=OWNERS,
        description=description(FETCHES, f"Source `{source}` asks {vendor.title} ({vendor.docs}). {vendor.licence}"),
        metadata=table_metadata(FETCHES, path, settings.lake),
    )


def answered_spec(key: AssetKey) -> AssetCheckSpec:
    """The check that every window a run asks for is answered."""
    return AssetCheckSpec(
        ANSWERED, asset=key, description="Every window that the run asked the vendor for was answered, with rows or with none."
    )


def ask_first(context: AssetExecutionContext, platform: Platform, lane: Lane, source: str, keys: Collection[PartitionKey]) -> Fetched:
    """Ask for what `keys` lack before they are read; recorded on `fetches/<source>` when anything was asked.

    Where one source is chosen for each symbol, the first step of a run asks all of them, so that one that is down is stood in for. The
    run's tags may say otherwise than the configuration: which way (FETCH_TAG), and which sources alone (SOURCES_TAG).
    """
    tags = context.run.tags
    only = tags[SOURCES_TAG].split(",") if tags.get(SOURCES_TAG) else None
    if tags.get(FETCH_TAG, lane.fetch) == "auto":
        report = _in_tenths(context, lane.name)
        told = fetch_assigned(
            platform, lane.asset_class, lane.timeframe.name, keys, sources=only, progress=report, tell=context.log.warning
        )
    elif only is None or source in only:
        told = {source: fetch(platform, source, lane.timeframe.name, keys, progress=_in_tenths(context, source))}
    else:
        told = {}
    for name, asked in told.items():
        if asked.rows.height:
            key = asset_key(inventory_path(platform, name))
            context.log_event(AssetMaterialization(key, metadata=dict(_facts(asked))))
    return told.get(source, NOTHING)


def _in_tenths(context: AssetExecutionContext, name: str) -> Progress:
    """Progress as a line in the run's log for every tenth of the way."""
    told = [0]

    def progress(done: int, total: int) -> None:
        if done * _TENTHS // total > told[0]:
            told[0] = done * _TENTHS // total
            context.log.info("%s: %d of %d windows asked for", name, done, total)

    return progress


def answered(key: AssetKey, asked: Fetched) -> AssetCheckResult:
    """Whether any window was asked for in vain: a warning with the list, an error when not one was answered."""
    vain = asked.rows.filter(pl.col("state") == LandingState.REFUSED)
    windows = asked.rows.select("symbol", "asked_from", "asked_until").n_unique()
    said = f"{windows} windows answered in {asked.requests} requests" if windows else "nothing was lacking, nothing was asked"
    if vain.height:
        said = f"{vain.height} of {windows} windows were asked for in vain; the next run asks again"
    shown = vain.select("symbol", "asked_from", "asked_until", "reason")
    return AssetCheckResult(
        check_name=ANSWERED,
        asset_key=key,
        passed=not vain.height,
        severity=AssetCheckSeverity.ERROR if vain.height == windows else AssetCheckSeverity.WARN,
        description=said,
        metadata={"in vain": preview(shown, _SHOWN), "symbols": vain["symbol"].n_unique()} if vain.height else {},
    )


def _facts(asked: Fetched) -> Mapping[str, RawMetadataValue]:
    rows = asked.rows
    shown = ("symbol", "timeframe", "asked_from", "asked_until", "state", "rows", "reason")
    return {
        "requests": asked.requests,
        "pages": rows.filter(pl.col("payload_sha256") != "")["payload_sha256"].n_unique(),
        "bars": int(rows["rows"].sum()),
        "refused rows": int(rows["refused_rows"].sum()),
        "symbols": rows["symbol"].n_unique(),
        "in vain": rows.filter(pl.col("state") == LandingState.REFUSED).height,
        "asked": preview(rows.select(shown), _SHOWN),
    }
