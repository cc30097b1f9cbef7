"""The hash a file carries of itself, and how the file is checked against it before a number of it is served.

The SHA-256 stands in the Parquet footer's key-value metadata. It is taken over the whole file with 64 zeros in its own place, then written
over them: same length, so nothing moves, and file and record are one atomic rename.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from marketdata_assets.core.faults import CorruptFault

RECORD = "marketdata.record"
SEAL = "marketdata.sha256"
BLANK = "0" * 64
_MAGIC = b"PAR1"
_STRING = b"\x18"  # Thrift's compact protocol: the value follows its key as field 2 of type binary, length as a varint
_SEAL_MARK = SEAL.encode() + _STRING + b"\x40"
_RECORD_MARK = RECORD.encode() + _STRING


class Sealed(NamedTuple):
    """A verified file's hash and what it says of itself."""

    sha256: str
    record: Mapping[str, Any]


def seal(data: bytes) -> tuple[bytes, str]:
    """The finished file and its hash, from a Parquet file whose seal is blank."""
    at = _seal_at(data)
    if at < 0 or data[at : at + 64] != BLANK.encode():
        raise CorruptFault("sealing a Parquet file", "its metadata holds no blank seal", "write it with the lake's own encoder")
    sha256 = hashlib.sha256(data).hexdigest()
    return b"".join((data[:at], sha256.encode(), data[at + 64 :])), sha256


def open_seal(data: bytes, path: str) -> Sealed:
    """The hash and record of the file at `path`, every byte of `data` verified. `CorruptFault` when one differs from what was published."""
    if not data:
        raise _corrupt("the file is empty", path)
    at = _seal_at(data)
    if data[:4] != _MAGIC or data[-4:] != _MAGIC:
        raise _corrupt("the file was cut short or is not Parquet", path)
    if at < 0:
        raise _corrupt("the file carries no hash of itself", path)
    view = memoryview(data)
    digest = hashlib.sha256(view[:at])
    digest.update(BLANK.encode())
    digest.update(view[at + 64 :])
    sha256 = digest.hexdigest()
    if sha256.encode() != data[at : at + 64]:
        raise _corrupt("the bytes do not match the hash in the file's own record", path)
    return Sealed(sha256, _record(data, at, path))


def _seal_at(data: bytes) -> int:
    """Where the 64 hex digits begin; the last mark in the file is the footer's, because nothing but the writer's name follows it."""
    mark = data.rfind(_SEAL_MARK)
    return mark + len(_SEAL_MARK) if mark >= 0 and mark + len(_SEAL_MARK) + 64 <= len(data) else -1


def _record(data: bytes, before: int, path: str) -> Mapping[str, Any]:
    mark = data.rfind(_RECORD_MARK, 0, before)
    if mark < 0:
        raise _corrupt("the file carries no record", path)
    at = mark + len(_RECORD_MARK)
    size = shift = 0
    while True:
        byte = data[at]
        size |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            break
    record: Mapping[str, Any] = json.loads(data[at : at + size])
    return record


def _corrupt(found: str, path: str) -> CorruptFault:
    return CorruptFault(
        "reading a file of the lake", found, "restore it from a copy, or delete it and materialize the partition again", path=path
    )
