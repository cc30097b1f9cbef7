"""SQL over the lake: DuckDB on the lake's tables as views, one reading statement at a time, with nothing else in reach."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import duckdb
import polars as pl
import pyarrow as pa

from marketdata_assets.core.faults import QueryFault
from marketdata_assets.pipeline.platform import Platform
from marketdata_assets.query.catalog import View, catalog, find_view, short_names
from marketdata_assets.query.refusals import as_fault
from marketdata_assets.query.verified import Reading, VerifiedTable

DEADLINE_SECONDS = 300.0
_BATCH_ROWS = 65_536
_READING = {"SELECT", "EXPLAIN"}
_ABOUT_TABLES = re.compile(r"\b(information_schema|show|duckdb_\w+|pragma_\w+|query_table|query)\b", re.IGNORECASE)
# In this order: after external access is off, DuckDB refuses to change where it would spill, and after the lock everything else.
_GUARD = (
    "SET TimeZone = 'UTC'",
    "SET memory_limit = '50%'",
    "SET temp_directory = ''",
    "SET autoinstall_known_extensions = false",
    "SET autoload_known_extensions = false",
    "SET allow_community_extensions = false",
    "SET python_enable_replacements = false",
    "SET enable_external_access = false",
    "SET lock_configuration = true",
)


class Answer(NamedTuple):
    """The rows of a query, and whether it had more than were asked for."""

    rows: pl.DataFrame
    more: bool


class Rows(NamedTuple):
    """The columns of an answer and its rows, batch by batch."""

    schema: pa.Schema
    batches: Iterator[pa.RecordBatch]


def ask(platform: Platform, statement: str, *, limit: int | None = None, seconds: float = DEADLINE_SECONDS) -> Answer:
    """The rows of one SELECT over the lake's tables, at most `limit` of them; instants come as UTC.

    Every table is a view, `us_equities.validated_bars_1d`; a name that only one asset class has needs none in front. `QueryFault` for
    anything but one reading statement, for names there are not, for files, settings, extensions or the network, for a query
    that needs more than half the memory or longer than `seconds`; `CorruptFault` when a file that it needs is damaged.
    """
    with answering(platform, statement, seconds=seconds) as rows:
        kept: list[pa.RecordBatch] = []
        count = 0
        for batch in rows.batches:
            kept.append(batch)
            count += batch.num_rows
            if limit is not None and count > limit:
                break
        frame = pl.DataFrame(pl.from_arrow(pa.Table.from_batches(kept, rows.schema)))
    return Answer(frame if limit is None else frame.head(limit), limit is not None and frame.height > limit)


@contextmanager
def answering(platform: Platform, statement: str, *, seconds: float = DEADLINE_SECONDS) -> Iterator[Rows]:
    """The same rows as they come, for results that need not fit into memory. A batch stands once it was handed over."""
    run = _Run(platform, seconds)
    try:
        with run.refusing():
            reader = run.start(statement)
        yield Rows(reader.schema, run.checked(reader))
    finally:
        run.stop()


class _Run:
    """One statement on a connection of its own, with its deadline."""

    def __init__(self, platform: Platform, seconds: float) -> None:
        self._reading = Reading(platform.lake.store)
        self._views = catalog(platform)
        self._named: list[View] = []
        self._seconds = seconds
        self._late = threading.Event()
        self._con = duckdb.connect(":memory:")
        self._timer = threading.Timer(seconds, self._interrupt)
        self._timer.daemon = True

    def start(self, statement: str) -> pa.RecordBatchReader:
        for setting in _GUARD:
            self._con.execute(setting)
        _require_reading(self._con, statement)
        self._named = _named(self._con, statement, self._views)
        shorts = short_names(self._views.values())
        for view in _parts_first(self._named, self._views):
            if not view.made_of:
                self._con.register(_registered(view), VerifiedTable(self._reading, view))
            _offer(self._con, view, len(shorts[view.name]) == 1)
        self._timer.start()
        return self._con.sql(statement).to_arrow_reader(_BATCH_ROWS)

    def checked(self, reader: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
        """Each batch once nothing that was read for it was damaged."""
        while True:
            with self.refusing():
                batch = next(reader, None)
            if batch is None:
                return
            yield batch

    @contextmanager
    def refusing(self) -> Iterator[None]:
        """What DuckDB or Arrow say within the block leaves as a `Fault`, a damaged file before anything else."""
        try:
            yield
        except (duckdb.Error, pa.ArrowException, OSError, RuntimeError) as error:
            self._require_undamaged()
            if self._late.is_set():
                raise QueryFault(
                    "answering the query",
                    f"it ran longer than {self._seconds:g} seconds",
                    "ask for fewer symbols or a shorter time, or allow more",
                ) from None
            raise as_fault(error, self._named) from None
        self._require_undamaged()

    def stop(self) -> None:
        self._timer.cancel()
        self._con.close()

    def _require_undamaged(self) -> None:
        if self._reading.faults:
            raise self._reading.faults.pop(0) from None

    def _interrupt(self) -> None:
        self._late.set()
        self._con.interrupt()


def _require_reading(con: duckdb.DuckDBPyConnection, statement: str) -> None:
    statements = con.extract_statements(statement)
    if len(statements) != 1:
        raise QueryFault("reading the query", f"it holds {len(statements)} statements", "ask one question at a time")
    kind = statements[0].type.name
    if kind == "MULTI":
        raise QueryFault(
            "reading the query", "a PIVOT without its values needs a second statement", "list them: PIVOT t ON symbol IN ('AAPL', 'MSFT')"
        )
    if kind not in _READING:
        raise QueryFault(
            "reading the query",
            f"{kind} is not a question",
            "the lake is read-only here: use SELECT, FROM, WITH, DESCRIBE, SUMMARIZE or EXPLAIN",
        )


def _named(con: duckdb.DuckDBPyConnection, statement: str, views: Mapping[str, View]) -> list[View]:
    """The views that the statement names; all of them when it asks about tables or when its names cannot be told yet."""
    try:
        names = con.get_table_names(statement, qualified=True)
    except duckdb.Error:
        return list(views.values())
    if not names or _ABOUT_TABLES.search(statement):
        return list(views.values())
    return [find_view(views, name.replace('"', "").removeprefix("memory.")) for name in sorted(names)]


def _parts_first(named: Sequence[View], views: Mapping[str, View]) -> list[View]:
    """The views of a query with those they are made of before them, each once."""
    parts = [views[part] for view in named for part in view.made_of]
    held = [view for view in named if not view.made_of]
    return list(dict.fromkeys([*parts, *held, *(view for view in named if view.made_of)]))


def _offer(con: duckdb.DuckDBPyConnection, view: View, alone: bool) -> None:
    con.execute(f'CREATE SCHEMA IF NOT EXISTS "{view.asset_class}"')
    names = [f'"{view.asset_class}"."{view.name}"'] + ([f'"{view.name}"'] if alone else [])
    for name in names:
        con.execute(f"CREATE VIEW {name} AS {view.statement}" if view.made_of else f'CREATE VIEW {name} AS FROM "{_registered(view)}"')


def _registered(view: View) -> str:
    return f"{view.asset_class}__{view.name}"
