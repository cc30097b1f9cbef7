"""Raw bars: what the archived payloads of a source say about a rectangle of partitions."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from typing import NamedTuple

import polars as pl

from marketdata_assets.core.periods import Window, period_expr, period_window
from marketdata_assets.core.timeframes import timeframe as timeframe_named
from marketdata_assets.lake.layout import PartitionKey
from marketdata_assets.lake.publish import Published
from marketdata_assets.lake.record import FileRecord, inputs_hash
from marketdata_assets.pipeline.inventory import inventory, source_settings
from marketdata_assets.pipeline.payloads import payload_series
from marketdata_assets.pipeline.platform import Platform
from marketdata_assets.pipeline.taken import Behind, identified
from marketdata_assets.schemas.audit import REFUSED_ROWS, LandingState
from marketdata_assets.schemas.bars import RAW_BARS
from marketdata_assets.schemas.table import Table
from marketdata_assets.transforms.restate import restatements

_READERS = 4


class Arrived(NamedTuple):
    """What payloads say about some partitions: raw bars, refused rows, the payloads behind each key, and the keys that need nothing."""

    bars: pl.DataFrame
    refused: pl.DataFrame
    inputs: dict[PartitionKey, dict[str, str]]
    unchanged: set[PartitionKey]


def arrived(platform: Platform, source: str, timeframe: str, keys: Collection[PartitionKey]) -> Arrived:
    """Every row that falls into `keys` of every archived payload they have not taken in yet, with the instant it became known.

    A key whose stored partition already names exactly its payloads is `unchanged` and not read again. Rows of symbols or
    periods outside `keys` are left out; nothing else is.
    """
    files = _files_for(platform, source, timeframe, keys)
    behind, stored = Behind(files, keys), _stored(platform, source, timeframe, keys)
    wanted = behind.lacking(stored)
    unread = {payload for key in wanted for payload in behind.unread(key, stored.get(key))}
    news = files.filter(pl.col("payload").is_in(list(unread)))
    mine = _rows(platform, source, news, timeframe, {key.symbol for key in wanted if key.symbol})
    return Arrived(
        _within(RAW_BARS, mine.bars, timeframe, wanted),
        _within(REFUSED_ROWS, mine.refused, timeframe, wanted),
        behind.inputs,
        set(keys) - wanted,
    )


def behind(
    platform: Platform, source: str, timeframe: str, keys: Collection[PartitionKey]
) -> tuple[dict[PartitionKey, str], set[PartitionKey]]:
    """The hash of the payloads that reach each of `keys`, and the keys whose stored partition does not name exactly these.

    A key that payloads reach by their span and hold no bar of is never stored, and so remains behind.
    """
    mine = Behind(_files_for(platform, source, timeframe, keys), keys)
    return {key: inputs_hash(mine.inputs[key]) for key in keys}, mine.lacking(_stored(platform, source, timeframe, keys))


def publish_raw(platform: Platform, source: str, timeframe: str, keys: Collection[PartitionKey], new: Arrived) -> list[Published]:
    """Add what arrived to the stored partitions: rows that are new or changed, never a row less. Unchanged keys are passed over.

    A partition without rows, before and after, is not written.
    """
    asset_class = source_settings(platform, source).asset_class
    work = [key for key in keys if key not in new.unchanged]
    refused = platform.lake.update(
        platform.path(REFUSED_ROWS, asset_class, timeframe, source),
        REFUSED_ROWS,
        work if new.refused.height else [],
        lambda old: _union(old, new.refused),
        inputs=new.inputs.__getitem__,
    )
    bars = platform.lake.update(
        platform.path(RAW_BARS, asset_class, timeframe, source),
        RAW_BARS,
        work,
        lambda old: restatements(old, new.bars),
        inputs=new.inputs.__getitem__,
    )
    return [*refused, *bars]


def archived_bars(platform: Platform, source: str, timeframe: str, symbols: Collection[str], window: Window) -> pl.DataFrame:
    """Raw bars of `symbols` in `window` straight from the payload archive, stored partition or not: the same rows a raw partition gets."""
    reach = _reach(window.start.date(), window.end.date())
    files = inventory(platform, source).filter(
        pl.col("state") == LandingState.LANDED, pl.col("timeframe") == timeframe, pl.col("symbol").is_in(list(symbols)), reach
    )
    rows = _rows(platform, source, files, timeframe, set(symbols)).bars
    return restatements(RAW_BARS.empty(), rows.filter(pl.col("timestamp") >= window.start, pl.col("timestamp") < window.end))


def _stored(platform: Platform, source: str, timeframe: str, keys: Collection[PartitionKey]) -> Mapping[PartitionKey, FileRecord]:
    """The records of the stored raw partitions among `keys`."""
    return platform.lake.records(platform.path(RAW_BARS, source_settings(platform, source).asset_class, timeframe, source), keys)


def _reach(first: date, end: date) -> pl.Expr:
    return (pl.col("first") < end) & (pl.col("last") >= first)


def _files_for(platform: Platform, source: str, timeframe: str, keys: Collection[PartitionKey]) -> pl.DataFrame:
    """Inventory rows of the landed series that reach any of the keys, one row per series and key, with the key's period."""
    files = identified(inventory(platform, source), networked=source_settings(platform, source).networked)
    spans = pl.DataFrame(
        [(k.symbol, k.period, period_window(k.period).start.date(), period_window(k.period).end.date()) for k in keys if k.period],
        schema={"symbol": pl.String, "period": pl.String, "opens": pl.Date, "ends": pl.Date},
        orient="row",
    )
    landed = files.filter(pl.col("state") == LandingState.LANDED, pl.col("timeframe") == timeframe)
    # A refused row may be filed under a day beyond the bars of its series, never further than the neighbouring one.
    slack = timedelta(days=1)
    return landed.join(spans, on="symbol").filter(
        (pl.col("first").is_null() | (pl.col("first") - slack < pl.col("ends"))),
        pl.col("last").is_null() | (pl.col("last") + slack >= pl.col("opens")),
    )


