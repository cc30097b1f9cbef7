"""Who watches a run hears each of its events once, in order, whichever process writes them."""

from __future__ import annotations

import multiprocessing
import queue
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._core.event_api import EventLogCursor
from dagster._core.storage.dagster_run import DagsterRunStatus
from dagster._core.storage.event_log.base import EventLogConnection, EventLogStorage

from marketdata_tests.graph.event_log_history import materialization, ours

PATIENCE = 20


@pytest.fixture
def log(tmp_path: Path) -> Iterator[EventLogStorage]:
    storage = ours(tmp_path)
    yield storage
    storage.dispose()


def events(run_id: str, first: int, last: int) -> list[dg.EventLogEntry]:
    return [materialization(run_id, "prices", str(n), 1e9 + n) for n in range(first, last)]


def listener() -> tuple[Callable[[dg.EventLogEntry, str], object], queue.Queue[tuple[str, str]]]:
    heard: queue.Queue[tuple[str, str]] = queue.Queue()
    return lambda event, cursor: heard.put((str(event.get_dagster_event().partition), cursor)), heard


def write_many(folder: Path) -> None:
    """What the other process does; it is spawned, because a fork of a process with threads may never wake."""
    ours(folder).store_event_batch(events("run", 0, 2500))


def take(heard: queue.Queue[tuple[str, str]], n: int) -> list[str]:
    return [heard.get(timeout=PATIENCE)[0] for _ in range(n)]


def test_a_watcher_hears_what_is_there_and_what_comes(log: EventLogStorage) -> None:
    log.store_event_batch(events("run", 0, 3))
    handler, heard = listener()
    log.watch("run", None, handler)
    assert take(heard, 3) == ["0", "1", "2"]
    log.store_event_batch(events("other", 0, 9) + events("run", 3, 5))
    assert take(heard, 2) == ["3", "4"]
    assert heard.empty()


def test_a_watcher_hears_another_process(log: EventLogStorage, tmp_path: Path) -> None:
    handler, heard = listener()
    log.watch("run", None, handler)
    writer = multiprocessing.get_context("spawn").Process(target=write_many, args=(tmp_path,))
    writer.start()
    writer.join()
    assert take(heard, 2500) == [str(n) for n in range(2500)]


def test_a_watcher_starts_after_its_cursor_and_is_told_the_next(log: EventLogStorage) -> None:
    log.store_event_batch(events("run", 0, 4))
    cursor = log.get_records_for_run("run", limit=2).cursor
    handler, heard = listener()
    log.watch("run", cursor, handler)
    first = heard.get(timeout=PATIENCE)
    assert first == ("2", EventLogCursor.from_storage_id(3).to_string())
    assert [r.event_log_entry for r in log.get_records_for_run("run", first[1]).records] == events("run", 3, 4)


def test_a_watcher_that_left_hears_no_more_and_the_others_do(log: EventLogStorage) -> None:
    gone, silence = listener()
    stays, heard = listener()
    log.watch("run", None, gone)
    log.watch("run", None, stays)
    log.end_watch("run", gone)
    log.end_watch("run", gone)
    log.store_event_batch(events("run", 0, 2))
    assert take(heard, 2) == ["0", "1"]
    assert silence.empty()


def test_a_watcher_that_says_the_run_is_over_is_let_go(log: EventLogStorage) -> None:
    heard: queue.Queue[str] = queue.Queue()

    def until_the_end(event: dg.EventLogEntry, _cursor: str) -> DagsterRunStatus:
        heard.put(str(event.get_dagster_event().partition))
        return DagsterRunStatus.SUCCESS

    stays, others = listener()
    log.watch("run", None, until_the_end)
    log.watch("run", None, stays)
    log.store_event_batch(events("run", 0, 3))
    assert take(others, 3) == ["0", "1", "2"]
    assert heard.get(timeout=PATIENCE) == "0"
    assert heard.empty()


def test_a_watcher_that_fails_hears_the_next_event(log: EventLogStorage) -> None:
    heard: queue.Queue[str] = queue.Queue()

    def fails(event: dg.EventLogEntry, _cursor: str) -> None:
        heard.put(str(event.get_dagster_event().partition))
        raise ValueError("the page was closed")

    log.watch("run", None, fails)
    log.store_event_batch(events("run", 0, 2))
    assert [heard.get(timeout=PATIENCE) for _ in range(2)] == ["0", "1"]


def test_a_log_can_be_watched_again_after_everybody_left(log: EventLogStorage) -> None:
    for n in range(3):
        handler, heard = listener()
        log.watch("run", log.get_records_for_run("run").cursor, handler)
        log.store_event_batch(events("run", n, n + 1))
        assert take(heard, 1) == [str(n)]
        log.end_watch("run", handler)


def test_a_log_that_cannot_be_read_for_a_while_is_read_on(log: EventLogStorage, monkeypatch: pytest.MonkeyPatch) -> None:
    handler, heard = listener()
    log.store_event_batch(events("run", 0, 2))
    really, failures = log.get_records_for_run, iter([OSError("disk gone"), OSError("still gone")])

    def sometimes(*args: Any, **more: Any) -> EventLogConnection:
        if failure := next(failures, None):
            raise failure
        return really(*args, **more)

    monkeypatch.setattr(log, "get_records_for_run", sometimes)
    log.watch("run", None, handler)
    assert take(heard, 2) == ["0", "1"]
