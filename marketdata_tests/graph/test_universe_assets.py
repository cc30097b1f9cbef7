"""Index membership and universes in the graph: landed files in, spells and days out, checks that tell what is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest
from dagster import AssetKey, ExecuteInProcessResult

from marketdata_assets.core import clock
from marketdata_assets.market_data import MarketData
from marketdata_tests.graph.world import QUIET, RECEIVED, World, checks, events, make_world, metadata

INTERVALS = "ticker,start_date,end_date\nAAA,2022-03-01,\nBBB,2023-01-03,2024-07-01\nCCC,2024-07-01,\nZZZ,2022-03-01,\n"
CHANGES = 'date,add,remove\n2023-01-03,"BBB",""\n2024-07-01,"CCC","BBB"\n'


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    lists = tmp_path / "landing" / "lists"
    lists.mkdir(parents=True)
    (lists / "intervals.csv").write_text(INTERVALS)
    (lists / "changes.csv").write_text(CHANGES)
    (lists / "torn.csv").write_text("ticker,start_date,end_date\nAAA,2022-03-01\n")
    with clock.frozen(RECEIVED):
        yield make_world(
            tmp_path,
            indices={
                "mine": {"members": 3, "tolerance": 0.4, "start": date(2020, 1, 1), "sources": {"lists": {"landing": "landing/lists"}}}
            },
            universes={"top2": {"top": 2, "window": 20}},
        )


def years(world: World, path: str, first: str, last: str) -> ExecuteInProcessResult:
    key = AssetKey(path.split("/"))
    job = world.definitions.resolve_implicit_job_def_def_for_assets([key])
    assert job is not None
    tags = {"dagster/asset_partition_range_start": first, "dagster/asset_partition_range_end": last}
    return job.execute_in_process(instance=world.instance, tags=tags, asset_selection=[key], run_config=QUIET)


def test_the_year_of_a_universe_comes_from_files_to_checks(world: World) -> None:
    world.run("2023|AAA", "2024|CCC")
    spells = years(world, "us_equities/index_membership/mine", "2020", "2025")
    days = years(world, "us_equities/universe", "2023", "2025")
    assert spells.success
    assert days.success
    told = metadata(events(spells, "ASSET_MATERIALIZATION", "us_equities/index_membership/mine")[0])
    assert told["spells in all"] == 4
    assert "row" in told["refused files"] or "cells" in told["refused files"]
    found = checks(spells) | checks(days)
    assert {name: each.passed for name, each in found.items()} == {
        "member_count_in_tolerance": True,
        "turnover_equals_announced": True,
        "members_are_alive": False,  # AAA is a member since 2022 and its first bar is of 2023
        "universe_covered_by_bars": False,  # ZZZ has no bars at all
    }
    market = MarketData(world.folder / "marketdata.yaml")
    assert market.universe("mine", "2024-06-28")["symbol"].to_list() == ["AAA", "BBB", "ZZZ"]
    assert market.sql("SELECT count(*) AS n FROM index_membership WHERE \"index\" = 'MINE'")["n"].to_list() == [4]
    assert set(market.sql("SELECT verdict FROM us_equities.index_evidence")["verdict"]) == {"chosen"}
    assert market.universe("MINE", "2024-07-01")["symbol"].to_list() == ["AAA", "CCC", "ZZZ"]
    assert market.universe("top2", "2024-07-06").select("date", "symbol").rows() == [(date(2024, 7, 5), "BBB"), (date(2024, 7, 5), "CCC")]


def test_members_that_come_later_change_no_day_before_them(world: World) -> None:
    world.run("2023|AAA", "2024|CCC")
    years(world, "us_equities/index_membership/mine", "2020", "2025")
    years(world, "us_equities/universe", "2023", "2025")
    path = world.lake / "us_equities/universe/2023.parquet"
    before = pl.read_parquet(path)
    later = INTERVALS.replace("AAA,2022-03-01,\n", "AAA,2022-03-01,2024-03-01\n") + "NEW,2024-03-01,\n"
    (world.folder / "landing/lists/intervals.csv").write_text(later)
    with clock.frozen(RECEIVED + timedelta(hours=1)):
        years(world, "us_equities/index_membership/mine", "2020", "2025")
        years(world, "us_equities/universe", "2023", "2025")
    assert pl.read_parquet(path).equals(before)
    assert "NEW" in set(pl.read_parquet(world.lake / "us_equities/universe/2024.parquet")["symbol"])
