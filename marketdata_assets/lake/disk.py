"""The calls that reach the disk, in one thin class, so that a test can make any of them fail."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager

from marketdata_assets.core.faults import StorageFault
from marketdata_assets.lake.store import FinalStorageFault, MissingFault

_ABSENT = {errno.ENOENT, errno.ENOTDIR}
_FULL = {errno.ENOSPC, errno.EDQUOT}
_FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS}


class Disk:
    """The operating system's own calls, unchanged."""

    def open(self, path: str, flags: int) -> int:
        """A descriptor of `path`; the last segment may not be a symbolic link."""
        return os.open(path, flags | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)

    def read(self, fd: int, size: int) -> bytes:
        """Up to `size` bytes from the descriptor's position."""
        return os.read(fd, size)

    def write(self, fd: int, data: memoryview) -> int:
        """How many bytes of `data` were taken."""
        return os.write(fd, data)

    def fsync(self, fd: int) -> None:
        """Return once the file or folder behind the descriptor is on the medium."""
        os.fsync(fd)

    def replace(self, source: str, target: str) -> None:
        """Give `source` the name `target`, in one step, over whatever had it."""
        os.replace(source, target)  # noqa: PTH105 -- the seam speaks in the operating system's own calls

    def mkdir(self, path: str) -> None:
        """Create one folder."""
        os.mkdir(path)  # noqa: PTH102 -- likewise


def read_bytes(disk: Disk, fd: int, size: int) -> bytes:
    """Up to `size` bytes from the descriptor's position, fewer only at the end of the file."""
    first = disk.read(fd, size)
    parts, left = [first], size - len(first)
    while left > 0 and (part := disk.read(fd, left)):
        parts.append(part)
        left -= len(part)
    return first if len(parts) == 1 else b"".join(parts)


def write_bytes(disk: Disk, fd: int, data: bytes) -> None:
    """All of `data`, in as many calls as the disk wants."""
    rest = memoryview(data)
    while rest:
        taken = disk.write(fd, rest)
        if taken <= 0:
            raise OSError(errno.EIO, "the disk took no bytes")
        rest = rest[taken:]


@contextmanager
def told(tried: str, path: str) -> Iterator[None]:
    """Within the block, a failed call to the disk becomes a fault that says what was tried on `path`."""
    try:
        yield
    except OSError as error:
        raise storage_fault(tried, error, path) from None


def storage_fault(tried: str, error: OSError, path: str) -> StorageFault:
    """The refusal that tells of a failed call to the disk, with what to do about it."""
    found = f"{error.strerror or error} (errno {errno.errorcode.get(error.errno or 0, error.errno)})"
    if error.errno in _ABSENT:
        return MissingFault(tried, found, "check the path, or publish the partition first", path=path)
    if error.errno in _FULL:
        return StorageFault(tried, found, "free space and run again; what was committed stays", path=path)
    if error.errno == errno.ELOOP:
        return FinalStorageFault(tried, "a symbolic link lies there", "remove it; the lake holds plain files and folders only", path=path)
    if error.errno in _FORBIDDEN:
        return FinalStorageFault(tried, found, "give this user access to the lake's root and run again", path=path)
    if error.errno == errno.EXDEV:
        return FinalStorageFault(tried, found, "keep the whole lake on one file system", path=path)
    return StorageFault(tried, found, "check the disk and run again; what was committed stays", path=path)
