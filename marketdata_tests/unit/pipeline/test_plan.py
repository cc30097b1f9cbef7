"""A plan foretells what a fetch then takes, and an automatic one gives each window to one source."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from marketdata_assets.core import clock
from marketdata_assets.core.faults import ConfigFault
from marketdata_assets.core.instruments import Instrument, format_instruments
from marketdata_assets.lake.layout import PartitionKey
from marketdata_assets.pipeline.assignment import assigned, notes
from marketdata_assets.pipeline.budgets import month_standing
from marketdata_assets.pipeline.failover import fetch_assigned
from marketdata_assets.pipeline.fetching import fetch, fetch_wanted
from marketdata_assets.pipeline.inventory import fetches
from marketdata_assets.pipeline.plan import planned, seconds_for
from marketdata_assets.pipeline.platform import Platform, open_platform
from marketdata_assets.pipeline.raw import arrived, publish_raw
from marketdata_assets.pipeline.usage import reserve
from marketdata_assets.settings import load_settings
from marketdata_assets.sources.budget import Budget, Quota
from marketdata_tests.graph.world import sessions
from marketdata_tests.support import alpaca
from marketdata_tests.support.in_thread import in_thread
from marketdata_tests.support.loopback import Loopback, Reply
from marketdata_tests.support.platforms import write_config

NOW = datetime(2024, 3, 16, 12, tzinfo=UTC)
SYMBOLS = tuple(f"S{n:03}" for n in range(60))
KEYS = [PartitionKey(year, symbol) for year in ("2023", "2024") for symbol in SYMBOLS]
DAYS = sessions(date(2023, 1, 1), date(2024, 3, 16))
CLOSES = {symbol: {day: 100.0 + n / 4 for n, day in enumerate(DAYS)} for symbol in SYMBOLS}


@pytest.fixture(autouse=True)
def _keys(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("APCA_API_KEY_ID", "canary-key-id")
    monkeypatch.setenv("APCA_API_SECRET_KEY", "canary-secret")
    with clock.frozen(NOW):
        yield


@pytest.fixture
def vendor() -> Iterator[Loopback]:
    with in_thread(Loopback()) as loopback:
        yield alpaca.serve(loopback, CLOSES)


@pytest.fixture
def other() -> Iterator[Loopback]:
    with in_thread(Loopback()) as loopback:
        yield alpaca.serve(loopback, CLOSES)


def platform_of(folder: Path, sources: dict[str, dict[str, Any]], **more: Any) -> Platform:
    described = {name: {"vendor": "alpaca", **source} for name, source in sources.items()}
    write_config(folder, "us_equities", described, start=date(2023, 1, 1), **more)
    rows = [Instrument(symbol, "us_equities", "XNYS", "USD") for symbol in SYMBOLS]
    (folder / "instruments.csv").write_text(format_instruments(rows))
    return open_platform(load_settings(folder / "marketdata.yaml", {}))


def two(folder: Path, first: Loopback, second: Loopback, **more: Any) -> Platform:
    """Two sources of the same tape; `near` comes first by priority."""
    return platform_of(folder, {"near": {"base_url": first.url}, "far": {"base_url": second.url}}, **more)


def test_a_plan_foretells_the_requests_that_the_fetch_takes(vendor: Loopback, tmp_path: Path) -> None:
    """302 sessions leave room for 33 symbols a page of 10,000: two requests for 60."""
    platform = platform_of(tmp_path, {"alpaca": {"base_url": vendor.url, "monthly_requests": 100, "monthly_usd": 5}})
    (plan,) = planned(platform, "us_equities", "1d", KEYS).sources
    assert len(DAYS) == 302
    assert (plan.partitions, plan.symbols, plan.windows, plan.bars) == (120, 60, 60, 60 * 302)
    assert (plan.requests, plan.requests_left, plan.cost, plan.usd_left, plan.refused) == (2, 98, Decimal(0), Decimal(5), "")
    assert vendor.asked == []
    fetched = fetch(platform, "alpaca", "1d", KEYS)
    assert fetched.requests == len(vendor.asked) == plan.requests
    assert month_standing(platform, "alpaca").requests_left == plan.requests_left
    assert planned(platform, "us_equities", "1d", KEYS).sources[0].requests == 0


def test_a_plan_beyond_the_budget_says_so_and_reserves_nothing(vendor: Loopback, tmp_path: Path) -> None:
    platform = platform_of(tmp_path, {"alpaca": {"base_url": vendor.url, "monthly_requests": 1}})
    plan = planned(platform, "us_equities", "1d", KEYS)
    assert plan.refused
    assert plan.sources[0].refused == "they take 2 requests; of 1 a month 0 are spent or reserved, 1 left"
    assert month_standing(platform, "alpaca").requests_left == 1


def test_plans_that_follow_each_other_share_the_month(vendor: Loopback, tmp_path: Path) -> None:
    platform = platform_of(tmp_path, {"alpaca": {"base_url": vendor.url, "monthly_requests": 3}})
    assert not planned(platform, "us_equities", "1d", KEYS).refused
    after = planned(platform, "us_equities", "1d", KEYS, taken={"alpaca": 2}).sources[0]
    assert after.refused == "they take 2 requests; of 3 a month 2 are spent or reserved, 1 left"
    routes = planned(platform, "us_equities", "1d", KEYS, sources="auto", taken={"alpaca": 2}).routes
    assert [route.source for route in routes].count("alpaca") == 33  # one request's worth of symbols


def test_a_plan_without_keys_names_the_variable(vendor: Loopback, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("APCA_API_KEY_ID")
    platform = platform_of(tmp_path, {"alpaca": {"base_url": vendor.url}})
    assert planned(platform, "us_equities", "1d", KEYS).sources[0].refused == "APCA_API_KEY_ID not set"


def test_a_source_that_is_not_asked_over_the_network_cannot_be_planned(vendor: Loopback, tmp_path: Path) -> None:
    platform = platform_of(tmp_path, {"alpaca": {"base_url": vendor.url}})
    with pytest.raises(ConfigFault, match="there is alpaca"):
        planned(platform, "us_equities", "1d", KEYS, sources=["tiingo"])


@pytest.mark.parametrize(
    ("budget", "requests", "weight", "seconds"),
    [
        (Budget(), 1000, 1, 0.0),
        (Budget((Quota(200, 60),), headroom=1.0), 201, 1, 60.0),
        (Budget((Quota(25, 86_400, burst=25),), headroom=1.0), 25, 1, 0.0),
        (Budget((Quota(25, 86_400, burst=25),), headroom=1.0), 75, 1, 2 * 86_400.0),
        (Budget((Quota(6000, 60, unit="weight"),), headroom=1.0), 3000, 2, 59.99),
        (Budget((Quota(10, 1), Quota(60, 60, burst=60)), headroom=1.0), 120, 1, 60.0),
        (Budget((Quota(100, 100),), headroom=0.5), 51, 1, 100.0),
    ],
)
def test_the_time_a_plan_takes_is_that_of_its_slowest_window(budget: Budget, requests: int, weight: int, seconds: float) -> None:
    assert seconds_for(budget, requests, weight) == pytest.approx(seconds)


def test_auto_gives_each_symbol_to_one_source_and_every_source_fetches_its_own(vendor: Loopback, other: Loopback, tmp_path: Path) -> None:
    platform = two(tmp_path, vendor, other)
    assignment = assigned(platform, "us_equities", "1d", KEYS)
    assert {route.source for route in assignment.routes} == {"near"}
    assert assignment.routes[0].passed_over == {"far": "priority 20, near has 10"}
    assert {name: len(wants) for name, wants in assignment.wants.items()} == {"near": 60, "far": 0}
    plan = planned(platform, "us_equities", "1d", KEYS, sources="auto")
    assert [(each.source, each.requests) for each in plan.sources] == [("near", 2)]
    fetch_wanted(platform, "near", "1d", assignment.wants["near"])
    assert assigned(platform, "us_equities", "1d", KEYS).routes == []
    assert (len(vendor.asked), len(other.asked)) == (2, 0)


def test_auto_moves_on_when_the_months_room_is_taken(vendor: Loopback, other: Loopback, tmp_path: Path) -> None:
    platform = platform_of(tmp_path, {"near": {"base_url": vendor.url, "monthly_requests": 5}, "far": {"base_url": other.url}})
    with reserve(platform, "near", 4):
        assignment = assigned(platform, "us_equities", "1d", KEYS)
    sources = [route.source for route in assignment.routes]
    assert (sources.count("near"), sources.count("far")) == (33, 27)
    assert "are left this month" in assignment.routes[-1].passed_over["near"]


def test_auto_fails_over_to_the_next_best_of_the_same_tape_and_comes_back(vendor: Loopback, other: Loopback, tmp_path: Path) -> None:
    platform = two(tmp_path, vendor, other)
    vendor.on(alpaca.PATH, Reply(b"forbidden", 401))
    fetch_wanted(platform, "near", "1d", assigned(platform, "us_equities", "1d", KEYS).wants["near"])
    assert set(fetches(platform, "near")["state"]) == {"refused"}
    assignment = assigned(platform, "us_equities", "1d", KEYS)
    assert {(route.source, route.stands_in_for) for route in assignment.routes} == {("far", ("near",))}
    assert assignment.routes[0].passed_over["near"].startswith("[bad_credentials]")
    (note,) = notes(assignment.routes, "far")
    assert note.startswith("stands in for near for S000, S001, S002 and 57 more: [bad_credentials]")
    assert notes(assignment.routes, "near") == []
    with clock.frozen(NOW + timedelta(minutes=16)):
        assert {route.source for route in assigned(platform, "us_equities", "1d", KEYS).routes} == {"near"}


def test_auto_hands_over_a_single_symbol_that_its_source_does_not_know(vendor: Loopback, other: Loopback, tmp_path: Path) -> None:
    good = vendor._answers[alpaca.PATH][0]
    vendor.on(
        alpaca.PATH,
        lambda asked: alpaca.error("invalid symbol: S007", 400) if "S007" in asked.query["symbols"] else good(asked),  # type: ignore[operator]
    )
    platform = two(tmp_path, vendor, other)
    fetch_wanted(platform, "near", "1d", assigned(platform, "us_equities", "1d", KEYS).wants["near"])
    assignment = assigned(platform, "us_equities", "1d", KEYS)
    assert [(route.need.symbol, route.source, route.stands_in_for) for route in assignment.routes] == [("S007", "far", ("near",))]


def test_auto_keeps_to_the_tape_of_what_is_stored(vendor: Loopback, other: Loopback, tmp_path: Path) -> None:
    """`far` alone saw all exchanges; once its bars are stored, `near` with its one venue is not let in."""
    venues = {"near": {"base_url": vendor.url, "options": {"feed": "iex"}}, "far": {"base_url": other.url}}
    platform = platform_of(tmp_path, venues)
    mine = [key for key in KEYS if key.symbol == "S000"]
    with clock.frozen(datetime(2024, 1, 6, tzinfo=UTC)):
        fetch(platform, "far", "1d", mine)
        publish_raw(platform, "far", "1d", mine, arrived(platform, "far", "1d", mine))
    routes = {route.need.symbol: route for route in assigned(platform, "us_equities", "1d", KEYS).routes}
    assert (routes["S000"].source, routes["S001"].source) == ("far", "near")
    assert "its tape is alpaca iex; the series comes from alpaca sip" in routes["S000"].passed_over["near"]
    allowed = platform_of(tmp_path, venues, routing={"us_equities": {"mix_tapes": True}})
    (first, *_) = assigned(allowed, "us_equities", "1d", mine).routes
    assert (first.source, first.changes_tape) == ("near", "alpaca sip")
    assert notes([first], "near") == ["the tape of S000 changes from alpaca sip to alpaca iex"]


def test_the_bars_asked_again_before_new_ones_go_to_the_source_that_has_them(vendor: Loopback, other: Loopback, tmp_path: Path) -> None:
    platform = two(tmp_path, vendor, other)
    mine = [key for key in KEYS if key.symbol == "S000"]
    with clock.frozen(datetime(2024, 1, 6, tzinfo=UTC)):
        fetch(platform, "near", "1d", mine)
    (want,) = assigned(platform, "us_equities", "1d", mine).wants["near"]
    assert want.window.start == datetime(2024, 1, 1, tzinfo=UTC)  # Friday the 5th was the last one; five days before the 6th
    assert want.window.end == datetime(2024, 3, 16, tzinfo=UTC)


def test_auto_fetches_from_the_next_source_when_a_month_has_no_room_and_says_who_serves_nobody(
    vendor: Loopback, other: Loopback, tmp_path: Path
) -> None:
    """33 symbols share the one request that `near` has left, but one of them lacks another window, and that makes two."""
    near, far = {"base_url": vendor.url, "monthly_requests": 1}, {"base_url": other.url}
    platform, said = platform_of(tmp_path, {"near": near, "far": far}), list[str]()
    with clock.frozen(datetime(2024, 1, 6, tzinfo=UTC)):
        fetch(platform, "far", "1d", [key for key in KEYS if key.symbol == "S000"])
    told = fetch_assigned(platform, "us_equities", "1d", KEYS, tell=said.append)
    assert set(told) == {"far"}
    assert vendor.asked == []
    assert any(note.startswith("far stands in for near for S000, S001, S002") and "[budget] they take 2 requests" in note for note in said)
    assert assigned(platform, "us_equities", "1d", KEYS).routes == []


def test_auto_says_whom_nobody_serves(vendor: Loopback, other: Loopback, tmp_path: Path) -> None:
    other.on(alpaca.PATH, alpaca.error("forbidden", 401))
    near, far = {"base_url": vendor.url, "monthly_requests": 0}, {"base_url": other.url}
    platform, said = platform_of(tmp_path, {"near": near, "far": far}), list[str]()
    told = fetch_assigned(platform, "us_equities", "1d", KEYS, tell=said.append)
    assert set(told) == {"far"}
    (note,) = said
    assert note.startswith("nobody can serve S000, S001, S002 and 57 more: far: [bad_credentials]")
    assert note.endswith("near: takes about 0.0303 requests, 0 are left this month")


def test_a_daily_bar_is_routed_as_soon_as_its_session_has_closed_and_its_delay_is_over(vendor: Loopback, tmp_path: Path) -> None:
    platform = platform_of(tmp_path, {"alpaca": {"base_url": vendor.url}})
    mine = [key for key in KEYS if key.symbol == "S000"]
    for at, friday_is_out in ((datetime(2024, 3, 15, 20, 14, tzinfo=UTC), False), (datetime(2024, 3, 15, 20, 15, tzinfo=UTC), True)):
        with clock.frozen(at):
            fetch(platform, "alpaca", "1d", mine)
            last = fetches(platform, "alpaca")["asked_until"].max()
            assert (last == datetime(2024, 3, 16, tzinfo=UTC)) is friday_is_out
            assert assigned(platform, "us_equities", "1d", mine).routes == []
    with clock.frozen(datetime(2024, 3, 18, 20, 15, tzinfo=UTC)):
        (route,) = assigned(platform, "us_equities", "1d", mine).routes
        assert (route.source, route.need.bars) == ("alpaca", 1)
