"""A1: SIGKILL at random points of a publish; A4: readers while writers publish."""

from __future__ import annotations

import random
import time
from multiprocessing.connection import Connection
from pathlib import Path

import polars as pl
import pytest

from marketdata_assets.core.periods import PeriodKind
from marketdata_assets.lake.lake import open_lake
from marketdata_tests.support.lake_children import PERIODS, SYMBOLS, children, edition, publish_for_ever, read_until
from marketdata_tests.support.lake_samples import PATH, READINGS

KILLS, KILLS_IN_FULL = 15, 500


def drain(report: Connection, last: int) -> int:
    """The newest version that was reported as committed."""
    try:
        while report.poll():
            last = report.recv()
    except EOFError:
        pass
    return last


def kill_often(root: str, kills: int) -> None:
    """Kill a publishing child `kills` times, and on until at least one kill is seen to have fallen into the middle of a publish."""
    draw, context = random.Random(kills), children()
    committed, interrupted = -1, 0
    for turn in range(kills * 4):
        if turn >= kills and interrupted:
            break
        ours, theirs = context.Pipe(duplex=False)
        child = context.Process(target=publish_for_ever, args=(root, committed + 1, theirs))
        child.start()
        theirs.close()
        committed, began = ours.recv(), time.perf_counter()
        committed = ours.recv()
        time.sleep(draw.uniform(0, time.perf_counter() - began))
        child.kill()
        child.join()
        committed = drain(ours, committed)
        ours.close()
        versions = versions_in(root)
        assert versions <= {committed, committed + 1}, f"{versions} after {committed} was committed"
        swept = open_lake(root).sweep()
        interrupted += swept > 0 or len(versions) == 2
        assert list(Path(root, ".staging").iterdir()) == []
    assert interrupted
    lake = open_lake(root)
    lake.publish_frame(PATH, READINGS, edition(committed + 1), period=PeriodKind.YEAR)
    assert versions_in(root) == {committed + 1}


def versions_in(root: str) -> set[int]:
    """The versions of the partitions, each of which is whole and of one version."""
    lake = open_lake(root)
    assert lake.scrub() == []
    parts = lake.scan(PATH, READINGS).collect().group_by(pl.col("timestamp").dt.year(), "symbol").agg(pl.col("version").unique(), pl.len())
    assert parts.height == len(PERIODS) * len(SYMBOLS)
    assert all(len(versions) == 1 and rows == 3 + versions[0] % 40 for versions, rows in parts.select("version", "len").rows())
    return {versions[0] for versions in parts["version"]}


def test_a_kill_leaves_no_torn_file_loses_no_commit_and_restarts_clean(tmp_path: Path) -> None:
    kill_often(str(tmp_path / "lake"), KILLS)


@pytest.mark.full
def test_five_hundred_kills_leave_no_torn_file_and_lose_no_commit(tmp_path: Path) -> None:
    kill_often(str(tmp_path / "lake"), KILLS_IN_FULL)


def read_while_writing(root: str, editions: int) -> None:
    lake = open_lake(root)
    lake.publish_frame(PATH, READINGS, edition(0), period=PeriodKind.YEAR)
    context = children()
    readers = []
    for _ in range(2):
        ours, theirs = context.Pipe()
        reader = context.Process(target=read_until, args=(root, theirs))
        reader.start()
        readers.append((reader, ours))
    for version in range(1, editions):
        lake.publish_frame(PATH, READINGS, edition(version), period=PeriodKind.YEAR)
        plain = pl.read_parquet(Path(root, PATH)).group_by(pl.col("timestamp").dt.year(), "symbol").agg(pl.col("version").n_unique())
        assert plain["version"].to_list() == [1] * 8
    for reader, ours in readers:
        ours.send("stop")
        scans, mixed = ours.recv()
        reader.join()
        assert reader.exitcode == 0
        assert scans > 0
        assert mixed == 0


def test_readers_during_publishes_see_whole_partitions_of_one_version(tmp_path: Path) -> None:
    read_while_writing(str(tmp_path / "lake"), 20)


@pytest.mark.full
def test_readers_during_a_thousand_publishes_see_whole_partitions_of_one_version(tmp_path: Path) -> None:
    read_while_writing(str(tmp_path / "lake"), 1_000)
