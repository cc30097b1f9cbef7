"""Writers taking turns: advisory file locks, outside the table folders, that the kernel drops when their holder dies."""

from __future__ import annotations

import fcntl
import os
import zlib
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

STRIPES = 256


class Locks:
    """Named locks below a folder; a path maps to one of 256 stripes, so the folder never grows.

    `flock` excludes threads as well as processes, because every holder opens the file anew.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextmanager
    def hold(self, kind: str, path: str) -> Iterator[None]:
        """Keep the lock of `path` for the block, waiting for whoever has it; locks of different kinds do not meet."""
        fd = self._open(f"{kind}-{_stripe(path):02x}")
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            yield
        finally:
            os.close(fd)

    def hold_all(self, kind: str, paths: Iterable[str]) -> ExitStack:
        """Keep the locks of all `paths`, which are held when this returns, until the stack is closed.

        Everybody takes them in one order, so no two holders can wait for each other.
        """
        with ExitStack() as held:
            for _, path in sorted({_stripe(path): path for path in paths}.items()):
                held.enter_context(self.hold(kind, path))
            return held.pop_all()

    def _open(self, name: str) -> int:
        path = self._folder / name
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        try:
            return os.open(path, flags, 0o644)
        except FileNotFoundError:
            self._folder.mkdir(parents=True, exist_ok=True)
            return os.open(path, flags, 0o644)


def _stripe(path: str) -> int:
    return zlib.crc32(path.encode()) % STRIPES
