"""What has come from each source so far: landed files, or answers of a vendor, one row a payload and series."""

from __future__ import annotations

from datetime import timedelta

import polars as pl

from marketdata_assets.core import clock
from marketdata_assets.core.faults import ConfigFault
from marketdata_assets.core.periods import period_key, period_keys
from marketdata_assets.core.timeframes import timeframe
from marketdata_assets.lake.layout import PartitionKey
from marketdata_assets.pipeline.platform import Platform
from marketdata_assets.schemas.audit import FETCHES, LANDING_FILES, LandingState
from marketdata_assets.schemas.bars import VALIDATED_BARS
from marketdata_assets.schemas.table import Table
from marketdata_assets.settings import SourceSettings

NEIGHBOURHOOD = timedelta(days=10)
"""How far across the border of a period its first bars look for the ones they are judged against."""


def source_settings(platform: Platform, source: str) -> SourceSettings:
    """The settings of a configured source; `ConfigFault` with the names there are."""
    try:
        return platform.settings.sources[source]
    except KeyError:
        names = ", ".join(platform.settings.sources) or "none"
        raise ConfigFault("looking up a source", f"{source!r} is not configured", f"configured sources: {names}") from None


def inventory_table(config: SourceSettings) -> Table:
    """Which table is a source's inventory: its landed files, or what it was asked over the network."""
    return FETCHES if config.networked else LANDING_FILES


def inventory_path(platform: Platform, source: str) -> str:
    """Where the inventory of a source lies in the lake."""
    config = source_settings(platform, source)
    return platform.path(inventory_table(config), config.asset_class, source=source)


def inventory(platform: Platform, source: str) -> pl.DataFrame:
    """Every payload and series of a source so far, in the columns of LANDING_FILES; a vendor's empty answer is a row without rows."""
    table = inventory_table(source_settings(platform, source))
    return platform.lake.scan(inventory_path(platform, source), table).select(LANDING_FILES.polars_schema.names()).collect()


def fetches(platform: Platform, source: str) -> pl.DataFrame:
    """Everything a networked source was ever asked, and how each symbol's window ended (FETCHES)."""
    return platform.lake.scan(inventory_path(platform, source), FETCHES).collect()


def touched(platform: Platform, asset_class: str, files: pl.DataFrame) -> dict[str, set[PartitionKey]]:
    """The partitions that landed series reach, by timeframe: every period of the span that the asset class has a partition for.

    A span that ends close to the end of a period touches the next one too where that is already stored, because its first
    bars are judged against these.
    """
    start = platform.settings.asset_classes[asset_class].start  # type: ignore[index]
    horizon = clock.now().date() + timedelta(days=1)
    symbols = set(platform.symbols(asset_class))
    reach: dict[str, set[PartitionKey]] = {}
    spans = files.filter(pl.col("state") == LandingState.LANDED, pl.col("first").is_not_null())
    for name in spans["timeframe"].unique(maintain_order=True):
        kind = timeframe(name).period
        stored = set(platform.lake.partitions(platform.path(VALIDATED_BARS, asset_class, name)))
        keys = reach.setdefault(name, set())
        mine = spans.filter(pl.col("timeframe") == name).group_by("first", "last").agg(pl.col("symbol").unique())
        for first, last, holders in mine.iter_rows():
            reached = period_keys(max(first, start), min(last + timedelta(days=1), horizon), kind)
            beside = period_key(last + NEIGHBOURHOOD, kind)
            for symbol in symbols.intersection(holders):
                keys.update(PartitionKey(period, symbol) for period in reached)
                keys.update({PartitionKey(beside, symbol)} & stored)
    return reach
