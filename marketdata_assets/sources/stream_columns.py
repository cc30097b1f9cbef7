"""Columns that many feeds need: instants from texts, numbers from texts, lists of codes as one text."""

from __future__ import annotations

import polars as pl


def instant(column: str) -> pl.Expr:
    """An RFC 3339 text in UTC as an instant, finer parts cut to the microsecond; any other text is an error, null stays null."""
    return pl.col(column).str.to_datetime("%Y-%m-%dT%H:%M:%S%.fZ", time_unit="us", time_zone="UTC").alias("timestamp")


def number(column: str, name: str) -> pl.Expr:
    """A number that the vendor writes as text or as a number, as the nearest double."""
    return pl.col(column).cast(pl.Float64).alias(name)


def codes(column: str, name: str = "conditions") -> pl.Expr:
    """A list of codes joined by commas; null for none."""
    joined = pl.col(column).cast(pl.List(pl.String)).list.join(",")
    return pl.when(joined != "").then(joined).alias(name)


def side_of_taker(column: str, *, maker: bool = False) -> pl.Expr:
    """Buy or sell as the aggressor did, from a side in letters of either case; with `maker`, the vendor states the other side."""
    told = pl.col(column).str.to_lowercase()
    buys, sells = ("sell", "buy") if maker else ("buy", "sell")
    return pl.when(told == buys).then(pl.lit("buy")).when(told == sells).then(pl.lit("sell")).alias("side")
