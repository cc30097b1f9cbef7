"""Partitions made into files and switched in: unchanged ones left alone, the others written, each as a whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import NamedTuple

import pyarrow as pa

from marketdata_assets.core.faults import Fault
from marketdata_assets.lake.layout import PartitionKey, path_of
from marketdata_assets.lake.parquet import Encoded, encode
from marketdata_assets.lake.record import Inputs, column_docs, record_text
from marketdata_assets.lake.store import Store, Write
from marketdata_assets.schemas.table import Table

_FILES = 256
_ROWS = 2_000_000


class Published(NamedTuple):
    """One partition as it now stands; `changed` says whether this call wrote it or found the very same bytes there."""

    key: PartitionKey
    path: str
    sha256: str
    rows: int
    size: int
    changed: bool


class Current(NamedTuple):
    """What is known of a file before it is replaced; `data` only where it was read."""

    size: int
    version: str
    data: bytes | None = None


@dataclass(frozen=True)
class Publication:
    """The table that is published and what its files are told about their making."""

    table_path: str
    table: Table
    inputs: Inputs = None
    metadata: Mapping[str, str] | None = None

    def encode(self, key: PartitionKey, rows: pa.Table) -> Encoded:
        """The file of one partition."""
        record = record_text(self.table, self.table_path, key, len(rows), self.inputs, self.metadata)
        return encode(rows, record, column_docs(self.table))


def publish_parts(
    store: Store, what: Publication, parts: Mapping[PartitionKey, pa.Table], current: Mapping[str, Current]
) -> Iterator[Published]:
    """Each partition once it is durable, in order of `parts`; an empty one that has no file yet is passed over.

    `current` holds the files that exist, by path; a file that changes after it was looked at is a `ConflictFault`. When a file cannot
    be written, the others of its batch are still committed and yielded before the fault is raised, so a second call has only the rest
    to do.
    """
    wanted = [(key, path_of(what.table_path, key), rows) for key, rows in parts.items()]
    wanted = [each for each in wanted if len(each[2]) or each[1] in current]
    done = 0
    for batch in _batches(wanted):
        files = _encode_all(what, batch)
        same = _unchanged(store, files, current)
        writes = [Write(path, file.data, _expected(current, path)) for path, file in files.items() if path not in same]
        outcomes = dict(zip((write.path for write in writes), store.write_many(writes) if writes else (), strict=True))
        faults = [outcome for outcome in outcomes.values() if isinstance(outcome, Fault)]
        for key, path, rows in batch:
            if path in same or not isinstance(outcomes[path], Fault):
                done += 1
                yield Published(key, path, files[path].sha256, len(rows), len(files[path].data), path in outcomes)
        if faults:
            told = {"table": what.table_path, "committed": str(done), "remaining": str(len(wanted) - done)}
            faults[0].context = {**faults[0].context, **told}
            raise faults[0]


def _encode_all(what: Publication, batch: Sequence[tuple[PartitionKey, str, pa.Table]]) -> dict[str, Encoded]:
    if len(batch) == 1:
        return {path: what.encode(key, rows) for key, path, rows in batch}
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return dict(zip((path for _, path, _ in batch), pool.map(lambda each: what.encode(each[0], each[2]), batch), strict=True))


def _unchanged(store: Store, files: Mapping[str, Encoded], current: Mapping[str, Current]) -> set[str]:
    """The paths under which exactly these bytes lie already; only files of the same size are read to find out."""
    alike = [path for path, file in files.items() if path in current and current[path].size == len(file.data)]
    unread = [path for path in alike if current[path].data is None]
    fetched = dict(zip(unread, store.fetch(unread), strict=True)) if unread else {}
    there = {path: found.data if (found := fetched.get(path)) else current[path].data for path in alike}
    return {path for path in alike if there[path] == files[path].data}


def _expected(current: Mapping[str, Current], path: str) -> str | None:
    return current[path].version if path in current else None


def _batches(wanted: Sequence[tuple[PartitionKey, str, pa.Table]]) -> Iterator[list[tuple[PartitionKey, str, pa.Table]]]:
    batch: list[tuple[PartitionKey, str, pa.Table]] = []
    rows = 0
    for each in wanted:
        batch.append(each)
        rows += len(each[2])
        if len(batch) == _FILES or rows >= _ROWS:
            yield batch
            batch, rows = [], 0
    if batch:
        yield batch
