"""Which tables a question may name: one view for each table of the lake, whatever its partitions and sources."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from marketdata_assets.core.faults import QueryFault
from marketdata_assets.lake.layout import PAYLOADS, key_of
from marketdata_assets.lake.store import Store
from marketdata_assets.pipeline.actions import action_sources
from marketdata_assets.pipeline.platform import Platform, table_path
from marketdata_assets.schemas.actions import ACTION_FETCHES, CORPORATE_ACTIONS, SPLIT_DECISIONS
from marketdata_assets.schemas.audit import COVERAGE, FETCHES, LANDING_FILES, QUARANTINE, REFUSED_ROWS
from marketdata_assets.schemas.bars import NORMALIZED_BARS, RAW_BARS, VALIDATED_BARS
from marketdata_assets.schemas.splits import SPLIT_EVENTS
from marketdata_assets.schemas.table import Table
from marketdata_assets.schemas.usage import USAGE
from marketdata_assets.transforms.features.registry import FEATURE_PANEL

OF_A_CLASS = (NORMALIZED_BARS, VALIDATED_BARS, QUARANTINE, COVERAGE)
OF_A_SOURCE = (RAW_BARS, REFUSED_ROWS)
OF_EVENTS = (CORPORATE_ACTIONS, ACTION_FETCHES, SPLIT_EVENTS, SPLIT_DECISIONS)
_ADJUSTED_SAYS = "Validated bars on the newest share count; null where sources contradict each other or a gap may hide a split"
_ADJUSTED = """
WITH applied AS (
    SELECT symbol, ex_date, product(ratio) OVER (PARTITION BY symbol ORDER BY ex_date DESC) AS shares
    FROM {events} WHERE verdict = 'applied' AND ratio > 0
), blind AS (
    SELECT symbol, max(ex_date) AS until FROM {events}
    WHERE hidden_in_gap OR (conflicting AND verdict <> 'applied') GROUP BY symbol
), scaled AS (
    SELECT b.*, CASE WHEN d.until > b.session THEN NULL ELSE coalesce(a.shares, 1.0) END AS __shares
    FROM {bars} b
    ASOF LEFT JOIN applied a ON b.symbol = a.symbol AND b.session < a.ex_date
    LEFT JOIN blind d ON b.symbol = d.symbol
)
SELECT * EXCLUDE (__shares) REPLACE (
    open / __shares AS open, high / __shares AS high, low / __shares AS low, close / __shares AS close, vwap / __shares AS vwap,
    CASE WHEN volume_basis = 'raw' THEN volume * __shares WHEN __shares IS NOT NULL THEN volume END AS volume
) FROM scaled
"""
_PLAIN = re.compile(r"[a-z][a-z0-9_]*")


class View(NamedTuple):
    """One table as SQL sees it: `us_equities.raw_bars_1d`. All sources of a table are one view with a `source` column.

    `table` is its declaration, None for a table this version does not declare. A view that no file holds is `made_of` others, by its
    `statement` in SQL; `says` is then what it means.
    """

    asset_class: str
    name: str
    table: Table | None
    by_source: bool
    made_of: tuple[str, ...] = ()
    statement: str = ""
    says: str = ""

    @property
    def meaning(self) -> str:
        """What a row tells, in words; empty where nobody declares it."""
        return self.table.meaning if self.table else self.says

    @property
    def qualified(self) -> str:
        """The name under which it is always found, `us_equities.raw_bars_1d`."""
        return f"{self.asset_class}.{self.name}"

    @property
    def prefix(self) -> str:
        """The folder of the lake that holds its files."""
        return f"{self.asset_class}/{self.name}"


def catalog(platform: Platform) -> dict[str, View]:
    """Every view by qualified name, sorted: the tables the configuration asks for, empty ones too, and whatever else the lake holds."""
    found = {view.qualified: view for view in _configured(platform)}
    declared = {table.name: table for table in (*OF_A_CLASS, *OF_A_SOURCE, *OF_EVENTS, LANDING_FILES, FETCHES, FEATURE_PANEL)}
    store = platform.lake.store
    for asset_class in store.folders(""):
        for name in store.folders(asset_class) if _PLAIN.fullmatch(asset_class) and asset_class != PAYLOADS else []:
            if f"{asset_class}.{name}" not in found and (paths := _table_paths(store, f"{asset_class}/{name}")):
                table = USAGE if asset_class == USAGE.name else declared.get(name) or declared.get(name.rpartition("_")[0])
                found[f"{asset_class}.{name}"] = View(asset_class, name, table, any(path.count("/") > 1 for path in paths))
    return dict(sorted(found.items()))


def adjusted_bars(asset_class: str, timeframe: str) -> View:
    """`us_equities.adjusted_bars_1d`: validated bars on the newest share count, null where that cannot be told."""
    bars = table_path(VALIDATED_BARS.name, asset_class, timeframe).partition("/")[2]
    parts = (f"{asset_class}.{bars}", f"{asset_class}.{SPLIT_EVENTS.name}")
    name = bars.replace("validated", "adjusted")
    return View(asset_class, name, None, False, parts, _ADJUSTED.format(bars=parts[0], events=parts[1]), _ADJUSTED_SAYS)


def _table_paths(store: Store, folder: str) -> set[str]:
    return {found[0] for entry in store.list(folder) if (found := key_of(entry.path))}


def short_names(views: Iterable[View]) -> dict[str, list[str]]:
    """Qualified names by table name alone; a name with one of them needs no asset class in front."""
    names: dict[str, list[str]] = {}
    for view in views:
        names.setdefault(view.name, []).append(view.qualified)
    return names


def find_view(views: Mapping[str, View], name: str) -> View:
    """The view called `name`, qualified or not, in any case. `QueryFault` names the nearest ones, or the ones it could mean."""
    wanted = name.lower()
    if wanted in views:
        return views[wanted]
    shorts = short_names(views.values())
    candidates = shorts.get(wanted, [])
    if len(candidates) == 1:
        return views[candidates[0]]
    if candidates:
        raise QueryFault("finding a table", f"{name!r} exists for {len(candidates)} asset classes", f"write {' or '.join(candidates)}")
    near = difflib.get_close_matches(wanted, [*views, *shorts], n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(near)}? " if near else ""
    raise QueryFault("finding a table", f"the lake has no table {name[:80]!r}", f"{hint}`marketdata tables` lists them all")


def _configured(platform: Platform) -> Iterable[View]:
    for asset_class in platform.settings.asset_classes:
        for timeframe in platform.settings.timeframes_of(asset_class):
            for table in (*OF_A_SOURCE, *OF_A_CLASS):
                name = table_path(table.name, asset_class, timeframe.name).partition("/")[2]
                yield View(asset_class, name, table, table in OF_A_SOURCE)
        yield View(asset_class, LANDING_FILES.name, LANDING_FILES, by_source=True)
        if asset_class in platform.settings.panels:
            yield View(asset_class, FEATURE_PANEL.name, FEATURE_PANEL, by_source=False)
        if action_sources(platform.settings, asset_class):
            yield View(asset_class, CORPORATE_ACTIONS.name, CORPORATE_ACTIONS, by_source=True)
            yield View(asset_class, SPLIT_EVENTS.name, SPLIT_EVENTS, by_source=False)
            for timeframe in platform.settings.timeframes_of(asset_class):
                yield adjusted_bars(asset_class, timeframe.name)
