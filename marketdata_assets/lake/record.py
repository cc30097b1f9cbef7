"""What a file says of itself: table, partition, rows, code, inputs, calendar; no clock, so the same content is the same bytes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version

from marketdata_assets.core.faults import CorruptFault, SchemaFault
from marketdata_assets.lake.layout import PartitionKey, path_of
from marketdata_assets.lake.seal import Sealed
from marketdata_assets.schemas.table import Table

Inputs = Mapping[str, str] | Callable[[PartitionKey], Mapping[str, str]] | None
_FORMAT = 1


@dataclass(frozen=True)
class FileRecord:
    """The record of one published file.

    `inputs` is the hash of the hashes it was computed from, empty when none were named; `schema` identifies column names and types;
    `metadata` is what the publisher added, e.g. `calendar`.
    """

    table: str
    table_path: str
    key: PartitionKey
    rows: int
    code_version: str
    inputs: str
    schema: str
    sha256: str
    metadata: Mapping[str, str] = field(default_factory=dict)

    @property
    def calendar(self) -> str | None:
        """The version of the calendar that decided sessions, where one did."""
        return self.metadata.get("calendar")


@lru_cache(maxsize=1)
def code_version() -> str:
    """The installed version of this package."""
    try:
        return version("marketdata-assets")
    except PackageNotFoundError:
        return "not installed"


@lru_cache(maxsize=64)
def schema_id(table: Table) -> str:
    """A hash of the table's column names and types, in order."""
    return hashlib.sha256(repr(list(table.polars_schema.items())).encode()).hexdigest()[:16]


@lru_cache(maxsize=64)
def column_docs(table: Table) -> str:
    """Type, unit and meaning of every column as JSON, for the file's metadata."""
    return json.dumps({c.name: [str(c.dtype), c.unit, c.meaning] for c in table.columns}, separators=(",", ":"))


def inputs_hash(inputs: Mapping[str, str]) -> str:
    """One hash for a set of named input hashes; empty for no inputs."""
    return hashlib.sha256(json.dumps(sorted(inputs.items())).encode()).hexdigest() if inputs else ""


def record_text(table: Table, table_path: str, key: PartitionKey, rows: int, inputs: Inputs, metadata: Mapping[str, str] | None) -> str:
    """The record of a file about to be written, as canonical JSON."""
    record = {
        "format": _FORMAT,
        "table": table.name,
        "path": table_path,
        "period": key.period,
        "symbol": key.symbol,
        "rows": rows,
        "code": code_version(),
        "inputs": inputs_hash((inputs(key) if callable(inputs) else inputs) or {}),
        "schema": schema_id(table),
        "metadata": dict(metadata or {}),
    }
    return json.dumps(record, sort_keys=True, separators=(",", ":"))


def file_record(sealed: Sealed, path: str) -> FileRecord:
    """The record of the verified file at `path`. `CorruptFault` when the file was published somewhere else: a swapped or copied file."""
    found = sealed.record
    key = PartitionKey(found["period"], found["symbol"])
    if path_of(found["path"], key) != path:
        raise CorruptFault(
            "reading a file of the lake",
            f"it is the file of {found['path']} {key}",
            "put it back where it belongs and materialize this partition again",
            path=path,
        )
    return FileRecord(
        found["table"], found["path"], key, found["rows"], found["code"], found["inputs"], found["schema"], sealed.sha256, found["metadata"]
    )


def require_schema(record: FileRecord, table: Table, path: str) -> None:
    """Nothing when the file holds `table` as it is declared today; otherwise `SchemaFault`."""
    if record.table != table.name or record.schema != schema_id(table):
        raise SchemaFault(
            f"reading {table.name}",
            f"the file holds {record.table} as version {record.code_version} declared it",
            "materialize the partition again with this version",
            path=path,
        )
