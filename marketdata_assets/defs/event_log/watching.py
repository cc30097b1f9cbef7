"""New events of a run, told to whoever watches it: the live log of the Dagster UI."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass

from dagster._core.event_api import EventLogCursor
from dagster._core.events.log import EventLogEntry
from dagster._core.storage.dagster_run import DagsterRunStatus
from dagster._core.storage.event_log.base import EventLogConnection

POLL_SECONDS = 0.2
PAGE = 1000
FINISHED = {DagsterRunStatus.SUCCESS, DagsterRunStatus.FAILURE, DagsterRunStatus.CANCELED}

Handler = Callable[[EventLogEntry, str], object]
Read = Callable[[str, str | None, int], EventLogConnection]


@dataclass(eq=False)
class Watch:
    """One handler on one run, and how far it has been told."""

    run_id: str
    cursor: str | None
    handler: Handler


class Watcher:
    """Asks the log for news of the watched runs, every fifth of a second, in one thread that lives as long as somebody watches.

    It asks, because a file notice misses what is written to the write-ahead log, and because other processes write.
    """

    def __init__(self, read: Read) -> None:
        self._read = read
        self._lock = threading.Lock()
        self._watches: list[Watch] = []
        self._thread: threading.Thread | None = None
        self._closed = threading.Event()

    def watch(self, run_id: str, cursor: str | None, handler: Handler) -> None:
        """Tell `handler` every event of the run after `cursor` (None: from the first), in order, each once."""
        with self._lock:
            self._watches.append(Watch(run_id, cursor, handler))
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._follow, name="event-log-watcher", daemon=True)
                self._thread.start()

    def end_watch(self, run_id: str, handler: Handler) -> None:
        """Tell this handler no more; unknown ones are no error."""
        with self._lock:
            self._watches = [w for w in self._watches if (w.run_id, w.handler) != (run_id, handler)]

    def close(self) -> None:
        """End all watches and the thread."""
        self._closed.set()
        with self._lock:
            self._watches, thread = [], self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout=15)

    def _follow(self) -> None:
        while True:
            with self._lock:
                watches = list(self._watches)
                if not watches:
                    self._thread = None
                    return
            for watch in watches:
                try:
                    self._tell(watch)
                except Exception:  # the file may be locked for a while; the next round asks again from the same cursor
                    logging.getLogger("dagster").exception("The events of run %s could not be read.", watch.run_id)
            if self._closed.wait(POLL_SECONDS):
                return

    def _tell(self, watch: Watch) -> None:
        more = True
        while more:
            news = self._read(watch.run_id, watch.cursor, PAGE)
            for record in news.records:
                if watch not in self._watches:
                    return
                watch.cursor = EventLogCursor.from_storage_id(record.storage_id).to_string()
                self._call(watch, record.event_log_entry, watch.cursor)
            more = news.has_more

    def _call(self, watch: Watch, event: EventLogEntry, cursor: str) -> None:
        try:
            status = watch.handler(event, cursor)
        except Exception:  # a handler's failure is its own
            logging.getLogger("dagster").exception("Exception in callback for event watch on run %s.", watch.run_id)
            return
        if status in FINISHED:
            self.end_watch(watch.run_id, watch.handler)
