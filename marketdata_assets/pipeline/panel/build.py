"""Feature panels by year: built in one pass over the history they need, judged by the gates, published behind them."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import polars as pl

from marketdata_assets.lake.layout import PartitionKey
from marketdata_assets.lake.publish import Published
from marketdata_assets.pipeline.panel.sources import PanelSources, panel_settings, panel_sources, year_of
from marketdata_assets.pipeline.platform import Platform, table_path
from marketdata_assets.rules.panel.gate import PanelContext, Verdict
from marketdata_assets.rules.panel.gates import judged, require_publishable
from marketdata_assets.transforms.features.registry import FEATURE_PANEL, FEATURES, panel_metadata
from marketdata_assets.transforms.panel_as_known import panels_as_known

_KEY = ["date", "symbol"]


@dataclass(frozen=True)
class BuiltYear:
    """One year of a panel: its rows, what the gates say of them, and, once it is published, its file."""

    year: str
    panel: pl.DataFrame
    verdicts: Sequence[Verdict]
    published: Published | None = None
    seconds: float = 0.0

    @property
    def facts(self) -> Mapping[str, object]:
        """feature_count, symbol_count, row_count, date_range and features by type."""
        return panel_metadata(self.panel, FEATURES)


def panel_path(asset_class: str) -> str:
    """Where the feature panel of an asset class lies in the lake, which is also its asset key."""
    return table_path(FEATURE_PANEL.name, asset_class)


def year_span(year: str) -> tuple[date, date]:
    """The half-open days of a year."""
    return date(int(year), 1, 1), date(int(year) + 1, 1, 1)


def build_years(platform: Platform, asset_class: str, years: Sequence[str]) -> Iterator[BuiltYear]:
    """Each year's panel with the gates' verdicts, in order, one in memory at a time; nothing is published."""
    ordered = sorted(set(years))
    sources = panel_sources(platform, asset_class, year_span(ordered[-1])[1])
    yield from _built(platform, asset_class, sources, ordered)


def publish_years(platform: Platform, asset_class: str, years: Sequence[str]) -> Iterator[BuiltYear]:
    """Each year's panel once it is published, in order.

    A year that a blocking gate fails is not: `AuditFault` with the evidence, its previous version stays, and so do the years before it.
    The file names the hashes of what it was made of: every partition up to its own year, for a panel needs all of a symbol's history.
    """
    ordered, config = sorted(set(years)), panel_settings(platform, asset_class)
    sources = panel_sources(platform, asset_class, year_span(ordered[-1])[1])
    path = panel_path(asset_class)
    universe = config.universe if isinstance(config.universe, str) else ",".join(config.universe)
    metadata = {"calendar": platform.calendar(asset_class).version, "universe": universe}
    for built in _built(platform, asset_class, sources, ordered):
        require_publishable(built.verdicts, config.blocking, table=path, partition=built.year)
        inputs = {name: digest for name, digest in sources.inputs.items() if year_of(name) <= built.year}
        done = platform.lake.publish(path, FEATURE_PANEL, {PartitionKey(built.year): built.panel}, inputs=inputs, metadata=metadata)
        yield BuiltYear(built.year, built.panel, built.verdicts, done[0] if done else None, built.seconds)


def judged_years(platform: Platform, asset_class: str, years: Sequence[str]) -> Iterator[tuple[str, list[Verdict]]]:
    """What the gates say of each published year, read again; years that are not published are passed over."""
    ordered = [year for year in stored_years(platform, asset_class) if year in years]
    if not ordered:
        return
    sources = panel_sources(platform, asset_class, year_span(ordered[-1])[1])
    for year in ordered:
        yield year, judged(stored_year(platform, asset_class, year), panel_context(platform, asset_class, sources, year))


def stored_year(platform: Platform, asset_class: str, year: str) -> pl.DataFrame:
    """The published panel of a year."""
    return platform.lake.scan(panel_path(asset_class), FEATURE_PANEL, periods=[year]).collect()


def stored_years(platform: Platform, asset_class: str) -> list[str]:
    """The years whose panel is published, ascending."""
    return sorted(key.period for key in platform.lake.partitions(panel_path(asset_class)) if key.period)


def panel_context(platform: Platform, asset_class: str, sources: PanelSources, year: str) -> PanelContext:
    """What the gates must know to judge a year's panel."""
    first, end = year_span(year)
    members = sources.members.filter(pl.col("date") >= first, pl.col("date") < end)
    bars = sources.bars.select("symbol", date="session", newest="session").sort("symbol", "date")
    counted = bars.with_columns(sessions=pl.col("newest").cum_count().over("symbol").cast(pl.Int64)).sort("date", "symbol")
    seen = members.join_asof(counted, on="date", by="symbol", strategy="backward", check_sortedness=False)
    return PanelContext(
        FEATURE_PANEL,
        members,
        seen.with_columns(pl.col("sessions").fill_null(0)),
        decisions(platform, asset_class, members["date"].unique().sort()),
    )


def decisions(platform: Platform, asset_class: str, dates: pl.Series) -> pl.DataFrame:
    """(date, decision): the session after each date, at whose open its row may be acted on."""
    if not dates.len():
        return pl.DataFrame(schema={"date": pl.Date, "decision": pl.Date})
    calendar = platform.calendar(asset_class)
    first, last = dates.min(), dates.max()
    assert isinstance(first, date)  # noqa: S101 - dates are not empty
    assert isinstance(last, date)  # noqa: S101
    days = calendar.sessions(*calendar.clip(first, last + timedelta(days=30)))["session"]
    after = pl.DataFrame({"date": days, "decision": days.shift(-1)})
    return dates.alias("date").to_frame().join(after, on="date", how="left", maintain_order="left")


def _built(platform: Platform, asset_class: str, sources: PanelSources, years: Sequence[str]) -> Iterator[BuiltYear]:
    began = time.perf_counter()
    made = panels_as_known(
        sources.bars,
        sources.events,
        sources.members,
        sources.sectors,
        [year_span(year) for year in years],
        closes=sources.calendar,
    )
    for year, panel in zip(years, made, strict=True):
        verdicts = judged(panel, panel_context(platform, asset_class, sources, year))
        yield BuiltYear(year, panel, verdicts, None, time.perf_counter() - began)
        began = time.perf_counter()
