"""`fetch: auto` in the graph: one source is chosen for each symbol, and another stands in for one that does not answer."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
import yaml
from dagster import DagsterInstance

from marketdata_assets.core.instruments import Instrument, format_instruments
from marketdata_assets.definitions import build_definitions
from marketdata_assets.defs.asking import FETCH_TAG, SOURCES_TAG
from marketdata_assets.defs.resources import PlatformResource
from marketdata_assets.settings import load_settings
from marketdata_tests.graph.world import World, closes, events
from marketdata_tests.support import alpaca
from marketdata_tests.support.in_thread import in_thread
from marketdata_tests.support.loopback import Loopback
from marketdata_tests.support.platforms import write_config

SYMBOLS = ("AAA", "BBB")
RANGE = {"dagster/asset_partition_range_start": "2023|AAA", "dagster/asset_partition_range_end": "2024|BBB"}


@pytest.fixture
def vendors(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Loopback, Loopback]]:
    monkeypatch.setenv("APCA_API_KEY_ID", "canary-key-id")
    monkeypatch.setenv("APCA_API_SECRET_KEY", "canary-secret")
    truth = {symbol: closes(base=100.0 * at) for at, symbol in enumerate(SYMBOLS, start=1)}
    with in_thread(Loopback()) as first, in_thread(Loopback()) as second:
        yield alpaca.serve(first, truth), alpaca.serve(second, truth)


def world(folder: Path, vendors: tuple[Loopback, Loopback], fetch: str = "auto") -> World:
    sources = {name: {"vendor": "alpaca", "base_url": one.url} for name, one in zip(("first", "second"), vendors, strict=True)}
    path = write_config(folder, "us_equities", sources, start=date(2023, 1, 1))
    values = yaml.safe_load(path.read_text())
    values["asset_classes"]["us_equities"]["fetch"] = fetch
    path.write_text(yaml.safe_dump(values))
    (folder / "instruments.csv").write_text(format_instruments([Instrument(s, "us_equities", "XNYS", "USD") for s in SYMBOLS]))
    settings = load_settings(path, {})
    platform = PlatformResource(settings)
    return World(folder, DagsterInstance.ephemeral(), settings, build_definitions(settings, platform=platform), platform)


def test_each_symbol_is_asked_of_the_preferred_source_alone(vendors: tuple[Loopback, Loopback], tmp_path: Path) -> None:
    here = world(tmp_path, vendors)
    result = here.execute("us_equities_1d", RANGE, None)
    assert result.success
    assert (len(vendors[0].asked), len(vendors[1].asked)) == (1, 0)
    assert here.validated()["source"].unique().to_list() == ["first"]
    here.execute("us_equities_1d", RANGE, None)
    assert (len(vendors[0].asked), len(vendors[1].asked)) == (1, 0)


def test_another_source_stands_in_for_one_that_does_not_answer(vendors: tuple[Loopback, Loopback], tmp_path: Path) -> None:
    vendors[0].on(alpaca.PATH, alpaca.error("forbidden.", 403))
    here = world(tmp_path, vendors)
    result = here.execute("us_equities_1d", RANGE, None)
    bars = here.validated()
    assert set(bars["symbol"]) == set(SYMBOLS)
    assert bars["source"].unique().to_list() == ["second"]
    assert len(events(result, "ASSET_MATERIALIZATION", "us_equities/fetches/first")) == 1
    assert len(events(result, "ASSET_MATERIALIZATION", "us_equities/fetches/second")) == 1
    told = {each.asset_key.path[-1]: each for each in result.get_asset_check_evaluations() if each.check_name == "requests_answered"}
    assert (told["first"].passed, told["second"].passed) == (False, True)
    assert "in vain" in str(told["first"].description)


def test_a_run_may_name_the_sources_it_asks(vendors: tuple[Loopback, Loopback], tmp_path: Path) -> None:
    here = world(tmp_path, vendors, fetch="every")
    here.execute("us_equities_1d", {**RANGE, SOURCES_TAG: "second"}, None)
    assert (len(vendors[0].asked), len(vendors[1].asked)) == (0, 1)
    here.execute("us_equities_1d", {**RANGE, FETCH_TAG: "auto"}, None)
    assert (len(vendors[0].asked), len(vendors[1].asked)) == (0, 1)
    here.execute("us_equities_1d", RANGE, None)
    assert (len(vendors[0].asked), len(vendors[1].asked)) == (1, 1)
