"""What Dagster shows of a landing folder's inventory: how much is in it, what is new, and whether every file could be read."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl
from dagster import AssetCheckResult, AssetCheckSeverity, AssetExecutionContext, AssetMaterialization
from dagster._core.definitions.metadata import RawMetadataValue

from marketdata_assets.defs.keys import asset_key
from marketdata_assets.defs.plots import preview
from marketdata_assets.pipeline.folder import landed_files
from marketdata_assets.pipeline.inventory import inventory, source_settings
from marketdata_assets.pipeline.landing import refresh
from marketdata_assets.pipeline.platform import Platform, table_path
from marketdata_assets.schemas.audit import LANDING_FILES, LandingState

READABLE = "landing_files_readable"
_SHOWN = 20


def landing_path(asset_class: str, source: str) -> str:
    """Where the inventory of a source's landing folder lies in the lake."""
    return table_path(LANDING_FILES.name, asset_class, None, source)


def look_first(context: AssetExecutionContext, platform: Platform, source: str) -> None:
    """Enter files that landed since the last look, so that a run never misses one that is there; recorded when there are any."""
    new = refresh(platform, source).files
    if new.height:
        key = asset_key(landing_path(source_settings(platform, source).asset_class, source))
        context.log_event(AssetMaterialization(key, metadata=dict(inventory_facts(inventory(platform, source), new))))


def inventory_facts(held: pl.DataFrame, new: pl.DataFrame) -> Mapping[str, RawMetadataValue]:
    """Counts of an inventory, and the rows that one look added to it."""
    shown = ("path", "state", "format", "symbol", "timeframe", "first", "last", "rows", "reason")
    return {
        "dagster/row_count": held.height,
        "files": held["path"].n_unique(),
        "series": held.filter(pl.col("state") == LandingState.LANDED).height,
        "new files": new["path"].n_unique(),
        "new": preview(new.select(shown), _SHOWN),
    }


def readable(platform: Platform, source: str, held: pl.DataFrame) -> AssetCheckResult:
    """Whether any file that lies in the folder now is refused, with the reasons; a refused file hinders no other."""
    refused = refusals(platform, source, held)
    return AssetCheckResult(
        check_name=READABLE,
        passed=not refused.height,
        severity=AssetCheckSeverity.WARN,
        description=f"{refused.height} files are refused" if refused.height else "every file was read",
        metadata={"refused": preview(refused, _SHOWN)} if refused.height else {},
    )


def refusals(platform: Platform, source: str, held: pl.DataFrame) -> pl.DataFrame:
    """(path, reason) of the files in the folder whose newest content is refused."""
    there = [file.path for file in landed_files(source_settings(platform, source).folder)]
    newest = held.sort("known_at", maintain_order=True).unique("path", keep="last", maintain_order=True)
    return newest.filter(pl.col("state") == LandingState.REFUSED, pl.col("path").is_in(there)).select("path", "reason").sort("path")
