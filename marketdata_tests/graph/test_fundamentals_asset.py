"""Reported figures in the graph and at the terminal: Tesla's restated loss from landed files to the answer of the day."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest
from dagster import AssetKey
from typer.testing import CliRunner

from marketdata_assets.cli.app import app
from marketdata_assets.core import clock
from marketdata_assets.market_data import MarketData
from marketdata_tests.graph.world import QUIET, RECEIVED, World, checks, make_world

CIK = 1318605
YEAR = {"start": "2019-01-01", "end": "2019-12-31", "fp": "FY", "form": "10-K"}
EPS = [
    {**YEAR, "val": -4.92, "accn": "0001564590-20-004475", "fy": 2019, "filed": "2020-02-13"},
    {**YEAR, "val": -0.98, "accn": "0001564590-21-004599", "fy": 2020, "filed": "2021-02-08"},
]
FACTS = {
    "cik": CIK,
    "entityName": "Tesla, Inc.",
    "facts": {"us-gaap": {"EarningsPerShareDiluted": {"label": None, "description": None, "units": {"USD/shares": EPS}}}},
}
RECENT = {
    "accessionNumber": ["0001564590-21-004599", "0001564590-20-004475"],
    "filingDate": ["2021-02-08", "2020-02-13"],
    "reportDate": ["2020-12-31", "2019-12-31"],
    "acceptanceDateTime": ["2021-02-08T12:27:23.000Z", "2020-02-13T12:12:15.000Z"],
    "form": ["10-K", "10-K"],
    "primaryDocument": ["tsla-10k_20201231.htm", "tsla-10k_20191231.htm"],
}
TICKERS = {"0": {"cik_str": CIK, "ticker": "AAA", "title": "Tesla, Inc."}}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    landing = tmp_path / "landing" / "figures"
    landing.mkdir(parents=True)
    (landing / "facts.json").write_text(json.dumps(FACTS))
    (landing / "tickers.json").write_text(json.dumps(TICKERS))
    (landing / "submissions.json").write_text(
        json.dumps({"cik": str(CIK), "name": "Tesla, Inc.", "filings": {"recent": RECENT, "files": []}})
    )
    with clock.frozen(RECEIVED):
        made = make_world(tmp_path, fundamentals={"vendor": "sec", "landing": "landing/figures", "start": date(2019, 1, 1)})
        key = AssetKey(["us_equities", "fundamentals"])
        job = made.definitions.resolve_implicit_job_def_def_for_assets([key])
        assert job is not None
        tags = {"dagster/asset_partition_range_start": "2019", "dagster/asset_partition_range_end": "2025"}
        result = job.execute_in_process(instance=made.instance, tags=tags, asset_selection=[key], run_config=QUIET)
        assert {name: each.passed for name, each in checks(result).items()} == {
            "one_value_a_figure_and_filing": True,
            "filings_have_acceptance_times": True,
        }
        yield made


def test_the_loss_of_2019_is_what_had_been_filed_by_the_day_asked_for(world: World) -> None:
    market = MarketData(world.folder / "marketdata.yaml")
    for day, value in (("2020-02-13", -4.92), ("2021-02-07", -4.92), ("2021-02-08", -0.98), ("2024-12-31", -0.98)):
        assert market.fundamentals("AAA", "EarningsPerShareDiluted", day)["value"].to_list() == [value]
    split = pl.DataFrame({"ex_date": [date(2020, 8, 31)], "ratio": [5.0]})
    known = market.fundamentals("AAA", "us-gaap/EarningsPerShareDiluted", "2020-12-01", splits=split).row(0, named=True)
    assert (known["value"], known["basis_value"]) == (-4.92, -4.92 / 5)


def test_an_instant_sees_a_filing_from_its_acceptance_on_and_never_earlier(world: World) -> None:
    market = MarketData(world.folder / "marketdata.yaml")
    # 12:12:15 read as New York's clock is 17:12:15 UTC, the later of the two readings.
    assert market.fundamentals("AAA", "EarningsPerShareDiluted", "2020-02-13T17:12:15Z").height == 1
    from marketdata_assets.core.faults import QueryFault

    with pytest.raises(QueryFault):
        market.fundamentals("AAA", "EarningsPerShareDiluted", "2020-02-13T17:12:14Z")


def test_the_terminal_answers_the_same(world: World) -> None:
    config = ["--config", str(world.folder / "marketdata.yaml"), "--json"]
    told = CliRunner().invoke(app, ["fundamentals", "AAA", "EarningsPerShareDiluted", "--as-of", "2020-02-13", *config])
    assert told.exit_code == 0, told.output
    assert [(row["value"], row["usable_from"]) for row in json.loads(told.stdout)] == [(-4.92, "2020-02-13")]
    derived = CliRunner().invoke(app, ["fundamentals", "AAA", "--as-of", "2021-02-08", *config])
    assert {row["name"]: row["value"] for row in json.loads(derived.stdout)} == {"eps": -0.98}
    unknown = CliRunner().invoke(app, ["fundamentals", "AAA", "Assets", *config])
    assert unknown.exit_code == 2
    assert json.loads(unknown.stdout)["fault"]["code"] == "query"


def test_filings_of_the_future_change_no_year_before_them(world: World) -> None:
    path = world.lake / "us_equities/fundamentals/2020.parquet"
    before = pl.read_parquet(path)
    later = json.loads(json.dumps(FACTS))
    later["facts"]["us-gaap"]["EarningsPerShareDiluted"]["units"]["USD/shares"].append(
        {**EPS[1], "val": -0.33, "accn": "0000950170-23-001409", "fy": 2022, "filed": "2023-01-31"}
    )
    (world.folder / "landing/figures/facts-later.json").write_text(json.dumps(later))
    from marketdata_assets.pipeline.fundamentals import publish_fundamentals, take_in

    platform = world.platform.opened
    with clock.frozen(RECEIVED + timedelta(days=1)):
        take_in(platform)
        publish_fundamentals(platform, ["2020", "2023"])
    assert pl.read_parquet(path).equals(before)
    assert pl.read_parquet(world.lake / "us_equities/fundamentals/2023.parquet")["restated"].to_list() == [True]
