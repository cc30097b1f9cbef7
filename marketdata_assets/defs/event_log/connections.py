"""Kept connections to one SQLite file: opened once, shared by a process's threads, safe beside other processes and across forks."""

from __future__ import annotations

import os
import sys
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from sqlite3 import Connection as SqliteConnection

import sqlalchemy as db
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from sqlalchemy.engine import Connection
from sqlalchemy.pool import QueuePool

# Under WAL, synchronous=NORMAL commits without fsync. A killed process loses nothing that was committed; a power cut may lose
# the last commits whole, never a part of one, and never tears the file (https://www.sqlite.org/pragma.html#pragma_synchronous).
PRAGMAS = ("synchronous=NORMAL", "temp_store=MEMORY", "cache_size=-16384", "wal_autocheckpoint=4000")
KEPT = 4


class KeptConnections:
    """Connections to the SQLite file `path`, handed out again instead of opened anew.

    Readers never wait. Writers wait for each other as long as Dagster's own busy timeout, 30 seconds. A fork closes the idle
    connections first: SQLite forbids a child to use, or even to close, what its parent opened.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._here = threading.local()
        self._engine = db.create_engine(
            f"sqlite:///{path}",
            poolclass=QueuePool,
            pool_size=KEPT,
            max_overflow=-1,
            connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS, "check_same_thread": False},
        )
        db.event.listen(self._engine, "connect", _prepare)
        _living.add(self)

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        """A connection whose changes are committed at the end; inside this thread's `transaction()`, that transaction's own."""
        held: Connection | None = getattr(self._here, "held", None)
        if held is not None:
            yield held
            return
        with self._engine.begin() as conn:
            yield conn

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """The file's one write transaction: all of the block takes effect, or after an error or a kill nothing of it.

        The write lock is taken first, so what the block reads is still true when it writes. A transaction inside a
        transaction of the same thread is part of it.
        """
        held: Connection | None = getattr(self._here, "held", None)
        if held is not None:
            yield held
            return
        with self._engine.connect() as conn:
            conn.exec_driver_sql("BEGIN IMMEDIATE")
            self._here.held = conn
            try:
                yield conn
                conn.commit()
            finally:
                self._here.held = None  # after an error the pool rolls the connection back

    def close(self) -> None:
        """Close the idle connections; the next use opens new ones."""
        self._engine.dispose()

    def forget(self) -> None:
        """Drop the connections without closing them: for the child of a fork."""
        self._here = threading.local()
        self._engine.dispose(close=False)


_living: weakref.WeakSet[KeptConnections] = weakref.WeakSet()


def _prepare(connection: SqliteConnection, _record: object) -> None:
    for pragma in PRAGMAS:
        connection.execute(f"PRAGMA {pragma}").close()


def _before_fork() -> None:
    for connections in list(_living):
        connections.close()


def _in_the_child() -> None:
    for connections in list(_living):
        connections.forget()


if sys.platform != "win32":
    os.register_at_fork(before=_before_fork, after_in_child=_in_the_child)
