"""How one file is replaced on a disk: staged beside, synced, read back, renamed into place, its folder synced."""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from marketdata_assets.core.faults import ConflictFault, Fault, StorageFault
from marketdata_assets.lake.disk import Disk, read_bytes, told, write_bytes
from marketdata_assets.lake.locks import Locks
from marketdata_assets.lake.places import Places, entry_of, version_of
from marketdata_assets.lake.staging import Staging
from marketdata_assets.lake.store import AnyVersion, Write

_STEPS = (1, 1_000, 1_000_000, 1_000_000_000, 2_000_000_000)  # ns; the grain of mtimes differs between file systems


class Commit(NamedTuple):
    """What became of one staged file, and the folders to sync before it counts."""

    outcome: str | Fault
    folders: Sequence[str] = ()


class Switch:
    """The writing half of a local store, for one batch of files: stage each, commit each, then sync the folders that were touched."""

    def __init__(self, disk: Disk, places: Places, locks: Locks, staging: Staging) -> None:
        self._disk = disk
        self._places = places
        self._locks = locks
        self._staging = staging
        self._made: dict[str, Sequence[str]] = {}

    def stage(self, write: Write) -> str | Fault:
        """The path of a temporary file that holds the bytes durably and gave them back when read again."""
        temporary = ""
        try:
            with told("staging a file of the lake", write.path):
                temporary = self._staging.new_path()
                fd = self._disk.open(temporary, os.O_CREAT | os.O_EXCL | os.O_RDWR)
                try:
                    write_bytes(self._disk, fd, write.data)
                    self._disk.fsync(fd)
                    os.lseek(fd, 0, os.SEEK_SET)
                    same = read_bytes(self._disk, fd, len(write.data) + 1) == write.data
                finally:
                    os.close(fd)
                if not same:
                    raise OSError(errno.EIO, "the disk gave back other bytes than it was given")
        except Fault as fault:
            _discard(temporary)
            return fault
        return temporary

    def commit(self, write: Write, temporary: str) -> Commit:
        """Rename the staged file into place if what is there is what was expected."""
        try:
            with told("publishing a file of the lake", write.path):
                target = self._places.file(write.path)
                folder = target.rpartition("/")[0]
                if folder not in self._made:
                    self._made[folder] = self._make_folder(Path(folder))
                with self._locks.hold("write", write.path):
                    return Commit(self._switch(write, temporary, target), self._made[folder])
        except Fault as fault:
            _discard(temporary)
            return Commit(fault)

    def sync(self, folder: str) -> StorageFault | None:
        """None once the names in the folder are durable, otherwise why not."""
        try:
            with told("making a folder of the lake durable", folder):
                fd = self._disk.open(folder, os.O_RDONLY | os.O_DIRECTORY)
                try:
                    self._disk.fsync(fd)
                finally:
                    os.close(fd)
        except StorageFault as fault:
            return fault
        return None

    def _switch(self, write: Write, temporary: str, target: str) -> str:
        current = entry_of(write.path, target)
        if not isinstance(write.expect, AnyVersion) and write.expect != (current.version if current else None):
            raise ConflictFault(
                "publishing a file of the lake",
                "somebody else published it in between" if current else "the file it was to replace is gone",
                "run again, on top of what is there now",
                path=write.path,
            )
        _age_after(temporary, int(current.version.split("-")[0]) if current else 0)
        self._disk.replace(temporary, target)
        return version_of(os.lstat(target))

    def _make_folder(self, folder: Path) -> Sequence[str]:
        """The folders to sync once a file stands in `folder`: it and all above it up to the root, whoever made them."""
        top = Path(self._places.folder(""))
        missing = [each for each in (folder, *folder.parents) if not each.is_dir()]
        for new in reversed(missing):
            with suppress(FileExistsError):
                self._disk.mkdir(str(new))
        below = [each for each in (folder, *folder.parents) if each == top or top in each.parents]
        return [str(each) for each in {*below, *(new.parent for new in missing)}]


def _age_after(temporary: str, before: int) -> None:
    """Make the file's mtime later than `before`: the kernel's clock ticks in milliseconds and inodes are reused."""
    for step in _STEPS:
        fresh = os.lstat(temporary)
        if fresh.st_mtime_ns > before:
            return
        os.utime(temporary, ns=(fresh.st_atime_ns, before + step))


def _discard(temporary: str) -> None:
    if temporary:
        with suppress(OSError):
            Path(temporary).unlink()
