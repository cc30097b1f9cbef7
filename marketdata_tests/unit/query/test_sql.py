from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from marketdata_assets.core.faults import CorruptFault, QueryFault, SchemaFault
from marketdata_assets.lake.lake import open_lake
from marketdata_assets.lake.store import MissingFault, Store
from marketdata_assets.market_data import MarketData
from marketdata_assets.query import sql as sql_module
from marketdata_assets.query.catalog import catalog
from marketdata_assets.query.sql import ask
from marketdata_assets.query.verified import Reading, VerifiedTable
from marketdata_tests.support.small_lake import publish_bars, small_lake

BARS = "us_equities.validated_bars_1d"


def test_every_table_is_a_view_under_its_asset_class(market: MarketData) -> None:
    rows = market.sql(f"SELECT symbol, count(*) AS n, min(close) AS low FROM {BARS} GROUP BY symbol ORDER BY symbol")
    assert rows.rows() == [("AAPL", 3, 190.5), ("BRK.B", 2, 410.75), ("META", 7, 191.0)]


def test_a_table_that_only_one_asset_class_has_needs_none_in_front(market: MarketData) -> None:
    assert market.sql("SELECT max(close) FROM validated_bars_1h").item() == 62_001.0


def test_a_short_name_of_two_asset_classes_is_refused_with_both(market: MarketData) -> None:
    with pytest.raises(QueryFault, match=r"crypto\.coverage_1d or us_equities\.coverage_1d"):
        market.sql("FROM coverage_1d")


def test_all_sources_of_a_raw_table_are_one_view_with_a_source_column(market: MarketData) -> None:
    rows = market.sql("SELECT source, close FROM us_equities.raw_bars_1d WHERE timestamp >= '2024-06-05' ORDER BY source")
    assert rows.rows() == [("alphavantage", 190.51), ("tiingo", 190.5)]


def test_a_configured_table_without_files_is_an_empty_view_with_its_columns(market: MarketData) -> None:
    rows = market.sql("SELECT * FROM crypto.quarantine_1h")
    assert rows.height == 0
    assert rows.columns[:3] == ["symbol", "filed_under", "timestamp"]


def test_times_come_as_utc_whatever_the_machine_says(market: MarketData) -> None:
    newest = market.sql(f"SELECT max(timestamp) AS t, max(timestamp)::VARCHAR AS text FROM {BARS}").row(0)
    assert newest == (datetime(2024, 6, 5, tzinfo=UTC), "2024-06-05 00:00:00+00")


@pytest.mark.parametrize(
    ("where", "opened"),
    [
        ("symbol = 'META'", 2),
        ("symbol IN ('AAPL', 'BRK.B')", 2),
        ("symbol = 'META' AND timestamp < '2023-01-01'", 1),
        ("timestamp >= '2024-06-04' AND timestamp < '2024-06-05'", 3),
        ("symbol = 'NOBODY'", 0),
        ("close > 0", 4),
    ],
)
def test_filters_on_symbol_and_time_open_only_the_files_they_need(
    market: MarketData, monkeypatch: pytest.MonkeyPatch, where: str, opened: int
) -> None:
    made: list[Reading] = []

    class Kept(Reading):
        def __init__(self, store: Store) -> None:
            super().__init__(store)
            made.append(self)

    monkeypatch.setattr(sql_module, "Reading", Kept)
    market.sql(f"SELECT sum(close) FROM {BARS} WHERE {where}")
    assert made[0].opened == opened


def test_a_limit_says_whether_there_is_more(market: MarketData) -> None:
    assert ask(market.platform, f"FROM {BARS}", limit=5).more
    assert ask(market.platform, f"FROM {BARS}", limit=5).rows.height == 5
    assert not ask(market.platform, f"FROM {BARS}", limit=12).more


