"""Processes that work on a lake and may be killed: started from a server that has imported everything, so a kill costs milliseconds."""

from __future__ import annotations

import multiprocessing
from contextlib import suppress
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext

import polars as pl

from marketdata_assets.core.faults import ConflictFault
from marketdata_assets.core.periods import PeriodKind
from marketdata_assets.lake.lake import Lake, open_lake
from marketdata_assets.lake.layout import PartitionKey
from marketdata_assets.lake.s3_options import S3Options
from marketdata_tests.support.lake_samples import PATH, READINGS, one_row, readings

PERIODS = ["2023", "2024"]
SYMBOLS = ["AAPL", "IBM", "MSFT", "TSLA"]
KEY = PartitionKey("2024", "AAPL")


def children() -> ForkServerContext:
    """A way to start processes; the first one pays for the imports."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    return context


def edition(version: int) -> pl.DataFrame:
    """All partitions in one version, of a size that depends on it."""
    return pl.concat([readings(p, s, 3 + version % 40, version) for p in PERIODS for s in SYMBOLS])


def publish_for_ever(root: str, start: int, report: Connection) -> None:
    """Publish one edition after the other, telling of each once it is committed."""
    lake = open_lake(root)
    version = start
    while True:
        lake.publish_frame(PATH, READINGS, edition(version), period=PeriodKind.YEAR)
        report.send(version)
        version += 1


def read_until(root: str, report: Connection) -> None:
    """Scan until told to stop; then tell how many scans there were and how often a partition was missing or mixed."""
    lake = open_lake(root)
    scans, mixed = 0, 0
    while not report.poll():
        seen = lake.scan(PATH, READINGS).collect()
        counts = pl.col("version").n_unique().alias("n"), pl.col("version").first(), pl.len()
        parts = seen.group_by(pl.col("timestamp").dt.year(), "symbol").agg(*counts)
        whole = parts.filter((pl.col("n") == 1) & (pl.col("len") == 3 + pl.col("version") % 40))
        mixed += len(PERIODS) * len(SYMBOLS) - whole.height
        scans += 1
    report.send((scans, mixed))


def append_rows(root: str, s3: S3Options | None, writer: int, rows: int, report: Connection) -> None:
    """Append `rows` rows to the partition that every other writer appends to; tell which of them landed."""
    report.send(append_rows_to(open_lake(root, s3=s3), writer, rows))


def append_rows_to(lake: Lake, writer: int, rows: int) -> list[tuple[int, int]]:
    """Append one row at a time; the (writer, number) of those that landed, the others having met a typed conflict."""
    landed = []
    for i in range(rows):
        row = one_row(writer, i)
        with suppress(ConflictFault):
            lake.append(PATH, READINGS, KEY, lambda there, row=row: pl.concat([there, row]))  # type: ignore[misc]
            landed.append((writer, i))
    return landed
