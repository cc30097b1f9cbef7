"""The proofs about a panel as it is really built: it does not see the future, and how soon it forgets where history starts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime

import polars as pl

from marketdata_assets.pipeline.panel.build import year_span
from marketdata_assets.pipeline.panel.sources import PanelSources, listed_spells, member_days, panel_sources
from marketdata_assets.pipeline.platform import Platform
from marketdata_assets.transforms.lookahead.cuts import cut_dates
from marketdata_assets.transforms.lookahead.inputs import SPELLS_SCHEMA, Build, PanelInputs
from marketdata_assets.transforms.lookahead.proof import Proof, prove
from marketdata_assets.transforms.lookahead.warm_up import WARM_UP_SCHEMA, warm_ups
from marketdata_assets.transforms.panel_as_known import panels_as_known

_LEAST_HISTORY = 320
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def panel_inputs(sources: PanelSources) -> PanelInputs:
    """The same sources as the proof's inputs: members are spells, sectors begin when they are both true and known."""
    known = pl.when(pl.col("known_at") > _EPOCH).then(pl.col("known_at").dt.date())
    sectors = sources.sectors.select("symbol", "sector", pl.max_horizontal("from", known).alias("effective_from"), pl.col("to"))
    named = SPELLS_SCHEMA.to_frame() if sources.named is None else sources.named
    return PanelInputs(bars=sources.bars, events=sources.events, members=named, sectors=sectors, listings=sources.listings)


def builder(sources: PanelSources, start: date, end: date) -> Build:
    """The panel's own builder as a function of inputs that a proof may change; the calendar is the exchange's and known ahead."""
    closes = sources.calendar

    def build(inputs: PanelInputs) -> pl.DataFrame:
        always = pl.lit(_EPOCH).cast(pl.Datetime("us", "UTC"))
        midnight = pl.col("effective_from").cast(pl.Datetime("us", "UTC"))
        sectors = inputs.sectors.select(
            "symbol", pl.col("effective_from").alias("from"), "to", "sector", pl.coalesce(midnight, always).alias("known_at")
        )
        spells = listed_spells(inputs.bars, inputs.listings) if sources.named is None else inputs.members
        members = member_days(spells, closes["date"])
        return next(panels_as_known(inputs.bars, inputs.events, members, sectors, [(start, end)], closes=closes))

    return build


def prove_panel(
    platform: Platform,
    asset_class: str,
    year: str,
    *,
    cuts: int = 3,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> Proof:
    """The proof over `cuts` random days of a year's panel: its own builder, everything after the day exchanged; see `prove`."""
    first, end = year_span(year)
    sources = panel_sources(platform, asset_class, end)
    inputs, days = panel_inputs(sources), sources.calendar["date"]
    sessions = days.filter((days >= first) & (days < end)).to_list()
    return prove(builder(sources, first, end), inputs, cut_dates(inputs, sessions, cuts, seed), seed=seed, progress=progress)


def settled_after(platform: Platform, asset_class: str, year: str) -> pl.DataFrame:
    """WARM_UP of every feature by the panel up to the end of a year, held against histories that begin later.

    Without rows where the store holds too few sessions to begin a history in the middle of.
    """
    end = year_span(year)[1]
    sources = panel_sources(platform, asset_class, end)
    days = sources.calendar["date"].to_list()
    if len(days) < _LEAST_HISTORY:
        return WARM_UP_SCHEMA.to_frame()
    starts = [days[len(days) // 4], days[len(days) // 3]]
    return warm_ups(builder(sources, starts[0], end), panel_inputs(sources), starts)
