"""How much a Parquet file unpacks to, read from its footer and every page header without unpacking a page.

A reader allocates what a footer or a page header claims, and ends the process when there is not that much; a run-length page of
a few bytes may stand for millions of values. So every claim is added up, and held against the others, before a reader is asked.
Layout: https://github.com/apache/parquet-format, parquet.thrift.
"""

from __future__ import annotations

from marketdata_assets.sources.landing.thrift_compact import Struct, read_struct

PARQUET = b"PAR1"
_FILE_SCHEMA, _FILE_ROWS, _FILE_GROUPS = 2, 3, 4
_SCHEMA_TYPE_LENGTH = 2
_GROUP_COLUMNS, _GROUP_ROWS = 1, 3
_CHUNK_META = 3
_META_VALUES, _META_PACKED, _META_DATA_AT, _META_DICTIONARY_AT = 5, 7, 9, 11
_PAGE_UNPACKED, _PAGE_PACKED, _PAGE_DATA, _PAGE_DICTIONARY, _PAGE_DATA_2 = 2, 3, 5, 7, 8
_VALUE_SIZE = 8
_LONGEST_FIXED = 32


def parquet_size(data: bytes) -> int:
    """Bytes that all pages of a flat Parquet file unpack to, as they claim, in pages or in values of eight bytes, whichever is more.

    ValueError when its footer or a page header makes no sense, or their counts contradict each other.
    """
    end = len(data) - len(PARQUET) - 4
    at = end - int.from_bytes(data[end : end + 4], "little")
    if at < len(PARQUET):
        raise ValueError("its footer is larger than the file")
    footer, _ = read_struct(data[:end], at)
    for element in _structs(footer, _FILE_SCHEMA):
        if _SCHEMA_TYPE_LENGTH in element and _count(element, _SCHEMA_TYPE_LENGTH) > _LONGEST_FIXED:
            raise ValueError("a column of values longer than any number")
    groups = _structs(footer, _FILE_GROUPS)
    if _count(footer, _FILE_ROWS) != sum(_count(group, _GROUP_ROWS) for group in groups):
        raise ValueError("its row groups do not add up to its rows")
    return sum(_chunk_size(data, chunk, _count(group, _GROUP_ROWS), at) for group in groups for chunk in _structs(group, _GROUP_COLUMNS))


def _chunk_size(data: bytes, chunk: Struct, rows: int, footer: int) -> int:
    meta = chunk.get(_CHUNK_META, {})
    if _count(meta, _META_VALUES) != rows:
        raise ValueError("a column does not have a value for every row")
    at = min(_count(meta, key) for key in (_META_DATA_AT, _META_DICTIONARY_AT) if key == _META_DATA_AT or meta.get(key))
    stop = at + _count(meta, _META_PACKED)
    if stop > footer:
        raise ValueError("a column lies outside the file")
    total = values = 0
    while at < stop:
        page, at = read_struct(data[:stop], at)
        in_page = sum(_count(page[kind], 1) for kind in (_PAGE_DATA, _PAGE_DATA_2) if kind in page)
        in_dictionary = _count(page[_PAGE_DICTIONARY], 1) if _PAGE_DICTIONARY in page else 0
        total += max(_count(page, _PAGE_UNPACKED), _VALUE_SIZE * max(in_page, in_dictionary))
        values += in_page
        at += _count(page, _PAGE_PACKED)
    if values != rows or at != stop:
        raise ValueError("the pages of a column do not add up to it")
    return total


def _count(struct: Struct, key: int) -> int:
    value = struct.get(key) if isinstance(struct, dict) else None
    if type(value) is not int or value < 0:
        raise ValueError("a count is missing or negative")
    return value


def _structs(struct: Struct, key: int) -> list[Struct]:
    items = struct.get(key)
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise ValueError("a list is missing")
    return items
