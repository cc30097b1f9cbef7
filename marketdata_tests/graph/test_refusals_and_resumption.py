"""Runs that fail: what was published before stays, the failure tells why, and the next run does only the rest."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from marketdata_assets.core.faults import Fault, StorageFault
from marketdata_assets.defs import refusals
from marketdata_assets.lake.store import Write
from marketdata_assets.pipeline.platform import Platform, open_platform
from marketdata_assets.settings import Settings
from marketdata_tests.graph.world import RECEIVED, VALIDATED, World, clean_files, closes, events, make_world
from marketdata_tests.support.tiingo import tiingo_csv

LATER = RECEIVED.replace(year=2026)
AUDITED = ("validated_bars_1d", "quarantine_1d", "coverage_1d")


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refusals, "PAUSE_SECONDS", 0.0)


def audited_files(world: World) -> dict[str, bytes]:
    return {path: data for path, data in world.tables().items() if path.split("/")[1] in AUDITED}


@pytest.fixture
def thin(tmp_path: Path) -> World:
    """A world that refuses thin periods: two years are published, of the third every fifth session has landed since."""
    world = make_world(tmp_path, clean_files(("AAA", "BBB")), rules={"thresholds": {"coverage_block": 0.9}})
    world.run("2023|AAA", "2024|BBB")
    every = closes(date(2025, 1, 1), date(2026, 1, 1))
    world.land("AAA-2025.csv", tiingo_csv("AAA", {day: close for at, (day, close) in enumerate(every.items()) if at % 5 == 0}))
    return world


def test_a_frame_that_fails_as_a_whole_is_not_published_and_the_previous_version_stays(thin: World) -> None:
    before = audited_files(thin)
    assert len(before) == 8
    assert not thin.run("2023|AAA", "2025|BBB", at=LATER, raise_on_error=False).success
    assert audited_files(thin) == before


def test_the_failure_carries_the_evidence_and_is_not_tried_again(thin: World) -> None:
    result = thin.run("2025|AAA", at=LATER, raise_on_error=False)
    (failed,) = [event for event in events(result, "STEP_FAILURE") if event.step_key == "us_equities__validated_bars_1d"]
    told = failed.step_failure_data.user_failure_data
    assert told is not None
    assert "coverage_below_threshold" in str(told.description)
    assert told.metadata["code"].value == "audit"
    assert told.metadata["evidence"].value["rule"] == "coverage_below_threshold"
    assert not events(result, "STEP_UP_FOR_RETRY")


class FailingLake:
    """Opens the platform with a store that refuses every write to a table after the first few."""

    def __init__(self, table: str, allowed: int) -> None:
        self.table, self.allowed, self.written = table, allowed, 0

    def __call__(self, settings: Settings) -> Platform:
        platform = open_platform(settings)
        store: Any = platform.lake.store
        honest = store.write_many

        def write_many(writes: Sequence[Write]) -> list[str | Fault]:
            allowed = [write for write in writes if not write.path.startswith(self.table) or self._admit()]
            done = dict(zip((write.path for write in allowed), honest(allowed), strict=True))
            return [done.get(write.path, StorageFault("writing", "no space left", "free some space", path=write.path)) for write in writes]

        store.write_many = write_many
        return platform

    def _admit(self) -> bool:
        self.written += 1
        return self.written <= self.allowed


def test_an_interrupted_backfill_resumes_from_what_was_committed(tmp_path: Path) -> None:
    whole = make_world(tmp_path / "whole")
    whole.run("2023|AAA", "2024|CCC")
    world = make_world(tmp_path / "cut")
    cut = world.rebuilt(opener=FailingLake(VALIDATED, 2)).run("2023|AAA", "2024|CCC", raise_on_error=False)
    assert not cut.success
    stored = sorted((world.lake / VALIDATED).rglob("*.parquet"))
    assert len(stored) == 2
    stamps = {path: path.stat().st_mtime_ns for path in stored}
    assert world.run("2023|AAA", "2024|CCC").success
    assert world.tables() == whole.tables()
    assert {path: path.stat().st_mtime_ns for path in stored} == stamps


def test_a_fault_that_may_pass_is_tried_again_three_times(tmp_path: Path) -> None:
    world = make_world(tmp_path, clean_files(("AAA",))).rebuilt(opener=FailingLake(VALIDATED, 0))
    result = world.run("2024|AAA", raise_on_error=False)
    assert len(events(result, "STEP_UP_FOR_RETRY")) == refusals.RETRIES
    assert not result.success


class MeddledLake:
    """Opens the platform so that another run publishes normalized bars anew, once, while validated ones are computed from them."""

    def __init__(self, world: World) -> None:
        self.world, self.meddled = world, False

    def __call__(self, settings: Settings) -> Platform:
        platform = open_platform(settings)
        lake: Any = platform.lake
        honest = lake.scan

        def scan(path: str, *args: Any, **named: Any) -> Any:
            frame = honest(path, *args, **named)
            if path.endswith("normalized_bars_1d") and not self.meddled:
                self.meddled = True
                self.world.land("AAA-corrected.csv", tiingo_csv("AAA", closes(base=300.0)))
                self.world.run("2024|AAA", at=LATER, select=RAW_AND_NORMALIZED)
            return frame

        lake.scan = scan
        return platform


RAW_AND_NORMALIZED = ("us_equities/raw_bars_1d/tiingo", "us_equities/refused_rows_1d/tiingo", "us_equities/normalized_bars_1d")


def test_what_was_computed_from_outdated_inputs_is_computed_again(tmp_path: Path) -> None:
    world = make_world(tmp_path, clean_files(("AAA",)))
    world.run("2024|AAA", select=RAW_AND_NORMALIZED)
    result = world.rebuilt(opener=MeddledLake(world)).run("2024|AAA", select=[VALIDATED], at=LATER)
    assert result.success
    assert len(events(result, "STEP_UP_FOR_RETRY")) == 1
    assert world.validated()["close"].min() > 300.0
