"""The shape of a JSON document: which keys hold what kind of value, so that a made answer can be held against a recorded one."""

from __future__ import annotations

from typing import Any


def shape(value: Any) -> Any:
    """Keys and kinds: objects keep their keys; a list is the set of its items' shapes; whole and broken numbers are `number`."""
    if isinstance(value, dict):
        return {key: shape(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return ["list", *sorted({repr(shape(inner)) for inner in value})]
    if isinstance(value, bool) or value is None:
        return type(value).__name__
    return "number" if isinstance(value, float) else type(value).__name__


def row_shape(row: list[Any]) -> list[Any]:
    """The kinds of an array's cells in their order."""
    return [shape(cell) for cell in row]
