"""What Dagster shows of a table before it holds a row; everything in it is derived from the table's model and its lane."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache

from dagster import AssetSpec, TableColumn, TableColumnConstraints, TableConstraints, TableSchema

from marketdata_assets.defs.keys import asset_key
from marketdata_assets.defs.lanes import Lane
from marketdata_assets.defs.resources import IO_MANAGER
from marketdata_assets.schemas.table import Table

OWNERS = ["team:market-data"]


@cache
def column_schema(table: Table) -> TableSchema:
    """Every column in storage order with its type, null rule, and meaning with unit; the key as a constraint of the table."""
    return TableSchema(
        columns=[
            TableColumn(
                c.name,
                str(c.dtype),
                f"{c.meaning} [{c.unit}]" if c.unit else c.meaning,
                TableColumnConstraints(nullable=c.nullable, unique=table.key == (c.name,)),
            )
            for c in table.columns
        ],
        constraints=TableConstraints(other=[f"unique: {', '.join(table.key)}", f"sorted by: {', '.join(table.sort)}"]),
    )


def description(table: Table, also: str = "") -> str:
    """The table in words: what it holds, what a row is, what tells rows apart, which column dates them."""
    key = ", ".join(f"`{name}`" for name in table.key)
    text = f"{table.meaning}.\n\nOne row is one {table.grain}; rows are unique by {key} and dated by `{table.dated_by}`."
    return f"{text}\n\n{also}" if also else text


def table_metadata(table: Table, path: str, lake: str) -> Mapping[str, object]:
    """Definition metadata of a table's asset: column schema, name in queries, and the folder that any Parquet reader can open."""
    return {"dagster/column_schema": column_schema(table), "dagster/table_name": path, "folder": f"{lake.rstrip('/')}/{path}"}


def kinds(storage: str, *more: str) -> set[str]:
    """Kind tags of an asset that Polars computes and the lake stores as Parquet."""
    return {"polars", "parquet", storage, *more}


def table_spec(
    lane: Lane,
    table: Table,
    *,
    code_version: str,
    deps: Iterable[str],
    source: str | None = None,
    also: str = "",
    more_kinds: tuple[str, ...] = (),
) -> AssetSpec:
    """The asset of a lane's table, computed from the tables at `deps`. A dependency on the same partitions is an identity."""
    path = lane.path(table, source)
    spec = AssetSpec(
        key=asset_key(path),
        deps=[asset_key(dep) for dep in deps],
        description=description(table, also),
        metadata=table_metadata(table, path, lane.lake),
        group_name=lane.name,
        kinds=kinds(lane.storage, *more_kinds),
        owners=OWNERS,
        code_version=code_version,
        partitions_def=lane.partitions,
    )
    return spec.with_io_manager_key(IO_MANAGER)
