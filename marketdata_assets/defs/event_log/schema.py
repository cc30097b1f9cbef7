"""The tables of a fresh event log, as Dagster lays them out for its consolidated SQLite storage."""

from __future__ import annotations

import time
from collections.abc import Callable
from sqlite3 import OperationalError

import sqlalchemy as db
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from dagster._core.storage.event_log import sqlite as stock
from dagster._core.storage.event_log.schema import SqlEventLogStorageMetadata, SqlEventLogStorageTable
from dagster._core.storage.sql import get_alembic_config, stamp_alembic_rev
from dagster._core.storage.sqlite import LAST_KNOWN_STAMPED_SQLITE_ALEMBIC_REVISION

from marketdata_assets.core.faults import StorageFault
from marketdata_assets.defs.event_log.connections import KeptConnections

WAL = "PRAGMA journal_mode=WAL"
ATTEMPTS = 100
PAUSE_SECONDS = 0.1


def migrations() -> Config:
    """Dagster's own migrations of the SQLite event log, which `dagster instance migrate` runs."""
    return get_alembic_config(stock.__file__)


def ensure_schema(connections: KeptConnections, mark_migrated: Callable[[], None]) -> None:
    """Make the file a complete event log at Dagster's present revision; a log that is there is left as it is.

    Tables, revision and marks are one transaction: of several processes on a fresh home the first creates and the others
    find it complete, and a kill leaves nothing half made. `mark_migrated` notes that no data migration is due. A log that
    Dagster's own class left without a revision gets the one that Dagster gives to such files.
    """
    _use_wal(connections)
    if _revision(connections):
        return
    with connections.transaction() as conn:
        if _revision(connections):
            return
        fresh = not db.inspect(conn).has_table(SqlEventLogStorageTable.name)
        SqlEventLogStorageMetadata.create_all(conn)
        stamp_alembic_rev(migrations(), conn, rev="head" if fresh else LAST_KNOWN_STAMPED_SQLITE_ALEMBIC_REVISION)
        if fresh:
            mark_migrated()


def _revision(connections: KeptConnections) -> str | None:
    with connections.connect() as conn:
        return MigrationContext.configure(conn).get_current_revision()


def _use_wal(connections: KeptConnections) -> None:
    """Turn on the write-ahead log, which stays on for the file; SQLite refuses, without waiting, while another process is doing it."""
    for _ in range(ATTEMPTS):
        try:
            with connections.connect() as conn:
                mode = conn.exec_driver_sql(WAL).scalar()
        except db.exc.OperationalError as error:
            if not isinstance(error.orig, OperationalError) or "locked" not in str(error.orig):
                raise
        else:
            if mode == "wal":
                return
            raise StorageFault(
                "prepare the event log", f"the file system offers no write-ahead log (journal mode {mode})",
                "put event_log_storage.base_dir in dagster.yaml on a local disk", path=connections.path,
            )  # fmt: skip
        time.sleep(PAUSE_SECONDS)
    raise StorageFault(
        "prepare the event log", "another process has held the file locked since this one started",
        "stop the other process, or point event_log_storage.base_dir elsewhere", path=connections.path,
    )  # fmt: skip
