"""Structs in Thrift's compact encoding, read without a schema: what Parquet writes its footer and page headers in.

Encoding: https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
"""

from __future__ import annotations

from typing import Any

_STOP, _TRUE, _FALSE, _BYTE, _I16, _I32, _I64, _DOUBLE, _BINARY, _LIST, _SET, _MAP, _STRUCT = range(13)
_DEEPEST = 32

Struct = dict[int, Any]


def read_struct(data: bytes, at: int, depth: int = 0) -> tuple[Struct, int]:
    """A struct as {field id: value} and where it ends. Texts stay bytes. ValueError for what is no struct."""
    fields: Struct = {}
    last = 0
    while True:
        head = _byte(data, at)
        at += 1
        if head == _STOP:
            return fields, at
        if head >> 4:
            last += head >> 4
        else:
            last, at = _signed(data, at)
        fields[last], at = _value(data, at, head & 0x0F, depth, within_list=False)


def _value(data: bytes, at: int, kind: int, depth: int, *, within_list: bool) -> tuple[Any, int]:
    if depth > _DEEPEST:
        raise ValueError("it is nested too deeply")
    if kind in (_TRUE, _FALSE):
        # A field's type is its value; an element of a list spends a byte on it.
        return (_byte(data, at) == _TRUE, at + 1) if within_list else (kind == _TRUE, at)
    if kind == _BYTE:
        return _byte(data, at), at + 1
    if kind in (_I16, _I32, _I64):
        return _signed(data, at)
    if kind == _DOUBLE:
        return None, _within(data, at + 8)
    if kind == _BINARY:
        size, at = _unsigned(data, at)
        return data[at : at + size], _within(data, at + size)
    if kind in (_LIST, _SET):
        return _list(data, at, depth)
    if kind == _MAP:
        return _map(data, at, depth)
    if kind == _STRUCT:
        return read_struct(data, at, depth + 1)
    raise ValueError(f"type {kind} is unknown")


def _list(data: bytes, at: int, depth: int) -> tuple[list[Any], int]:
    head = _byte(data, at)
    at += 1
    size = head >> 4
    if size == 15:
        size, at = _unsigned(data, at)
    _within(data, at + size)
    items = []
    for _ in range(size):
        item, at = _value(data, at, head & 0x0F, depth + 1, within_list=True)
        items.append(item)
    return items, at


def _map(data: bytes, at: int, depth: int) -> tuple[None, int]:
    size, at = _unsigned(data, at)
    _within(data, at + size)
    if size:
        kinds = _byte(data, at)
        at += 1
        for _ in range(size):
            for kind in (kinds >> 4, kinds & 0x0F):
                _, at = _value(data, at, kind, depth + 1, within_list=True)
    return None, at


def _unsigned(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = _byte(data, at)
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
        if shift > 63:
            raise ValueError("a number of more than 64 bits")


def _signed(data: bytes, at: int) -> tuple[int, int]:
    value, at = _unsigned(data, at)
    return (value >> 1) ^ -(value & 1), at


def _byte(data: bytes, at: int) -> int:
    _within(data, at + 1)
    return data[at]


def _within(data: bytes, end: int) -> int:
    if end > len(data):
        raise ValueError("it ends in the middle")
    return end
