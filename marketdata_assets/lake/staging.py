"""Temporary files of writers: beside the table folders, never inside, and swept once their writer is gone.

Readers such as `pl.scan_parquet(folder)` refuse a folder that holds anything but Parquet files, so a file in the making lies
under `<root>/.staging/<writer>/` on the same file system and is renamed into place. Each writer keeps a lock on its folder for as long
as it lives; a folder whose lock is free belongs to nobody.
"""

from __future__ import annotations

import fcntl
import itertools
import os
import shutil
import threading
import uuid
import weakref
from pathlib import Path

from marketdata_assets.lake.locks import Locks

_OWNER = "owner"


class Staging:
    """The staging folder of one writer (a store within one process), created when it first stages a file."""

    def __init__(self, root: Path) -> None:
        self._folder = root / ".staging"
        self._locks = Locks(root / ".locks")
        self._mine: _Session | None = None
        self._guard = threading.Lock()
        self._count = itertools.count()

    def new_path(self) -> str:
        """A path that no other writer uses, in a folder that exists. A fresh session first sweeps what dead writers left."""
        with self._guard:
            if self._mine is None or self._mine.pid != os.getpid() or not self._mine.folder.is_dir():
                with self._locks.hold("staging", ""):
                    self._sweep()
                    self._mine = _Session(self._folder)
            return str(self._mine.folder / f"{next(self._count)}.part")

    def sweep(self) -> int:
        """Remove the temporary files of writers that are gone; how many there were."""
        if not self._folder.is_dir():
            return 0
        with self._locks.hold("staging", ""):
            return self._sweep()

    def _sweep(self) -> int:
        return sum(_remove_if_dead(folder) for folder in self._folder.iterdir()) if self._folder.is_dir() else 0


class _Session:
    """One writer's folder, with the lock that says it is alive."""

    def __init__(self, parent: Path) -> None:
        self.pid = os.getpid()
        self.folder = parent / uuid.uuid4().hex
        self.folder.mkdir(parents=True)
        self._fd = os.open(self.folder / _OWNER, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        fcntl.flock(self._fd, fcntl.LOCK_EX)
        weakref.finalize(self, _close, self.pid, self._fd, self.folder)


def _close(pid: int, fd: int, folder: Path) -> None:
    if pid == os.getpid():  # a forked child holds a copy of the session that is not its own to end
        shutil.rmtree(folder, ignore_errors=True)
        os.close(fd)


def _remove_if_dead(folder: Path) -> int:
    """How many temporary files went with the folder of a dead writer; 0 for a living one."""
    try:
        fd = os.open(folder / _OWNER, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError:  # it died before it had an owner's file, or while it was being swept
        fd = -1
    except OSError:
        return 0
    try:
        if fd >= 0:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        left = sum(1 for path in folder.iterdir() if path.name != _OWNER) if folder.is_dir() else 0
        shutil.rmtree(folder, ignore_errors=True)
    except BlockingIOError:
        return 0
    else:
        return left
    finally:
        if fd >= 0:
            os.close(fd)
