"""A writer that is killed leaves whole batches: the events, tags and asset rows of each, or none of them."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import sqlite3
import time
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path

import dagster as dg
import pytest

from marketdata_assets.defs.event_log import writing
from marketdata_tests.graph.event_log_history import materialization, ours

FORK = multiprocessing.get_context("fork")
BATCH = 200


def batch(number: int) -> list[dg.EventLogEntry]:
    return [materialization(f"run-{number}", f"asset{n % 3}", f"{number}|S{n:04d}", 1e9 + number) for n in range(BATCH)]


def write_for_ever(base_dir: Path, done: Connection) -> None:
    log, number = ours(base_dir), 0
    while True:
        log.store_event_batch(batch(number))
        done.send(number)
        number += 1


def committed(base_dir: Path) -> int:
    """Whole batches in the file; every part of the file agrees on them."""
    with sqlite3.connect(base_dir / "event_log.db") as file:
        assert file.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        sizes = {n for (n,) in file.execute("SELECT count(*) FROM event_logs GROUP BY run_id")}
        events, tags = (file.execute(f"SELECT count(*) FROM {t}").fetchone()[0] for t in ("event_logs", "asset_event_tags"))
        latest = {run for (run,) in file.execute("SELECT last_run_id FROM asset_keys")}
    assert sizes <= {BATCH}
    assert events == tags
    assert latest == ({f"run-{events // BATCH - 1}"} if events else set())
    return events // BATCH


def kill_after(base_dir: Path, seconds: float) -> int:
    """How many batches a writer had reported when it was killed."""
    heard, says = FORK.Pipe(duplex=False)
    writer = FORK.Process(target=write_for_ever, args=(base_dir, says))
    writer.start()
    says.close()
    heard.recv()
    time.sleep(seconds)
    assert writer.pid is not None
    os.kill(writer.pid, signal.SIGKILL)
    writer.join()
    last = 0
    with suppress(EOFError):
        while heard.poll():
            last = heard.recv()
    return last + 1


def killed_at_random(folder: Path, times: int) -> None:
    moments = random.Random(7)
    for n in range(times):
        base_dir = folder / str(n)
        reported = kill_after(base_dir, moments.uniform(0, 0.15))
        found = committed(base_dir)
        assert reported <= found <= reported + 1, "nothing that was reported is lost, nothing that was not begun is there"
        log = ours(base_dir)
        log.store_event_batch(batch(found))
        log.dispose()
        assert committed(base_dir) == found + 1


def test_a_writer_killed_at_any_moment_leaves_whole_batches(tmp_path: Path) -> None:
    killed_at_random(tmp_path, 4)


@pytest.mark.full
def test_a_writer_killed_at_a_hundred_moments_leaves_whole_batches(tmp_path: Path) -> None:
    killed_at_random(tmp_path, 100)


@pytest.mark.parametrize("statement", ["add_events", "add_tags", "put_asset"])
def test_a_writer_killed_after_any_statement_leaves_nothing_of_the_batch(
    tmp_path: Path, statement: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = ours(tmp_path)
    log.store_event_batch(batch(0))
    log.dispose()
    really = getattr(writing, statement)

    def and_die(*args: object) -> None:
        really(*args)
        os.kill(os.getpid(), signal.SIGKILL)

    monkeypatch.setattr(writing, statement, and_die)
    writer = FORK.Process(target=lambda: ours(tmp_path).store_event_batch(batch(1)))
    writer.start()
    writer.join()
    assert writer.exitcode == -signal.SIGKILL
    assert committed(tmp_path) == 1


def test_a_batch_that_fails_leaves_nothing_and_the_next_one_is_stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = ours(tmp_path)

    def full(*_: object) -> None:
        raise OSError("disk full")

    with monkeypatch.context() as patch:
        patch.setattr(writing, "put_asset", full)
        with pytest.raises(OSError, match="disk full"):
            log.store_event_batch(batch(0))
    assert log.all_asset_keys() == []
    log.store_event_batch(batch(0))
    log.dispose()
    assert committed(tmp_path) == 1


def test_an_instance_whose_batch_is_refused_stores_its_events_one_by_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from dagster._core.events import DagsterEventBatchMetadata

    from marketdata_tests.graph.event_log_history import instance_with

    with instance_with("ours", tmp_path) as instance:
        store, really = instance.event_log_storage, writing.add_events
        monkeypatch.setattr(writing, "add_events", lambda conn, rows: really(conn, rows) if len(rows) == 1 else 1 / 0)
        events = batch(0)[:5]
        for n, event in enumerate(events):
            instance.handle_new_event(event, batch_metadata=DagsterEventBatchMetadata("b", n == 4))
        assert [e.timestamp for e in store.get_logs_for_run("run-0")] == [e.timestamp for e in events]
