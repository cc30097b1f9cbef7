"""Partitions of tables that hold a whole year of all symbols: panels, universes, events."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from dagster import AllPartitionMapping, AssetDep, BackfillPolicy, TimeWindowPartitionsDefinition

from marketdata_assets.defs.keys import asset_key

ONE_RUN = BackfillPolicy.single_run()


def yearly(start: date) -> TimeWindowPartitionsDefinition:
    """Every year from that of `start` to the current one, which is a partition too: `2024`."""
    return TimeWindowPartitionsDefinition(start=f"{start.year:04}", cron_schedule="0 0 1 1 *", fmt="%Y", end_offset=1)


def whole(paths: Iterable[str]) -> list[AssetDep]:
    """Tables of which a year may need any partition: a spell that began long ago, the bars of the year before."""
    return [AssetDep(asset_key(path), partition_mapping=AllPartitionMapping()) for path in paths]
