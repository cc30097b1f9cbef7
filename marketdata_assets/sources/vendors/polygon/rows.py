"""What Polygon's answers are made of: row models, and how its instants are read."""

from __future__ import annotations

from typing import Any, NotRequired, TypedDict

import polars as pl

from marketdata_assets.sources.errors import SchemaChanged
from marketdata_assets.sources.windows import EpochUnit


class Aggregate(TypedDict):
    """A bar: start in milliseconds, prices, volume (a fraction, often with an exponent), and as it has them trades and vwap."""

    t: int
    o: float
    h: float
    l: float  # noqa: E741 -- the vendor's name
    c: float
    v: float
    n: NotRequired[int | None]
    vw: NotRequired[float | None]


class GroupedAggregate(Aggregate):
    """A bar of one of many tickers."""

    T: str


def results(document: Any) -> list[Any]:
    """The rows of a page; none where the key is missing or null, which is how an empty answer of bars looks."""
    return document.get("results") or []


def unadjusted(document: Any) -> None:
    """`SchemaChanged` for prices adjusted for splits, which nobody asked for: the vendor adjusts unless told not to."""
    if document["adjusted"] is not False:
        raise SchemaChanged("reading Polygon's bars", f"the answer says adjusted: {document['adjusted']}", adjusted=document["adjusted"])


def instant(column: str, unit: EpochUnit) -> pl.Expr:
    """A count of units since 1970 as an instant; nanoseconds are whole numbers beyond what a double holds, and cut to microseconds."""
    at = pl.col(column)
    micros = {"s": at * 1_000_000, "ms": at * 1_000, "us": at, "ns": at // 1_000}[unit]
    return micros.cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
