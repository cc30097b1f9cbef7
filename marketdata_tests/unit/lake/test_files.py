"""One file's bytes: the same rows give the same bytes, and the file carries a hash of itself that finds every change."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from marketdata_assets.core.faults import CorruptFault
from marketdata_assets.core.periods import PeriodKind
from marketdata_assets.lake.lake import Lake
from marketdata_assets.lake.layout import PartitionKey, key_of, path_of
from marketdata_assets.lake.parquet import check_pages
from marketdata_assets.lake.seal import BLANK, SEAL, open_seal, seal
from marketdata_tests.support.lake_samples import PATH, READINGS, readings

KEY = PartitionKey("2024", "AAPL")
_PUBLISH_AND_HASH = """
import sys, polars as pl, pyarrow as pa
pa.set_cpu_count(int(sys.argv[2]))
from marketdata_assets.core.periods import PeriodKind
from marketdata_assets.lake.lake import open_lake
from marketdata_tests.support.lake_samples import READINGS, readings
frame = pl.concat([readings("2024", f"S{i}", 300, i) for i in range(40)]).sample(fraction=1, shuffle=True, seed=int(sys.argv[2]))
print(*(p.sha256 for p in open_lake(sys.argv[1]).publish_frame("a/b", READINGS, frame, period=PeriodKind.YEAR)))
"""


@pytest.fixture
def file(local_lake: Lake) -> Path:
    (published,) = local_lake.publish(PATH, READINGS, {KEY: readings("2024", "AAPL", 40)}, metadata={"calendar": "XNYS 4.13"})
    return Path(local_lake.store.root, published.path)


def test_the_hash_in_the_file_is_that_of_the_file_with_the_hash_left_blank(file: Path) -> None:
    data = file.read_bytes()
    written = pq.read_metadata(file).metadata[SEAL.encode()]
    assert data.count(written) == 1
    assert hashlib.sha256(data.replace(written, BLANK.encode())).hexdigest().encode() == written


def test_any_parquet_reader_finds_the_record_and_what_each_column_means(file: Path) -> None:
    rows = duckdb.execute("select decode(key), decode(value) from parquet_kv_metadata(?)", [str(file)]).fetchall()
    metadata = dict(rows)
    assert '"calendar":"XNYS 4.13"' in metadata["marketdata.record"]
    assert '"value":["Float64","units","what it said"]' in metadata["marketdata.columns"]
    assert len(metadata[SEAL]) == 64


def test_pages_are_compressed_carry_checksums_and_statistics(file: Path) -> None:
    group = pq.read_metadata(file).row_group(0)
    assert {group.column(i).compression for i in range(group.num_columns)} == {"ZSTD"}
    assert all(group.column(i).is_stats_set for i in range(group.num_columns))
    data = bytearray(file.read_bytes())
    column = group.column(2)
    data[column.data_page_offset + column.total_compressed_size - 1] ^= 1
    with pytest.raises(CorruptFault):
        check_pages(bytes(data), 40, "x")


def test_every_single_flipped_byte_is_found(file: Path) -> None:
    data = file.read_bytes()
    for at in range(len(data)):
        with pytest.raises(CorruptFault):
            open_seal(data[:at] + bytes([data[at] ^ 1 << at % 8]) + data[at + 1 :], "x")


def test_every_truncation_is_found(file: Path) -> None:
    data = file.read_bytes()
    for size in range(len(data)):
        with pytest.raises(CorruptFault):
            open_seal(data[:size], "x")
    with pytest.raises(CorruptFault):
        open_seal(data + b"\0", "x")


def test_a_text_that_looks_like_a_seal_does_not_confuse_it(local_lake: Lake) -> None:
    trap = f"{SEAL}\x18\x40{BLANK}"
    rows = readings("2024", "AAPL", 3).with_columns(note=pl.lit(trap), symbol=pl.lit("AAPL"))
    local_lake.publish(PATH, READINGS, {KEY: rows}, metadata={"trap": trap, "marketdata.record": "\x18\x05 {}"})
    assert local_lake.scan(PATH, READINGS).collect()["note"].to_list() == [trap] * 3
    record = local_lake.record(PATH, KEY)
    assert record is not None
    assert record.metadata["trap"] == trap


def test_a_parquet_file_of_somebody_else_is_refused(local_lake: Lake, tmp_path: Path) -> None:
    readings("2024", "AAPL").write_parquet(tmp_path / "x.parquet")
    local_lake.store.write(path_of(PATH, KEY), (tmp_path / "x.parquet").read_bytes())
    with pytest.raises(CorruptFault, match="no hash of itself"):
        local_lake.scan(PATH, READINGS)
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table({"a": [1]}), sink)
    with pytest.raises(CorruptFault, match="no blank seal"):
        seal(sink.getvalue().to_pybytes())


def test_the_same_rows_are_the_same_bytes_on_any_number_of_threads_and_in_any_order(local_lake: Lake, tmp_path: Path) -> None:
    frame = pl.concat([readings("2024", f"S{i}", 300, i) for i in range(40)])
    ours = [p.sha256 for p in local_lake.publish_frame("a/b", READINGS, frame, period=PeriodKind.YEAR)]
    environment = os.environ | {"POLARS_MAX_THREADS": "5" if pl.thread_pool_size() == 1 else "1", "PYTHONHASHSEED": "7"}
    command = [sys.executable, "-c", _PUBLISH_AND_HASH, str(tmp_path / "other"), "7"]
    assert subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.split() == ours


def test_rows_of_one_file_are_sorted_and_its_row_groups_bounded(local_lake: Lake) -> None:
    n = 140_000
    many = pl.select(
        symbol=pl.lit("AAPL"),
        timestamp=(pl.lit(1_704_067_200_000_000) + pl.int_range(n, 0, -1)).cast(pl.Datetime("us", "UTC")),
        value=pl.lit(1.0),
        version=pl.lit(0),
        note=pl.lit(None, pl.String),
    )
    (published,) = local_lake.publish(PATH, READINGS, {KEY: many})
    metadata = pq.read_metadata(Path(local_lake.store.root, published.path))
    assert (metadata.num_rows, metadata.num_row_groups) == (n, 2)
    assert pl.read_parquet(Path(local_lake.store.root, published.path))["timestamp"].is_sorted()


KEYS = [PartitionKey(None), PartitionKey("2024"), PartitionKey("2024-02-29"), KEY, PartitionKey("2024-01", "2024")]


@pytest.mark.parametrize("key", KEYS, ids=str)
def test_path_and_key_turn_into_each_other(key: PartitionKey) -> None:
    for table_path in ("a", "a/b", "us_equities/raw_bars_1d/tiingo"):
        assert key_of(path_of(table_path, key)) == (table_path, key)


NO_PARTITIONS = ["a/2024/aapl.parquet", "a/AAPL.parquet", "payloads/ab/x.parquet", "a/2024/AAPL.csv", "a/2024-13/A.parquet", "2024.parquet"]


@pytest.mark.parametrize("path", NO_PARTITIONS)
def test_a_path_that_is_no_partitions_has_no_key(path: str) -> None:
    assert key_of(path) is None
