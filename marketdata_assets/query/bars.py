"""Validated bars of some symbols over a span of time, as they stand now or as they were known then."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import reduce
from operator import or_

import polars as pl

from marketdata_assets.core.faults import QueryFault
from marketdata_assets.core.periods import Window, period_keys
from marketdata_assets.core.timeframes import TIMEFRAMES
from marketdata_assets.lake.layout import PartitionKey
from marketdata_assets.pipeline.platform import Platform
from marketdata_assets.query.when import BEGINNING, END
from marketdata_assets.query.who import Stretch
from marketdata_assets.schemas.bars import VALIDATED_BARS
from marketdata_assets.schemas.table import Table

_FEW = 32


def bars(
    platform: Platform, asked: Sequence[Stretch], timeframe: str, *, as_of: datetime | None = None, columns: Sequence[str] | None = None
) -> pl.DataFrame:
    """One row a validated bar of the stretches asked for, sorted by symbol and timestamp; prices raw, timestamps UTC.

    With `as_of`, what the platform would have said at that instant: rebuilt from raw rows received until then, nothing written.
    `columns` keeps those alone, in that order. `QueryFault` for a column or a timeframe there is not, and for a table in which nothing
    was published.
    """
    wanted = known_columns(columns)
    parts = [
        _of_class(platform, [s for s in asked if s.asset_class == name], timeframe, as_of)
        for name in dict.fromkeys(s.asset_class for s in asked)
    ]
    whole = pl.concat(parts) if parts else VALIDATED_BARS.empty()
    return whole.sort("symbol", "timestamp").select(wanted)


def classes_with(platform: Platform, table: Table, timeframe: str) -> list[str]:
    """The asset classes whose `table` holds anything at this timeframe; when none does, those that are configured for it.

    `QueryFault` for a timeframe that nobody has.
    """
    having = [name for name in platform.settings.asset_classes if timeframe in [t.name for t in platform.settings.timeframes_of(name)]]
    if not having:
        configured(platform, next(iter(platform.settings.asset_classes)), timeframe)
    return [name for name in having if platform.lake.partitions(platform.path(table, name, timeframe))] or [*having]


def table_rows(platform: Platform, table: Table, asked: Sequence[Stretch], timeframe: str) -> pl.DataFrame:
    """The stored rows of a per-symbol table that belong to the stretches of one asset class.

    `QueryFault` when the table has no partition at all: an empty answer would look like a market without trades.
    """
    asset_class, kind = asked[0].asset_class, TIMEFRAMES[configured(platform, asked[0].asset_class, timeframe)].period
    path, span = platform.path(table, asset_class, timeframe), _hull(asked)
    symbols = sorted({s.symbol for s in asked})
    periods = None if span.start <= BEGINNING or span.end >= END else period_keys(span.start, span.end, kind)
    keys = [PartitionKey(p, s) for p in periods or () for s in symbols] if len(periods or ()) * len(symbols) <= _FEW else None
    rows = platform.lake.scan(path, table, periods=periods, symbols=symbols, keys=keys or None).filter(_inside(table, asked)).collect()
    if rows.is_empty() and not platform.lake.partitions(path):
        raise QueryFault(
            f"reading {path}",
            f"the lake at {platform.settings.lake} holds no such table yet",
            "run `marketdata ingest` (or `marketdata demo` for the simulated market) first",
        )
    return rows


def _of_class(platform: Platform, asked: Sequence[Stretch], timeframe: str, as_of: datetime | None) -> pl.DataFrame:
    if as_of is None:
        return table_rows(platform, VALIDATED_BARS, asked, timeframe)
    from marketdata_assets.pipeline.rebuild import validated_as_of

    asset_class, symbols = asked[0].asset_class, sorted({s.symbol for s in asked})
    span = _known_span(platform, asset_class, _hull(asked), as_of)
    if span is None:
        return VALIDATED_BARS.empty()
    rebuilt = validated_as_of(platform, asset_class, configured(platform, asset_class, timeframe), symbols, span, as_of)
    return rebuilt.filter(_inside(VALIDATED_BARS, asked))


def _known_span(platform: Platform, asset_class: str, span: Window, as_of: datetime) -> Window | None:
    """The part of the span that has partitions and lay in the past at `as_of`; None when there is none."""
    first = platform.settings.asset_classes[asset_class].start  # type: ignore[index]
    start = max(span.start, datetime(first.year, first.month, first.day, tzinfo=UTC))
    end = min(span.end, as_of + timedelta(days=1))
    return Window(start, end) if start < end else None


def _inside(table: Table, asked: Sequence[Stretch]) -> pl.Expr:
    """Whether a row belongs to one of the stretches: symbols of one window share a term."""
    dated = pl.col(table.dated_by).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    if isinstance(table.polars_schema[table.dated_by], pl.Datetime):
        dated = pl.col(table.dated_by)
    windows: dict[Window, list[str]] = {}
    for stretch in asked:
        windows.setdefault(stretch.window, []).append(stretch.symbol)
    terms = [pl.col("symbol").is_in(symbols) & (dated >= pl.lit(w.start)) & (dated < pl.lit(w.end)) for w, symbols in windows.items()]
    return reduce(or_, terms)


def _hull(asked: Sequence[Stretch]) -> Window:
    return Window(min(s.window.start for s in asked), max(s.window.end for s in asked))


def configured(platform: Platform, asset_class: str, timeframe: str) -> str:
    """`timeframe` itself when the asset class has it; otherwise `QueryFault` with those it has."""
    names = [t.name for t in platform.settings.timeframes_of(asset_class)]
    if timeframe not in names:
        raise QueryFault(
            f"reading {timeframe[:20]!r} bars of {asset_class}",
            "the configuration does not list that timeframe",
            f"ask for {' or '.join(names)}, or add it under asset_classes.{asset_class}.timeframes",
        )
    return timeframe


def known_columns(columns: Sequence[str] | None) -> list[str]:
    """`columns` as asked for, all of them for None; `QueryFault` for one there is not."""
    known = list(VALIDATED_BARS.polars_schema)
    for name in columns or ():
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean {near[0]!r}? " if near else ""
            raise QueryFault("choosing columns of bars", f"there is no column {name[:40]!r}", f"{hint}columns are {', '.join(known)}")
    return known if columns is None else list(columns)
