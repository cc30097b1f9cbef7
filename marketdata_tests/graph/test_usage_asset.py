"""The graph shows what vendors were asked this month, and warns before a budget is used up."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from dagster import AssetCheckSeverity, AssetKey, DagsterInstance, materialize

from marketdata_assets.core import clock
from marketdata_assets.defs.assets.usage import judged, usage, usage_checks
from marketdata_assets.defs.resources import PLATFORM, PlatformResource
from marketdata_assets.lake.layout import PartitionKey
from marketdata_assets.pipeline.budgets import Standing, Terms
from marketdata_assets.pipeline.fetching import fetch
from marketdata_assets.settings import load_settings
from marketdata_tests.graph.world import sessions
from marketdata_tests.support import alpaca
from marketdata_tests.support.in_thread import in_thread
from marketdata_tests.support.loopback import Loopback
from marketdata_tests.support.small_lake import configure

NOW = datetime(2024, 3, 16, 12, tzinfo=UTC)
CLOSES = {"AAA": dict.fromkeys(sessions(date(2024, 1, 1), date(2024, 3, 16)), 100.0)}


@pytest.fixture
def vendor(monkeypatch: pytest.MonkeyPatch) -> Iterator[Loopback]:
    monkeypatch.setenv("APCA_API_KEY_ID", "canary-key-id")
    monkeypatch.setenv("APCA_API_SECRET_KEY", "canary-secret")
    with clock.frozen(NOW), in_thread(Loopback()) as loopback:
        yield alpaca.serve(loopback, CLOSES)


def test_the_asset_carries_the_months_figures_and_its_check_judges_them(vendor: Loopback, tmp_path: Path) -> None:
    platform = alpaca.platform(tmp_path, vendor, ("AAA",), monthly_requests=1)
    fetch(platform, "alpaca", "1d", [PartitionKey("2024", "AAA")])
    settings = load_settings(tmp_path / "marketdata.yaml", {})
    result = materialize(
        [*usage(settings), *usage_checks(settings)],
        resources={PLATFORM: PlatformResource(settings)},
        instance=DagsterInstance.ephemeral(),
    )
    (made,) = result.asset_materializations_for_node("usage")
    told = {name: entry.value for name, entry in made.metadata.items()}
    assert made.asset_key == AssetKey(["usage"])
    assert (told["month"], told["requests"], told["requests of alpaca"], told["US dollars"]) == ("2024-03", 1, 1, 0.0)
    assert "stock_bars" in str(told["endpoints"])
    (check,) = result.get_asset_check_evaluations()
    assert (check.check_name, check.passed, check.severity) == ("usage_within_budget", False, AssetCheckSeverity.ERROR)
    assert check.description == "of its month's budget is used: alpaca 100%"


def test_without_a_networked_source_there_is_nothing_to_show(tmp_path: Path) -> None:
    settings = load_settings(configure(tmp_path), {})
    assert (usage(settings), usage_checks(settings)) == ([], [])


@pytest.mark.parametrize(
    ("spent", "passed", "severity"),
    [(79, True, AssetCheckSeverity.WARN), (80, False, AssetCheckSeverity.WARN), (100, False, AssetCheckSeverity.ERROR)],
)
def test_four_fifths_are_a_warning_and_all_of_it_an_error(spent: int, passed: bool, severity: AssetCheckSeverity) -> None:
    stands = [
        Standing(Terms("a", "v", "p", requests=100), "2024-03", spent=spent),
        Standing(Terms("b", "v", "p"), "2024-03", spent=10**9),
    ]
    result = judged(stands)
    assert (result.passed, result.severity) == (passed, severity)
