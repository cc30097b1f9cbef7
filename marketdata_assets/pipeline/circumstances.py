"""What the audit of a rectangle of partitions must know beside its rows: calendar, symbols, spans, neighbours."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime, timedelta

import polars as pl

from marketdata_assets.core.periods import Window, period_keys, period_window
from marketdata_assets.core.timeframes import timeframe as timeframe_named
from marketdata_assets.lake.layout import PartitionKey
from marketdata_assets.pipeline.actions import known_ratios
from marketdata_assets.pipeline.inventory import fetches, inventory
from marketdata_assets.pipeline.platform import Platform, listing_bounds
from marketdata_assets.pipeline.raw import archived_bars
from marketdata_assets.pipeline.twins import twins
from marketdata_assets.rules.context import NEIGHBOUR_DAYS, AuditContext
from marketdata_assets.schemas.audit import LandingState

_SPANS = pl.Schema(
    {"symbol": pl.String(), "source": pl.String(), "first": pl.Date(), "last": pl.Date(), "known_at": pl.Datetime("us", "UTC")}
)


def audit_context(
    platform: Platform,
    asset_class: str,
    timeframe: str,
    keys: Collection[PartitionKey],
    neighbours: pl.DataFrame | None,
    as_of: datetime | None = None,
) -> AuditContext:
    """The context of auditing `keys`: nothing in it depends on the clock or on which other partitions happen to be stored."""
    spans = payload_spans(platform, asset_class, timeframe, as_of)
    window = audit_window(keys, pl.concat([spans, failed_spans(platform, asset_class, timeframe, as_of).select(spans.columns)]))
    calendar = platform.calendar(asset_class)
    first, last = _reach(window, neighbours)
    reach = calendar.clip(first - NEIGHBOUR_DAYS, last + NEIGHBOUR_DAYS)
    rules = platform.settings.rules
    symbols = sorted({key.symbol for key in keys if key.symbol})
    bounds = [(symbol, *listing_bounds(platform, symbol)) for symbol in symbols]
    return AuditContext(
        timeframe=timeframe_named(timeframe),
        sessions=calendar.sessions(*reach),
        thresholds=rules.thresholds,
        symbols=pl.DataFrame(bounds, schema={"symbol": pl.String, "listed_on": pl.Date, "delisted_on": pl.Date}, orient="row"),
        spans=spans.filter(pl.col("symbol").is_in(symbols)).select("symbol", "source", "first", "last"),
        window=window,
        events=known_ratios(platform, asset_class, symbols, as_of),
        neighbours=neighbours,
        as_of=as_of,
        agreement_bps=rules.agreement_bps,
        auto_fix=rules.auto_fix,
    )


def audit_window(keys: Collection[PartitionKey], spans: pl.DataFrame) -> tuple[date, date]:
    """The half-open days that the periods of `keys` hold, up to the newest delivery: what lies after it cannot have come yet."""
    windows = [period_window(key.period) for key in keys if key.period]
    first, end = min(w.start for w in windows).date(), max(w.end for w in windows).date()
    newest = spans["known_at"].max()
    reached = newest.date() if isinstance(newest, datetime) else first
    return first, max(first, min(end, reached))


def _reach(window: tuple[date, date], neighbours: pl.DataFrame | None) -> tuple[date, date]:
    """The days of the window and of the neighbours together, as a half-open span."""
    if neighbours is None or not neighbours.height:
        return window
    first, last = neighbours.select(pl.col("session").min().alias("first"), pl.col("session").max().alias("last")).row(0)
    return min(window[0], first), max(window[1], last + timedelta(days=1))


def payload_spans(platform: Platform, asset_class: str, timeframe: str, as_of: datetime | None = None) -> pl.DataFrame:
    """(symbol, source, first, last, known_at) of what each source has told of an asset class and bar length by `as_of`.

    A landed file tells of the days from its first bar to its last one, a vendor's answer of the window asked for, with bars or not.
    """
    parts = [_spans(platform, source) for source in platform.settings.sources_of(asset_class, timeframe)]
    if not parts:
        return pl.DataFrame(schema=_SPANS)
    landed = pl.concat(parts).filter(pl.col("timeframe") == timeframe, pl.col("first").is_not_null())
    known = landed if as_of is None else landed.filter(pl.col("known_at") <= as_of)
    return known.select(pl.col(name).cast(dtype) for name, dtype in _SPANS.items()).sort("symbol", "source", "first", "last", "known_at")


def failed_spans(platform: Platform, asset_class: str, timeframe: str, as_of: datetime | None = None) -> pl.DataFrame:
    """(symbol, source, first, last, known_at, reason) of the newest vain request of each source for each symbol, known by `as_of`."""
    schema = pl.Schema({**_SPANS, "reason": pl.String()})
    parts = [schema.to_frame()]
    for source, config in platform.settings.sources_of(asset_class, timeframe).items():
        if config.networked:
            last = (pl.col("asked_until") - pl.duration(microseconds=1)).dt.date()
            told = fetches(platform, source).filter(pl.col("state") == LandingState.REFUSED, pl.col("timeframe") == timeframe)
            dated = told.with_columns(first=pl.col("asked_from").dt.date(), last=last, source=pl.lit(source))
            parts.append(dated.select(pl.col(name).cast(dtype) for name, dtype in schema.items()))
    failed = pl.concat(parts) if as_of is None else pl.concat(parts).filter(pl.col("known_at") <= as_of)
    return failed.sort("known_at", maintain_order=True).unique(["symbol", "source"], keep="last", maintain_order=True)


def _spans(platform: Platform, source: str) -> pl.DataFrame:
    """The spans of one source, and the bar length of each; one row a window however many pages its answer had."""
    if platform.settings.sources[source].networked:
        last = (pl.col("asked_until") - pl.duration(microseconds=1)).dt.date()
        told = fetches(platform, source).with_columns(first=pl.col("asked_from").dt.date(), last=last)
    else:
        told = inventory(platform, source)
    landed = told.filter(pl.col("state") == LandingState.LANDED)
    return landed.select("symbol", "timeframe", "first", "last", "known_at", source=pl.lit(source)).unique(maintain_order=True)


def neighbouring_raw(
    platform: Platform, asset_class: str, timeframe: str, keys: Collection[PartitionKey], as_of: datetime | None = None
) -> dict[str, pl.DataFrame]:
    """Raw bars by source that lie around `keys` and not in them: the whole series of daily bars, ten days either way of intraday ones.

    With them come the series of other symbols that may be the same one (`twins`). All are read from the payload archive, stored or
    not, so that a partition computed alone equals the same one of a full build.
    """
    spans = payload_spans(platform, asset_class, timeframe)
    around = _around(spans, timeframe, keys)
    mine = {key.symbol for key in keys if key.symbol}
    windows = [period_window(key.period) for key in keys if key.period]
    whole = Window(min(w.start for w in windows), max(w.end for w in windows))
    found: dict[str, pl.DataFrame] = {}
    for source in platform.settings.sources_of(asset_class, timeframe):
        symbols = set(spans.filter(pl.col("source") == source)["symbol"]) & set(around)
        files = inventory(platform, source)
        known = files if as_of is None else files.filter(pl.col("known_at") <= as_of)
        others = set().union(*twins(known, timeframe, mine).values()) - mine
        reach = [around[s] for s in symbols] + ([whole] if others else [])
        if reach:
            window = Window(min(w.start for w in reach), max(w.end for w in reach))
            found[source] = archived_bars(platform, source, timeframe, symbols | others, window)
    return {source: bars for source, bars in found.items() if bars.height}


def _around(spans: pl.DataFrame, timeframe: str, keys: Collection[PartitionKey]) -> dict[str, Window]:
    """For each symbol of `keys` that has payload rows outside them, the window to look into."""
    kind = timeframe_named(timeframe).period
    mine: dict[str, set[str]] = {}
    for key in keys:
        if key.symbol and key.period:
            mine.setdefault(key.symbol, set()).add(key.period)
    reach: dict[str, Window] = {}
    held = (
        spans.filter(pl.col("symbol").is_in(list(mine)))
        .group_by("symbol", maintain_order=True)
        .agg(pl.col("first").min(), pl.col("last").max())
    )
    for symbol, first, last in held.iter_rows():
        whole = Window(
            period_window(period_keys(first, first + timedelta(days=1), kind)[0]).start,
            period_window(period_keys(last, last + timedelta(days=1), kind)[0]).end,
        )
        if timeframe_named(timeframe).intraday:
            periods = [period_window(period) for period in mine[symbol]]
            whole = Window(min(p.start for p in periods) - NEIGHBOUR_DAYS, max(p.end for p in periods) + NEIGHBOUR_DAYS)
        if set(period_keys(whole.start, whole.end, kind)) - mine[symbol]:
            reach[symbol] = whole
    return reach
