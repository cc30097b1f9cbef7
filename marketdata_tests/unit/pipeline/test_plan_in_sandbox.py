"""What a plan foretells is what the simulated vendors are then asked, request by request."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from marketdata_assets.core import clock
from marketdata_assets.core.periods import period_keys
from marketdata_assets.core.timeframes import timeframe as timeframe_named
from marketdata_assets.lake.layout import PartitionKey
from marketdata_assets.pipeline.budgets import month_standing
from marketdata_assets.pipeline.fetching import fetch
from marketdata_assets.pipeline.health import health
from marketdata_assets.pipeline.plan import planned
from marketdata_assets.pipeline.platform import Platform, open_platform
from marketdata_assets.sandbox.market import simulate
from marketdata_assets.sandbox.spec import Spec
from marketdata_assets.sandbox.wire.server import WireServer, serving
from marketdata_assets.settings import SIMULATED_CONFIG, load_settings

NOW = Spec().update_received
VENDORS = ("alpaca", "binance")


@pytest.fixture(scope="module")
def server() -> Iterator[WireServer]:
    with serving(simulate(Spec(minute_months=0)), VENDORS, seen_at=NOW, limits=False) as running:
        yield running


@pytest.fixture
def platform(server: WireServer, tmp_path: Path) -> Iterator[Platform]:
    values = yaml.safe_load(SIMULATED_CONFIG.read_text())
    values["sources"] = {
        name: {**source, "base_url": server.urls[name], "monthly_requests": 5_000}
        for name, source in values["sources"].items()
        if name in VENDORS
    }
    values["instruments"] = str(SIMULATED_CONFIG.parent / "simulated_instruments.csv")
    config = tmp_path / "marketdata.yaml"
    config.write_text(yaml.safe_dump({**values, "market": "real"}))  # read as a user's file; then asked without keys, as a sandbox is
    settings = load_settings(config, {}).model_copy(update={"market": "simulated"})
    with clock.frozen(NOW):
        yield open_platform(settings)


@pytest.mark.parametrize(
    ("source", "asset_class", "timeframe", "start"),
    [
        ("alpaca", "us_equities", "1d", "2023"),
        ("binance", "crypto", "1d", "2024"),
        ("binance", "crypto", "1h", "2025-01"),
    ],
)
def test_the_requests_foretold_are_the_requests_made(
    server: WireServer, platform: Platform, source: str, asset_class: str, timeframe: str, start: str
) -> None:
    kind = timeframe_named(timeframe).period
    first = platform.settings.asset_classes[asset_class].start  # type: ignore[index]
    periods = [key for key in period_keys(first, NOW, kind) if key >= start]
    keys = [PartitionKey(period, symbol) for period in periods for symbol in platform.symbols(asset_class)]
    (plan,) = planned(platform, asset_class, timeframe, keys).sources
    before = len(server.asked)
    fetched = fetch(platform, source, timeframe, keys)
    asked = [one for one in server.asked[before:] if one.vendor == source]
    assert plan.requests == len(asked) == fetched.requests > 0
    assert plan.refused == ""
    assert month_standing(platform, source).spent == len(asked)
    assert month_standing(platform, source).requests_left == plan.requests_left
    assert health(platform, source).word == "up"
