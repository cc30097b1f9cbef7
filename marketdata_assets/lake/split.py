"""One big frame cut into its partitions: checked once as a whole, sorted once, sliced without copying."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager

import polars as pl
import pyarrow as pa

from marketdata_assets.core.faults import PartitionFault, SchemaFault
from marketdata_assets.core.periods import PeriodKind, period_expr, period_kind
from marketdata_assets.lake.layout import PartitionKey
from marketdata_assets.lake.parquet import to_arrow
from marketdata_assets.schemas.table import Table

_PERIOD, _SYMBOL, _FRAME = "__period", "__symbol", "__frame"


def split(
    table: Table, frame: pl.DataFrame, *, period: PeriodKind | None, by_symbol: bool, keys: Collection[PartitionKey] | None = None
) -> dict[PartitionKey, pa.Table]:
    """The rows of each partition, sorted as the table is: of every partition of `keys`, be it empty, or of those that have rows.

    `frame` is conformed to the table and validated as a whole: `SchemaFault`. Rows without a date, or of a partition that is not among
    `keys`: `PartitionFault`; no row is ever dropped.
    """
    with _told(table):
        whole = table.validate(table.conform(frame))
    parts = _partition_columns(table, period, by_symbol)
    if not parts:
        return {PartitionKey(None): to_arrow(whole)}
    _require_placed(table, whole, by_symbol)
    sliced = whole.with_columns(**parts).sort([*parts], maintain_order=True)
    runs = sliced.group_by([*parts], maintain_order=True).len().rows()
    rows = to_arrow(sliced.drop([*parts]))
    found: dict[PartitionKey, pa.Table] = {}
    start = 0
    for *names, count in runs:
        found[PartitionKey(*names)] = rows.slice(start, count)
        start += count
    return found if keys is None else _fit(table, found, keys, rows.schema.empty_table())


def join(table: Table, frames: Mapping[PartitionKey, pl.DataFrame]) -> tuple[pl.DataFrame, PeriodKind | None, bool]:
    """The frames in one, and how their keys cut it: period, and whether by symbol.

    `PartitionFault` when the keys are of several kinds, or when a frame holds a row of another partition than its key's.
    """
    period, by_symbol = kind_of(table, frames)
    tagged = [frame.with_columns(pl.lit(i, pl.Int64).alias(_FRAME)) for i, frame in enumerate(frames.values()) if frame.width]
    whole = pl.concat(tagged, how="diagonal_relaxed") if tagged else pl.DataFrame(schema={_FRAME: pl.Int64})
    parts = _partition_columns(table, period, by_symbol)
    if parts and whole.height:
        meant = pl.DataFrame({_FRAME: range(len(frames)), "p": [k.period for k in frames], "s": [k.symbol for k in frames]})
        differs = [pl.col(ours).ne_missing(pl.col(theirs)) for ours, theirs in ((_PERIOD, "p"), (_SYMBOL, "s")) if ours in parts]
        with _told(table):
            dated = whole.cast({table.dated_by: table.polars_schema[table.dated_by]})
            astray = dated.with_columns(**parts).join(meant, on=_FRAME).filter(pl.any_horizontal(differs))
        if astray.height:
            _refuse_astray(table, astray)
    return whole.drop(_FRAME), period, by_symbol


def kind_of(table: Table, keys: Collection[PartitionKey]) -> tuple[PeriodKind | None, bool]:
    """How `keys` cut the table: their period, and whether by symbol. `PartitionFault` when they differ in that, or there are none."""
    kinds = {(None if key.period is None else period_kind(key.period), key.symbol is not None) for key in keys}
    if len(kinds) != 1:
        raise PartitionFault(f"publishing {table.name}", "keys of several kinds in one call", "publish one kind of partition at a time")
    return kinds.pop()


def _partition_columns(table: Table, period: PeriodKind | None, by_symbol: bool) -> dict[str, pl.Expr]:
    if period is None:
        return {}
    columns = {_PERIOD: period_expr(table.dated_by, period)}
    return columns | ({_SYMBOL: pl.col("symbol")} if by_symbol else {})


def _require_placed(table: Table, whole: pl.DataFrame, by_symbol: bool) -> None:
    for column in [table.dated_by, *(["symbol"] if by_symbol else [])]:
        nulls = whole[column].null_count()
        if nulls:
            raise PartitionFault(
                f"publishing {table.name}", f"{nulls} rows without {column} belong to no partition", "quarantine them", table=table.name
            )


def _fit(
    table: Table, found: dict[PartitionKey, pa.Table], keys: Collection[PartitionKey], empty: pa.Table
) -> dict[PartitionKey, pa.Table]:
    strange = sorted(str(key) for key in found.keys() - set(keys))
    if strange:
        raise PartitionFault(
            f"publishing {table.name}",
            f"rows of {len(strange)} partitions that are not of this run, e.g. {', '.join(strange[:3])}",
            "select those partitions too, or keep their rows out",
            table=table.name,
        )
    return {key: found.get(key, empty) for key in keys}


@contextmanager
def _told(table: Table) -> Iterator[None]:
    try:
        yield
    except pl.exceptions.PolarsError as error:
        raise SchemaFault(
            f"checking {table.name}", str(error).splitlines()[0][:200], "publish only frames that obey the table's model", table=table.name
        ) from None


def _refuse_astray(table: Table, astray: pl.DataFrame) -> None:
    row = astray.row(0, named=True)
    raise PartitionFault(
        f"publishing {table.name}",
        f"{astray.height} rows lie in a frame of another partition, e.g. one of {row[_PERIOD]} {row.get(_SYMBOL, '')} in {row['p']}",
        "hand each partition its own rows",
        table=table.name,
    )
