"""A rectangle of partitions from landed files to exports, in one run and in many."""

from __future__ import annotations

import random
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from marketdata_tests.graph.world import RECEIVED, SYMBOLS, VALIDATED, World, checks, clean_files, events, make_world, metadata, sessions

TABLES = ("raw_bars_1d/tiingo", "normalized_bars_1d", "validated_bars_1d", "coverage_1d")
YEARS = ("2023", "2024")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[World, dict[str, bytes]]:
    """A world whose six partitions were made in one run, and what lay in its lake then."""
    world = make_world(tmp_path_factory.mktemp("rectangle"))
    result = world.run("2023|AAA", "2024|CCC")
    assert result.success
    return world, world.tables()


def test_one_run_makes_every_partition_of_the_rectangle_and_its_exports(built: tuple[World, dict[str, bytes]]) -> None:
    _, files = built
    parquet = {f"us_equities/{table}/{year}/{symbol}.parquet" for table in TABLES for year in YEARS for symbol in SYMBOLS}
    lona = {
        f"us_equities/lona_export_1d/ohlcv/xnys/{symbol}/1d/{year}.{kind}"
        for year in YEARS
        for symbol in SYMBOLS
        for kind in ("json", "csv", "manifest.json")
    }
    assert set(files) == parquet | lona | {"us_equities/landing_files/tiingo.parquet"}


def test_validated_bars_hold_every_session_of_every_symbol(built: tuple[World, dict[str, bytes]]) -> None:
    world, _ = built
    bars = world.validated()
    days = sessions(date(2023, 1, 1), date(2025, 1, 1))
    assert bars.height == len(days) * len(SYMBOLS) == 502 * 3
    assert bars.filter(pl.col("symbol") == "BBB", pl.col("session") == days[3])["close"].to_list() == [150.75]


def test_running_it_again_changes_no_byte_and_says_so(built: tuple[World, dict[str, bytes]]) -> None:
    world, before = built
    stamps = {path: (world.lake / path).stat().st_mtime_ns for path in before}
    result = world.run("2023|AAA", "2024|CCC")
    assert world.tables() == before
    assert {path: (world.lake / path).stat().st_mtime_ns for path in before} == stamps
    told = [metadata(event) for event in events(result, "ASSET_MATERIALIZATION", VALIDATED)]
    assert {each["state"] for each in told} == {"unchanged"}


def test_partitions_made_one_by_one_in_any_order_equal_the_rectangle(built: tuple[World, dict[str, bytes]], tmp_path: Path) -> None:
    _, rectangle = built
    other = make_world(tmp_path)
    keys = [f"{year}|{symbol}" for year in YEARS for symbol in SYMBOLS]
    random.Random(7).shuffle(keys)
    for key in keys:
        assert other.run(key).success
    assert other.tables() == rectangle


def test_each_event_tells_its_own_partition_and_the_last_one_tells_the_run(tmp_path: Path) -> None:
    world = make_world(tmp_path)
    made = events(world.run("2023|AAA", "2024|BBB"), "ASSET_MATERIALIZATION", VALIDATED)
    told = {event.partition: metadata(event) for event in made}
    assert {key: facts["dagster/partition_row_count"] for key, facts in told.items()} == {
        "2023|AAA": 250,
        "2023|BBB": 250,
        "2024|AAA": 252,
        "2024|BBB": 252,
    }
    assert all(facts["state"] == "new" and len(facts["sha256"]) == 64 for facts in told.values())
    assert "run rows" not in metadata(made[0])
    last = metadata(made[-1])
    assert (last["run rows"], last["run symbols"], last["run partitions new"]) == (1004, 2, 4)
    assert last["run span"] == "2023-01-03 to 2024-12-31"
    assert (last["quarantined rows"], last["coverage"]) == (0, 1.0)
    assert last["preview"].startswith("| symbol | timestamp |")
    assert "data:image/svg+xml;base64," in last["plot"]


def test_selecting_one_table_of_the_audit_publishes_and_records_all_three(tmp_path: Path) -> None:
    world = make_world(tmp_path)
    world.run("2024|AAA", select=["us_equities/raw_bars_1d/tiingo", "us_equities/refused_rows_1d/tiingo", "us_equities/normalized_bars_1d"])
    result = world.run("2024|AAA", select=[VALIDATED])
    assert (world.lake / "us_equities/coverage_1d/2024/AAA.parquet").is_file()
    recorded = {(e.asset_key.to_user_string(), e.partition) for e in events(result, "ASSET_MATERIALIZATION") if e.asset_key}
    assert recorded == {(f"us_equities/{name}_1d", "2024|AAA") for name in ("validated_bars", "quarantine", "coverage")}


def test_a_run_of_raw_bars_takes_in_files_that_nobody_looked_at_yet(tmp_path: Path) -> None:
    world = make_world(tmp_path)
    result = world.run("2024|AAA", select=["us_equities/raw_bars_1d/tiingo"])
    assert (world.lake / "us_equities/raw_bars_1d/tiingo/2024/AAA.parquet").is_file()
    assert len(events(result, "ASSET_MATERIALIZATION", "us_equities/landing_files/tiingo")) == 1


def test_partitions_without_any_file_are_recorded_and_stay_empty(tmp_path: Path) -> None:
    world = make_world(tmp_path, {**clean_files(("AAA",))})
    result = world.run("2025|AAA")
    assert not (world.lake / VALIDATED / "2025").exists()
    assert metadata(events(result, "ASSET_MATERIALIZATION", VALIDATED)[0])["state"] == "no rows"


def test_clean_files_raise_no_alarm(built: tuple[World, dict[str, bytes]]) -> None:
    world, _ = built
    result = world.run("2023|AAA", "2024|CCC", at=RECEIVED)
    assert {name for name, check in checks(result).items() if not check.passed} == set()
