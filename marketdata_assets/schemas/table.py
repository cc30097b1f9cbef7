"""What a table is: a pandera model, its key, and everything derived from the two."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

import pandera.polars as pa
import polars as pl
from pandera.errors import SchemaError, SchemaErrors

from marketdata_assets.core.faults import SchemaFault

UtcMicroseconds = Annotated[pl.Datetime, "us", "UTC"]


def column(meaning: str, *, unit: str = "", nullable: bool = False, **checks: Any) -> Any:
    """A column of a table model: what it means in words and the unit it counts in ("" for texts and plain counts)."""
    return pa.Field(nullable=nullable, description=meaning, metadata={"unit": unit}, **checks)


class TableModel(pa.DataFrameModel):
    """The base of every table model: exactly these columns, in this order, with these types."""

    class Config:
        """How strictly a frame is held to the model."""

        strict = True
        ordered = True
        coerce = False


@dataclass(frozen=True)
class ColumnDoc:
    """One column as documents and schema views show it."""

    name: str
    dtype: pl.DataType
    nullable: bool
    unit: str
    meaning: str


@dataclass(frozen=True)
class Table:
    """A table of the lake: its name (for a family, the part before the timeframe), model, key and date column.

    Rows are unique by `key` and sorted by `sort`; `dated_by` is the column whose value decides the partition.
    """

    name: str
    meaning: str
    grain: str
    model: type[TableModel]
    key: tuple[str, ...]
    sort: tuple[str, ...]
    dated_by: str

    @property
    def columns(self) -> list[ColumnDoc]:
        """Every column in storage order."""
        return [
            ColumnDoc(name, spec.dtype.type, spec.nullable, (spec.metadata or {}).get("unit", ""), spec.description or "")
            for name, spec in self.model.to_schema().columns.items()
        ]

    @property
    def polars_schema(self) -> pl.Schema:
        """Column names and dtypes in storage order."""
        return pl.Schema({c.name: c.dtype for c in self.columns})

    def empty(self) -> pl.DataFrame:
        """A frame of this table without rows."""
        return pl.DataFrame(schema=self.polars_schema)

    def conform(self, frame: pl.DataFrame) -> pl.DataFrame:
        """`frame` with exactly this table's columns, cast, in order and sorted; columns it lacks become null."""
        schema = self.polars_schema
        return frame.select(
            (pl.col(name) if name in frame.columns else pl.lit(None)).cast(dtype).alias(name) for name, dtype in schema.items()
        ).sort(self.sort, maintain_order=True)

    def validate(self, frame: pl.DataFrame) -> pl.DataFrame:
        """`frame` itself when it obeys the model, the key and the order; otherwise `SchemaFault` with the evidence."""
        try:
            self.model.validate(frame, lazy=True)
        except (SchemaError, SchemaErrors) as error:
            raise SchemaFault(
                f"checking {self.name}", _evidence(error), "publish only frames that obey the table's model", table=self.name
            ) from None
        if frame.height and frame.select(pl.struct(self.key).is_duplicated().any()).item():
            raise SchemaFault(
                f"checking {self.name}",
                f"rows repeat the key {', '.join(self.key)}",
                "let the rules quarantine conflicting rows before publishing",
                table=self.name,
            )
        if not frame.equals(frame.sort(self.sort, maintain_order=True)):
            raise SchemaFault(
                f"checking {self.name}", f"rows are not sorted by {', '.join(self.sort)}", "sort before publishing", table=self.name
            )
        return frame


def _evidence(error: SchemaError | SchemaErrors) -> str:
    if isinstance(error, SchemaError):
        return str(error).splitlines()[0]
    cases = error.failure_cases
    if isinstance(cases, pl.DataFrame):
        shown = cases.select(pl.col("column", "check").cast(pl.String)).unique(maintain_order=True).head(5).rows()
        return "; ".join(f"{column or 'frame'}: {check}" for column, check in shown)
    return str(error).splitlines()[0]
