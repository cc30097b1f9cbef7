"""A json list of lists to rows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import orjson
import polars as pl

from marketdata_assets.core.faults import PayloadFault
from marketdata_assets.sources.landing.delimited import positions
from marketdata_assets.sources.landing.evidence import evidence
from marketdata_assets.sources.landing.format import LandingFormat
from marketdata_assets.sources.landing.limits import Limits, over
from marketdata_assets.sources.landing.rows import TORN, Rows

_WHOLE, _NUMBER = {int}, {int, float}
_FIRST = re.compile(r"\s*\[\s*\[([^\[\]{}]*)\]")


def read_json(path: str, data: bytes, layout: LandingFormat, limits: Limits) -> Rows:
    """The rows of a json payload. `PayloadFault` when it is not one list of lists; an element of another shape is a torn row.

    A column of numbers stays numbers; texts stay texts; anything mixed becomes the text of each value, so that `true` or a
    nested object never passes for a number.
    """
    if len(data) > limits.max_json:
        raise over(path, f"a json text of {len(data):,} bytes")
    try:
        content = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise PayloadFault(
            f"reading {path}", f"it is not json ({error}): {evidence(data)!r}", "download the file again", path=path
        ) from None
    if not isinstance(content, list):
        raise PayloadFault(
            f"reading {path}", f"it holds one json object, not a list of bars: {evidence(data)!r}", "ask the vendor again", path=path
        )
    found = positions(path, layout.names, layout)
    width = len(layout.names)
    good = [n for n, row in enumerate(content, 1) if isinstance(row, list) and len(row) == width]
    rows = content if len(good) == len(content) else [content[n - 1] for n in good]
    columns = [_series(ours, [row[place] for row in rows]) for ours, place in found.items()]
    return Rows(
        pl.DataFrame([pl.Series("line", good, pl.Int64), *columns]),
        _torn(content, set(good), width),
        lambda numbers: [orjson.dumps(content[n - 1]).decode() for n in numbers],
        [],
    )


def _series(name: str, values: Sequence[Any]) -> pl.Series:
    kinds = set(map(type, values)) - {type(None)}
    if kinds <= _WHOLE and all(v is None or -(2**63) <= v < 2**63 for v in values):
        return pl.Series(name, values, pl.Int64)
    if kinds <= _NUMBER:
        return pl.Series(name, [None if v is None else float(v) for v in values], pl.Float64)
    return pl.Series(name, [v if v is None or isinstance(v, str) else orjson.dumps(v).decode() for v in values], pl.String)


def _torn(content: list[Any], good: set[int], width: int) -> pl.DataFrame:
    rows = [
        (
            n,
            "wrong_width",
            f"{len(row)} values where {width} are due" if isinstance(row, list) else "not a list of values",
            _stamp(row),
            None,
        )
        for n, row in enumerate(content, 1)
        if n not in good
    ]
    return pl.DataFrame(rows, schema=TORN.schema, orient="row") if rows else TORN


def _stamp(row: Any) -> str | None:
    return str(row[0]) if isinstance(row, list) and row and isinstance(row[0], str | int) else None


def first_row(head: bytes) -> list[str]:
    """The values of the first inner list of a json text, as texts; [] when it does not begin as a list of lists."""
    match = _FIRST.match(head.decode("utf-8", errors="replace"))
    return [value.strip() for value in match[1].split(",")] if match else []
