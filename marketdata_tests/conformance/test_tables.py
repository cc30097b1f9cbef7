"""Every table of the lake, whatever it holds, obeys the same numbered rules."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq
import pytest

from marketdata_assets.core.faults import SchemaFault
from marketdata_assets.lake.lake import open_lake
from marketdata_assets.lake.layout import PartitionKey
from marketdata_assets.schemas.actions import ACTION_FETCHES, CORPORATE_ACTIONS, RAW_CORPORATE_ACTIONS, SPLIT_DECISIONS
from marketdata_assets.schemas.audit import COVERAGE, FETCHES, LANDING_FILES, QUARANTINE, REFUSED_ROWS
from marketdata_assets.schemas.bars import NORMALIZED_BARS, RAW_BARS, VALIDATED_BARS
from marketdata_assets.schemas.companies import FACTS, FILINGS, MARKET_CHARTS, NEWS, PROFILES, SNAPSHOTS
from marketdata_assets.schemas.fundamentals import FUNDAMENTALS
from marketdata_assets.schemas.listings import LISTINGS, MARKET_CALENDAR, OPTION_CONTRACTS, OPTION_QUOTES
from marketdata_assets.schemas.membership import INDEX_EVIDENCE, INDEX_MEMBERSHIP
from marketdata_assets.schemas.table import Table
from marketdata_assets.schemas.ticks import RAW_ORDER_BOOKS, RAW_QUOTES, RAW_TRADES
from marketdata_assets.schemas.universe import DELISTINGS, UNIVERSE
from marketdata_assets.schemas.usage import USAGE
from marketdata_assets.transforms.features.registry import FEATURE_PANEL

TABLES = [RAW_BARS, NORMALIZED_BARS, VALIDATED_BARS, REFUSED_ROWS, QUARANTINE, COVERAGE, LANDING_FILES, FETCHES]
TABLES += [RAW_TRADES, RAW_QUOTES, RAW_ORDER_BOOKS, RAW_CORPORATE_ACTIONS, LISTINGS, MARKET_CALENDAR, OPTION_CONTRACTS, OPTION_QUOTES]
TABLES += [FACTS, FILINGS, PROFILES, NEWS, MARKET_CHARTS, SNAPSHOTS, USAGE]
TABLES += [CORPORATE_ACTIONS, ACTION_FETCHES, SPLIT_DECISIONS]
TABLES += [INDEX_MEMBERSHIP, INDEX_EVIDENCE, UNIVERSE, DELISTINGS, FUNDAMENTALS, FEATURE_PANEL]
every_table = pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
PRICES = {"open", "high", "low", "close", "vwap", "adj_close", "dividend"}


@every_table
def test_t01_every_column_says_what_it_means(table: Table) -> None:
    assert [c.name for c in table.columns if len(c.meaning) < 10] == []


@every_table
def test_t02_prices_volumes_and_instants_state_their_unit(table: Table) -> None:
    silent = [c.name for c in table.columns if not c.unit and (c.name in PRICES | {"volume", "size"} or isinstance(c.dtype, pl.Datetime))]
    assert silent == []


@every_table
def test_t03_instants_are_utc_microseconds(table: Table) -> None:
    assert {c.dtype for c in table.columns if isinstance(c.dtype, pl.Datetime)} <= {pl.Datetime("us", "UTC")}


@every_table
def test_t04_key_order_and_date_column_are_columns_of_the_table(table: Table) -> None:
    assert {*table.key, *table.sort, table.dated_by} <= set(table.polars_schema)


@every_table
def test_t05_the_date_column_is_never_null(table: Table) -> None:
    assert [c.nullable for c in table.columns if c.name == table.dated_by] == [False]


@every_table
def test_t06_a_frame_with_another_column_is_refused(table: Table) -> None:
    with pytest.raises(SchemaFault):
        table.validate(table.empty().with_columns(stranger=pl.lit(1)))


@every_table
def test_t07_a_frame_that_lacks_a_column_is_refused(table: Table) -> None:
    with pytest.raises(SchemaFault):
        table.validate(table.empty().drop(table.key[0]))


@every_table
def test_t08_an_empty_frame_with_nothing_before_it_makes_no_file(table: Table, tmp_path: Path) -> None:
    lake = open_lake(str(tmp_path))
    key = PartitionKey("2024", "AAA" if "symbol" in table.polars_schema else None)
    lake.publish("c/t", table, {key: table.empty()})
    lake.append("c/u", table, key, lambda _: table.empty())
    assert list(tmp_path.rglob("*.parquet")) == []


def test_t09_the_parquet_metadata_of_a_published_file_holds_the_columns_in_words(tmp_path: Path) -> None:
    lake = open_lake(str(tmp_path))
    row = {
        "symbol": "AAA",
        "date": "2024-03-04",
        "expected": 1,
        "received": 1,
        "quarantined": 0,
        "missing": 0,
        "state": "complete",
        "reason": "",
    }
    frame = COVERAGE.conform(pl.DataFrame([row]).with_columns(pl.col("date").str.to_date()))
    published = lake.publish("c/coverage_1d", COVERAGE, {PartitionKey("2024", "AAA"): frame})[0]
    metadata = pq.read_metadata(tmp_path / published.path).metadata
    told = " ".join(value.decode() for value in metadata.values())
    assert all(c.meaning in told or json.dumps(c.meaning)[1:-1] in told for c in COVERAGE.columns)
