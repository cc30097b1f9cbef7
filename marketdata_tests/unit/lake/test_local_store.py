"""What only a local folder can do wrong: links, foreign files, dead writers, versions that come back."""

from __future__ import annotations

import errno
import gc
import multiprocessing
import os
from pathlib import Path

import pytest

from marketdata_assets.core.faults import ConflictFault, StorageFault
from marketdata_assets.lake.disk import Disk, storage_fault
from marketdata_assets.lake.lake import Lake, open_lake
from marketdata_assets.lake.layout import PartitionKey
from marketdata_assets.lake.local import LocalStore
from marketdata_assets.lake.staging import Staging
from marketdata_assets.lake.store import FinalStorageFault, MissingFault, Write
from marketdata_tests.support.lake_samples import PATH, READINGS, readings

KEY = PartitionKey("2024", "AAPL")


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return LocalStore(tmp_path / "root")


def test_nothing_is_created_before_it_is_used(store: LocalStore) -> None:
    assert store.list("") == []
    assert store.folders("a") == []
    assert store.stat("a/b") is None
    assert store.sweep() == 0
    store.delete("a/b")
    with pytest.raises(MissingFault):
        store.read("a/b")
    assert not any(path.suffix == ".parquet" for path in Path(store.root).rglob("*"))


def test_a_conditional_write_replaces_only_what_was_seen(store: LocalStore) -> None:
    first = store.write("a/b", b"1", expect=None)
    with pytest.raises(ConflictFault):
        store.write("a/b", b"2", expect=None)
    second = store.write("a/b", b"2", expect=first)
    with pytest.raises(ConflictFault):
        store.write("a/b", b"3", expect=first)
    store.delete("a/b")
    with pytest.raises(ConflictFault):
        store.write("a/b", b"3", expect=second)
    assert store.list("") == []


def test_a_version_never_comes_back_although_inodes_and_clock_ticks_do(store: LocalStore) -> None:
    versions = [store.write("a", b"same") for _ in range(200)]
    assert len(set(versions)) == 200
    entry = store.stat("a")
    assert entry is not None
    assert entry.version == versions[-1] == store.list("")[0].version


def test_a_symbolic_link_is_refused_wherever_it_stands(store: LocalStore, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "x").write_bytes(b"secret")
    store.write("t/file", b"1")
    (Path(store.root) / "t" / "link").symlink_to(outside / "x")
    (Path(store.root) / "folder").symlink_to(outside)
    for call in (store.read, store.stat):
        for path in ("t/link", "folder/x"):
            with pytest.raises(FinalStorageFault, match="symbolic link"):
                call(path)
    for path in ("t/link", "folder/x", "folder/new"):
        with pytest.raises(FinalStorageFault, match="symbolic link"):
            store.write(path, b"2")
    with pytest.raises(FinalStorageFault, match="symbolic link"):
        store.list("t")
    assert (outside / "x").read_bytes() == b"secret"
    assert [path.name for path in outside.iterdir()] == ["x"]


