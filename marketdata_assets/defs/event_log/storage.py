"""The event-log storage that dagster.yaml names: Dagster's consolidated SQLite log, a batch to a transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import sqlalchemy as db
from dagster import DagsterInstance, Field, IntSource, StringSource
from dagster._core.definitions.events import AssetKey
from dagster._core.event_api import EventHandlerFn
from dagster._core.events.log import EventLogEntry
from dagster._core.instance.config import DAGSTER_CONFIG_YAML_FILENAME
from dagster._core.instance.utils import _get_event_batch_size
from dagster._core.storage.event_log.schema import AssetKeyTable
from dagster._core.storage.event_log.sql_event_log import SqlEventLogStorage
from dagster._core.storage.sql import AlembicVersion, check_alembic_revision, run_alembic_upgrade
from dagster._serdes import ConfigurableClass, ConfigurableClassData
from dagster._utils.concurrency import ConcurrencyClaimStatus
from sqlalchemy.engine import Connection

from marketdata_assets.core.faults import ConfigFault
from marketdata_assets.defs.event_log import writing
from marketdata_assets.defs.event_log.connections import KeptConnections
from marketdata_assets.defs.event_log.rows import last_of_each_kind, row_of, tags_of
from marketdata_assets.defs.event_log.schema import ensure_schema, migrations
from marketdata_assets.defs.event_log.watching import Watcher

FILE = "event_log.db"
BATCH_SIZE = 1000


class EmbeddedEventLogStorage(SqlEventLogStorage, ConfigurableClass):
    """Everything that Dagster records about runs, assets and checks, in one SQLite file `<base_dir>/event_log.db`.

    The layout is that of Dagster's ConsolidatedSqliteEventLogStorage: either class reads what the other wrote. An event
    with its tags, its asset's row and its check's row is one transaction, and so is a batch of up to `batch_size` events.
    ConfigFault when `base_dir` is relative and this is not the project folder.
    """

    def __init__(self, base_dir: str, batch_size: int = BATCH_SIZE, inst_data: ConfigurableClassData | None = None) -> None:
        self._inst_data = inst_data
        self._batch_size = batch_size
        self._connections = KeptConnections(_folder(base_dir) / FILE)
        self._known: set[str] = set()
        self._watcher = Watcher(lambda run_id, cursor, limit: self.get_records_for_run(run_id, cursor, limit=limit))
        ensure_schema(self._connections, self._mark_migrated)
        super().__init__()  # type: ignore[no-untyped-call]

    @property
    def inst_data(self) -> ConfigurableClassData | None:
        """Where the configuration came from; `dagster instance info` shows it."""
        return self._inst_data

    @classmethod
    def config_type(cls) -> Mapping[str, Any]:
        """What dagster.yaml may say under `config`."""
        return {"base_dir": StringSource, "batch_size": Field(IntSource, is_required=False, default_value=BATCH_SIZE)}

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]) -> Self:
        """The storage as dagster.yaml describes it."""
        return cls(inst_data=inst_data, **config_value)

    def register_instance(self, instance: DagsterInstance) -> None:
        """Serve this instance, and have it hand events over in batches.

        Dagster batches only when DAGSTER_EVENT_BATCH_SIZE says so; where that is unset or 0, `batch_size` stands in.
        """
        super().register_instance(instance)
        size = self._batch_size
        instance._get_event_batch_size = lambda: _get_event_batch_size() or size  # type: ignore[method-assign]  # noqa: SLF001

    def store_event(self, event: EventLogEntry) -> None:
        """Store one event with all that follows from it."""
        self.store_event_batch([event])

    def store_event_batch(self, events: Sequence[EventLogEntry]) -> None:
        """Store these events, in this order, with all that follows from them: all of them or, after an error or a kill, none."""
        rows = [row_of(event) for event in events]
        with self._connections.transaction() as conn:
            stored = list(zip(writing.add_events(conn, rows), rows, strict=True))
            assets = [(number, row) for number, row in stored if row.about_an_asset]
            writing.add_tags(conn, [(number, row, tags_of(row, self.get_asset_tags_to_index)) for number, row in assets])
            for key, latest in last_of_each_kind(assets).items():
                values: dict[str, Any] = {}
                for number, row in latest:
                    values |= self._get_asset_entry_values(row.event, number, has_asset_key_index_cols=True)
                if values:
                    writing.put_asset(conn, key, values)
            for number, row in stored:
                if row.about_a_check:
                    writing.put_check(conn, number, row)

    def run_connection(self, run_id: str | None = None) -> AbstractContextManager[Connection]:  # noqa: ARG002 - all runs share the file
        """A connection to the events of any run."""
        return self._connections.connect()

    def index_connection(self) -> AbstractContextManager[Connection]:
        """A connection to what is known across runs."""
        return self._connections.connect()

    @contextmanager
    def index_transaction(self) -> Iterator[Connection]:
        """A connection that holds the write lock."""
        with self._connections.transaction() as conn:
            yield conn

    def delete_events(self, run_id: str) -> None:
        """Forget a run's events, as a whole."""
        with self._connections.transaction():
            super().delete_events(run_id)

    def wipe(self) -> None:
        """Forget everything, as a whole."""
        with self._connections.transaction():
            super().wipe()

    def wipe_asset(self, asset_key: AssetKey) -> None:
        """Forget an asset's history and checks, as a whole; the runs keep their events."""
        with self._connections.transaction():
            super().wipe_asset(asset_key)

    def claim_concurrency_slot(
        self, concurrency_key: str, run_id: str, step_key: str, priority: int | None = None
    ) -> ConcurrencyClaimStatus:
        """Claim a slot of a pool, or queue for one. The write lock stands in for the row locks that SQLite does not have."""
        with self._connections.transaction():
            return super().claim_concurrency_slot(concurrency_key, run_id, step_key, priority)

    def has_table(self, table_name: str) -> bool:
        """Whether the file has the table; one that was seen is not looked for again."""
        return self._once(f"table {table_name}", lambda conn: db.inspect(conn).has_table(table_name))

    def has_asset_key_col(self, column_name: str) -> bool:
        """Whether asset rows have the column."""
        return self._once(
            f"column {column_name}", lambda conn: any(c["name"] == column_name for c in db.inspect(conn).get_columns(AssetKeyTable.name))
        )

    def has_secondary_index(self, name: str) -> bool:
        """Whether the data migration is done."""
        return self._once(f"index {name}", lambda _conn: super(EmbeddedEventLogStorage, self).has_secondary_index(name))

    @cached_property
    def supports_global_concurrency_limits(self) -> bool:
        """Whether pools can be limited across runs."""
        return self.has_table("concurrency_limits")

    def upgrade(self) -> None:
        """Bring an older file to Dagster's present layout: `dagster instance migrate`."""
        with self._connections.connect() as conn:
            run_alembic_upgrade(migrations(), conn)
        self._known.clear()

    def alembic_version(self) -> AlembicVersion:
        """The file's layout revision and Dagster's present one."""
        with self._connections.connect() as conn:
            return check_alembic_revision(migrations(), conn)

    def watch(self, run_id: str, cursor: str | None, callback: EventHandlerFn) -> None:
        """Tell `callback` the run's events after `cursor` as they come, whichever process writes them."""
        self._watcher.watch(run_id, cursor, callback)

    def end_watch(self, run_id: str, handler: EventHandlerFn) -> None:
        """Tell it no more."""
        self._watcher.end_watch(run_id, handler)

    def dispose(self) -> None:
        """End the watches and close the file."""
        self._watcher.close()
        self._connections.close()

    def _mark_migrated(self) -> None:
        self.reindex_events()
        self.reindex_assets()

    def _once(self, fact: str, look: Callable[[Connection], bool]) -> bool:
        """A fact that stays true once it is."""
        if fact in self._known:
            return True
        with self._connections.connect() as conn:
            found = look(conn)
        if found:
            self._known.add(fact)
        return found


def _folder(base_dir: str) -> Path:
    folder = Path(base_dir).expanduser()
    if not folder.is_absolute() and not Path(DAGSTER_CONFIG_YAML_FILENAME).is_file():
        raise ConfigFault(
            "open Dagster's event log", f"base_dir is relative and {Path.cwd()} holds no {DAGSTER_CONFIG_YAML_FILENAME}",
            "run dagster in the project folder, or write an absolute base_dir into dagster.yaml", base_dir=base_dir,
        )  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    return folder.absolute()
