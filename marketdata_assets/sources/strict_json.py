"""JSON as the standard has it; what parsers wave through (repeated keys, NaN, numbers beyond a double, endless nesting) is refused."""

from __future__ import annotations

import json
from collections.abc import Iterable
from itertools import chain
from typing import Any

import numpy as np
import orjson

MAX_DEPTH = 64
SMALL = 2_000  # bytes below which parsing twice is quicker than counting
_COLON, _QUOTE, _SPACE = ord(":"), ord('"'), ord(" ")


class NotStrictJson(ValueError):
    """The bytes are not one strict JSON document; the message says why and where, and quotes none of them.

    `cut` says that they are the beginning of one, as far as they go.
    """

    def __init__(self, complaint: str, *, cut: bool = False) -> None:
        super().__init__(complaint)
        self.cut = cut


def loads(data: bytes, max_depth: int = MAX_DEPTH) -> Any:
    """The document in `data`: UTF-8 without byte order mark, one value, nesting up to `max_depth`.

    `NotStrictJson` for NaN and Infinity, numbers that overflow a double, a key that stands twice in one object, lone
    surrogates, trailing commas and anything after the document. Integers are exact up to 64 bits.
    """
    try:
        document = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise NotStrictJson(str(error), cut="unexpected end" in str(error)) from None
    objects = _objects(document, data.count(b"{") + data.count(b"["), max_depth)
    if len(data) < SMALL or not _keys_are_unique(data, sum(map(len, objects))):
        _refuse_repeated_keys(data)
    return document


def _objects(document: Any, containers: int, max_depth: int) -> list[dict[str, Any]]:
    """Every object in the document, found level by level; `containers` is at least how many objects and arrays there are.

    The walk ends when that many are found, so the scalars of long flat rows are never looked at.
    """
    objects: list[dict[str, Any]] = []
    level = [document] if isinstance(document, (dict, list)) else []
    found, depth = len(level), 1
    while level:
        if depth > max_depth:
            raise NotStrictJson(f"nested deeper than {max_depth} levels")
        dicts = [c for c in level if type(c) is dict]
        objects += dicts
        if found >= containers:
            break
        lists: Iterable[Any] = (c for c in level if type(c) is list)
        level = [v for v in chain(chain.from_iterable(map(dict.values, dicts)), chain.from_iterable(lists)) if type(v) in (dict, list)]
        found, depth = found + len(level), depth + 1
    return objects


def _keys_are_unique(data: bytes, keys: int) -> bool:
    """Whether counting alone proves that no key stands twice; False means only that it does not.

    Each key ends in a quote and a colon. Where no colon follows white space, the pairs quote-colon are at least as many as the
    keys written, which are at least as many as the `keys` that survived parsing: equality at both ends leaves no repeated one.
    """
    text = np.frombuffer(data, dtype=np.uint8)
    before = text[:-1][text[1:] == _COLON]
    return int(np.count_nonzero(before == _QUOTE)) == keys and not bool(np.any(before <= _SPACE))


def _refuse_repeated_keys(data: bytes) -> None:
    def unique(pairs: list[tuple[str, Any]]) -> None:
        if len({key for key, _ in pairs}) < len(pairs):
            raise NotStrictJson("a key stands twice in one object")

    try:
        json.loads(data, object_pairs_hook=unique)
    except RecursionError:
        raise NotStrictJson("nested too deeply") from None