def test_a_root_behind_a_link_is_the_users_own_choice(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    LocalStore(tmp_path / "link").write("a/b", b"1")
    assert (tmp_path / "real/a/b").read_bytes() == b"1"


def test_a_file_where_a_folder_should_be_is_a_storage_fault(store: LocalStore) -> None:
    store.write("a", b"1")
    with pytest.raises(StorageFault):
        store.write("a/b", b"2")
    assert store.read("a") == b"1"


def test_hidden_files_of_other_programs_are_not_listed_and_foreign_ones_are_reported(local_lake: Lake) -> None:
    local_lake.publish(PATH, READINGS, {KEY: readings("2024", "AAPL")})
    folder = Path(local_lake.store.root) / PATH
    (folder / ".DS_Store").write_bytes(b"x")
    (folder / "copy of AAPL.parquet").write_bytes(b"x")
    assert local_lake.partitions(PATH) == [KEY]
    assert local_lake.tables() == [PATH]
    assert [(finding.path, finding.code) for finding in local_lake.scrub()] == [(f"{PATH}/copy of AAPL.parquet", "foreign")]


def test_exports_and_notes_beside_the_tables_are_no_alarm_and_in_a_tables_folder_they_are(lake: Lake) -> None:
    lake.publish(PATH, READINGS, {KEY: readings("2024", "AAPL")})
    lake.store.write("us_equities/lona_export_1d/2024/AAPL.json", b"[]")
    lake.store.write("_landing/tiingo.json", b"{}")
    assert lake.scrub() == []
    lake.store.write(f"{PATH}/2024/AAPL.csv", b"")
    lake.store.write("payloads/note.txt", b"")
    assert [finding.path for finding in lake.scrub()] == ["payloads/note.txt", f"{PATH}/2024/AAPL.csv"]


def test_temporary_files_of_a_dead_writer_are_swept_and_those_of_a_living_one_stay(tmp_path: Path) -> None:
    living = Staging(tmp_path)
    kept = Path(living.new_path())
    kept.write_bytes(b"in the making")
    dead = tmp_path / ".staging" / "dead"
    dead.mkdir()
    (dead / "owner").touch()
    (dead / "0.part").touch()
    (dead / "1.part").touch()
    (tmp_path / ".staging" / "ownerless").mkdir()
    assert LocalStore(tmp_path).sweep() == 2
    assert not dead.exists()
    assert kept.exists()
    assert LocalStore(tmp_path).sweep() == 0


def test_a_writer_that_ends_orderly_leaves_nothing(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    store.write("a", b"1")
    assert len(list((tmp_path / ".staging").iterdir())) == 1
    del store
    gc.collect()
    assert list((tmp_path / ".staging").iterdir()) == []


def test_a_new_writer_sweeps_by_itself(tmp_path: Path) -> None:
    (tmp_path / ".staging" / "dead").mkdir(parents=True)
    (tmp_path / ".staging" / "dead" / "0.part").touch()
    LocalStore(tmp_path).write("a", b"1")
    assert not (tmp_path / ".staging" / "dead").exists()


def test_a_forked_child_does_not_take_its_parents_temporary_files_along(tmp_path: Path) -> None:
    staging = Staging(tmp_path)
    mine = Path(staging.new_path())
    mine.write_bytes(b"in the making")
    child = multiprocessing.get_context("fork").Process(target=_work_and_end, args=(staging,))
    child.start()
    child.join()
    assert child.exitcode == 0
    assert mine.exists()


def _work_and_end(staging: Staging) -> None:
    Path(staging.new_path()).touch()


class _LyingDisk(Disk):
    """A disk that says a write is durable and gives back something else."""

    def read(self, fd: int, size: int) -> bytes:
        data = super().read(fd, size)
        return data[:-1] + b"?" if data else data


def test_bytes_that_come_back_different_are_never_switched_in(tmp_path: Path) -> None:
    LocalStore(tmp_path).write("a", b"old")
    with pytest.raises(StorageFault, match="other bytes"):
        LocalStore(tmp_path, disk=_LyingDisk()).write("a", b"new")
    assert LocalStore(tmp_path).read("a") == b"old"


def test_of_a_batch_every_file_stands_or_falls_alone(store: LocalStore) -> None:
    version = store.write("a/1", b"old")
    outcomes = store.write_many(
        [Write("a/1", b"new", None), Write("a/2", b"new", None), Write("../x", b"new"), Write("a/3", b"new", version)]
    )
    assert [type(outcome).__name__ for outcome in outcomes] == ["ConflictFault", "str", "FinalStorageFault", "ConflictFault"]
    assert {entry.path: store.read(entry.path) for entry in store.list("")} == {"a/1": b"old", "a/2": b"new"}


@pytest.mark.parametrize(
    ("number", "words", "retryable"),
    [
        (errno.ENOSPC, "free space and run again; what was committed stays", True),
        (errno.EDQUOT, "free space", True),
        (errno.EACCES, "give this user access", False),
        (errno.EROFS, "give this user access", False),
        (errno.EXDEV, "one file system", False),
        (errno.EIO, "check the disk", True),
    ],
)
def test_a_failed_call_says_what_to_do(number: int, words: str, retryable: bool) -> None:
    fault = storage_fault("writing", OSError(number, "x"), "a/b")
    assert words in fault.remedy
    assert errno.errorcode[number] in fault.found
    assert fault.retryable is retryable
    assert fault.context["path"] == "a/b"


def test_a_root_of_an_unknown_kind_is_refused() -> None:
    for root in ("", "gs://bucket/x", "http://x", "S3://UPPER"):
        with pytest.raises(Exception, match="neither a folder nor s3"):
            open_lake(root)


def test_the_umask_decides_who_may_read(store: LocalStore) -> None:
    before = os.umask(0o022)
    try:
        store.write("a", b"1")
    finally:
        os.umask(before)
    assert (Path(store.root) / "a").stat().st_mode & 0o777 == 0o644
