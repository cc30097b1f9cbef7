"""A3: many writers append to one partition, as threads and as processes; no update is lost."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from marketdata_assets.lake.lake import Lake, open_lake
from marketdata_tests.support.lake_children import KEY, append_rows, append_rows_to, children
from marketdata_tests.support.lake_samples import PATH, READINGS, NewLake
from marketdata_tests.support.s3_server import S3Server


def assert_nothing_lost(lake: Lake, writers: int, rows: int) -> None:
    found = lake.scan(PATH, READINGS).collect()
    assert found.height == found.unique(["symbol", "timestamp"]).height == writers * rows
    assert found.group_by("version").len()["len"].to_list() == [rows] * writers
    assert lake.scrub() == []


def threads(new_lake: Callable[[], Lake], writers: int, rows: int) -> None:
    shared = new_lake()
    lakes = [shared if writer % 2 else new_lake() for writer in range(writers)]
    with ThreadPoolExecutor(writers) as pool:
        list(pool.map(lambda writer: append_rows_to(lakes[writer], writer, rows), range(writers)))
    assert_nothing_lost(new_lake(), writers, rows)


def processes(root: str, server: S3Server | None, writers: int, rows: int) -> None:
    context = children()
    options = server.options if server else None
    started = [context.Process(target=append_rows, args=(root, options, writer, rows)) for writer in range(writers)]
    for child in started:
        child.start()
    for child in started:
        child.join()
    assert [child.exitcode for child in started] == [0] * writers
    assert_nothing_lost(open_lake(root, s3=options), writers, rows)


def test_appends_from_many_threads_all_land(new_lake: NewLake) -> None:
    threads(new_lake, 8, 5)


def test_appends_from_many_processes_all_land_on_a_disk(tmp_path: Path) -> None:
    processes(str(tmp_path / "lake"), None, 4, 10)


def test_appends_from_many_processes_all_land_in_a_bucket(s3_server: S3Server) -> None:
    processes(f"s3://{s3_server.new_bucket()}/p", s3_server, 3, 4)


@pytest.mark.full
def test_sixteen_threads_of_fifty_appends_all_land(new_lake: NewLake) -> None:
    threads(new_lake, 16, 50)


@pytest.mark.full
def test_sixteen_processes_of_fifty_appends_all_land_on_a_disk(tmp_path: Path) -> None:
    processes(str(tmp_path / "lake"), None, 16, 50)


@pytest.mark.full
def test_sixteen_processes_of_fifty_appends_all_land_in_a_bucket(s3_server: S3Server) -> None:
    processes(f"s3://{s3_server.new_bucket()}/p", s3_server, 16, 50)


def test_the_key_of_the_writers_is_one_partition(lake: Lake) -> None:
    append_rows_to(lake, 1, 3)
    assert lake.partitions(PATH) == [KEY]
