"""A2: the n-th call to the disk fails, for every n; A7: the disk is full in the middle of a backfill."""

from __future__ import annotations

import errno
import os
import shutil
from collections import Counter
from itertools import pairwise
from pathlib import Path

import polars as pl
import pytest

from marketdata_assets.core.clock import now
from marketdata_assets.core.faults import StorageFault
from marketdata_assets.lake.archive import PayloadArchive
from marketdata_assets.lake.disk import Disk
from marketdata_assets.lake.lake import Lake
from marketdata_assets.lake.layout import PartitionKey
from marketdata_assets.lake.local import LocalStore
from marketdata_tests.support.lake_samples import PATH, READINGS, readings, rectangle


class FailingDisk(Disk):
    """A disk whose `nth` call of the kind `call` fails with `number`; None counts calls only.

    A short write takes half of the bytes before the disk is full; a stuck one takes none and says nothing.
    """

    def __init__(self, call: str | None = None, nth: int = 0, how: str = "EIO") -> None:
        self.calls: Counter[str] = Counter()
        self._call, self._nth, self._how = call, nth, how

    def _due(self, call: str) -> bool:
        self.calls[call] += 1
        return call == self._call and self.calls[call] == self._nth

    def _fail(self) -> None:
        number = errno.ENOSPC if self._how in {"ENOSPC", "short"} else errno.EIO
        raise OSError(number, os.strerror(number))

    def open(self, path: str, flags: int) -> int:
        if self._due("open"):
            self._fail()
        return super().open(path, flags)

    def read(self, fd: int, size: int) -> bytes:
        if self._due("read"):
            self._fail()
        return super().read(fd, size)

    def write(self, fd: int, data: memoryview) -> int:
        if self._due("write"):
            if self._how == "stuck":
                return 0
            if self._how == "short":
                super().write(fd, data[: len(data) // 2])
            self._fail()
        return super().write(fd, data[:2000])  # a disk may always take less than it is given

    def fsync(self, fd: int) -> None:
        if self._due("fsync"):
            self._fail()
        super().fsync(fd)

    def replace(self, source: str, target: str) -> None:
        if self._due("replace"):
            self._fail()
        super().replace(source, target)

    def mkdir(self, path: str) -> None:
        if self._due("mkdir"):
            self._fail()
        super().mkdir(path)


OLD = rectangle(["2023", "2024"], ["AAPL", "MSFT"], version=1)
NEW = rectangle(["2023", "2024"], ["AAPL", "MSFT"], version=2) | {PartitionKey("2025", "AAPL"): readings("2025", "AAPL", version=2)}


@pytest.fixture(scope="module")
def old_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake in its old version, to be copied."""
    root = tmp_path_factory.mktemp("old")
    Lake(LocalStore(root)).publish(PATH, READINGS, OLD)
    return root


@pytest.fixture(scope="module")
def calls_of_one_publish(old_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Counter[str]:
    disk = FailingDisk()
    root = shutil.copytree(old_root, tmp_path_factory.mktemp("count") / "lake")
    Lake(LocalStore(root, disk=disk)).publish(PATH, READINGS, NEW)
    return disk.calls


HOWS = [("write", "EIO"), ("write", "ENOSPC"), ("write", "short"), ("write", "stuck"), ("fsync", "EIO"), ("fsync", "ENOSPC")]
HOWS += [("replace", "EIO"), ("replace", "ENOSPC"), ("mkdir", "ENOSPC"), ("open", "EIO"), ("read", "EIO")]


@pytest.mark.parametrize(("call", "how"), HOWS)
def test_whichever_call_fails_each_partition_is_the_old_version_or_the_new(
    old_root: Path, calls_of_one_publish: Counter[str], tmp_path: Path, call: str, how: str
) -> None:
    assert calls_of_one_publish[call]
    for nth in range(1, calls_of_one_publish[call] + 1):
        root = shutil.copytree(old_root, tmp_path / str(nth))
        with pytest.raises(StorageFault) as caught:
            Lake(LocalStore(root, disk=FailingDisk(call, nth, how))).publish(PATH, READINGS, NEW)
        assert caught.value.context["path"]

        lake = Lake(LocalStore(root))
        assert lake.scrub() == []
        there = lake.scan(PATH, READINGS).collect()
        found = partitions(there)
        assert all(found[key].equals(NEW[key]) or found[key].equals(OLD.get(key, READINGS.empty())) for key in found)
        assert found.keys() >= OLD.keys()
        lake.publish(PATH, READINGS, NEW)
        assert lake.scan(PATH, READINGS).collect().equals(pl.concat([NEW[key] for key in sorted(NEW)]))
        assert list((root / ".staging").rglob("*.part")) == []


def partitions(rows: pl.DataFrame) -> dict[PartitionKey, pl.DataFrame]:
    dated = rows.with_columns(year=pl.col("timestamp").dt.strftime("%Y")).partition_by("year", "symbol", as_dict=True)
    return {PartitionKey(str(year), str(symbol)): frame.drop("year") for (year, symbol), frame in dated.items()}


@pytest.mark.parametrize(("call", "how"), [("write", "short"), ("fsync", "EIO"), ("replace", "EIO")])
def test_a_payload_whose_writing_failed_lands_whole_the_next_time(tmp_path: Path, call: str, how: str) -> None:
    archive = PayloadArchive(LocalStore(tmp_path))
    for nth in range(1, 4):
        data = b"%d" % nth * 5000
        try:
            PayloadArchive(LocalStore(tmp_path, disk=FailingDisk(call, nth, how))).put(data, name="x", received_at=now())
        except StorageFault:
            archive.put(data, name="x", received_at=now())
        assert archive.get(archive.put(data, name="x", received_at=now()).sha256) == data


class SmallDisk(Disk):
    """A disk with room for `free` bytes, for whoever writes to it."""

    def __init__(self, free: int) -> None:
        self.free = free

    def write(self, fd: int, data: memoryview) -> int:
        taken = super().write(fd, data[: self.free])
        self.free -= taken
        if not taken:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return taken


def test_a_backfill_into_a_full_disk_resumes_from_what_was_committed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("marketdata_assets.lake.publish._FILES", 8)
    frames = rectangle([str(year) for year in range(2015, 2025)], ["AAPL", "IBM", "MSFT", "TSLA"], n=20)
    untouched = Lake(LocalStore(tmp_path / "uninterrupted"))
    size = untouched.publish(PATH, READINGS, frames)[0].size
    disk = SmallDisk(size * 13)
    lake = Lake(LocalStore(tmp_path / "full", disk=disk))
    faults: list[StorageFault] = []
    committed = [0]
    while len(faults) < 10:
        try:
            done = lake.publish(PATH, READINGS, frames)
            break
        except StorageFault as fault:
            faults.append(fault)
            committed.append(len(lake.partitions(PATH)))
            disk.free = size * 13
    assert faults
    assert all("free space and run again" in fault.remedy and "ENOSPC" in fault.found for fault in faults)
    assert [int(fault.context["committed"]) for fault in faults] == committed[1:]
    assert all(later > earlier for earlier, later in pairwise(committed))
    assert sum(p.changed for p in done) == len(frames) - committed[-1]
    for entry, clean in zip(lake.store.list(""), untouched.store.list(""), strict=True):
        assert (entry.path, lake.store.read(entry.path)) == (clean.path, untouched.store.read(clean.path))
