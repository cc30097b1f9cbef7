"""Schedules: the partitions that hold the session just closed, and a reason where there is none."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from dagster import DagsterInstance, SkipReason, build_schedule_context
from dagster._core.definitions.schedule_definition import ScheduleExecutionData

from marketdata_assets.core import clock
from marketdata_assets.core.sessions import calendar
from marketdata_assets.defs.resources import PLATFORM
from marketdata_assets.defs.schedules import due_session
from marketdata_tests.graph.world import World, clean_files, make_world, stored_instance

NEW_YORK = ZoneInfo("America/New_York")


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[DagsterInstance]:
    with stored_instance(tmp_path / "instance") as instance:
        yield instance


def ticked(world: World, at: datetime) -> ScheduleExecutionData:
    schedule = world.definitions.resolve_schedule_def("us_equities_1d_after_close")
    context = build_schedule_context(
        instance=world.instance,
        scheduled_execution_time=at,
        resources={PLATFORM: world.platform},
        repository_def=world.definitions.get_repository_def(),
    )
    with clock.frozen(at):
        return schedule.evaluate_tick(context)


def test_after_the_close_the_current_year_of_every_symbol_is_asked_for_once(tmp_path: Path, instance: DagsterInstance) -> None:
    world = make_world(tmp_path / "world", clean_files(("AAA", "BBB")), instance=instance)
    (request,) = ticked(world, datetime(2024, 11, 27, 17, 30, tzinfo=NEW_YORK)).run_requests or []
    assert request.run_key == "2024-11-27"
    assert request.tags["dagster/asset_partition_range_start"] == "2024|AAA"
    assert request.tags["dagster/asset_partition_range_end"] == "2024|BBB"


def test_a_holiday_is_skipped_with_the_last_session(tmp_path: Path, instance: DagsterInstance) -> None:
    world = make_world(tmp_path / "world", clean_files(("AAA",)), instance=instance)
    skipped = ticked(world, datetime(2024, 11, 28, 17, 30, tzinfo=NEW_YORK))
    assert not skipped.run_requests
    assert skipped.skip_message == "XNYS has no session on Thursday 2024-11-28; the last one was 2024-11-27"


def test_the_schedule_runs_in_the_zone_of_its_exchange(tmp_path: Path, instance: DagsterInstance) -> None:
    schedule = make_world(tmp_path / "world", clean_files(("AAA",)), instance=instance).definitions.resolve_schedule_def(
        "us_equities_1d_after_close"
    )
    assert (schedule.cron_schedule, schedule.execution_timezone) == ("30 17 * * *", "America/New_York")


@pytest.mark.parametrize(
    ("at", "due"),
    [
        (datetime(2024, 7, 3, 17, 30, tzinfo=NEW_YORK), "2024-07-03"),
        (datetime(2024, 12, 31, 17, 30, tzinfo=NEW_YORK), "2024-12-31"),
        (datetime(2025, 3, 10, 17, 30, tzinfo=NEW_YORK), "2025-03-10"),
    ],
    ids=["half day", "last day of a year", "after the clocks went forward"],
)
def test_the_session_that_closed_today_is_due(at: datetime, due: str) -> None:
    assert str(due_session(calendar("XNYS"), at)) == due


def test_round_the_clock_the_day_before_is_due_even_across_the_year() -> None:
    assert str(due_session(calendar("24/7"), datetime(2025, 1, 1, 0, 30, tzinfo=UTC))) == "2024-12-31"


@pytest.mark.parametrize("day", [(2024, 11, 30), (2025, 1, 9), (2012, 10, 29)], ids=["Saturday", "day of mourning", "hurricane"])
def test_closed_days_are_skipped(day: tuple[int, int, int]) -> None:
    assert isinstance(due_session(calendar("XNYS"), datetime(*day, 17, 30, tzinfo=NEW_YORK)), SkipReason)
