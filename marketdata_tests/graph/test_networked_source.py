"""A vendor asked over the network is a source of the graph like any landing folder."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from dagster import AssetCheckSeverity, DagsterInstance

from marketdata_assets.core import clock
from marketdata_assets.definitions import build_definitions
from marketdata_assets.defs.resources import PlatformResource
from marketdata_assets.defs.running import chosen, keys_of, lanes_of, pending
from marketdata_assets.settings import load_settings
from marketdata_tests.graph.world import RECEIVED, World, checks, closes, events, metadata
from marketdata_tests.support import alpaca
from marketdata_tests.support.in_thread import in_thread
from marketdata_tests.support.loopback import Asked, Loopback, Reply

SYMBOLS = ("AAA", "BBB", "CCC")
RAW, FETCHES = "us_equities/raw_bars_1d/alpaca", "us_equities/fetches/alpaca"


@pytest.fixture
def vendor(monkeypatch: pytest.MonkeyPatch) -> Iterator[Loopback]:
    monkeypatch.setenv("APCA_API_KEY_ID", "canary-key-id")
    monkeypatch.setenv("APCA_API_SECRET_KEY", "canary-secret")
    with in_thread(Loopback()) as loopback:
        yield loopback


def truth() -> alpaca.Closes:
    return {symbol: closes(base=100.0 * at) for at, symbol in enumerate(SYMBOLS, start=1)}


def world(folder: Path, vendor: Loopback) -> World:
    alpaca.platform(folder, vendor, SYMBOLS, start=date(2023, 1, 1))
    settings = load_settings(folder / "marketdata.yaml", {})
    platform = PlatformResource(settings)
    return World(folder, DagsterInstance.ephemeral(), settings, build_definitions(settings, platform=platform), platform)


def test_a_rectangle_is_fetched_published_and_audited_in_one_run(vendor: Loopback, tmp_path: Path) -> None:
    bars = truth()
    here = world(tmp_path, alpaca.serve(vendor, bars))
    result = here.run("2023|AAA", "2024|CCC")
    validated = here.validated()
    assert {(s, d): c for s, d, c in validated.select("symbol", "session", "close").iter_rows()} == {
        (symbol, day): close for symbol, days in bars.items() for day, close in days.items()
    }
    told = metadata(events(result, "ASSET_MATERIALIZATION", FETCHES)[0])
    assert (told["bars"], told["requests"], told["in vain"]) == (validated.height, len(vendor.asked), 0)
    assert checks(result)["requests_answered"].passed


def test_running_it_again_asks_nothing_and_changes_no_byte(vendor: Loopback, tmp_path: Path) -> None:
    here = world(tmp_path, alpaca.serve(vendor, truth()))
    here.run("2023|AAA", "2024|CCC")
    before, asked = here.contents(), len(vendor.asked)
    result = here.run("2023|AAA", "2024|CCC")
    assert len(vendor.asked) == asked
    assert here.contents() == before
    assert events(result, "ASSET_MATERIALIZATION", FETCHES) == []


def test_symbols_that_fail_are_listed_and_the_others_published(vendor: Loopback, tmp_path: Path) -> None:
    good = alpaca.serve(vendor, truth())._answers[alpaca.PATH][0]

    def refuse(asked: Asked) -> Reply:
        return alpaca.error("invalid symbol: BBB", 400) if "BBB" in asked.query["symbols"] else good(asked)  # type: ignore[operator,return-value]

    vendor.on(alpaca.PATH, refuse)
    here = world(tmp_path, vendor)
    result = here.run("2023|AAA", "2024|CCC")
    assert result.success
    assert set(here.validated()["symbol"]) == {"AAA", "CCC"}
    check = checks(result)["requests_answered"]
    assert not check.passed
    assert check.severity == AssetCheckSeverity.WARN
    assert check.metadata["symbols"].value == 1
    assert "invalid symbol: BBB" in check.metadata["in vain"].value
    vendor.on(alpaca.PATH, good)
    assert checks(here.run("2023|AAA", "2024|CCC"))["requests_answered"].passed
    assert set(here.validated()["symbol"]) == set(SYMBOLS)


def test_a_vendor_that_is_down_is_an_error_and_invents_nothing(vendor: Loopback, tmp_path: Path) -> None:
    vendor.on(alpaca.PATH, alpaca.error("forbidden.", 403))
    here = world(tmp_path, vendor)
    check = checks(here.run("2023|AAA", "2024|CCC"))["requests_answered"]
    assert not check.passed
    assert check.severity == AssetCheckSeverity.ERROR
    assert here.validated().is_empty()


def test_a_backfill_reaches_every_listed_partition_and_nothing_is_pending_after_it(vendor: Loopback, tmp_path: Path) -> None:
    here = world(tmp_path, alpaca.serve(vendor, truth()))
    with clock.frozen(RECEIVED):
        platform = here.platform.opened
        lane = lanes_of(platform)[0]
        found = chosen(platform, lane, "2023", "2024", SYMBOLS)
        assert sorted(str(key) for each in found for key in keys_of(lane, each)) == [f"{y}|{s}" for y in (2023, 2024) for s in SYMBOLS]
        here.run("2023|AAA", "2024|CCC")
        assert pending(platform, lane, ["alpaca"]) == []


def test_what_was_fetched_by_a_run_that_was_cut_off_is_published_by_the_next(vendor: Loopback, tmp_path: Path) -> None:
    from marketdata_assets.lake.layout import PartitionKey
    from marketdata_assets.pipeline.fetching import fetch

    here = world(tmp_path, alpaca.serve(vendor, truth()))
    with clock.frozen(datetime(2025, 1, 2, 12, tzinfo=UTC)):
        platform = here.platform.opened
        fetch(platform, "alpaca", "1d", [PartitionKey("2024", "BBB")])
        lane = lanes_of(platform)[0]
        assert [str(each) for each in pending(platform, lane, ["alpaca"])] == ["2024|BBB...2024|BBB"]
