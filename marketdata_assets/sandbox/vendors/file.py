"""A vendor's file, and the archives some vendors wrap theirs in."""

from __future__ import annotations

import io
import zipfile
from typing import NamedTuple

# Archives of the same content are the same bytes only when their members carry no time of day.
_STAMP = (2020, 1, 1, 0, 0, 0)


class File(NamedTuple):
    """One file as it lands: the source that sends it, its path below that source's landing folder, its bytes."""

    source: str
    path: str
    data: bytes


def zipped(member: str, data: bytes) -> bytes:
    """A zip archive with one member."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        info = zipfile.ZipInfo(member, _STAMP)
        info.compress_type = zipfile.ZIP_DEFLATED
        info.create_system = 3
        archive.writestr(info, data)
    return out.getvalue()
