"""How Polygon's answers hold rows, instants and numbers."""

from __future__ import annotations

from typing import Any

import polars as pl

from marketdata_assets.sources.errors import SchemaChanged
from marketdata_assets.sources.windows import EpochUnit


def results(document: Any) -> list[Any]:
    """The rows of a page; none where the key is missing or null, which is how an empty answer of bars looks."""
    rows: list[Any] = document.get("results") or []
    return rows


def unadjusted(document: Any) -> None:
    """`SchemaChanged` for prices adjusted for splits, which nobody asked for: the vendor adjusts unless told not to."""
    if document["adjusted"] is not False:
        raise SchemaChanged("reading Polygon's bars", f"the answer says adjusted: {document['adjusted']}, raw prices were asked for")


def instant(column: str, unit: EpochUnit) -> pl.Expr:
    """A count of units since 1970 as an instant; nanoseconds are whole numbers beyond what a double holds, and cut to microseconds."""
    at = pl.col(column)
    micros = {"s": at * 1_000_000, "ms": at * 1_000, "us": at, "ns": at // 1_000}[unit]
    return micros.cast(pl.Datetime("us")).dt.replace_time_zone("UTC")


def zulu(column: str) -> pl.Expr:
    """An RFC-3339 text in UTC as an instant."""
    return pl.col(column).str.to_datetime("%Y-%m-%dT%H:%M:%S%.fZ", time_unit="us", time_zone="UTC")


def codes(column: str) -> pl.Expr:
    """A list of numbers as one text, comma separated; null for null."""
    return pl.col(column).cast(pl.List(pl.String)).list.join(",")


def sided(rows: pl.DataFrame) -> pl.DataFrame:
    """The same with null for a side of a quote whose price is 0: nobody stands there."""
    bid, ask = pl.col("bid_price") != 0, pl.col("ask_price") != 0
    return rows.with_columns(pl.when(bid).then(pl.col("bid_price", "bid_size")), pl.when(ask).then(pl.col("ask_price", "ask_size")))
