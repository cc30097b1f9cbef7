"""A3: many writers append to one partition, as threads and as processes; no update is lost."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import polars as pl
import pytest

from marketdata_assets.lake.lake import Lake, open_lake
from marketdata_tests.support.lake_children import KEY, append_rows, append_rows_to, children
from marketdata_tests.support.lake_samples import PATH, READINGS, NewLake, one_row
from marketdata_tests.support.s3_server import S3Server


def assert_exactly_there(lake: Lake, landed: list[tuple[int, int]]) -> None:
    expected = pl.concat([one_row(writer, i) for writer, i in landed]).sort(READINGS.sort)
    assert lake.scan(PATH, READINGS).collect().equals(expected)
    assert lake.scrub() == []


def threads(new_lake: Callable[[], Lake], writers: int, rows: int) -> None:
    shared = new_lake()
    lakes = [shared if writer % 2 else new_lake() for writer in range(writers)]
    with ThreadPoolExecutor(writers) as pool:
        results = list(pool.map(lambda writer: append_rows_to(lakes[writer], writer, rows), range(writers)))
    landed = [row for result in results for row in result]
    assert_exactly_there(new_lake(), landed)
    assert len(landed) == writers * rows


def processes(root: str, server: S3Server | None, writers: int, rows: int) -> int:
    """How many of the rows landed; those that did are there, and no others."""
    context, landed = children(), []
    options = server.options if server else None
    started = []
    for writer in range(writers):
        ours, theirs = context.Pipe(duplex=False)
        child = context.Process(target=append_rows, args=(root, options, writer, rows, theirs))
        child.start()
        theirs.close()
        started.append((child, ours))
    for child, ours in started:
        landed += ours.recv()
        child.join()
    assert_exactly_there(open_lake(root, s3=options), landed)
    return len(landed)


def test_appends_from_many_threads_all_land(new_lake: NewLake) -> None:
    threads(new_lake, 8, 5)


def test_appends_from_many_processes_all_land_on_a_disk(tmp_path: Path) -> None:
    assert processes(str(tmp_path / "lake"), None, 4, 10) == 40


def test_appends_from_many_processes_all_land_in_a_bucket(s3_server: S3Server) -> None:
    assert processes(f"s3://{s3_server.new_bucket()}/p", s3_server, 3, 4) == 12


@pytest.mark.full
def test_sixteen_threads_of_fifty_appends_all_land(new_lake: NewLake) -> None:
    threads(new_lake, 16, 50)


@pytest.mark.full
def test_sixteen_processes_of_fifty_appends_all_land_on_a_disk(tmp_path: Path) -> None:
    assert processes(str(tmp_path / "lake"), None, 16, 50) == 800


@pytest.mark.full
def test_sixteen_processes_of_fifty_appends_to_a_bucket_land_or_meet_a_typed_conflict(s3_server: S3Server) -> None:
    assert processes(f"s3://{s3_server.new_bucket()}/p", s3_server, 16, 50) > 700


def test_the_key_of_the_writers_is_one_partition(lake: Lake) -> None:
    append_rows_to(lake, 1, 3)
    assert lake.partitions(PATH) == [KEY]
