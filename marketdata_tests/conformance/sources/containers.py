"""Where the rows of a vendor's answer stand, written for the tests alone: how to take them out, and how to leave only some of them in."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

Row = tuple[str, Any]


class Container(Protocol):
    """Rows come with the key they stand under ("" where there is none); numbers are the texts of the document."""

    def rows(self, body: bytes) -> list[Row]: ...

    def keep(self, body: bytes, places: Sequence[int]) -> bytes: ...


def with_texts(body: bytes) -> Any:
    """The JSON document with every number as the text it was written with."""
    return json.loads(body, parse_float=str, parse_int=str)


def at(document: Any, path: str) -> Any:
    """What stands at a dotted path, None where it leads nowhere. `~Time` is the only key that begins with `Time`."""
    for step in path.split(".") if path else ():
        if isinstance(document, list):
            document = document[int(step)] if int(step) < len(document) else None
        elif isinstance(document, dict):
            document = document.get(_key(document, step))
        else:
            return None
    return document


def put(document: Any, path: str, value: Any) -> Any:
    """The document with another value at a dotted path, which is made where it is missing."""
    if not path:
        return value
    step, _, rest = path.partition(".")
    if isinstance(document, list):
        return [put(item, rest, value) if place == int(step) else item for place, item in enumerate(document)]
    key = _key(document, step)
    return {**document, key: put(document.get(key, {}), rest, value)}


def _key(document: Mapping[str, Any], step: str) -> str:
    if not step.startswith("~"):
        return step
    return next((key for key in document if key.startswith(step[1:])), step[1:])


@dataclass(frozen=True)
class ListAt:
    """`{"results": [row, row]}`; an object instead of a list is one row.

    `key` names the key from the rest of the document, `counts` where the document says how many rows there are.
    """

    path: str = ""
    key: str = ""
    counts: tuple[str, ...] = ()

    def rows(self, body: bytes) -> list[Row]:
        document = with_texts(body)
        found = at(document, self.path)
        key = at(document, self.key) if self.key else ""
        return [(key, row) for row in (found if isinstance(found, list) else [] if found in (None, {}) else [found])]

    def keep(self, body: bytes, places: Sequence[int]) -> bytes:
        document = json.loads(body)
        found = at(document, self.path)
        if isinstance(found, dict):
            return body if places else json.dumps(put(document, self.path, {})).encode()
        for count in self.counts:
            document = put(document, count, len(places)) if at(document, count) is not None else document
        return json.dumps(put(document, self.path, [(found or [])[place] for place in places])).encode()


@dataclass(frozen=True)
class BySymbol:
    """`{"bars": {"A": [row, row], "B": [row]}}`, in that order; only lists count. With `keys`, those alone, and they stay when empty."""

    path: str = ""
    keys: tuple[str, ...] = ()
    stays: bool = False

    def rows(self, body: bytes) -> list[Row]:
        return [(key, row) for key, rows in self._lists(with_texts(body)).items() for row in rows]

    def keep(self, body: bytes, places: Sequence[int]) -> bytes:
        document = json.loads(body)
        lists = self._lists(document)
        flat = [(key, row) for key, rows in lists.items() for row in rows]
        kept: dict[str, list[Any]] = {key: [] for key in lists}
        for place in places:
            kept[flat[place][0]].append(flat[place][1])
        others = {key: value for key, value in (at(document, self.path) or {}).items() if key not in lists}
        left = {key: rows for key, rows in kept.items() if rows or self.keys or self.stays}
        return json.dumps(put(document, self.path, {**left, **others})).encode()

    def _lists(self, document: Any) -> dict[str, list[Any]]:
        found = at(document, self.path) or {}
        return {key: rows for key, rows in found.items() if isinstance(rows, list) and (not self.keys or key in self.keys)}


@dataclass(frozen=True)
class OnePer:
    """`{"AAPL": row, "IBM": row}`, `{"2017-12-18 14:56:00": row}`: the key tells what the row is about."""

    path: str = ""

    def rows(self, body: bytes) -> list[Row]:
        return [(key, row) for key, row in (at(with_texts(body), self.path) or {}).items() if row is not None]

    def keep(self, body: bytes, places: Sequence[int]) -> bytes:
        document = json.loads(body)
        flat = list((at(document, self.path) or {}).items())
        return json.dumps(put(document, self.path, dict(flat[place] for place in places))).encode()


@dataclass(frozen=True)
class Columns:
    """Parallel arrays: `{"t": [..], "o": [..]}`. `arrays` gives each its path; a row is an object of their names."""

    arrays: Mapping[str, str]
    first: str
    path: str = ""
    extra: Mapping[str, str] = field(default_factory=dict)  # single values that every row needs, by their path

    def rows(self, body: bytes) -> list[Row]:
        document = with_texts(body)
        found = {name: at(document, f"{self.path}.{path}".strip(".")) for name, path in self.arrays.items()}
        constant = {name: at(document, path) for name, path in self.extra.items()}
        cells = {name: values for name, values in found.items() if isinstance(values, list)}
        return [("", {**constant, **{name: values[i] for name, values in cells.items()}}) for i in range(len(cells.get(self.first, [])))]

    def keep(self, body: bytes, places: Sequence[int]) -> bytes:
        document = json.loads(body)
        for path in self.arrays.values():
            full = f"{self.path}.{path}".strip(".")
            if isinstance(values := at(document, full), list):
                document = put(document, full, [values[place] for place in places])
        return json.dumps(document).encode()


@dataclass(frozen=True)
class Csv:
    """Lines of CSV; with `header` a row is an object, without one a list of cells."""

    header: bool = True

    def rows(self, body: bytes) -> list[Row]:
        lines = list(csv.reader(io.StringIO(body.decode())))
        if not self.header:
            return [("", cells) for cells in lines if cells]
        return [("", dict(zip(lines[0], cells, strict=True))) for cells in lines[1:] if cells]

    def keep(self, body: bytes, places: Sequence[int]) -> bytes:
        lines = [line + b"\n" for line in body.splitlines()]
        head = lines[:1] if self.header else []
        return b"".join([*head, *(lines[len(head) :][place] for place in places)])


@dataclass(frozen=True)
class Zipped:
    """The one file of a zip archive."""

    inside: Container

    def rows(self, body: bytes) -> list[Row]:
        return self.inside.rows(unzipped(body)[1])

    def keep(self, body: bytes, places: Sequence[int]) -> bytes:
        name, data = unzipped(body)
        return zipped(name, self.inside.keep(data, places))


def unzipped(body: bytes) -> tuple[str, bytes]:
    """Name and bytes of the one file of an archive."""
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        (name,) = archive.namelist()
        return name, archive.read(name)


def zipped(name: str, data: bytes) -> bytes:
    """An archive of one file."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo(name), data)
    return buffer.getvalue()


