"""Any Parquet reader takes a table's folder as it stands, also while writers are at work or died."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pandas as pd
import polars as pl
import pytest

from marketdata_assets.lake.lake import Lake, open_lake
from marketdata_assets.lake.layout import PartitionKey
from marketdata_assets.lake.staging import Staging
from marketdata_assets.schemas.audit import COVERAGE, LANDING_FILES, QUARANTINE, REFUSED_ROWS
from marketdata_assets.schemas.bars import NORMALIZED_BARS, RAW_BARS, VALIDATED_BARS
from marketdata_assets.schemas.table import Table
from marketdata_tests.support.lake_samples import PATH, READINGS, readings, rectangle


def counts(folder: Path) -> dict[str, int]:
    """Rows in `folder` as three readers see them."""
    rows = duckdb.execute("select count(*), count(version) from read_parquet(?)", [f"{folder}/**/*.parquet"]).fetchone()
    assert rows is not None
    pandas = pd.read_parquet(folder, partitioning=None)
    return {"polars": pl.scan_parquet(folder).collect().height, "duckdb": rows[0], "pandas": len(pandas)}


@pytest.fixture
def root(local_lake: Lake) -> Path:
    local_lake.publish(PATH, READINGS, rectangle(["2023", "2024"], ["AAPL", "MSFT"]))
    return Path(local_lake.store.root)


def test_polars_duckdb_and_pandas_read_a_table_folder_a_period_and_a_folder_of_sources(root: Path) -> None:
    for folder, rows in ((PATH, 20), (f"{PATH}/2024", 10), ("us_equities/readings_1d", 20)):
        assert counts(root / folder) == dict.fromkeys(("polars", "duckdb", "pandas"), rows)


def test_readers_see_no_file_in_the_making_nor_one_that_a_dead_writer_left(root: Path) -> None:
    staging = Staging(root)
    Path(staging.new_path()).write_bytes(b"PAR1 half a file")
    assert set(counts(root / PATH).values()) == {20}
    assert all(path.suffix == ".parquet" for path in (root / "us_equities").rglob("*") if path.is_file())
    assert {path.name for path in root.iterdir()} == {"us_equities", ".staging", ".locks"}


def test_an_emptied_partition_stays_readable_beside_the_others(root: Path) -> None:
    open_lake(str(root)).publish(PATH, READINGS, {PartitionKey("2024", "AAPL"): READINGS.empty()})
    assert set(counts(root / PATH).values()) == {15}


def test_instants_stay_utc_and_texts_stay_texts_in_every_reader(root: Path) -> None:
    lake = open_lake(str(root))
    odd = readings("2024", "TRUE", 3).with_columns(note=pl.Series(["NA", "000001", "1E5"]))
    lake.publish("a/odd", READINGS, {PartitionKey("2024", "TRUE"): odd})
    assert pl.read_parquet(root / "a/odd").equals(odd)
    plain = pd.read_parquet(root / "a/odd", partitioning=None)
    assert str(plain["timestamp"].dt.tz) == "UTC"
    assert plain["note"].tolist() == ["NA", "000001", "1E5"]
    query = "select symbol, note, epoch_us(timestamp) from read_parquet(?) limit 1"
    first = duckdb.execute(query, [f"{root}/a/odd/**/*.parquet"]).fetchone()
    assert first == ("TRUE", "NA", int(odd["timestamp"][0].timestamp()) * 1_000_000)


TABLES = [RAW_BARS, NORMALIZED_BARS, VALIDATED_BARS, REFUSED_ROWS, QUARANTINE, COVERAGE, LANDING_FILES]


@pytest.mark.parametrize("table", TABLES, ids=lambda t: t.name)
def test_every_table_keeps_its_types_through_the_file(local_lake: Lake, table: Table) -> None:
    local_lake.publish("a/b", table, {PartitionKey(None): table.empty()})
    assert local_lake.partitions("a/b") == []
    local_lake.store.write("x", b"")
    (published,) = local_lake.publish_frame("a/c", table, row_of(table), period=None)
    assert pl.read_parquet(Path(local_lake.store.root, published.path)).schema == table.polars_schema
    assert local_lake.scan("a/c", table).collect().equals(row_of(table))


def row_of(table: Table) -> pl.DataFrame:
    """One row that obeys the model's checks."""
    texts = {"symbol": "AAPL", "state": "landed" if table is LANDING_FILES else "complete"}
    values = {name: pl.lit(texts.get(name, "raw") if dtype == pl.String else 1) for name, dtype in table.polars_schema.items()}
    values |= {name: pl.lit(0).cast(dtype) for name, dtype in table.polars_schema.items() if dtype.is_temporal()}
    return pl.select(**values).cast(dict(table.polars_schema))
