"""A lane: one asset class at one bar length, from its sources to its exports. Every factory takes one and says nothing twice."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from dagster import MultiPartitionsDefinition

from marketdata_assets.core.instruments import Instruments
from marketdata_assets.core.timeframes import Timeframe
from marketdata_assets.defs.partitions import bar_partitions
from marketdata_assets.pipeline.action_fetches import action_datasets
from marketdata_assets.pipeline.actions import action_sources
from marketdata_assets.pipeline.platform import configured_symbols, table_path
from marketdata_assets.schemas.actions import CORPORATE_ACTIONS
from marketdata_assets.schemas.audit import FETCHES, LANDING_FILES
from marketdata_assets.schemas.table import Table
from marketdata_assets.settings import Settings


@dataclass(frozen=True)
class Lane:
    """What the assets of one asset class and bar length share: sources (the preferred one first), partitions, and the lake's root.

    `networked` are those of the sources that are asked over the network; the others have a landing folder. `fetch` says whether every
    networked source is asked for everything, or one is chosen for each symbol (`auto`). `announcers` are the tables of corporate actions
    that the audit of the lane's bars knows of.
    """

    asset_class: str
    timeframe: Timeframe
    sources: tuple[str, ...]
    partitions: MultiPartitionsDefinition
    lake: str
    networked: frozenset[str] = frozenset()
    fetch: str = "every"
    announcers: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """`us_equities_1d`: the lane's asset group, its job and its place in the run queue."""
        return f"{self.asset_class}_{self.timeframe}"

    @property
    def storage(self) -> str:
        """Where the lake lies, as a kind tag."""
        return storage_kind(self.lake)

    def path(self, table: Table, source: str | None = None) -> str:
        """Where a table of this lane lies in the lake, which is also its asset key."""
        return table_path(table.name, self.asset_class, self.timeframe.name, source)

    def inventory(self, source: str) -> str:
        """Where the inventory of a source lies: its landed files, or what it was asked."""
        table = FETCHES if source in self.networked else LANDING_FILES
        return table_path(table.name, self.asset_class, None, source)


def lanes(settings: Settings, instruments: Instruments) -> Iterator[Lane]:
    """Every configured asset class at every bar length that some source brings, in the order of marketdata.yaml."""
    for name, asset_class in settings.asset_classes.items():
        symbols = configured_symbols(settings, instruments, name)
        for timeframe in settings.timeframes_of(name):
            sources = tuple(settings.sources_of(name, timeframe.name))
            if sources and symbols:
                networked = frozenset(source for source in sources if settings.sources[source].networked)
                partitions = bar_partitions(asset_class.start, timeframe.period, symbols)
                yield Lane(name, timeframe, sources, partitions, settings.lake, networked, asset_class.fetch, _announcers(settings, name))


def _announcers(settings: Settings, asset_class: str) -> tuple[str, ...]:
    """The tables of what vendors announce; what columns of bars say, the audit reads in the bars."""
    found = action_sources(settings, asset_class)
    return tuple(table_path(CORPORATE_ACTIONS.name, asset_class, None, name) for name, config in found.items() if action_datasets(config))


def storage_kind(lake: str) -> str:
    """`s3` or `local`: where a lake's root lies."""
    return "s3" if lake.startswith("s3://") else "local"
