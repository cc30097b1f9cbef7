"""The feature panel in the graph: an asset a year, its gates as checks, the proof that it sees no future, the report beside it."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from dagster import AssetKey, DagsterInstance, Definitions, ExecuteInProcessResult, build_schedule_context

from marketdata_assets.defs.build import build_definitions
from marketdata_assets.defs.panel_checks import PROOF, SETTLES, proof_result
from marketdata_assets.defs.resources import PlatformResource
from marketdata_assets.pipeline.panel.build import stored_year
from marketdata_assets.pipeline.platform import Platform
from marketdata_assets.rules.panel.gates import GATES
from marketdata_assets.transforms.lookahead.cuts import cut_dates
from marketdata_assets.transforms.lookahead.leaks import LEAKS
from marketdata_assets.transforms.lookahead.market import small_market
from marketdata_assets.transforms.lookahead.proof import prove
from marketdata_tests.graph.world import QUIET, checks, events, metadata
from marketdata_tests.support.panels import CLASS, panel_platform, put_bars, symbols_bars

PANEL = "us_equities/feature_panel"


def graph_of(platform: Platform) -> Definitions:
    return build_definitions(platform.settings, platform=PlatformResource(platform.settings, lambda _: platform))


def run(platform: Platform, first: str, last: str, **options: Any) -> ExecuteInProcessResult:
    job = graph_of(platform).resolve_job_def("us_equities_panel")
    tags = {"dagster/asset_partition_range_start": first, "dagster/asset_partition_range_end": last}
    return job.execute_in_process(instance=DagsterInstance.ephemeral(), tags=tags, run_config=QUIET, **options)


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Platform:
    return panel_platform(tmp_path_factory.mktemp("panel"))


@pytest.fixture(scope="module")
def result(platform: Platform) -> ExecuteInProcessResult:
    return run(platform, "2022", "2024")


def test_three_years_are_published_in_one_run(platform: Platform, result: ExecuteInProcessResult) -> None:
    assert result.success
    assert {event.partition for event in events(result, "ASSET_MATERIALIZATION", PANEL)} == {"2022", "2023", "2024"}
    assert stored_year(platform, CLASS, "2024").width == 47


def test_the_materialization_says_what_the_panel_holds(result: ExecuteInProcessResult) -> None:
    told = metadata(events(result, "ASSET_MATERIALIZATION", PANEL)[-1])
    assert (told["feature_count"], told["symbol_count"]) == (45, 14)
    assert told["date_range"] == ["2022-06-01", "2024-06-28"]
    assert told["features_by_type"] == {"price": 15, "volume": 10, "cross-sectional": 12, "residualized": 8}


def test_the_report_is_linked_and_lies_where_the_link_leads(platform: Platform, result: ExecuteInProcessResult) -> None:
    link = metadata(events(result, "ASSET_MATERIALIZATION", PANEL)[-1])["report"]
    text = Path(link.removeprefix("file://")).read_text()
    assert text.startswith("<!doctype html>")
    assert "f_res_mom_ols" in text
    assert platform.lake.scrub() == []


def test_every_gate_is_a_check_with_its_figures(result: ExecuteInProcessResult) -> None:
    told = checks(result)
    assert set(told) == {gate.name for gate in GATES} | {PROOF, SETTLES}
    for gate in GATES:
        assert told[gate.name].severity.name == gate.severity.name
        assert told[gate.name].metadata["years judged"].value == 3
    assert all(told[name].passed for name in ("schema", "members", "lookahead", "missing", "flat"))
    assert isinstance(told["missing"].metadata["worst share"].value, float)
    assert told["schema"].metadata["features"].value == 45.0


def test_the_panel_of_the_run_is_proven_not_to_see_the_future(result: ExecuteInProcessResult) -> None:
    told = checks(result)[PROOF]
    assert told.passed
    assert told.metadata["rows compared"].value > 500
    assert told.metadata["columns that leak"].value == 0


def test_a_leak_is_an_error_that_names_it() -> None:
    market, leak = small_market(), next(leak for leak in LEAKS if leak.name == "today's members")
    told = proof_result(prove(leak.build, market, cut_dates(market, market.sessions[5:], 6)))
    assert not told.passed
    assert told.severity.name == "ERROR"
    assert "members" in str(told.metadata["leaks"].value)


def test_a_panel_that_a_blocking_gate_fails_is_not_published(tmp_path: Path) -> None:
    platform = panel_platform(tmp_path, universe="all", blocking=("outliers",))
    wild = pl.when((pl.col("symbol") == "SYM02") & (pl.col("session").dt.to_string("%F") == "2023-05-02"))
    put_bars(platform, symbols_bars().with_columns(wild.then(pl.col("volume") * 1e6).otherwise("volume").alias("volume")))
    result = run(platform, "2023", "2023", raise_on_error=False)
    assert not result.success
    assert platform.lake.partitions(PANEL) == []


def test_the_panel_hangs_on_bars_and_split_events(platform: Platform) -> None:
    node = graph_of(platform).resolve_asset_graph().get(AssetKey(PANEL.split("/")))
    assert {key.to_user_string() for key in node.parent_keys} == {"us_equities/validated_bars_1d", "us_equities/split_events"}
    assert node.partitions_def is not None
    assert node.partitions_def.get_partition_keys()[0] == "2022"
    assert len(node.metadata["dagster/column_schema"].columns) == 47


def test_every_evening_the_year_at_hand_is_asked_for(platform: Platform) -> None:
    schedule = graph_of(platform).get_schedule_def("us_equities_panel_daily")
    assert schedule.cron_schedule == "30 20 * * *"
    assert schedule.execution_timezone == "America/New_York"
    at = datetime(2024, 3, 5, 20, 30, tzinfo=ZoneInfo("America/New_York"))
    with build_schedule_context(scheduled_execution_time=at) as context:
        request = schedule.evaluate_tick(context).run_requests[0]
    assert request.tags["dagster/asset_partition_range_start"] == "2024"
    assert request.tags["dagster/asset_partition_range_end"] == "2024"
