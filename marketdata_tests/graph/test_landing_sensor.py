"""The landing sensor: files become runs for exactly their partitions, once, and nothing is lost however the process ends."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from dagster import DagsterInstance, DagsterRunStatus, RunRequest, build_sensor_context
from dagster._core.definitions.sensor_definition import SensorExecutionData

from marketdata_assets.core import clock
from marketdata_assets.defs.partitions import partition_key
from marketdata_assets.defs.rectangles import Rectangle
from marketdata_assets.defs.resources import PLATFORM
from marketdata_assets.defs.sensors import DIGEST_TAG, RUNS_AT_MOST, SOURCE_TAG
from marketdata_assets.lake.layout import PartitionKey
from marketdata_assets.lake.local import LocalStore
from marketdata_tests.graph.world import RECEIVED, VALIDATED, World, closes, make_world, stored_instance
from marketdata_tests.support.tiingo import tiingo_csv

START, END = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[DagsterInstance]:
    with stored_instance(tmp_path / "instance") as instance:
        yield instance


@pytest.fixture
def world(tmp_path: Path, instance: DagsterInstance) -> World:
    """Three symbols are known; only AAA's file has landed, two years of it."""
    world = make_world(tmp_path / "world", instance=instance)
    for name in ("BBB.csv", "CCC.csv"):
        (world.folder / "landing/tiingo" / name).unlink()
    return world


class Ticks:
    """A sensor's ticks one after the other, the cursor handed on as the daemon does it."""

    def __init__(self, world: World, cursor: str | None = None) -> None:
        self.world, self.cursor = world, cursor
        self.sensor = world.definitions.resolve_sensor_def("tiingo_landing")

    def tick(self, *, days: int = 0) -> SensorExecutionData:
        with clock.frozen(RECEIVED + timedelta(days=days)):
            context = build_sensor_context(
                instance=self.world.instance,
                cursor=self.cursor,
                definitions=self.world.definitions,
                resources={PLATFORM: self.world.platform},
            )
            result = self.sensor.evaluate_tick(context)
        self.cursor = result.cursor
        return result

    def asked(self, *, days: int = 0) -> list[RunRequest]:
        return list(self.tick(days=days).run_requests or [])

    def said(self, *, days: int = 0) -> str:
        result = self.tick(days=days)
        assert not result.run_requests
        return str(result.skip_message)


def spans(requests: list[RunRequest]) -> list[str]:
    return [f"{request.tags[START]}...{request.tags[END]}" for request in requests]


def launched(world: World, request: RunRequest, status: DagsterRunStatus) -> None:
    """The run of a request as a daemon left it: queued, under way, or dead."""
    job = world.definitions.resolve_job_def(str(request.job_name))
    world.instance.create_run_for_job(job, tags=dict(request.tags), status=status)


def test_a_new_file_asks_for_exactly_its_partitions_in_one_run(world: World) -> None:
    (request,) = Ticks(world).asked()
    assert spans([request]) == ["2023|AAA...2024|AAA"]
    assert request.job_name == "us_equities_1d"
    assert request.tags[SOURCE_TAG] == "tiingo"
    names = {key.to_user_string() for key in request.asset_selection or []}
    assert "us_equities/raw_bars_1d/tiingo" in names
    assert "us_equities/lona_export_1d" in names


def test_the_run_that_is_asked_for_makes_the_partitions_and_then_nothing_more_is_asked(world: World) -> None:
    ticks = Ticks(world)
    (request,) = ticks.asked()
    assert world.ask(request).success
    assert sorted(path.parent.name for path in (world.lake / VALIDATED).rglob("AAA.parquet")) == ["2023", "2024"]
    assert ticks.said() == "us_equities_1d: nothing to do"
    assert ticks.said() == "us_equities_1d: nothing to do"


def test_the_inventory_and_its_check_are_recorded_by_the_tick(world: World) -> None:
    world.land("broken.csv", b'{"detail": "Not found."}')
    recorded = Ticks(world).tick().asset_events
    assert [type(event).__name__ for event in recorded] == ["AssetMaterialization", "AssetCheckEvaluation"]
    assert not recorded[1].passed  # type: ignore[union-attr]
    assert "broken.csv" in str(recorded[1].metadata["refused"].value)


def test_a_run_that_is_under_way_is_waited_for(world: World) -> None:
    ticks = Ticks(world)
    (request,) = ticks.asked()
    launched(world, request, DagsterRunStatus.STARTED)
    assert ticks.said() == "us_equities_1d: nothing to do, runs are under way for 2"


def test_a_restart_without_the_cursor_neither_loses_nor_doubles(world: World, tmp_path: Path) -> None:
    (request,) = Ticks(world).asked()
    launched(world, request, DagsterRunStatus.NOT_STARTED)
    with stored_instance(tmp_path / "instance") as again:
        reborn = world.rebuilt()
        reborn.instance = again
        assert Ticks(reborn).said().endswith("runs are under way for 2")


def test_a_tick_that_was_lost_before_its_run_started_is_made_up_for(world: World) -> None:
    first = Ticks(world).asked()
    assert spans(Ticks(world).asked()) == spans(first)


