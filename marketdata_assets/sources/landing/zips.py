"""Zips read member by member in memory; nothing is ever written to a path that a zip names."""

from __future__ import annotations

import io
import stat
import zipfile
import zlib
from collections.abc import Iterator

from marketdata_assets.core.faults import LimitFault, PayloadFault
from marketdata_assets.sources.landing.archives import refuse_nested
from marketdata_assets.sources.landing.evidence import evidence
from marketdata_assets.sources.landing.limits import Limits

_CHUNK = 1 << 20
_END = b"PK\x05\x06"
_END_SIZE = 22
_KNOWN_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
_ENCRYPTED = 0x1


def zip_members(path: str, data: bytes, limits: Limits) -> Iterator[tuple[str, bytes]]:
    """The files of a zip in its own order, each complete and with a right checksum; macOS's resource forks are left out."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            infos = _checked(path, archive.infolist(), data, limits)
            out = 0
            for info in infos:
                content = _content(path, archive, info, out, limits)
                out += len(content)
                refuse_nested(f"{path}/{info.filename}", content)
                yield info.filename, content
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError, ValueError, RuntimeError, UnicodeError) as error:
        raise PayloadFault(f"opening {path}", f"its zip is corrupt or cut off ({error})", "download the file again", path=path) from None


def _checked(path: str, infos: list[zipfile.ZipInfo], data: bytes, limits: Limits) -> list[zipfile.ZipInfo]:
    if len(infos) > limits.max_members:
        raise LimitFault(
            f"opening {path}", f"its zip lists {len(infos):,} files", f"land at most {limits.max_members:,} in one zip", path=path
        )
    end = data.rfind(_END)
    after = len(data) - end - _END_SIZE - int.from_bytes(data[end + 20 : end + 22], "little")
    if after:
        raise PayloadFault(
            f"opening {path}",
            f"{after:,} bytes follow the end of its zip: {evidence(data[-after:])!r}",
            "download the file again",
            path=path,
        )
    for info in infos:
        if found := _unsafe(info):
            raise PayloadFault(
                f"opening {path}", f"its member {info.filename[:80]!r} {found}", "land an honest zip of plain files", path=path
            )
    files = [i for i in infos if not i.is_dir() and not i.filename.startswith("__MACOSX/")]
    if not files:
        raise PayloadFault(f"opening {path}", "its zip holds no file", "download the file again", path=path)
    if len({i.filename for i in files}) < len(files):
        raise PayloadFault(f"opening {path}", "its zip lists one name twice", "land an honest zip of plain files", path=path)
    limits.check(sum(i.file_size for i in files), len(data), path)
    return files


def _unsafe(info: zipfile.ZipInfo) -> str | None:
    # ZipInfo cuts names at a NUL and turns the platform's separator into `/`; what the zip really says is in orig_filename.
    name = info.orig_filename
    parts = name.replace("\\", "/").split("/")
    if name.startswith(("/", "\\")) or ".." in parts or "\\" in name or ":" in parts[0] or "\0" in name:
        return "points outside the zip"
    if stat.S_ISLNK(info.external_attr >> 16):
        return "is a symbolic link"
    if info.flag_bits & _ENCRYPTED:
        return "is encrypted"
    if info.compress_type not in _KNOWN_METHODS:
        return f"is packed with method {info.compress_type}, not deflate"
    return None


def _content(path: str, archive: zipfile.ZipFile, info: zipfile.ZipInfo, before: int, limits: Limits) -> bytes:
    parts: list[bytes] = []
    size = 0
    with archive.open(info) as stream:
        while chunk := stream.read(_CHUNK):
            size += len(chunk)
            limits.check(before + size, limits.max_bytes, path)
            limits.check(size, info.compress_size, f"{path}/{info.filename}")
            parts.append(chunk)
    return b"".join(parts)
