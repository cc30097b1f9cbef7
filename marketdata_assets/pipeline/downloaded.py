"""What was downloaded into a landing folder, and in which of its states: the folder's own record, and files put there whole."""

from __future__ import annotations

import fcntl
import os
from hashlib import md5
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import Self

import orjson

from marketdata_assets.core.faults import ConflictFault, StorageFault
from marketdata_assets.sources.errors import Rejected
from marketdata_assets.sources.flat_files import FlatFile

RECORD = ".downloads.jsonl"
"""A line a download, the last one of a file counts. Names that begin with a dot are nobody's data in a landing folder."""


class Downloaded:
    """The downloads of one landing folder, for one run at a time.

    A file appears under its own name when all of it is on the disk, and is noted after that: a run that is cut off leaves whole files, and
    at worst one that the next run fetches again.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __enter__(self) -> Self:
        tried = f"opening the record of downloads of {self._folder.name}"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._record = (self._folder / RECORD).open("a+b")
        except OSError as error:
            raise StorageFault(tried, error.strerror or str(error), "make the landing folder writable") from None
        try:
            fcntl.flock(self._record, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._record.close()
            raise ConflictFault(tried, "another download into this folder is running", "wait until it is done") from None
        self._record.seek(0)
        self._etags = dict(filter(None, map(_noted, self._record.read().split(b"\n"))))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._record.close()

    def lacks(self, file: FlatFile) -> str | None:
        """Why a file is to be fetched: it is not in the folder, or not as it is published now; None when it is.

        A file that somebody else put there is compared by its content, where the server's tag is a hash of it.
        """
        place = self._place(file)
        if not place.is_file():
            return "new"
        noted = self._etags.get(file.key)
        if noted not in (None, file.etag):
            return "published again"
        same = place.stat().st_size == file.size and (noted or md5(place.read_bytes(), usedforsecurity=False).hexdigest()) == file.etag
        return None if same else "differs"

    def keep(self, file: FlatFile, data: bytes) -> None:
        """Puts a file into the folder, in one step over an older state of it, and notes its tag. `StorageFault` when the disk refuses."""
        place = self._place(file)
        part = place.with_name(f".{place.name}.part")
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            with part.open("wb") as out:
                out.write(data)
                out.flush()
                os.fsync(out.fileno())
            part.replace(place)
            for folder in [place.parent, *place.parent.parents][: len(PurePosixPath(file.key).parts)]:
                _sync(folder)
            # The line end comes first, so that a line which was cut off spoils no other.
            self._record.write(b"\n" + orjson.dumps({"key": file.key, "etag": file.etag, "size": len(data)}))
            self._record.flush()
            os.fsync(self._record.fileno())
        except OSError as error:
            part.unlink(missing_ok=True)
            found = error.strerror or str(error)
            raise StorageFault(
                f"keeping {file.key}", found, "make room, or the folder writable; the same command takes up the rest"
            ) from None
        self._etags[file.key] = file.etag

    def _place(self, file: FlatFile) -> Path:
        parts = PurePosixPath(file.key).parts
        if not parts or any(part.startswith((".", "/", "_")) for part in parts):
            raise Rejected("naming a downloaded file", f"{file.key[:120]!r} is no path below a landing folder", "report it to the vendor")
        return self._folder.joinpath(*parts)


def _noted(line: bytes) -> tuple[str, str] | None:
    try:
        said = orjson.loads(line)
        return str(said["key"]), str(said["etag"])
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return None


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