class _Rows(NamedTuple):
    bars: pl.DataFrame
    refused: pl.DataFrame


def _rows(platform: Platform, source: str, files: pl.DataFrame, timeframe: str, symbols: set[str]) -> _Rows:
    """Bars and refused rows of the payloads behind `files`, each payload read once, for the wanted symbols."""
    payloads = (
        files.filter(pl.col("symbol").is_in(list(symbols)))
        .select("payload_sha256", "path", "known_at", "size")
        .unique()
        .sort("known_at", "path")
    )
    with ThreadPoolExecutor(_READERS) as pool:
        parts = list(pool.map(lambda row: _payload_rows(platform, source, timeframe, row, symbols), payloads.iter_rows()))
    return _Rows(
        pl.concat([RAW_BARS.empty(), *(part.bars for part in parts if part.bars.height)]),
        pl.concat([REFUSED_ROWS.empty(), *(part.refused for part in parts if part.refused.height)]),
    )


def _payload_rows(platform: Platform, source: str, timeframe: str, row: tuple[object, ...], symbols: set[str]) -> _Rows:
    payload, path, known_at, size = row
    origin = (pl.lit(known_at).cast(RAW_BARS.polars_schema["known_at"]).alias("known_at"), pl.lit(payload).alias("payload_sha256"))
    series = payload_series(platform, source, str(payload), str(path), int(str(size)), known_at)  # type: ignore[arg-type]
    mine = [each for each in series if each.timeframe == timeframe and each.symbol in symbols]
    return _Rows(
        _together(RAW_BARS, [(each.symbol, each.bars) for each in mine], origin),
        _together(REFUSED_ROWS, [(each.symbol, each.refused) for each in mine], origin),
    )


def _together(table: Table, series: Sequence[tuple[str, pl.DataFrame]], origin: Sequence[pl.Expr]) -> pl.DataFrame:
    """Rows of several symbols as one frame of the table: a file of a whole market has a row or two of thousands."""
    filled = [(symbol, rows) for symbol, rows in series if rows.height]
    if not filled:
        return table.empty()
    names = pl.Series("symbol", [symbol for symbol, _ in filled]).repeat_by(pl.Series([rows.height for _, rows in filled])).explode()
    return table.conform(pl.concat([rows for _, rows in filled]).with_columns(names, *origin))


def _within(table: Table, rows: pl.DataFrame, timeframe: str, keys: Collection[PartitionKey]) -> pl.DataFrame:
    wanted = pl.DataFrame(
        {"symbol": [k.symbol for k in keys], "_period": [k.period for k in keys]}, schema={"symbol": pl.String, "_period": pl.String}
    )
    kind = timeframe_named(timeframe).period
    return table.conform(
        rows.with_columns(period_expr(table.dated_by, kind).alias("_period")).join(wanted, on=["symbol", "_period"], how="semi")
    )


def _union(old: pl.DataFrame, new: pl.DataFrame) -> pl.DataFrame:
    return REFUSED_ROWS.conform(pl.concat([old, new]).unique(REFUSED_ROWS.key, keep="first", maintain_order=True))
