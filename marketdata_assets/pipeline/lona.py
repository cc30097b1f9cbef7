"""Lona's upload files of a rectangle of partitions, beside the tables of the lake they were made from."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import timedelta
from hashlib import sha256

import polars as pl

from marketdata_assets.core.faults import Fault
from marketdata_assets.core.periods import period_expr, period_window
from marketdata_assets.core.timeframes import timeframe as timeframe_named
from marketdata_assets.exports.lona import ExportFile, lona_files, require_distinct
from marketdata_assets.lake.layout import PartitionKey
from marketdata_assets.lake.publish import Published
from marketdata_assets.lake.record import code_version
from marketdata_assets.lake.store import Write
from marketdata_assets.pipeline.platform import Platform, table_path
from marketdata_assets.schemas.bars import VALIDATED_BARS

LONA_EXPORT = "lona_export"


def lona_path(asset_class: str, timeframe: str) -> str:
    """Where the export of an asset class and bar length lies in the lake, which is also its asset key."""
    return table_path(LONA_EXPORT, asset_class, timeframe)


def publish_lona(
    platform: Platform, asset_class: str, timeframe: str, validated: pl.DataFrame, inputs: Mapping[PartitionKey, str]
) -> list[Published]:
    """JSON, CSV and manifest of every partition in `inputs`, which holds the hash of each one's validated file, from its rows.

    A partition without rows gets files without rows. Files whose bytes lie there already are left alone. The result has one entry
    a partition: its manifest, which names the hashes of the other two.
    """
    require_distinct({key.symbol for key in inputs if key.symbol}, asset_class)
    root, store = lona_path(asset_class, timeframe), platform.lake.store
    rows = _cut(validated, timeframe, inputs)
    made = {key: lona_partition(platform, asset_class, timeframe, rows[key], key, inputs[key]) for key in rows}
    made = {key: [ExportFile(f"{root}/{file.path}", file.data) for file in each] for key, each in made.items()}
    files = {path: data for each in made.values() for path, data in each}
    there = dict(zip(files, store.fetch(list(files)), strict=True))
    changed = {path for path, data in files.items() if (old := there[path]) is None or old.data != data}
    for outcome in store.write_many([Write(path, files[path]) for path in sorted(changed)]) if changed else ():
        if isinstance(outcome, Fault):
            raise outcome
    return [_published(key, each, rows[key].height, changed) for key, each in made.items()]


def _cut(validated: pl.DataFrame, timeframe: str, keys: Iterable[PartitionKey]) -> dict[PartitionKey, pl.DataFrame]:
    period = period_expr("timestamp", timeframe_named(timeframe).period).alias("__period")
    parts = validated.with_columns(period).partition_by("__period", "symbol", as_dict=True)
    return {key: parts[key].drop("__period") if key in parts else validated.clear() for key in sorted(keys)}


def lona_partition(
    platform: Platform,
    asset_class: str,
    timeframe: str,
    rows: pl.DataFrame,
    key: PartitionKey,
    digest: str,
    exchange: str | None = None,
) -> list[ExportFile]:
    """JSON, CSV and manifest of one partition, from its validated rows and the SHA-256 of their file.

    `exchange` replaces the instrument's own in paths and contents.
    """
    assert key.symbol  # noqa: S101 - validated bars are cut by period and symbol
    assert key.period  # noqa: S101
    window, calendar = period_window(key.period), platform.calendar(asset_class)
    hours = calendar.sessions(*calendar.clip(window.start.date(), window.end.date() + timedelta(days=1)))
    return lona_files(
        rows,
        symbol=key.symbol,
        asset_class=asset_class,
        exchange=exchange or platform.instruments.get(key.symbol).exchange,
        timeframe=timeframe,
        period=key.period,
        inputs={f"{platform.path(VALIDATED_BARS, asset_class, timeframe)}/{key.period}/{key.symbol}": digest},
        code_version=code_version(),
        closes=hours.select("session", "close"),
    )


def _published(key: PartitionKey, files: Sequence[ExportFile], rows: int, changed: Collection[str]) -> Published:
    manifest = files[-1]
    size, written = sum(len(data) for _, data in files), any(path in changed for path, _ in files)
    return Published(key, manifest.path, sha256(manifest.data).hexdigest(), rows, size, written)
