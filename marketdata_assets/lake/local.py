"""The lake on a local disk: staged beside, made durable, verified, then renamed into place."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from marketdata_assets.core.faults import Fault
from marketdata_assets.lake.disk import Disk, read_bytes, told
from marketdata_assets.lake.locks import Locks
from marketdata_assets.lake.places import Places, entry_from, entry_of, version_of
from marketdata_assets.lake.staging import Staging
from marketdata_assets.lake.store import ANY, Entry, Expectation, Fetched, MissingFault, Write
from marketdata_assets.lake.switch import Commit, Switch

A = TypeVar("A")
B = TypeVar("B")

_THREADS = 4
_WORTH_THREADS = 8


class LocalStore:
    """Files below a folder of one POSIX file system; a `Store`.

    A version is `mtime_ns-size-inode`; every write makes the mtime of its path grow, so a version never comes back. Symbolic links below
    the root are refused. Failures of the disk are `StorageFault`s with the errno and a remedy.
    """

    def __init__(self, root: Path, *, disk: Disk | None = None) -> None:
        self._root = os.path.realpath(root)
        self.root = str(root)
        self._disk = disk or Disk()
        self._locks = Locks(Path(self._root, ".locks"))
        self._staging = Staging(Path(self._root))

    def read(self, path: str) -> bytes:
        """See `Store.read`."""
        return self._read(path, Places(self._root)).data

    def read_head(self, path: str, size: int) -> bytes:
        """See `Store.read_head`."""
        return self._read(path, Places(self._root), size).data

    def fetch(self, paths: Sequence[str]) -> Sequence[Fetched | None]:
        """See `Store.fetch`."""
        places = Places(self._root)

        def read(path: str) -> Fetched | None:
            try:
                return self._read(path, places)
            except MissingFault:
                return None

        return _at_once(read, paths)

    def write(self, path: str, data: bytes, *, expect: Expectation = ANY) -> str:
        """See `Store.write`."""
        (outcome,) = self.write_many([Write(path, data, expect)])
        if isinstance(outcome, Fault):
            raise outcome
        return outcome

    def write_many(self, writes: Sequence[Write]) -> Sequence[str | Fault]:
        """See `Store.write_many`. All are staged and synced, then renamed, then each touched folder is synced once."""
        switch = Switch(self._disk, Places(self._root), self._locks, self._staging)
        staged = zip(writes, _at_once(switch.stage, writes), strict=True)
        committed = [Commit(at) if isinstance(at, Fault) else switch.commit(write, at) for write, at in staged]
        unsynced = {folder: switch.sync(folder) for folder in sorted({f for c in committed for f in c.folders})}
        return [next((fault for f in c.folders if (fault := unsynced[f])), c.outcome) for c in committed]

    def stat(self, path: str) -> Entry | None:
        """See `Store.stat`."""
        return self.stat_many([path])[0]

    def stat_many(self, paths: Sequence[str]) -> Sequence[Entry | None]:
        """See `Store.stat_many`."""
        places = Places(self._root)
        found = []
        for path in paths:
            with told("looking for a file of the lake", path):
                found.append(entry_of(path, places.file(path)))
        return found

    def delete(self, path: str) -> None:
        """See `Store.delete`."""
        with told("deleting a file of the lake", path), self._locks.hold("write", path), suppress(FileNotFoundError):
            places = Places(self._root)
            target = Path(places.file(path))
            target.unlink()
            fault = Switch(self._disk, places, self._locks, self._staging).sync(str(target.parent))
            if fault:
                raise fault

    @contextmanager
    def turn(self, paths: Sequence[str]) -> Iterator[None]:
        """See `Store.turn`. Holds for threads and processes on this machine."""
        with told("waiting for a turn to write", ", ".join(paths[:1])):
            held = self._locks.hold_all("turn", paths)
        with held:
            yield

    def sweep(self) -> int:
        """See `Store.sweep`."""
        with told("sweeping temporary files", self.root):
            return self._staging.sweep()

    def folders(self, prefix: str) -> Sequence[str]:
        """See `Store.folders`."""
        with (
            told("listing a folder of the lake", prefix),
            suppress(FileNotFoundError),
            os.scandir(Places(self._root).folder(prefix)) as found,
        ):
            return sorted(e.name for e in found if e.name[0] != "." and e.is_dir(follow_symlinks=False))
        return []

    def list(self, prefix: str) -> list[Entry]:
        """See `Store.list`."""
        with told("listing a folder of the lake", prefix), suppress(FileNotFoundError):
            return sorted(_walk(Places(self._root).folder(prefix), prefix and prefix + "/"))
        return []

    def _read(self, path: str, places: Places, size: int = -1) -> Fetched:
        with told("reading a file of the lake", path):
            fd = self._disk.open(places.file(path), os.O_RDONLY)
            try:
                at_open = os.fstat(fd)
                return Fetched(read_bytes(self._disk, fd, at_open.st_size if size < 0 else size), version_of(at_open))
            finally:
                os.close(fd)


def _at_once(call: Callable[[A], B], each: Sequence[A]) -> Sequence[B]:
    if len(each) < _WORTH_THREADS:
        return [call(one) for one in each]
    share = -(-len(each) // _THREADS)
    shares = [each[start : start + share] for start in range(0, len(each), share)]
    with ThreadPoolExecutor(_THREADS) as pool:
        return [result for results in pool.map(lambda some: [call(one) for one in some], shares) for result in results]


def _walk(folder: str, prefix: str) -> Iterator[Entry]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name[0] == ".":
                continue
            if entry.is_dir(follow_symlinks=False):
                yield from _walk(entry.path, f"{prefix}{entry.name}/")
            else:
                with suppress(FileNotFoundError):
                    yield entry_from(prefix + entry.name, entry.stat(follow_symlinks=False))
