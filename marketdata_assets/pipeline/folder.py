"""A landing folder on the local disk: which files lie in it, and their bytes. Whatever they are called, nothing outside it is read."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import NamedTuple

from marketdata_assets.core.faults import LimitFault, PayloadFault

_LARGEST = 4 * 1024**3


class LandedFile(NamedTuple):
    """A file below the folder: its path with `/`, size in bytes, and a version that changes when the file does."""

    path: str
    size: int
    version: str


def landed_files(folder: Path) -> list[LandedFile]:
    """Every regular file and every link below `folder`, at any depth, sorted by path; none when there is no folder.

    Names that begin with a dot or an underscore, at any level, and a README.md at the top are nobody's data. Links to folders
    are not entered.
    """
    found: list[LandedFile] = []
    for at, folders, names in os.walk(folder, followlinks=False):
        folders[:] = [name for name in folders if not name.startswith((".", "_"))]
        for name in names:
            place = Path(at) / name
            path = place.relative_to(folder).as_posix()
            if name.startswith((".", "_")) or path == "README.md":
                continue
            facts = place.lstat()
            found.append(LandedFile(path, facts.st_size, f"{facts.st_mtime_ns}-{facts.st_size}-{facts.st_ino}"))
    return sorted(found)


def read_landed(folder: Path, path: str) -> bytes:
    """The bytes of a landed file. `PayloadFault` for a link or anything that is no regular file, `LimitFault` beyond 4 GiB."""
    place = folder / path
    try:
        handle = os.open(place, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise PayloadFault(
            "reading a landed file",
            f"{error.strerror or error}" if not place.is_symlink() else "it is a link",
            "put the file itself into the landing folder",
            path=path,
        ) from None
    with os.fdopen(handle, "rb") as file:
        facts = os.fstat(file.fileno())
        if not stat.S_ISREG(facts.st_mode):
            raise PayloadFault("reading a landed file", "it is no regular file", "put a plain file into the landing folder", path=path)
        if facts.st_size > _LARGEST:
            raise LimitFault("reading a landed file", f"it has {facts.st_size:,} bytes", "split it into files below 4 GiB", path=path)
        return file.read()
