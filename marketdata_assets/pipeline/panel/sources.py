"""What the lake holds for a feature panel: daily bars, split events, members, sectors and the hashes of all of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property

import polars as pl

from marketdata_assets.core.basis import PriceBasis
from marketdata_assets.core.faults import ConfigFault, QueryFault
from marketdata_assets.lake.choose import chosen_files
from marketdata_assets.lake.layout import key_of
from marketdata_assets.lake.parquet import decode
from marketdata_assets.lake.scan import read_verified
from marketdata_assets.pipeline.platform import Platform, listing_bounds, table_path
from marketdata_assets.rules.panel.settings import ALL, PanelSettings
from marketdata_assets.schemas.bars import VALIDATED_BARS
from marketdata_assets.schemas.splits import SPLIT_EVENTS
from marketdata_assets.schemas.table import Table
from marketdata_assets.schemas.universe import UNIVERSE
from marketdata_assets.transforms.lookahead.inputs import BARS_SCHEMA, EVENTS_SCHEMA, SPELLS_SCHEMA

TIMEFRAME = "1d"
APPLIED = "applied"
_MEMBERS = pl.Schema({"date": pl.Date(), "symbol": pl.String()})


@dataclass(frozen=True)
class PanelSources:
    """Everything a panel up to `until` (left out) is made of.

    `bars` as traded, volume null where it came adjusted; `events` are the splits that adjusted views apply; `named` holds the spells of
    a universe that has a name, null where `listings` and bars decide; `sectors` (symbol, from, to, sector, known_at); `calendar` (date,
    close) are the sessions from the first bar to the newest one; `inputs` maps each file that was read to its SHA-256.
    """

    bars: pl.DataFrame
    events: pl.DataFrame
    named: pl.DataFrame | None
    listings: pl.DataFrame
    sectors: pl.DataFrame
    calendar: pl.DataFrame
    inputs: dict[str, str]

    @cached_property
    def members(self) -> pl.DataFrame:
        """(date, symbol) of every member on every session of the calendar."""
        spells = listed_spells(self.bars, self.listings) if self.named is None else self.named
        return member_days(spells, self.calendar["date"])


def panel_settings(platform: Platform, asset_class: str) -> PanelSettings:
    """What `panels:` says of an asset class; `ConfigFault` when it has no panel."""
    found = platform.settings.panels.get(asset_class)  # type: ignore[call-overload]
    if isinstance(found, PanelSettings):
        return found
    there = ", ".join(platform.settings.panels) or "no asset class"
    raise ConfigFault("looking for a feature panel", f"{there} has one, {asset_class[:40]!r} has not", "add it under `panels:`")


def panel_sources(platform: Platform, asset_class: str, until: date) -> PanelSources:
    """What the lake holds of an asset class before `until`; `QueryFault` when there is no validated daily bar."""
    config, hashes = panel_settings(platform, asset_class), dict[str, str]()
    bars = _bars(platform, asset_class, until, hashes)
    if not bars.height:
        raise QueryFault(
            f"reading daily bars of {asset_class}", f"there are none before {until}", "ingest or backfill some, then build the panel"
        )
    first, newest = bars.select(pl.col("session").min().alias("first"), pl.col("session").max().alias("newest")).row(0)
    calendar = platform.calendar(asset_class)
    sessions = calendar.sessions(*calendar.clip(first, newest + timedelta(days=1)))
    days = sessions.select(pl.col("session").alias("date"), "close")
    named, listings = _universe(platform, asset_class, config, days["date"], hashes)
    events, sectors = _events(platform, asset_class, until, hashes), sector_spells(platform, asset_class)
    return PanelSources(bars, events, named, listings, sectors, days, hashes)


def member_days(spells: pl.DataFrame, sessions: pl.Series) -> pl.DataFrame:
    """(date, symbol) of every session on which a spell `[effective_from, effective_to)` holds, sorted, each once."""
    if not spells.height or not sessions.len():
        return _MEMBERS.to_frame()
    days = sessions.sort().alias("date").to_frame().with_row_index("at")
    ends = spells.with_columns(
        low=days["date"].search_sorted(spells["effective_from"].fill_null(date.min)),
        high=days["date"].search_sorted(spells["effective_to"].fill_null(date.max)),
    ).filter(pl.col("low") < pl.col("high"))
    rows = ends.select("symbol", at=pl.int_ranges("low", "high", dtype=pl.UInt32)).explode("at", empty_as_null=True)
    return rows.join(days, on="at").select("date", "symbol").unique().sort("date", "symbol")


def sector_spells(platform: Platform, asset_class: str) -> pl.DataFrame:
    """(symbol, from, to, sector, known_at) by the instruments file, which has no dates: as if it had always been known."""
    rows = [(each.symbol, each.sector) for each in platform.instruments if each.asset_class == asset_class and each.sector]
    named = pl.DataFrame(rows, schema={"symbol": pl.String, "sector": pl.String}, orient="row")
    nothing = pl.lit(None, pl.Date)
    always = pl.lit(datetime(1970, 1, 1, tzinfo=UTC)).cast(pl.Datetime("us", "UTC"))
    return named.select("symbol", nothing.alias("from"), nothing.alias("to"), "sector", always.alias("known_at"))


def _bars(platform: Platform, asset_class: str, until: date, hashes: dict[str, str]) -> pl.DataFrame:
    rows = _read(platform, VALIDATED_BARS, platform.path(VALIDATED_BARS, asset_class, TIMEFRAME), until, hashes)
    known = platform.symbols(asset_class)
    kept = rows.filter(pl.col("session") < until, pl.col("symbol").is_in(known))
    traded = pl.when(pl.col("volume_basis") == PriceBasis.RAW.value).then("volume")
    return kept.with_columns(traded.alias("volume")).select(BARS_SCHEMA.names()).collect().sort("symbol", "session")


def _events(platform: Platform, asset_class: str, until: date, hashes: dict[str, str]) -> pl.DataFrame:
    """Splits that adjusted views apply; one whose ratio nobody knows has none, and nothing is compared across it.

    What nobody reported and prices alone gave away is dated by the session at whose close it was sure (`decided_on`).
    """
    rows = _read(platform, SPLIT_EVENTS, table_path(SPLIT_EVENTS.name, asset_class), until, hashes)
    unknown = pl.col("hidden_in_gap") | (pl.col("conflicting") & (pl.col("verdict") != APPLIED))
    kept = rows.filter(pl.col("ex_date") < until, (pl.col("verdict") == APPLIED) | unknown)
    told = kept.select(
        "symbol",
        "ex_date",
        pl.when(pl.col("verdict") == APPLIED).then("ratio").alias("ratio"),
        pl.lit(None, pl.Date).alias("announced_on"),
        pl.when(pl.col("reported_by") == "").then("decided_on").alias("decided_on"),
    )
    return told.collect().match_to_schema(EVENTS_SCHEMA)


def _universe(
    platform: Platform, asset_class: str, config: PanelSettings, days: pl.Series, hashes: dict[str, str]
) -> tuple[pl.DataFrame | None, pl.DataFrame]:
    """The spells of a universe that has a name, or none; and the listings of the symbols that may be members."""
    if isinstance(config.universe, str) and config.universe != ALL:
        path = table_path(UNIVERSE.name, asset_class)
        rows = _read(platform, UNIVERSE, path, days.to_list()[-1] + timedelta(days=1), hashes)
        named = rows.filter(pl.col("index") == config.universe.upper()).select("date", "symbol").collect()
        if not named.height:
            raise QueryFault(
                f"reading the universe {config.universe.upper()} of {asset_class}", "no member is published", f"materialize {path}"
            )
        return spells_of_days(named, days), SPELLS_SCHEMA.to_frame()
    symbols = platform.symbols(asset_class) if config.universe == ALL else sorted(config.universe)
    strangers = sorted(set(symbols) - set(platform.symbols(asset_class)))
    if strangers:
        raise ConfigFault(f"reading panels.{asset_class}", f"{', '.join(strangers[:5])} are not configured", "correct the universe")
    listings = [(symbol, *listing_bounds(platform, symbol)) for symbol in symbols]
    return None, pl.DataFrame(listings, schema=SPELLS_SCHEMA, orient="row")


def listed_spells(bars: pl.DataFrame, listings: pl.DataFrame) -> pl.DataFrame:
    """Each listed symbol as a member from its first bar on, not before it is listed, up to its delisting.

    `listings` are spells, null where a bound is not known. A symbol without a bar is no member: that it will have one is not known.
    """
    first = bars.group_by("symbol").agg(pl.col("session").min().alias("first_bar"))
    known = listings.join(first, on="symbol").with_columns(effective_from=pl.max_horizontal("effective_from", "first_bar"))
    return known.select(SPELLS_SCHEMA.names()).sort("symbol", "effective_from")


def spells_of_days(rows: pl.DataFrame, days: pl.Series) -> pl.DataFrame:
    """Member days (date, symbol) as spells over the sessions `days`; a spell that reaches the last session is open."""
    placed = rows.unique().join(days.sort().alias("date").to_frame().with_row_index("at"), on="date").sort("symbol", "at")
    begins = (pl.col("at").cast(pl.Int64).diff().over("symbol") != 1).fill_null(value=True).cum_sum()
    runs = (
        placed.with_columns(run=begins)
        .group_by("symbol", "run", maintain_order=True)
        .agg(first=pl.col("date").min(), last=pl.col("at").max())
    )
    after = days.sort().alias("effective_to").to_frame().with_row_index("at").with_columns(pl.col("at").cast(pl.Int64) - 1)
    return (
        runs.with_columns(at=pl.col("last").cast(pl.Int64))
        .join(after, on="at", how="left")
        .select("symbol", pl.col("first").alias("effective_from"), "effective_to")
        .sort("symbol", "effective_from")
    )


def _read(platform: Platform, table: Table, path: str, until: date, hashes: dict[str, str]) -> pl.LazyFrame:
    """The partitions of a table up to the year before `until`, each file read once: its rows here, its SHA-256 into `hashes`."""
    last = str((until - timedelta(days=1)).year)
    listed = [name for name in chosen_files(platform.lake.store, path) if year_of(name) <= last]
    files = read_verified(platform.lake.store, sorted(listed), table)
    hashes.update({file.path: file.record.sha256 for file in files})
    return decode([file.data for file in files], table.polars_schema)


def year_of(path: str) -> str:
    """The year whose rows the file of a partition holds, empty for the file of no dated partition."""
    found = key_of(path)
    return (found[1].period or "")[:4] if found else ""
