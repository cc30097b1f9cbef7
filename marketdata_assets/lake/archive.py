"""The vendors' bytes as they came: compressed, addressed by their own hash, with the instant they were first received.

One file per payload, `payloads/<first two digits>/<sha256>.zst`: a skippable Zstandard frame with the record, then the payload's frame,
so that record and payload are one atomic write and `zstd -d` still reads the file.
"""

from __future__ import annotations

import hashlib
import json
import re
import struct
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import NamedTuple

import zstandard

from marketdata_assets.core.faults import ConflictFault, CorruptFault, PayloadFault
from marketdata_assets.lake.layout import PAYLOADS
from marketdata_assets.lake.store import ANY, MissingFault, Store

_SHA256 = re.compile(r"[0-9a-f]{64}")
_SKIPPABLE = 0x184D2A50
_HEAD = struct.Struct("<II")
_HEAD_LIMIT = 65_536
_LEVEL = 3
_THREADS = 8


class Payload(NamedTuple):
    """Bytes to keep, under which name they came and when."""

    data: bytes
    name: str
    received_at: datetime


class PayloadRecord(NamedTuple):
    """What is kept of a payload beside its bytes; `received_at` (UTC) is when its content was first received, under whatever name."""

    sha256: str
    name: str
    received_at: datetime
    size: int


class _Head(NamedTuple):
    record: PayloadRecord
    body_at: int
    file_size: int


class PayloadArchive:
    """The payloads of one lake."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def put(self, data: bytes, *, name: str, received_at: datetime) -> PayloadRecord:
        """The record of `data`, kept from now on; for bytes that are known the FIRST record, for ever.

        A stored payload that was cut short is written again from `data`, under its first record.
        """
        if received_at.tzinfo is None:
            raise PayloadFault("archiving a payload", f"{received_at} has no zone", "give an aware instant", name=name)
        sha256 = hashlib.sha256(data).hexdigest()
        first = self._head(sha256)
        if first is None:
            record = PayloadRecord(sha256, name, received_at.astimezone(UTC), len(data))
            try:
                self._store.write(_path(sha256), _file(record, data), expect=None)
            except ConflictFault:
                return self._require_head(sha256).record
            return record
        entry = self._store.stat(_path(sha256))
        if entry is None or entry.size != first.file_size:
            self._store.write(_path(sha256), _file(first.record, data), expect=ANY)
        return first.record

    def put_many(self, payloads: Iterable[Payload]) -> list[PayloadRecord]:
        """The record of each payload, in order; several are written at a time."""
        with ThreadPoolExecutor(_THREADS) as pool:
            return list(pool.map(lambda p: self.put(p.data, name=p.name, received_at=p.received_at), payloads))

    def get(self, sha256: str) -> bytes:
        """The payload with that hash, every byte verified. `MissingFault`, or `CorruptFault` when it is not what was stored."""
        data = self._store.read(_path(sha256))
        head = _parse(sha256, data[:_HEAD_LIMIT])
        if len(data) != head.file_size:
            raise _corrupt(sha256, f"{len(data)} bytes instead of {head.file_size}")
        try:
            payload = zstandard.ZstdDecompressor().decompress(data[head.body_at :], max_output_size=head.record.size)
        except zstandard.ZstdError as error:
            raise _corrupt(sha256, str(error)) from None
        if hashlib.sha256(payload).hexdigest() != sha256:
            raise _corrupt(sha256, "the bytes do not match their hash")
        return payload

    def record(self, sha256: str) -> PayloadRecord | None:
        """The record of the payload with that hash, None when it is not in the archive. Reads the head of the file only."""
        head = self._head(sha256)
        return head.record if head else None

    def _head(self, sha256: str) -> _Head | None:
        try:
            return self._require_head(sha256)
        except MissingFault:
            return None

    def _require_head(self, sha256: str) -> _Head:
        return _parse(sha256, self._store.read_head(_path(sha256), _HEAD_LIMIT))


def _path(sha256: str) -> str:
    if not _SHA256.fullmatch(sha256):
        raise MissingFault("looking for a payload", f"{sha256[:80]!r} is not a SHA-256", "give the 64 hex digits of payload_sha256")
    return f"{PAYLOADS}/{sha256[:2]}/{sha256}.zst"


def _file(record: PayloadRecord, data: bytes) -> bytes:
    body = zstandard.ZstdCompressor(level=_LEVEL, write_checksum=True).compress(data)
    text = json.dumps(
        {
            "name": record.name,
            "received_at": record.received_at.isoformat(),
            "sha256": record.sha256,
            "size": record.size,
            "stored": len(body),
        },
        sort_keys=True,
    ).encode()
    text = hashlib.sha256(text).hexdigest().encode() + text
    if _HEAD.size + len(text) > _HEAD_LIMIT:
        raise PayloadFault("archiving a payload", "its name is too long", "shorten the path below the landing folder")
    return b"".join((_HEAD.pack(_SKIPPABLE, len(text)), text, body))


def _parse(sha256: str, start: bytes) -> _Head:
    if len(start) < _HEAD.size:
        raise _corrupt(sha256, "the file is empty or cut short")
    magic, size = _HEAD.unpack_from(start)
    text = start[_HEAD.size : _HEAD.size + size]
    if magic != _SKIPPABLE or len(text) != size or hashlib.sha256(text[64:]).hexdigest().encode() != text[:64]:
        raise _corrupt(sha256, "its record is damaged")
    found = json.loads(text[64:])
    if found["sha256"] != sha256:
        raise _corrupt(sha256, f"it is the file of payload {found['sha256']}")
    record = PayloadRecord(sha256, found["name"], datetime.fromisoformat(found["received_at"]), found["size"])
    return _Head(record, _HEAD.size + size, _HEAD.size + size + found["stored"])


def _corrupt(sha256: str, found: str) -> CorruptFault:
    return CorruptFault("reading a payload", found, "restore it from a copy, or delete it and land the file again", payload_sha256=sha256)
