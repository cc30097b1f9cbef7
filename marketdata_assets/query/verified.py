"""A table's files as an Arrow dataset that opens only what a question needs and hands out no byte it has not verified.

Arrow's own dataset over a Python file system would do, but its threads and ours wait for each other's locks when a read fails. So files
are read and verified here, and Arrow decodes them from memory.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from functools import reduce
from itertools import islice
from operator import and_
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.fs as pfs
import pyarrow.parquet as pq

from marketdata_assets.core.faults import Fault
from marketdata_assets.core.periods import period_window
from marketdata_assets.lake.layout import PartitionKey, key_of
from marketdata_assets.lake.scan import read_verified
from marketdata_assets.lake.store import MissingFault, Store
from marketdata_assets.query.catalog import View

SOURCE = "source"
_PARQUET = ds.ParquetFileFormat()
_TOGETHER_FILES, _TOGETHER_BYTES = 64, 32 * 2**20
_THREADS = os.cpu_count() or 1


class Reading:
    """What the tables of one query have read: how many files were opened, and the `faults` that reading raised, the first one first.

    After a fault a table ends early, so whoever reads on looks here before using what came, and takes the fault out to raise it:
    left here, it would hold the query's connection in a ring until the process ends.
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        self.opened = 0
        self.faults: list[Fault] = []


class File(NamedTuple):
    """One file of a table, and what every row of it obeys."""

    path: str
    size: int
    holds: Any


class VerifiedTable(ds.FileSystemDataset):  # type: ignore[misc]
    """All files of a view from one listing; each says which symbol, source and span of time it holds, so others stay closed."""

    def __init__(self, reading: Reading, view: View) -> None:
        listed = list(_files(reading.store, view))
        schema = _schema(reading.store, view, listed)
        promises = _Promises(view, schema)
        files = [File(path, size, promises.of(table_path, key)) for path, size, table_path, key in listed]
        nowhere = pfs.LocalFileSystem()
        super().__init__([_PARQUET.make_fragment(f.path, nowhere, partition_expression=f.holds) for f in files], schema, _PARQUET, nowhere)
        self._reading, self._view = reading, view
        self._by_path = {file.path: file for file in files}

    def scanner(self, columns: Sequence[str] | None = None, filter: Any = None, **_: object) -> _Scan:  # noqa: A002 - Arrow's name
        """A scan of the files that can hold rows which `filter` keeps; how DuckDB asks a dataset for its rows."""
        chosen = [self._by_path[fragment.path] for fragment in self.get_fragments(filter)]
        return _Scan(self._reading, self._view, self.schema, chosen, columns, filter)


class _Scan(NamedTuple):
    reading: Reading
    view: View
    schema: pa.Schema
    files: Sequence[File]
    columns: Sequence[str] | None
    filter: Any

    def to_reader(self) -> pa.RecordBatchReader:
        empty = self._decode([])
        return pa.RecordBatchReader.from_batches(empty.schema, self._batches())

    def _batches(self) -> Iterator[pa.RecordBatch]:
        """Rows in the order of the files; a few groups of files are read ahead. Ends early at the first fault."""
        pool = ThreadPoolExecutor(_THREADS)
        groups = _together(self.files)
        ahead: deque[Future[pa.Table]] = deque(pool.submit(self._rows, group) for group in islice(groups, 2 * _THREADS))
        try:
            while ahead and not self.reading.faults:
                rows = ahead.popleft().result()
                ahead.extend(pool.submit(self._rows, group) for group in islice(groups, 1))
                yield from rows.to_batches()
        except Fault as fault:
            self.reading.faults.append(fault)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    def _rows(self, group: Sequence[File]) -> pa.Table:
        return self._decode([(file, self._verified(file.path)) for file in group])

    def _verified(self, path: str) -> bytes:
        for file in read_verified(self.reading.store, [path], self.view.table):
            self.reading.opened += 1
            return file.data
        raise MissingFault("reading a file of the lake", f"{path} is gone since it was listed", "ask again", path=path)

    def _decode(self, read: Sequence[tuple[File, bytes]]) -> pa.Table:
        fragments = [_PARQUET.make_fragment(pa.BufferReader(data), partition_expression=file.holds) for file, data in read]
        columns = None if self.columns is None else list(self.columns)
        return ds.FileSystemDataset(fragments, self.schema, _PARQUET).to_table(columns=columns, filter=self.filter, use_threads=False)


def _together(files: Iterable[File]) -> Iterator[list[File]]:
    """Small files in groups, as each decoding costs more than their rows; the first ones smaller, for questions soon answered."""
    group: list[File] = []
    size, most = 0, 4
    for file in files:
        if group and (len(group) == most or size + file.size > _TOGETHER_BYTES):
            yield group
            group, size, most = [], 0, min(2 * most, _TOGETHER_FILES)
        group.append(file)
        size += file.size
    if group:
        yield group


def _files(store: Store, view: View) -> Iterator[tuple[str, int, str, PartitionKey]]:
    alone = store.stat(f"{view.prefix}.parquet")
    for entry in ([alone] if alone else []) + store.list(view.prefix):
        found = key_of(entry.path)
        if found and found[0].count("/") == (2 if view.by_source else 1):
            yield entry.path, entry.size, *found


def _schema(store: Store, view: View, listed: Sequence[tuple[str, int, str, PartitionKey]]) -> pa.Schema:
    if view.table is not None:
        schema = pa.schema([pa.field(f.name, _plain(f.type)) for f in view.table.empty().to_arrow().schema])
    else:
        schema = pq.read_schema(pa.BufferReader(read_verified(store, [listed[0][0]])[0].data)).remove_metadata()
    return schema.insert(0, pa.field(SOURCE, pa.string())) if view.by_source and SOURCE not in schema.names else schema


def _plain(kind: pa.DataType) -> pa.DataType:
    """Text as Parquet gives it back: Polars hands over large strings, files hold plain ones."""
    return pa.string() if pa.types.is_large_string(kind) else kind


class _Promises:
    """What every row of a file obeys, by its place; each part is made once, because thousands of files share it."""

    def __init__(self, view: View, schema: pa.Schema) -> None:
        self._schema = schema
        self._source = view.by_source
        self._symbol = "symbol" in schema.names
        self._dated_by = view.table.dated_by if view.table else None
        self._parts: dict[tuple[str, str], Any] = {}

    def of(self, table_path: str, key: PartitionKey) -> Any:
        parts = []
        if self._source:
            parts.append(self._part(SOURCE, table_path.rpartition("/")[2]))
        if key.symbol is not None and self._symbol:
            parts.append(self._part("symbol", key.symbol))
        if key.period is not None and self._dated_by is not None:
            parts.append(self._part(self._dated_by, key.period))
        return reduce(and_, parts) if parts else pc.scalar(True)

    def _part(self, column: str, value: str) -> Any:
        if (column, value) not in self._parts:
            made = self._within(column, value) if column == self._dated_by else pc.field(column) == value
            self._parts[column, value] = made
        return self._parts[column, value]

    def _within(self, column: str, period: str) -> Any:
        window, kind = period_window(period), self._schema.field(column).type
        return (pc.field(column) >= _scalar(window.start, kind)) & (pc.field(column) < _scalar(window.end, kind))


def _scalar(instant: datetime, kind: pa.DataType) -> pa.Scalar:
    return pa.scalar(instant.date() if pa.types.is_date(kind) else instant, kind)