def test_a_damaged_file_is_refused_before_a_number_of_it_is_served(tmp_path: Path) -> None:
    market = MarketData(small_lake(tmp_path))
    file = tmp_path / "lake/us_equities/validated_bars_1d/2024/AAPL.parquet"
    damaged = bytearray(file.read_bytes())
    damaged[len(damaged) // 3] ^= 1
    file.write_bytes(damaged)
    with pytest.raises(CorruptFault, match="AAPL"):
        market.sql(f"SELECT sum(close) FROM {BARS}")
    assert market.sql(f"SELECT count(*) FROM {BARS} WHERE symbol = 'META'").item() == 7


def test_a_file_in_another_files_place_is_refused(tmp_path: Path) -> None:
    market = MarketData(small_lake(tmp_path))
    folder = tmp_path / "lake/us_equities/validated_bars_1d/2024"
    (folder / "AAPL.parquet").replace(folder / "BRK.B.parquet")
    with pytest.raises(CorruptFault):
        market.sql(f"SELECT sum(close) FROM {BARS} WHERE symbol = 'BRK.B'")


def test_a_file_of_another_declaration_is_refused(market: MarketData) -> None:
    views = catalog(market.platform)
    reading = Reading(market.platform.lake.store)
    table = VerifiedTable(reading, views["us_equities.coverage_1d"]._replace(table=views[BARS].table))
    assert table.scanner().to_reader().read_all().num_rows == 0
    assert isinstance(reading.faults[0], SchemaFault)


def test_a_file_that_vanishes_after_the_listing_is_missing_rather_than_empty(tmp_path: Path) -> None:
    market = MarketData(small_lake(tmp_path))
    reading = Reading(market.platform.lake.store)
    table = VerifiedTable(reading, catalog(market.platform)[BARS])
    (tmp_path / "lake/us_equities/validated_bars_1d/2024/AAPL.parquet").unlink()
    table.scanner().to_reader().read_all()
    assert isinstance(reading.faults[0], MissingFault)


def test_thousands_of_rows_in_many_files_come_once_each(tmp_path: Path) -> None:
    market = MarketData(small_lake(tmp_path))
    lake, start = open_lake(str(tmp_path / "lake")), datetime(2023, 1, 1, tzinfo=UTC)
    for n in range(150):
        publish_bars(lake, BARS.replace(".", "/"), f"S{n:03}", [start + timedelta(days=day) for day in range(20)], 10.0 + n)
    rows = market.sql(f"SELECT symbol, count(*) AS n, sum(open) AS total FROM {BARS} WHERE symbol LIKE 'S%' GROUP BY 1 ORDER BY 1")
    assert rows.rows() == [(f"S{n:03}", 20, 20 * (10.0 + n)) for n in range(150)]


def test_a_query_that_runs_too_long_is_stopped(market: MarketData) -> None:
    with pytest.raises(QueryFault, match="longer than"):
        ask(market.platform, "SELECT count(*) FROM range(1000000) a, range(1000000) b WHERE (a.range * b.range) % 7 = 3", seconds=0.2)


WRONG = {
    "selct 1": "syntax error",
    "": "0 statements",
    "SELECT 1; SELECT 2": "2 statements",
    "SELECT * FROM us_equities.validated_bar_1d": "did you mean us_equities.validated_bars_1d",
    f"SELECT nope FROM {BARS}": f"DESCRIBE {BARS}",
    "SELECT nope(1)": "does not exist",
    f"PIVOT {BARS} ON symbol": "PIVOT t ON symbol IN",
}


@pytest.mark.parametrize(("statement", "said"), WRONG.items())
def test_a_mistake_is_answered_with_what_to_do(market: MarketData, statement: str, said: str) -> None:
    with pytest.raises(QueryFault) as caught:
        market.sql(statement)
    assert said in str(caught.value)


ESCAPES = [
    "SELECT * FROM read_csv('{secret}')",
    "SELECT * FROM '{secret}'",
    "SELECT * FROM read_text('{secret}')",
    "SELECT * FROM read_blob('{secret}')",
    "SELECT * FROM read_json('{secret}')",
    "SELECT * FROM read_parquet('{lake}/us_equities/validated_bars_1d/2024/AAPL.parquet')",
    "SELECT * FROM '{lake}/us_equities/validated_bars_1d/2024/AAPL.parquet'",
    "SELECT * FROM parquet_metadata('{lake}/us_equities/validated_bars_1d/2024/AAPL.parquet')",
    "SELECT * FROM glob('{folder}/*')",
    "SELECT * FROM sniff_csv('{secret}')",
    "SELECT * FROM query('SELECT * FROM read_text(''{secret}'')')",
    "SELECT * FROM query_table('{secret}')",
    "SELECT * FROM read_parquet('http://169.254.169.254/latest/meta-data')",
    "SELECT * FROM read_parquet('s3://bucket/key')",
    "SELECT getenv('CANARY')",
    "SELECT * FROM duckdb_secrets()",
    "SELECT * FROM canary_frame",
    "WITH x AS (SELECT * FROM read_text('{secret}')) SELECT * FROM x",
    "SELECT (SELECT content FROM read_text('{secret}'))",
    "EXPLAIN ANALYZE SELECT * FROM read_text('{secret}')",
    "COPY (SELECT 1) TO '{written}'",
    "COPY us_equities.validated_bars_1d TO '{written}'",
    "EXPORT DATABASE '{written}'",
    "ATTACH '{written}' AS other",
    "CREATE TABLE t AS SELECT 1",
    "CREATE OR REPLACE VIEW us_equities.validated_bars_1d AS SELECT 1",
    "CREATE MACRO f() AS 1",
    "CREATE SECRET s (TYPE s3, KEY_ID 'a', SECRET 'b')",
    "DROP VIEW us_equities.validated_bars_1d",
    "DELETE FROM us_equities.validated_bars_1d",
    "UPDATE us_equities.validated_bars_1d SET close = 0",
    "INSERT INTO us_equities.validated_bars_1d SELECT * FROM us_equities.validated_bars_1d",
    "ALTER VIEW us_equities.validated_bars_1d RENAME TO x",
    "SET enable_external_access = true",
    "SET memory_limit = '1TB'",
    "RESET lock_configuration",
    "PRAGMA database_list",
    "PRAGMA enable_profiling",
    "CALL enable_logging()",
    "SELECT * FROM enable_logging()",
    "INSTALL httpfs",
    "LOAD httpfs",
    "LOAD '{secret}'",
    "FORCE INSTALL httpfs FROM 'http://169.254.169.254'",
    "BEGIN TRANSACTION",
    "CHECKPOINT",
    "VACUUM",
    "USE us_equities",
    "PREPARE p AS SELECT 1",
    "EXECUTE p",
    "SELECT 1; COPY (SELECT 1) TO '{written}'",
    "SELECT 1 /* */ ; -- \n ATTACH '{written}'",
    "SELECT * FROM us_equities.validated_bars_1d WHERE symbol = '' OR 1=1; DROP SCHEMA us_equities CASCADE; --'",
    "SELECT * FROM arrow_scan(1, 2, 3)",
    "SELECT * FROM pandas_scan(1)",
]


@pytest.mark.parametrize("statement", ESCAPES)
def test_nothing_but_the_lakes_tables_is_in_reach_and_nothing_is_written(
    market: MarketData, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, statement: str
) -> None:
    monkeypatch.setenv("CANARY", "canary-in-the-environment")
    canary_frame = market.sql("SELECT 'canary-in-a-variable' AS secret")  # a name a replacement scan would find
    secret, written = tmp_path / "secret.csv", tmp_path / "written"
    secret.write_text("canary-in-a-file\n")
    before = _listing(tmp_path) + _listing(folder)
    asked = statement.format(secret=secret, lake=folder / "lake", folder=tmp_path, written=written)
    with pytest.raises(QueryFault) as caught:
        market.sql(asked)
    assert "canary-in" not in str(caught.value)
    assert canary_frame.height == 1
    assert _listing(tmp_path) + _listing(folder) == before


def test_a_statement_that_deletes_inside_a_with_clause_is_refused(market: MarketData, folder: Path) -> None:
    before = _listing(folder)
    with pytest.raises(QueryFault):
        market.sql(f"WITH gone AS (DELETE FROM {BARS} RETURNING *) SELECT * FROM gone")
    assert _listing(folder) == before
    assert market.sql(f"SELECT count(*) FROM {BARS}").item() == 12


def test_a_table_of_tomorrow_is_a_view_as_well(tmp_path: Path) -> None:
    market = MarketData(small_lake(tmp_path))
    publish_bars(open_lake(str(tmp_path / "lake")), "us_equities/tomorrow_1d", "AAPL", [datetime(2024, 6, 3, tzinfo=UTC)], 2.0)
    assert market.sql("SELECT source, close FROM tomorrow_1d").rows() == [("tiingo", 2.5)]
    assert (
        "us_equities.tomorrow_1d"
        in market.sql("SELECT table_schema || '.' || table_name FROM information_schema.tables").to_series().to_list()
    )


def _listing(folder: Path) -> list[tuple[str, int, int]]:
    found = []
    for base, _, names in os.walk(folder):
        for name in names:
            stat = (Path(base) / name).stat()
            found.append((str(Path(base) / name), stat.st_size, stat.st_mtime_ns))
    return sorted(found)
