"""Rows of an answer, held against the vendor's row model and turned into columns."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Annotated, Any, NotRequired, get_args, get_origin, get_type_hints, is_typeddict

import polars as pl
from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

NumberText = Annotated[str, Field(pattern=r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$")]
"""A number that the vendor writes as text; cast it with `pl.Float64`, which gives the nearest double."""

_DTYPES: dict[Any, pl.DataType] = {str: pl.String(), int: pl.Int64(), float: pl.Float64(), bool: pl.Boolean()}


def read_rows(rows: Sequence[Any], model: type) -> pl.DataFrame:
    """The rows as a frame with the columns of `model` and `line`, the row's place among them from 1.

    `model` is a `TypedDict` (rows are objects; fields it does not name are left out, `NotRequired` ones may be missing and are null) or a
    `NamedTuple` (rows are arrays of exactly its length). Types are strict: a text is no number, 1.5 no whole number, a flag neither, and
    `Literal` lists every value there may be; a whole number may stand where a fraction may. Columns are String, Int64, Float64 and
    Boolean as the model says; nested values become what Polars makes of them. `ValueError` (pydantic's `ValidationError` among
    them), `KeyError` or `TypeError` when a row does not fit, each of which `sources.errors.reading` makes a `SchemaChanged`.
    """
    if is_typeddict(model):
        given: dict[str, Sequence[Any]] = {name: _cells(rows, name, name in _required(model)) for name in _adapters(model)}
    else:
        fields = list(_adapters(model))
        if odd := next((row for row in rows if not isinstance(row, (list, tuple)) or len(row) != len(fields)), None):
            raise ValueError(f"a row of {len(fields)} cells was expected, this came: {str(odd)[:120]}")
        cells: list[Sequence[Any]] = list(zip(*rows, strict=True)) if rows else [()] * len(fields)
        given = dict(zip(fields, cells, strict=True))
    columns = [_column(name, given[name], adapter, dtype) for name, (adapter, dtype) in _adapters(model).items()]
    return pl.DataFrame(columns).with_columns(pl.int_range(1, pl.len() + 1, dtype=pl.Int64).alias("line"))


def _cells(rows: Sequence[Any], name: str, required: bool) -> list[Any]:
    return [row[name] for row in rows] if required else [row.get(name) for row in rows]


def _column(name: str, cells: Sequence[Any], adapter: TypeAdapter[Any], dtype: pl.DataType | None) -> pl.Series:
    try:
        return pl.Series(name, adapter.validate_python(list(cells)), dtype)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise ValueError(f"{name} of row {first['loc'][0]}: {first['msg']}, not {str(first.get('input'))[:60]!r}") from None


@cache
def _adapters(model: type) -> dict[str, tuple[TypeAdapter[Any], pl.DataType | None]]:
    """A strict reader of each column, by name, and the column's type; None lets Polars infer that of nested values."""
    hints = get_type_hints(model, include_extras=True)
    required = _required(model) if is_typeddict(model) else frozenset(hints)
    found = {}
    for name, hint in hints.items():
        inner = get_args(hint)[0] if "Required" in str(hint).split("[", maxsplit=1)[0] else hint
        cell = inner if name in required else inner | None
        found[name] = (TypeAdapter(list[cell], config=ConfigDict(strict=True)), _dtype(inner))  # type: ignore[valid-type]
    return found


@cache
def _required(model: Any) -> frozenset[str]:
    """Keys without `NotRequired`; `__required_keys__` does not see it in a module whose annotations are texts."""
    hints = get_type_hints(model, include_extras=True)
    return frozenset(name for name, hint in hints.items() if get_origin(hint) is not NotRequired)


def _dtype(hint: Any) -> pl.DataType | None:
    if hint in _DTYPES:
        return _DTYPES[hint]
    if isinstance(hint, type(NumberText)):
        return _dtype(get_args(hint)[0])
    parts = [part for part in get_args(hint) if part is not type(None)]
    if "Literal" in str(hint).split("[", maxsplit=1)[0]:
        return _DTYPES.get(type(parts[0]))
    return _dtype(parts[0]) if type(None) in get_args(hint) and len(parts) == 1 else None
