"""DuckDB's errors as refusals that say what to do."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from marketdata_assets.core.faults import Fault, QueryFault
from marketdata_assets.query.catalog import View

_TRIED = "answering the query"


def as_fault(error: Exception, named: Sequence[View]) -> Fault:
    """The `QueryFault` that stands for what DuckDB or Arrow said of a query that names these views."""
    found = _message(error)
    for kinds, remedy in _REMEDIES:
        if isinstance(error, kinds):
            return QueryFault(_TRIED, found, remedy.format(example=named[0].qualified if named else "us_equities.validated_bars_1d"))
    return QueryFault(_TRIED, found, "correct the query; `marketdata query --help` shows examples")


_REMEDIES: tuple[tuple[type[Exception] | tuple[type[Exception], ...], str], ...] = (
    (duckdb.ParserException, "correct the SQL at the mark; `marketdata query --help` shows examples"),
    (duckdb.PermissionException, "a query sees the tables of the lake and nothing else: no files, network, settings or extensions"),
    (duckdb.InterruptException, "it was stopped; ask again when you like"),
    (duckdb.OutOfMemoryException, "ask for fewer symbols, columns or a shorter time"),
    (duckdb.BinderException, "`DESCRIBE {example}` shows the columns of a table"),
    (duckdb.CatalogException, "`marketdata tables` lists the tables, DuckDB's documentation the functions"),
)


def _message(error: Exception) -> str:
    """DuckDB's own words without its class in front, marks of place kept."""
    text = str(error).strip()
    kind, colon, rest = text.partition(": ")
    return (rest if colon and kind.endswith("Error") else text).rstrip(". \n")