def test_a_run_that_died_is_asked_for_again_three_times_and_then_left_to_a_person(world: World) -> None:
    ticks = Ticks(world)
    for _ in range(3):
        (request,) = ticks.asked()
        launched(world, request, DagsterRunStatus.FAILURE)
    assert "2 failed 3 times and wait for a person" in ticks.said()
    assert "2 failed 3 times and wait for a person" in ticks.said()


def test_a_run_that_died_after_raw_bars_were_stored_is_asked_for_again(world: World) -> None:
    ticks = Ticks(world)
    (request,) = ticks.asked()
    raw = ["us_equities/raw_bars_1d/tiingo", "us_equities/refused_rows_1d/tiingo"]
    world.execute("us_equities_1d", {START: request.tags[START], END: request.tags[END]}, raw)
    launched(world, request, DagsterRunStatus.FAILURE)
    assert spans(ticks.asked()) == ["2023|AAA...2024|AAA"]


def test_new_content_after_three_failures_is_asked_for(world: World) -> None:
    ticks = Ticks(world)
    for _ in range(3):
        (request,) = ticks.asked()
        launched(world, request, DagsterRunStatus.FAILURE)
    ticks.said()
    world.land("AAA.csv", tiingo_csv("AAA", closes(base=55.0)))
    (again,) = ticks.asked(days=1)
    assert again.tags[DIGEST_TAG] != request.tags[DIGEST_TAG]


def test_changed_content_is_asked_for_once_more(world: World) -> None:
    ticks = Ticks(world)
    for request in ticks.asked():
        world.ask(request)
    ticks.said()
    world.land("AAA.csv", tiingo_csv("AAA", closes(date(2024, 1, 1), date(2024, 7, 1), base=55.0)))
    (request,) = ticks.asked(days=1)
    assert spans([request]) == ["2024|AAA...2024|AAA"]
    world.ask(request, at=RECEIVED + timedelta(days=1))
    assert world.validated("2024|AAA")["close"].min() == 55.0
    assert ticks.said(days=1) == "us_equities_1d: nothing to do"


def test_the_year_after_a_changed_december_is_judged_again(world: World) -> None:
    ticks = Ticks(world)
    for request in ticks.asked():
        world.ask(request)
    world.land("AAA-2023.csv", tiingo_csv("AAA", closes(date(2023, 6, 1), date(2024, 1, 1), base=55.0)))
    assert spans(ticks.asked(days=1)) == ["2023|AAA...2024|AAA"]


def test_a_file_touched_without_a_change_asks_for_nothing(world: World) -> None:
    ticks = Ticks(world)
    for request in ticks.asked():
        world.ask(request)
    world.land("AAA.csv", tiingo_csv("AAA", closes()))
    assert ticks.said(days=1) == "us_equities_1d: nothing to do"


def test_a_year_of_silence_inside_a_file_is_not_asked_for_for_ever(world: World) -> None:
    gap = closes(date(2023, 1, 1), date(2023, 3, 1)) | closes(date(2025, 1, 1), date(2025, 3, 1))
    world.land("AAA.csv", tiingo_csv("AAA", gap))
    ticks = Ticks(world)
    (request,) = ticks.asked(days=90)
    assert spans([request]) == ["2023|AAA...2025|AAA"]
    world.ask(request, at=RECEIVED + timedelta(days=90))
    assert not (world.lake / VALIDATED / "2024/AAA.parquet").exists()
    assert ticks.said(days=90) == "us_equities_1d: nothing to do"
    assert Ticks(world).said(days=90) == "us_equities_1d: nothing to do"


def test_a_raw_partition_that_vanished_is_asked_for_again(world: World) -> None:
    ticks = Ticks(world)
    for request in ticks.asked():
        world.ask(request)
    ticks.said()
    (world.lake / "us_equities/raw_bars_1d/tiingo/2023/AAA.parquet").unlink()
    assert spans(ticks.asked()) == ["2023|AAA...2023|AAA"]


def test_a_ragged_folder_is_a_handful_of_runs_that_miss_nothing(tmp_path: Path, instance: DagsterInstance) -> None:
    names = {f"S{i:02d}": 2005 + i * 7 % 20 for i in range(40)}
    files = {f"{name}.csv": tiingo_csv(name, {date(year, 3, 1): 5.0, date(2024, 3, 1): 6.0}) for name, year in names.items()}
    world = make_world(tmp_path / "ragged", files, instance=instance, start=date(2005, 1, 1))
    requests = Ticks(world).asked()
    assert len(requests) == RUNS_AT_MOST
    asked = [Rectangle(partition_key(request.tags[START]), partition_key(request.tags[END])) for request in requests]
    touched = {PartitionKey(str(year), name) for name, first in names.items() for year in range(first, 2025)}
    assert all(sum(rectangle.holds(key) for rectangle in asked) == 1 for key in touched)


def test_a_quiet_tick_reads_no_partition(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = Ticks(world)
    for request in ticks.asked():
        world.ask(request)
    ticks.said()
    read: list[str] = []
    honest = LocalStore.fetch
    monkeypatch.setattr(LocalStore, "fetch", lambda self, paths: read.extend(paths) or honest(self, paths))
    ticks.said()
    assert not [path for path in read if "raw_bars" in path]