@dataclass(frozen=True)
class Leaves:
    """Lists at the leaves of nested objects: `{"dei": {"Shares": {"units": {"shares": [row]}}}}`; the key joins the steps by `|`."""

    path: str = ""

    def rows(self, body: bytes) -> list[Row]:
        return list(_leaves(at(with_texts(body), self.path), ""))

    def keep(self, body: bytes, places: Sequence[int]) -> bytes:
        document = json.loads(body)
        tree = at(document, self.path)
        flat = list(_leaves(tree, ""))
        kept: dict[str, list[Any]] = {}
        for place in places:
            kept.setdefault(flat[place][0], []).append(flat[place][1])
        return json.dumps(put(document, self.path, _pruned(tree, "", kept))).encode()


@dataclass(frozen=True)
class Twigs:
    """Objects two keys deep: `{"events": {"splits": {"1598880600": row}}}`; the key is the outer one."""

    path: str = ""

    def rows(self, body: bytes) -> list[Row]:
        return [(key, row) for key, rows in (at(with_texts(body), self.path) or {}).items() for row in rows.values()]

    def keep(self, body: bytes, places: Sequence[int]) -> bytes:
        document = json.loads(body)
        flat = [(key, name, row) for key, rows in (at(document, self.path) or {}).items() for name, row in rows.items()]
        kept: dict[str, dict[str, Any]] = {}
        for place in places:
            key, name, row = flat[place]
            kept.setdefault(key, {})[name] = row
        return json.dumps(put(document, self.path, kept)).encode()


def _leaves(tree: Any, key: str) -> Iterator[Row]:
    if isinstance(tree, list):
        yield from ((key, row) for row in tree)
    elif isinstance(tree, dict):
        for step, below in tree.items():
            yield from _leaves(below, f"{key}|{step}".strip("|"))


def _pruned(tree: Any, key: str, kept: Mapping[str, list[Any]]) -> Any:
    if isinstance(tree, list):
        return kept.get(key, [])
    if isinstance(tree, dict):
        return {step: _pruned(below, f"{key}|{step}".strip("|"), kept) for step, below in tree.items()}
    return tree
