"""Rows of published feature panels: of a universe or of some symbols, over a span of dates."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

import polars as pl

from marketdata_assets.core.faults import QueryFault
from marketdata_assets.core.periods import PeriodKind, Window, period_keys
from marketdata_assets.pipeline.panel.build import panel_path, stored_years
from marketdata_assets.pipeline.platform import Platform
from marketdata_assets.query.when import BEGINNING, END
from marketdata_assets.query.who import stretches
from marketdata_assets.transforms.features.registry import FEATURE_PANEL

KEY = ("date", "symbol")


def panel_class(platform: Platform, universe: str | Sequence[str] | None) -> str:
    """The asset class whose panel `universe` means: its name, its panel's universe, or the class of the symbols it lists.

    None where there is one panel only. `QueryFault` with what there is for anything else.
    """
    panels = platform.settings.panels
    names = {name: each.universe for name, each in panels.items()}
    if universe is None and len(names) == 1:
        return next(iter(names))
    if isinstance(universe, str):
        wanted = universe.lower()
        fitting = [name for name, each in names.items() if wanted in (name, each.lower() if isinstance(each, str) else "")]
        if len(fitting) == 1:
            return fitting[0]
    elif universe:
        found = {platform.instruments.get(symbol).asset_class for symbol in universe}
        if len(found) == 1 and found <= set(names):
            return found.pop()
    there = ", ".join(f"{name} ({each if isinstance(each, str) else 'a list of symbols'})" for name, each in names.items()) or "none"
    said = "no one panel" if universe is None else f"{str(universe)[:60]!r} is the universe of no panel"
    raise QueryFault("choosing a feature panel", said, f"panels are configured for: {there}; give one of their names, or symbols of one")


def features(
    platform: Platform, universe: str | Sequence[str] | None, span: Window, *, columns: Sequence[str] | None = None
) -> pl.DataFrame:
    """The panel's rows dated on the half-open `span`, sorted by date and symbol; see `MarketData.features`."""
    chosen = _columns(columns)
    symbols = None if universe is None or isinstance(universe, str) else list(universe)
    asset_class = panel_class(platform, universe if symbols is None else [s.symbol for s in stretches(platform, symbols, span, None)])
    there = stored_years(platform, asset_class)
    if not there:
        raise QueryFault(f"reading {panel_path(asset_class)}", "no year of it is published", f"materialize {panel_path(asset_class)}")
    years = there if span.start <= BEGINNING or span.end >= END else period_keys(span.start, span.end, PeriodKind.YEAR)
    rows = platform.lake.scan(panel_path(asset_class), FEATURE_PANEL, periods=[year for year in years if year in there])
    dated = pl.col("date").cast(pl.Datetime("us", "UTC"))
    kept = rows.filter(dated >= span.start, dated < span.end)
    if symbols is not None:
        terms = [
            (pl.col("symbol") == s.symbol) & (dated >= s.window.start) & (dated < s.window.end)
            for s in stretches(platform, symbols, span, None)
        ]
        kept = kept.filter(pl.any_horizontal(terms))
    return kept.select(chosen).collect()


def _columns(columns: Sequence[str] | None) -> list[str]:
    """Date, symbol and the features asked for, in that order; a name is good without its `f_`."""
    known = FEATURE_PANEL.polars_schema.names()
    if columns is None:
        return known
    chosen = list(KEY)
    for name in columns:
        full = name if name in known else f"f_{name}"
        if full not in known:
            near = difflib.get_close_matches(full, known, n=1)
            hint = f"did you mean {near[0]!r}? " if near else ""
            raise QueryFault("choosing features", f"there is no feature {name[:40]!r}", f"{hint}`marketdata features list` shows all")
        chosen += [] if full in chosen else [full]
    return chosen
