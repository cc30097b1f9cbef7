"""A small table, and lakes on a disk and in a bucket to keep it in: the fixtures `lake`, `new_lake` and `local_lake`."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from marketdata_assets.core.periods import period_window
from marketdata_assets.lake.lake import Lake, open_lake
from marketdata_assets.lake.layout import PartitionKey
from marketdata_assets.lake.s3 import S3Store
from marketdata_assets.lake.s3_retry import Retry
from marketdata_assets.schemas.table import Table, TableModel, UtcMicroseconds, column

PATH = "us_equities/readings_1d/meter"


class Readings(TableModel):
    """What a meter said."""

    symbol: pl.String = column("canonical symbol")
    timestamp: UtcMicroseconds = column("when", unit="UTC")
    value: pl.Float64 = column("what it said", unit="units", nullable=True)
    version: pl.Int64 = column("which edition of the partition the row belongs to")
    note: pl.String = column("words", nullable=True)


READINGS = Table("readings", "What meters said", "reading", Readings, ("symbol", "timestamp"), ("symbol", "timestamp"), "timestamp")


def readings(period: str, symbol: str, n: int = 5, version: int = 0) -> pl.DataFrame:
    """`n` daily rows from the first instant of the period, all of one version."""
    start = period_window(period).start
    return pl.DataFrame(
        {
            "symbol": [symbol] * n,
            "timestamp": [start + timedelta(days=i) for i in range(n)],
            "value": [version + i / 7 for i in range(n)],
            "version": [version] * n,
            "note": [f"row {i} of {symbol}" if i % 3 else None for i in range(n)],
        },
        schema=READINGS.polars_schema,
    )


def rectangle(periods: list[str], symbols: list[str], n: int = 5, version: int = 0) -> dict[PartitionKey, pl.DataFrame]:
    return {PartitionKey(p, s): readings(p, s, n, version) for p, s in itertools.product(periods, symbols)}


def one_row(writer: int, i: int) -> pl.DataFrame:
    """A row of 2024 that no other (writer, i) has."""
    at = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(seconds=writer * 10_000 + i)
    return pl.DataFrame(
        {"symbol": ["AAPL"], "timestamp": [at], "value": [1.0], "version": [writer], "note": [None]}, schema=READINGS.polars_schema
    )


NewLake = Callable[[], Lake]


@pytest.fixture
def local_lake(tmp_path: Path) -> Lake:
    return open_lake(str(tmp_path / "lake"))


@pytest.fixture(params=["local", "s3"])
def new_lake(request: pytest.FixtureRequest, tmp_path: Path) -> NewLake:
    """Called again, it opens the same root anew, as another process would."""
    if request.param == "local":
        return lambda: open_lake(str(tmp_path / "lake"))
    server = request.getfixturevalue("s3_server")
    bucket, client = server.new_bucket(), server.client
    return lambda: Lake(S3Store(bucket, "some/prefix", client, retry=Retry(first_pause=0.001, longest_pause=0.01)))


@pytest.fixture
def lake(new_lake: NewLake) -> Lake:
    return new_lake()
