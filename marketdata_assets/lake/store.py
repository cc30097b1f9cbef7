"""What a store is: bytes under a path, replaced as a whole or not at all, on a disk or in a bucket."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Final, NamedTuple, Protocol

from marketdata_assets.core.faults import Fault, StorageFault

_SEGMENT = r"[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,198}[A-Za-z0-9_-])?"
_PATH = re.compile(rf"{_SEGMENT}(?:/{_SEGMENT})*")
_LONGEST = 800


class FinalStorageFault(StorageFault):
    """A refusal by the disk or the bucket that trying again does not change."""

    retryable = False


class MissingFault(FinalStorageFault):
    """Nothing lies under the path."""

    code = "missing"


class AnyVersion:
    """The expectation of a writer that replaces whatever is there."""


ANY: Final = AnyVersion()
Expectation = str | None | AnyVersion


class Entry(NamedTuple):
    """One stored file: its path below the root, bytes, and a version that changes with every write."""

    path: str
    size: int
    version: str


class Fetched(NamedTuple):
    """The whole content of one file and the version it was read at."""

    data: bytes
    version: str


class Write(NamedTuple):
    """One file to write; `expect` is None (nothing may be there), a version (only that one is replaced) or ANY."""

    path: str
    data: bytes
    expect: Expectation = ANY


class Store(Protocol):
    """Whole files under relative paths.

    A path is segments of letters, digits, `_`, `.` and `-`, joined by `/`; anything else is a `StorageFault` before the disk or
    the network is touched. Readers see the old file or the new one, never a part of either. Files in the making are never listed.
    """

    root: str

    def read(self, path: str) -> bytes:
        """The bytes under `path`; `MissingFault` when there are none."""
        ...

    def read_head(self, path: str, size: int) -> bytes:
        """The first `size` bytes under `path`, fewer when the file is shorter; `MissingFault` when there is no file."""
        ...

    def fetch(self, paths: Sequence[str]) -> Sequence[Fetched | None]:
        """Content and version of each path, in order; None where nothing lies."""
        ...

    def write(self, path: str, data: bytes, *, expect: Expectation = ANY) -> str:
        """The version under which `data` is now durable; `ConflictFault` when what is there is not what was expected."""
        ...

    def write_many(self, writes: Sequence[Write]) -> Sequence[str | Fault]:
        """The new version of each file, in order, or the fault that kept it out; every file stands or falls alone."""
        ...

    def folders(self, prefix: str) -> Sequence[str]:
        """Names of the folders directly below the folder `prefix`, sorted."""
        ...

    def stat(self, path: str) -> Entry | None:
        """Size and version of the file under `path`, None when there is none."""
        ...

    def stat_many(self, paths: Sequence[str]) -> Sequence[Entry | None]:
        """What `stat` says of each path, in order."""
        ...

    def delete(self, path: str) -> None:
        """Remove the file under `path`; nothing happens when there is none."""
        ...

    def turn(self, paths: Sequence[str]) -> AbstractContextManager[None]:
        """Wait until no other writer that this store can see has its turn on any of `paths`.

        A courtesy that saves conflicts, on top of the conditional writes that make them harmless.
        """
        ...

    def sweep(self) -> int:
        """Remove temporary files whose writer is gone; how many there were."""
        ...

    def list(self, prefix: str) -> list[Entry]:
        """Every file below the folder `prefix` ("" for all), at any depth, sorted by path."""
        ...


def require_path(path: str) -> str:
    """`path` itself when every segment is plain; otherwise `FinalStorageFault`. Nothing that leaves the root gets past here."""
    if len(path) > _LONGEST or not _PATH.fullmatch(path):
        raise FinalStorageFault(
            "naming a file of the lake",
            f"{path[:80]!r} is not a plain relative path",
            "use letters, digits, '_', '.' and '-' between slashes",
        )
    return path
