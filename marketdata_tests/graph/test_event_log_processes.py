"""Several processes and threads use one event log at a time: nothing is lost, nothing is read twice, nobody is locked out."""

from __future__ import annotations

import multiprocessing
import threading
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Event
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.events import DagsterEventType

from marketdata_tests.graph.event_log_history import materialization, ours

FORK = multiprocessing.get_context("fork")
WRITERS, BATCHES, SIZE = 3, 15, 40


def write(base_dir: Path, writer: int, start: Event) -> None:
    start.wait()
    log = ours(base_dir)
    for number in range(BATCHES):
        events = [materialization(f"run-{writer}", "prices", f"{writer}|{number}|{n}", 1e9 + number) for n in range(SIZE)]
        log.store_event_batch(events) if number % 3 else [log.store_event(event) for event in events]
    log.dispose()


def start_all(base_dir: Path) -> None:
    """All writers at once, on a home that is not there yet."""
    start = FORK.Event()
    writers = [FORK.Process(target=write, args=(base_dir, n, start)) for n in range(WRITERS)]
    for writer in writers:
        writer.start()
    start.set()
    for writer in writers:
        writer.join()
    assert [writer.exitcode for writer in writers] == [0] * WRITERS


def test_processes_that_write_at_the_same_time_lose_nothing(tmp_path: Path) -> None:
    start_all(tmp_path)
    log = ours(tmp_path)
    for writer in range(WRITERS):
        told = [e.get_dagster_event().partition for e in log.get_logs_for_run(f"run-{writer}")]
        assert told == [f"{writer}|{number}|{n}" for number in range(BATCHES) for n in range(SIZE)], "complete and in order"
    assert len(log.get_materialized_partitions(dg.AssetKey("prices"))) == WRITERS * BATCHES * SIZE
    assert log.get_maximum_record_id() == WRITERS * BATCHES * SIZE
    latest = log.get_latest_materialization_events([dg.AssetKey("prices")])[dg.AssetKey("prices")]
    record = log.fetch_materializations(dg.AssetKey("prices"), limit=1).records[0]
    assert latest == record.event_log_entry, "the asset's row names the last of all writers"


def test_a_reader_sees_whole_batches_and_every_event_once(tmp_path: Path) -> None:
    log, cursor, seen, sizes = ours(tmp_path), None, [], set()
    writer = threading.Thread(target=lambda: [ours(tmp_path).store_event_batch(one_batch(n)) for n in range(30)])
    writer.start()
    while writer.is_alive() or len(seen) < 30 * SIZE:
        page = log.get_records_for_run("run", cursor)
        cursor = page.cursor
        sizes.add(len(page.records) % SIZE)
        seen += [record.event_log_entry.get_dagster_event().partition for record in page.records]
    writer.join()
    assert sizes == {0}
    assert seen == [f"{n}|{k}" for n in range(30) for k in range(SIZE)]


def one_batch(number: int) -> list[dg.EventLogEntry]:
    return [materialization("run", "prices", f"{number}|{k}", 1e9) for k in range(SIZE)]


def test_threads_share_one_storage(tmp_path: Path) -> None:
    log = ours(tmp_path)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: log.store_event_batch(one_batch(n)), range(24)))
        counts = list(pool.map(lambda _: len(log.get_materialized_partitions(dg.AssetKey("prices"))), range(24)))
    assert set(counts) == {24 * SIZE}


def test_a_forked_child_uses_the_storage_of_its_parent(tmp_path: Path) -> None:
    log = ours(tmp_path)
    log.store_event_batch(one_batch(0))
    child = FORK.Process(target=lambda: log.store_event_batch(one_batch(1)))
    child.start()
    child.join()
    assert child.exitcode == 0
    log.store_event_batch(one_batch(2))
    assert len(log.get_logs_for_run("run")) == 3 * SIZE
    assert log.get_latest_storage_id_by_partition(dg.AssetKey("prices"), DagsterEventType.ASSET_MATERIALIZATION)["2|0"] == 2 * SIZE + 1


def open_files(says: Connection) -> None:
    says.send([str(fd.readlink()) for fd in Path("/proc/self/fd").iterdir() if fd.is_symlink()])


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs a list of open files")
def test_a_fork_carries_no_open_database_into_the_child(tmp_path: Path) -> None:
    log = ours(tmp_path)
    log.store_event_batch(one_batch(0))
    heard, says = FORK.Pipe(duplex=False)
    child = FORK.Process(target=open_files, args=(says,))
    child.start()
    says.close()
    opened = heard.recv()
    child.join()
    assert opened
    assert [path for path in opened if path.startswith(str(tmp_path))] == []


def claim(base_dir: Path, writer: int, start: Event, says: Connection) -> None:
    start.wait()
    log = ours(base_dir)
    claimed = [n for n in range(10) if log.claim_concurrency_slot("vendor", f"run-{writer}", f"step-{n}").is_claimed]
    says.send(len(claimed))


def test_a_pool_of_three_is_claimed_three_times_however_many_ask(tmp_path: Path) -> None:
    log = ours(tmp_path)
    log.set_concurrency_slots("vendor", 3)
    start = FORK.Event()
    pipes = [FORK.Pipe(duplex=False) for _ in range(WRITERS)]
    for n, (_, says) in enumerate(pipes):
        FORK.Process(target=claim, args=(tmp_path, n, start, says)).start()
        says.close()
    start.set()
    assert sum(heard.recv() for heard, _ in pipes) == 3
    info = log.get_concurrency_info("vendor")
    assert (info.active_slot_count, info.pending_step_count + info.assigned_step_count) == (3, 30)
    log.free_concurrency_slots_for_run("run-0")
    assert log.get_concurrency_info("vendor").active_slot_count <= 3
