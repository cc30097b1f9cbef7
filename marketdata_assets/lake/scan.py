"""Many files as one frame: bytes read and verified first, decoded afterwards as far as the query asks."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import accumulate, groupby
from typing import NamedTuple

import polars as pl
from polars.io.plugins import register_io_source

from marketdata_assets.lake.parquet import decode
from marketdata_assets.lake.record import FileRecord, file_record, require_schema
from marketdata_assets.lake.seal import open_seal
from marketdata_assets.lake.store import Fetched, Store
from marketdata_assets.schemas.table import Table

HELD_AT_ONCE = 256 * 2**20
_BATCH = 64 * 2**20
_WORTH_THREADS = 32 * 2**20


class Verified(NamedTuple):
    """A file whose every byte is what was published."""

    path: str
    data: bytes
    version: str
    record: FileRecord


def read_verified(store: Store, paths: Sequence[str], table: Table | None = None) -> list[Verified]:
    """The files among `paths` that exist, in order, each checked against its own hash, its place and, where given, its table.

    `CorruptFault` for the first that differs from what was published; nothing is returned then.
    """
    there = [(path, found) for path, found in zip(paths, store.fetch(paths), strict=True) if found is not None]
    if sum(len(found.data) for _, found in there) < _WORTH_THREADS:  # hashing a small file takes less than handing it to a thread
        return [_verify(path, found, table) for path, found in there]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(lambda each: _verify(each[0], each[1], table), there))


def scan_files(store: Store, paths: Sequence[str], sizes: dict[str, int], table: Table) -> pl.LazyFrame:
    """The rows of the files `paths` as one lazy frame.

    Up to 256 MiB of files are read and verified now, and held compressed; filters and column selections reach their decoding. More than
    that is read, verified and decoded in batches while the query runs, and a fault is raised from its `collect`.
    """
    if sum(sizes.get(path, 0) for path in paths) <= HELD_AT_ONCE:
        return decode([file.data for file in read_verified(store, paths, table)], table.polars_schema)

    def batches(columns: list[str] | None, predicate: pl.Expr | None, limit: int | None, _size: int | None) -> Iterator[pl.DataFrame]:
        left = limit
        for batch in _batched(paths, sizes):
            files = read_verified(store, batch, table)
            rows = decode([file.data for file in files], table.polars_schema)
            if left is not None:  # the limit counts rows before the filter
                rows, left = rows.head(left), max(0, left - sum(file.record.rows for file in files))
            rows = rows if predicate is None else rows.filter(predicate)
            yield (rows if columns is None else rows.select(columns)).collect()
            if left == 0:
                return

    return register_io_source(batches, schema=table.polars_schema)


def _verify(path: str, found: Fetched, table: Table | None) -> Verified:
    record = file_record(open_seal(found.data, path), path)
    if table is not None:
        require_schema(record, table, path)
    return Verified(path, found.data, found.version, record)


def _batched(paths: Iterable[str], sizes: dict[str, int]) -> Iterator[list[str]]:
    listed = list(paths)
    filled = accumulate(sizes.get(path, 0) for path in listed)
    for _, group in groupby(zip(listed, filled, strict=True), key=lambda each: each[1] // _BATCH):
        yield [path for path, _ in group]
