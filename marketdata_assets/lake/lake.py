"""The lake: tables of partitions, each one verified Parquet file; published, appended to, scanned and scrubbed."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path

import polars as pl

from marketdata_assets.core.faults import ConfigFault, ConflictFault
from marketdata_assets.core.periods import PeriodKind
from marketdata_assets.lake.archive import PayloadArchive
from marketdata_assets.lake.choose import chosen_files, few_files
from marketdata_assets.lake.layout import PartitionKey, key_of, path_of
from marketdata_assets.lake.local import LocalStore
from marketdata_assets.lake.parquet import decode
from marketdata_assets.lake.publish import Current, Publication, Published, publish_parts
from marketdata_assets.lake.record import FileRecord, Inputs
from marketdata_assets.lake.s3_options import S3Options
from marketdata_assets.lake.scan import read_verified, scan_files
from marketdata_assets.lake.scrub import Finding, scrub
from marketdata_assets.lake.split import join, kind_of, split
from marketdata_assets.lake.store import Store
from marketdata_assets.schemas.table import Table

_BUCKET_URL = re.compile(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:/(.*))?")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
_draw = random.SystemRandom()


class Lake:
    """Every table below one root, on a disk or in a bucket.

    A table path is its asset key (`us_equities/raw_bars_1d/tiingo`); a partition is one file named by its key. Readers, ours and plain
    Parquet readers alike, see each partition whole, old or new. Every byte that `scan`, `append` and `record` serve was verified
    against the file's own hash.
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        self.archive = PayloadArchive(store)

    def publish(
        self,
        table_path: str,
        table: Table,
        frames: Mapping[PartitionKey, pl.DataFrame],
        *,
        inputs: Inputs = None,
        metadata: Mapping[str, str] | None = None,
    ) -> list[Published]:
        """Each partition of `frames` as it now stands; an empty frame empties its file, and makes none where there is none.

        Frames are conformed to the table and validated together: `SchemaFault`, `PartitionFault`. The same rows, inputs and metadata
        are the same bytes, and nothing is written then. `inputs` names the hashes that went in, for all partitions or as a function of
        the key. `ConflictFault` when somebody else publishes one of the partitions meanwhile.
        """
        if not frames:
            return []
        whole, period, by_symbol = join(table, frames)
        return self.publish_frame(
            table_path, table, whole, period=period, by_symbol=by_symbol, keys=frames.keys(), inputs=inputs, metadata=metadata
        )

    def publish_frame(
        self,
        table_path: str,
        table: Table,
        frame: pl.DataFrame,
        *,
        period: PeriodKind | None,
        by_symbol: bool = True,
        keys: Collection[PartitionKey] | None = None,
        inputs: Inputs = None,
        metadata: Mapping[str, str] | None = None,
    ) -> list[Published]:
        """The partitions that `frame` holds rows of, cut by `period` of the table's date column and by symbol; see `publish`.

        With `keys`, the partitions of the run: each is published, empty where the frame has no row of it, and a row of any other is a
        `PartitionFault`.
        """
        parts = split(table, frame, period=period, by_symbol=by_symbol, keys=keys)
        entries = chosen_files(self.store, table_path, keys=parts.keys())
        current = {path: Current(entry.version) for path, entry in entries.items()}
        return list(publish_parts(self.store, Publication(table_path, table, inputs, metadata), parts, current))

    def append(
        self,
        table_path: str,
        table: Table,
        key: PartitionKey,
        merge: Callable[[pl.DataFrame], pl.DataFrame],
        *,
        inputs: Inputs = None,
        metadata: Mapping[str, str] | None = None,
        attempts: int = 64,
    ) -> Published:
        """The partition after `merge` turned what is there (an empty frame for no file) into what shall be there; see `update`."""
        done = self.update(table_path, table, [key], merge, inputs=inputs, metadata=metadata, attempts=attempts)
        return done[0] if done else Published(key, path_of(table_path, key), "", 0, 0, False)

    def update(
        self,
        table_path: str,
        table: Table,
        keys: Collection[PartitionKey],
        merge: Callable[[pl.DataFrame], pl.DataFrame],
        *,
        inputs: Inputs = None,
        metadata: Mapping[str, str] | None = None,
        attempts: int = 64,
    ) -> list[Published]:
        """The partitions `keys` after one `merge` of all their rows, ordered by key; no update of another writer is lost.

        A partition that changed between reading and writing is read and merged again, at most `attempts` times: then `ConflictFault`.
        `merge` may therefore run more than once; rows it returns for partitions that are already committed are ignored.
        """
        what = Publication(table_path, table, inputs, metadata)
        if not keys:
            return []
        period, by_symbol = kind_of(table, keys)
        left = {key: path_of(table_path, key) for key in sorted(set(keys))}
        done: dict[PartitionKey, Published] = {}
        with self.store.turn(list(left.values())):
            for attempt in range(1, attempts + 1):
                files = read_verified(self.store, list(left.values()), table)
                merged = merge(decode([file.data for file in files], table.polars_schema).collect())
                parts = split(table, merged, period=period, by_symbol=by_symbol, keys=keys)
                current = {file.path: Current(file.version, file.data) for file in files}
                try:
                    for published in publish_parts(self.store, what, {key: parts[key] for key in left}, current):
                        done[published.key] = published
                except ConflictFault:
                    if attempt == attempts:
                        raise
                    left = {key: path for key, path in left.items() if key not in done}
                    time.sleep(_draw.uniform(0, min(2.0, 0.01 * 2**attempt)))  # the more writers, the longer until it is quiet
                else:
                    break
        return [done[key] for key in sorted(done)]

    def scan(
        self,
        table_path: str,
        table: Table,
        *,
        periods: Collection[str] | None = None,
        symbols: Collection[str] | None = None,
        keys: Collection[PartitionKey] | None = None,
        columns: Sequence[str] | None = None,
    ) -> pl.LazyFrame:
        """The rows of the table in one frame, in order of period, symbol and the table's own sort; empty when there is nothing.

        `periods`, `symbols` and `keys` narrow the files that are read; what they name and the table lacks is no error. `CorruptFault`
        for a file that is not what was published, `SchemaFault` for one that another version declared differently; more than 256 MiB of
        files are read, and judged, when collected.
        """
        few = few_files(self.store, table_path, periods=periods, symbols=symbols, keys=keys)
        files = chosen_files(self.store, table_path, periods=periods, symbols=symbols, keys=keys) if few is None else {}
        rows = scan_files(self.store, sorted(files) if few is None else few, {path: entry.size for path, entry in files.items()}, table)
        return rows if columns is None else rows.select(columns)

    def partitions(self, table_path: str) -> list[PartitionKey]:
        """The keys that the table has files for, sorted. Files are named, not read."""
        found = (key_of(path) for path in chosen_files(self.store, table_path))
        return sorted((each[1] for each in found if each is not None), key=lambda key: (key.period or "", key.symbol or ""))

    def record(self, table_path: str, key: PartitionKey) -> FileRecord | None:
        """What the file of one partition says of itself, verified; None when there is no file."""
        return self.records(table_path, [key]).get(key)

    def records(self, table_path: str, keys: Collection[PartitionKey] | None = None) -> dict[PartitionKey, FileRecord]:
        """The verified record of every file of the table, or of those of `keys` that exist."""
        paths = sorted(chosen_files(self.store, table_path, keys=keys))
        return {file.record.key: file.record for file in read_verified(self.store, paths)}

    def tables(self) -> list[str]:
        """The path of every table that has at least one file, sorted."""
        found = (key_of(entry.path) for entry in self.store.list(""))
        return sorted({each[0] for each in found if each is not None})

    def scrub(self, prefix: str = "", progress: Callable[[int, int], None] | None = None) -> list[Finding]:
        """Every file below `prefix`, payloads included, that is damaged, lies in the wrong place or is not the lake's."""
        return list(scrub(self.store, self.archive, prefix, progress))

    def sweep(self) -> int:
        """How many temporary files of writers that are gone were removed."""
        return self.store.sweep()


def open_lake(root: str, *, s3: S3Options | None = None) -> Lake:
    """The lake at a folder (`data/lake`) or at `s3://bucket/prefix`; nothing is created or contacted before it is used."""
    bucket = _BUCKET_URL.fullmatch(root)
    if bucket:
        from marketdata_assets.lake.s3 import S3Store  # late: a lake on a disk does without boto3

        options = s3 or S3Options()
        return Lake(S3Store(bucket[1], bucket[2] or "", options.client(), sse=options.sse))
    if _SCHEME.match(root) or not root:
        raise ConfigFault("opening the lake", f"{root[:80]!r} is neither a folder nor s3://bucket/prefix", "correct the lake's root")
    return Lake(LocalStore(Path(root)))
