"""Where a relative path lies on the disk, and whether the way there is free of symbolic links."""

from __future__ import annotations

import errno
import os
import stat

from marketdata_assets.lake.store import Entry, require_path


class Places:
    """Absolute places below a root, for one operation: each folder on the way is looked at once, then remembered."""

    def __init__(self, root: str) -> None:
        self._root = root
        self._seen: dict[str, str] = {}

    def folder(self, prefix: str) -> str:
        """The folder called `prefix` ("" for the root). `OSError` (ELOOP) when a symbolic link stands in the way."""
        place = self._seen.get(prefix)
        if place is None:
            place = f"{self._root}/{require_path(prefix)}" if prefix else self._root
            if os.path.realpath(place) != place:
                raise OSError(errno.ELOOP, "symbolic link", place)
            self._seen[prefix] = place
        return place

    def file(self, path: str) -> str:
        """The file called `path`; the file itself may still be a link, which opening it will refuse."""
        folder, _, name = require_path(path).rpartition("/")
        return f"{self.folder(folder)}/{name}"


def entry_of(path: str, place: str) -> Entry | None:
    """Size and version of the file `path` at `place`, None when there is none. `OSError` (ELOOP) for a symbolic link."""
    try:
        return entry_from(path, os.lstat(place))
    except (FileNotFoundError, NotADirectoryError):
        return None


def entry_from(path: str, found: os.stat_result) -> Entry:
    """The entry of a file that was already looked at."""
    if stat.S_ISLNK(found.st_mode):
        raise OSError(errno.ELOOP, "symbolic link", path)
    return Entry(path, found.st_size, version_of(found))


def version_of(found: os.stat_result) -> str:
    """The version of the file that was looked at."""
    return f"{found.st_mtime_ns}-{found.st_size}-{found.st_ino}"
