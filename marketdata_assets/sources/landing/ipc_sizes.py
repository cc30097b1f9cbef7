"""How much an Arrow file unpacks to, read from its own directory without unpacking it.

pyarrow allocates whatever length a compressed buffer claims in its first eight bytes; the claims have to be added up before
it is asked to read. The few flatbuffer tables on the way there (Footer, Block, Message, RecordBatch) are walked by hand.
Layout: https://arrow.apache.org/docs/format/Columnar.html, files File.fbs, Message.fbs.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

ARROW = b"ARROW1"
_CONTINUATION = 0xFFFFFFFF
_FOOTER_DICTIONARIES, _FOOTER_BATCHES = 2, 3
_BLOCK_SIZE, _BUFFER_SIZE = 24, 16
_MESSAGE_TYPE, _MESSAGE_HEADER = 1, 2
_DICTIONARY_BATCH, _DICTIONARY_DATA = 2, 1
_BATCH_BUFFERS, _BATCH_COMPRESSION = 2, 3
_NOT_COMPRESSED = -1


def ipc_size(data: bytes) -> int:
    """Bytes that all buffers of an Arrow file unpack to, as they claim. ValueError when its directory makes no sense."""
    try:
        return sum(_batch_size(data, *block) for block in _blocks(data))
    except (struct.error, IndexError) as error:
        raise ValueError(f"its directory points nowhere ({error})") from None


def _blocks(data: bytes) -> Iterator[tuple[int, int]]:
    """(offset of the message, offset of its body) of every record and dictionary batch."""
    end = len(data) - len(ARROW)
    size = _int32(data, end - 4)
    if not 0 < size < end:
        raise ValueError("its footer has no size")
    footer = _root(data, end - 4 - size)
    for slot in (_FOOTER_DICTIONARIES, _FOOTER_BATCHES):
        for at in _structs(data, footer, slot, _BLOCK_SIZE):
            offset, meta = struct.unpack_from("<qi", data, at)
            if offset < 0 or meta <= 0 or offset + meta > len(data):
                raise ValueError("a block lies outside the file")
            yield offset, offset + meta


def _batch_size(data: bytes, offset: int, body: int) -> int:
    prefixed = 8 if struct.unpack_from("<I", data, offset)[0] == _CONTINUATION else 4
    message = _root(data, offset + prefixed)
    batch = _table(data, message, _MESSAGE_HEADER)
    kind = _field(data, message, _MESSAGE_TYPE)
    if batch and kind and data[kind] == _DICTIONARY_BATCH:
        batch = _table(data, batch, _DICTIONARY_DATA)
    if not batch:
        return 0
    compressed = _field(data, batch, _BATCH_COMPRESSION) is not None
    total = 0
    for at in _structs(data, batch, _BATCH_BUFFERS, _BUFFER_SIZE):
        start, length = struct.unpack_from("<qq", data, at)
        if start < 0 or length < 0 or body + start + length > len(data):
            raise ValueError("a buffer lies outside the file")
        claim = struct.unpack_from("<q", data, body + start)[0] if compressed and length else _NOT_COMPRESSED
        total += length if claim == _NOT_COMPRESSED else max(claim, 0)
    return total


def _root(data: bytes, at: int) -> int:
    return at + int(struct.unpack_from("<I", data, at)[0])


def _int32(data: bytes, at: int) -> int:
    return int(struct.unpack_from("<i", data, at)[0])


def _field(data: bytes, table: int, slot: int) -> int | None:
    """Where a table's field lies; None when it is absent."""
    vtable = table - _int32(data, table)
    if vtable < 0 or 4 + 2 * slot >= struct.unpack_from("<H", data, vtable)[0]:
        return None
    shift = struct.unpack_from("<H", data, vtable + 4 + 2 * slot)[0]
    return table + shift if shift else None


def _table(data: bytes, table: int, slot: int) -> int | None:
    at = _field(data, table, slot)
    return None if at is None else _root(data, at)


def _structs(data: bytes, table: int, slot: int, size: int) -> Iterator[int]:
    """Where each struct of a vector field lies."""
    vector = _table(data, table, slot)
    if vector is None:
        return
    count = struct.unpack_from("<I", data, vector)[0]
    if vector + 4 + count * size > len(data):
        raise ValueError("a directory is longer than the file")
    yield from range(vector + 4, vector + 4 + count * size, size)
