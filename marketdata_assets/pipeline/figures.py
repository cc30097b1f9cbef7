"""Reported and derived figures of one filer as they were known: what `MarketData.fundamentals` answers."""

from __future__ import annotations

import difflib
from datetime import date, datetime, timedelta

import polars as pl

from marketdata_assets.core.faults import QueryFault
from marketdata_assets.core.periods import PeriodKind, period_keys
from marketdata_assets.pipeline.fundamentals import entity_of, fundamentals_path, fundamentals_settings
from marketdata_assets.pipeline.platform import Platform
from marketdata_assets.schemas.actions import RAW_CORPORATE_ACTIONS
from marketdata_assets.schemas.bars import VALIDATED_BARS
from marketdata_assets.schemas.fundamentals import FUNDAMENTALS
from marketdata_assets.schemas.splits import SPLIT_EVENTS
from marketdata_assets.transforms.fundamentals import SPLITS, as_known, on_basis
from marketdata_assets.transforms.fundamentals_derived import NAMES, derived

_SHOWN = ("symbol", "entity", "concept", "unit", "period_start", "period_end", "value", "basis_value", "form", "accession", "filed_on")
_MORE = ("accepted_at", "usable_from", "version", "restated")
_YEAR = timedelta(days=365)


def reported(platform: Platform, symbol: str, concept: str, as_of: date | datetime, splits: pl.DataFrame | None = None) -> pl.DataFrame:
    """The newest known value of a concept for each of its periods, oldest period first; `basis_value` on the share basis of `as_of`.

    `QueryFault` with near names when the filer never told the concept by then.
    """
    known = _known(platform, symbol, as_of, splits)
    tag = concept.rpartition("/")[2].rpartition(":")[2]
    rows = known.filter(pl.col("concept").str.to_lowercase() == tag.lower())
    if rows.is_empty():
        near = difflib.get_close_matches(tag, known["concept"].unique().sort().to_list(), n=3, cutoff=0.4)
        raise QueryFault(
            f"looking for {concept[:60]!r} of {symbol[:40]}",
            f"it told no such figure by {as_of}",
            f"near ones: {', '.join(near) or 'none'}",
        )
    return rows.sort("period_end", "period_start", "unit").select(*_SHOWN, *_MORE)


def figures(platform: Platform, symbol: str, as_of: date | datetime, splits: pl.DataFrame | None = None) -> pl.DataFrame:
    """The derived figures as they could be known, one row each: revenue, earnings, book value, market value, P/E, dividend yield."""
    day = as_of.date() if isinstance(as_of, datetime) else as_of
    events = split_events(platform, symbol) if splits is None else splits
    known = _known(platform, symbol, as_of, events)
    return derived(known, _last_close(platform, symbol, as_of), _dividends(platform, symbol, day, events))


def is_derived(name: str) -> bool:
    """Whether a name is one of the derived figures rather than a concept."""
    return name.lower() in NAMES


def split_events(platform: Platform, symbol: str) -> pl.DataFrame:
    """(ex_date, ratio) of the splits that the published `split_events` apply; before there are any, of those that sources announced.

    Of announced ones, ex-dates on which sources contradict each other are left out.
    """
    path = platform.path(SPLIT_EVENTS, fundamentals_settings(platform).asset_class)
    if platform.lake.partitions(path):
        judged = platform.lake.scan(path, SPLIT_EVENTS).filter(pl.col("symbol") == symbol, pl.col("verdict") == "applied").collect()
        return judged.select("ex_date", "ratio").drop_nulls().sort("ex_date").cast(SPLITS)
    told = _actions(platform, symbol).filter(pl.col("kind").is_in(["split", "stock_dividend"]), pl.col("ratio").is_not_null())
    days = told.select("ex_date", "ratio").drop_nulls().unique()
    return days.filter(pl.len().over("ex_date") == 1).sort("ex_date").cast(SPLITS)


def _known(platform: Platform, symbol: str, as_of: date | datetime, splits: pl.DataFrame | None) -> pl.DataFrame:
    config, entity = fundamentals_settings(platform), entity_of(platform, symbol)
    day = as_of.date() if isinstance(as_of, datetime) else as_of
    periods = period_keys(config.start, day + timedelta(days=1), PeriodKind.YEAR)
    rows = platform.lake.scan(fundamentals_path(config.asset_class), FUNDAMENTALS, periods=periods).filter(pl.col("entity") == entity)
    events = split_events(platform, symbol) if splits is None else splits
    return on_basis(as_known(rows.collect(), as_of), events, day)


def _last_close(platform: Platform, symbol: str, as_of: date | datetime) -> tuple[date, float] | None:
    """Session and raw close of the newest validated bar: by the close of a date, or of the sessions before an instant's."""
    config = fundamentals_settings(platform)
    last = platform.calendar(config.asset_class).last_closed(as_of) if isinstance(as_of, datetime) else as_of
    if symbol not in platform.instruments or last is None:
        return None
    path, years = platform.path(VALIDATED_BARS, config.asset_class, "1d"), [str(last.year - 1), str(last.year)]
    rows = platform.lake.scan(path, VALIDATED_BARS, periods=years, symbols=[symbol], columns=["session", "close"])
    newest = rows.filter(pl.col("session") <= last).sort("session").tail(1).collect()
    return newest.row(0) if newest.height else None


def _dividends(platform: Platform, symbol: str, day: date, splits: pl.DataFrame) -> float | None:
    """Cash paid per share within the year up to `day`, on its share basis; None where no source announces dividends."""
    told = _actions(platform, symbol).filter(pl.col("kind") == "cash_dividend", pl.col("amount").is_not_null())
    if told.is_empty():
        return None
    paid = told.select("ex_date", "amount").unique().sort("ex_date").unique("ex_date", keep="first", maintain_order=True)
    recent = paid.filter(pl.col("ex_date") > day - _YEAR, pl.col("ex_date") <= day)
    later = splits.filter(pl.col("ex_date") <= day)
    total = 0.0
    for ex_date, amount in recent.iter_rows():
        factor = 1.0
        for ratio in later.filter(pl.col("ex_date") > ex_date)["ratio"]:
            factor *= ratio
        total += amount / factor
    return total


def _actions(platform: Platform, symbol: str) -> pl.DataFrame:
    asset_class = fundamentals_settings(platform).asset_class
    tables = [path for path in platform.lake.tables() if path.startswith(f"{asset_class}/{RAW_CORPORATE_ACTIONS.name}/")]
    parts = [
        platform.lake.scan(path, RAW_CORPORATE_ACTIONS).filter(pl.col("symbol") == symbol, pl.col("ex_date").is_not_null()).collect()
        for path in tables
    ]
    return pl.concat([RAW_CORPORATE_ACTIONS.empty(), *parts])
