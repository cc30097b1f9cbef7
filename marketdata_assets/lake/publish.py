"""Partitions made into files and switched in: unchanged ones left alone, the others written, each as a whole or not at all."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from itertools import accumulate
from typing import NamedTuple

import pyarrow as pa

from marketdata_assets.core.faults import CorruptFault, Fault
from marketdata_assets.lake.layout import PartitionKey, path_of
from marketdata_assets.lake.parquet import Encoded, decode, encode, from_arrow
from marketdata_assets.lake.record import Inputs, column_docs, record_text
from marketdata_assets.lake.seal import open_seal
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

    version: str
    data: bytes | None = None


class Part(NamedTuple):
    """One partition to publish: its key, its file and its rows."""

    key: PartitionKey
    path: str
    rows: pa.Table


@dataclass(frozen=True)
class Publication:
    """The table that is published and what its files are told about their making."""

    table_path: str
    table: Table
    inputs: Inputs = None
    metadata: Mapping[str, str] | None = None

    def record(self, key: PartitionKey, rows: int) -> str:
        """What the file of one partition says of itself."""
        return record_text(self.table, self.table_path, key, rows, self.inputs, self.metadata)

    def encode(self, part: Part) -> Encoded:
        """The file of one partition."""
        return encode(part.rows, self.record(part.key, len(part.rows)), column_docs(self.table))


def publish_parts(
    store: Store, what: Publication, parts: Mapping[PartitionKey, pa.Table], current: Mapping[str, Current]
) -> Iterator[Published]:
    """Each partition once it is durable, in order of `parts`; an empty one that has no file yet is passed over.

    `current` holds the files that exist, by path; a file that changes after it was looked at is a `ConflictFault`. When a file cannot
    be written, the others of its batch are still committed and yielded before the fault is raised, so a second call has only the rest
    to do.
    """
    named = [Part(key, path_of(what.table_path, key), rows) for key, rows in parts.items()]
    wanted = [part for part in named if len(part.rows) or part.path in current]
    done = 0
    for batch in _batches(wanted):
        settled = _settled(store, what, [part for part in batch if part.path in current], current)
        files = _encode_all(what, [part for part in batch if part.path not in settled])
        writes = [Write(path, file.data, _expected(current, path)) for path, file in files.items()]
        outcomes = dict(zip(files, store.write_many(writes) if writes else (), strict=True))
        faults = [outcome for outcome in outcomes.values() if isinstance(outcome, Fault)]
        for key, path, rows in batch:
            if not isinstance(outcomes.get(path), Fault):
                file = settled.get(path) or files[path]
                done += 1
                yield Published(key, path, file.sha256, len(rows), len(file.data), path in files)
        if faults:
            told = {"table": what.table_path, "committed": str(done), "remaining": str(len(wanted) - done)}
            faults[0].context = {**faults[0].context, **told}
            raise faults[0]


def _settled(store: Store, what: Publication, batch: Sequence[Part], current: Mapping[str, Current]) -> dict[str, Encoded]:
    """The files of the batch that are there already, undamaged: the same rows under the same record. They are not even encoded."""
    unread = [part.path for part in batch if current[part.path].data is None]
    fetched = dict(zip(unread, store.fetch(unread), strict=True)) if unread else {}
    alike: list[tuple[Part, Encoded]] = []
    for part in batch:
        data = found.data if (found := fetched.get(part.path)) else current[part.path].data
        with suppress(CorruptFault):
            if data is not None and (sealed := open_seal(data, part.path)).record == json.loads(what.record(part.key, len(part.rows))):
                alike.append((part, Encoded(data, sealed.sha256)))
    if not alike:
        return {}
    old = decode([file.data for _, file in alike], what.table.polars_schema).collect()
    new = from_arrow(pa.concat_tables([part.rows for part, _ in alike]))
    ends = accumulate(len(part.rows) for part, _ in alike)
    spans = ((end - len(part.rows), len(part.rows)) for end, (part, _) in zip(ends, alike, strict=True))
    return {part.path: file for span, (part, file) in zip(spans, alike, strict=True) if old.slice(*span).equals(new.slice(*span))}


def _encode_all(what: Publication, batch: Sequence[Part]) -> dict[str, Encoded]:
    if len(batch) <= 1:
        return {part.path: what.encode(part) for part in batch}
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return dict(zip((part.path for part in batch), pool.map(what.encode, batch), strict=True))


def _expected(current: Mapping[str, Current], path: str) -> str | None:
    return current[path].version if path in current else None


def _batches(wanted: Sequence[Part]) -> Iterator[list[Part]]:
    batch: list[Part] = []
    rows = 0
    for part in wanted:
        batch.append(part)
        rows += len(part.rows)
        if len(batch) == _FILES or rows >= _ROWS:
            yield batch
            batch, rows = [], 0
    if batch:
        yield batch
