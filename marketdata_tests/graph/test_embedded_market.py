"""As shipped, the graph has vendors to ask: nothing has to be started, configured or keyed first."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
from dagster import DagsterInstance

from marketdata_assets.core import clock
from marketdata_assets.core.faults import ConfigFault
from marketdata_assets.definitions import build_definitions
from marketdata_assets.defs.resources import PlatformResource
from marketdata_assets.lake.layout import PartitionKey
from marketdata_assets.pipeline.fetching import fetch
from marketdata_assets.pipeline.platform import open_platform
from marketdata_assets.sandbox.embedded import open_market
from marketdata_assets.settings import load_settings
from marketdata_tests.graph.world import World, checks

NOW = datetime(2025, 7, 1, 13, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path: Path, project: Path) -> Path:
    shutil.copytree(project / "data/reference", tmp_path / "data/reference")
    shutil.copy(project / "marketdata.yaml", tmp_path)
    return tmp_path


def test_a_partition_of_the_simulated_market_is_fetched_from_vendors_within_the_process(folder: Path) -> None:
    settings = load_settings(folder / "marketdata.yaml", {})
    platform = PlatformResource(settings, open_market)
    here = World(folder, DagsterInstance.ephemeral(), settings, build_definitions(settings, platform=platform), platform)
    rectangle = {"dagster/asset_partition_range_start": "2024|ALDERA", "dagster/asset_partition_range_end": "2024|BRAVEN"}
    result = here.execute("us_equities_1d", rectangle, None, at=NOW)
    assert checks(result)["requests_answered"].passed
    assert set(here.validated()["symbol"]) == {"ALDERA", "BRAVEN"}
    assert set(here.validated()["tape"]) == {"simulated"}


def test_the_simulated_market_asks_nobody_outside_this_machine(folder: Path) -> None:
    settings = load_settings(folder / "marketdata.yaml", {})
    sources = {"alpaca": settings.sources["alpaca"].model_copy(update={"base_url": None})}
    platform = open_platform(settings.model_copy(update={"sources": sources}))
    with clock.frozen(NOW), pytest.raises(ConfigFault, match="asks nobody outside this machine"):
        fetch(platform, "alpaca", "1d", [PartitionKey("2024", "ALDERA")])
