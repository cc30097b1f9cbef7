"""What the lake holds: its tables with their size and reach."""

from __future__ import annotations

import polars as pl

from marketdata_assets.lake.layout import key_of
from marketdata_assets.pipeline.platform import Platform
from marketdata_assets.query.catalog import View, catalog

_SCHEMA = {
    "table": pl.String,
    "sources": pl.String,
    "partitions": pl.Int64,
    "bytes": pl.Int64,
    "first": pl.String,
    "last": pl.String,
    "meaning": pl.String,
}


def tables(platform: Platform) -> pl.DataFrame:
    """One row a table that SQL may name, empty ones too: its sources, partition files, their bytes, first and last period."""
    return pl.DataFrame([_row(platform, view) for view in catalog(platform).values()], schema=_SCHEMA, orient="row")


def _row(platform: Platform, view: View) -> tuple[object, ...]:
    listed = [(entry, found) for entry in platform.lake.store.list(view.prefix) if (found := key_of(entry.path))]
    periods = sorted({found[1].period for _, found in listed if found[1].period})
    sources = sorted({found[0].rpartition("/")[2] for _, found in listed}) if view.by_source else []
    return (
        view.qualified,
        ", ".join(sources),
        len(listed),
        sum(entry.size for entry, _ in listed),
        periods[0] if periods else None,
        periods[-1] if periods else None,
        view.meaning,
    )
