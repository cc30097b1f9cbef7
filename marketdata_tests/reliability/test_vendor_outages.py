"""B1, B9, B11, B12, B14 to the end of the pipeline: budgets kept, links refused, restatements as revisions, outages said."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest

from marketdata_assets.lake.layout import PartitionKey
from marketdata_assets.pipeline.fetching import Fetched
from marketdata_assets.sandbox.market import Market
from marketdata_assets.sandbox.wire.faults import FaultRule
from marketdata_tests.support.wire_world import SERVED, SHARES, World, days_of, symbols_of

FIRST, SECOND = SHARES
DAYS = days_of("alpaca")


def reasons(fetched: Fetched) -> set[str]:
    """The codes of what was refused."""
    return set(fetched.rows["reason"].str.extract(r"^\[(\w+)\]").drop_nulls())


@pytest.mark.parametrize("name", SERVED)
def test_a_vendor_that_counts_never_has_to_refuse(name: str, calm_market: Market, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sandbox counts as the vendor documents; every symbol is asked for anew until its limit would have been passed."""
    vendor = World(tmp_path, monkeypatch, calm_market, [name], symbols_of(name), asset_class=SERVED[name], limits=True)
    for _ in range(3):
        vendor.fetch(again=True)
        assert [asked.status for asked in vendor.asked if asked.status in (418, 429)] == []
    assert vendor.publish().select("symbol", "timestamp").n_unique() == 2 * days_of(name)


@pytest.mark.parametrize("kind", ["other_host_link", "redirect"])
def test_no_key_goes_to_a_host_that_a_vendor_points_to(
    kind: str, calm_market: Market, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other host is the sandbox's own second vendor, so that whatever left would be seen."""
    world = World(tmp_path, monkeypatch, calm_market, ["alpaca", "polygon"], SHARES)
    there = f"http://127.0.0.1:{world.port_of('polygon')}/stolen"
    fetched = world.fetch(FaultRule(what=kind, vendor="alpaca", times=None, to=there), source="alpaca")  # type: ignore[arg-type]
    assert reasons(fetched) == {"diverted"}
    assert {asked.vendor for asked in world.asked} == {"alpaca"}


def test_a_restated_bar_is_a_new_revision_both_are_readable_and_what_is_downstream_is_outdated(
    calm_market: Market, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sandbox moves the close of the bar in the middle of an answer by one percent."""
    world = World(tmp_path, monkeypatch, calm_market, ["alpaca"], SHARES)
    first_at = calm_market.spec.update_received
    world.fetch(now=first_at)
    before = world.publish()
    bars = world.audited().validated
    later = first_at + timedelta(hours=30)
    world.fetch(FaultRule(what="restate", times=None), now=later, again=True)
    after = world.publish()
    versions = after.join(before.select("symbol", "timestamp", "close"), on=["symbol", "timestamp"], suffix="_before")
    moved = versions.filter((pl.col("close") / pl.col("close_before") - 1.01).abs() < 1e-3)
    assert after.height == before.height + moved.height
    assert sorted(moved["symbol"]) == sorted(SHARES)
    assert moved["known_at"].min() >= later  # type: ignore[operator]
    now, then = world.audited().validated, world.audited(as_of=first_at + timedelta(minutes=1)).validated
    assert then.equals(bars), "what was known then is still readable"
    changed = now.join(bars, on=["symbol", "timestamp"], suffix="_then").filter(pl.col("close") != pl.col("close_then"))
    assert changed.select("symbol", "timestamp").sort("symbol").rows() == moved.select("symbol", "timestamp").sort("symbol").rows()
    assert set(world.outdated()) == set(world.keys)


def test_eighty_of_a_hundred_symbols_fail_twenty_are_published_and_eighty_listed_and_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    market = World.crowd(100)
    symbols = [one.symbol for one in market.instruments if one.asset_class == "us_equities" and not one.delisted_on][:100]
    failing = symbols[10:90]
    world = World(tmp_path, monkeypatch, market, ["alpaca"], symbols, start=date(2025, 2, 3))
    refuse = FaultRule(what="status", status=422, symbols=tuple(f"={s}" for s in failing) + tuple(f",{s}" for s in failing), times=None)
    fetched = world.fetch(refuse)
    by_state = dict(fetched.rows.group_by("state").agg(pl.col("symbol").unique()).iter_rows())
    assert sorted(by_state["refused"]) == sorted(failing)
    assert sorted(by_state["landed"]) == sorted(set(symbols) - set(failing))
    published = world.publish()
    assert set(published["symbol"]) == set(symbols) - set(failing)
    audited = world.audited()
    listed = audited.coverage.filter(pl.col("symbol").is_in(failing), pl.col("date") >= date(2025, 2, 3))
    assert set(listed["symbol"]) == set(failing)
    assert "complete" not in set(listed["state"])
    assert listed["reason"].str.contains("rejected").all()
    world.fetch()
    asked = {symbol for one in world.asked for symbol in one.query["symbols"].split(",")}
    assert asked == set(failing), "those that failed are tried again, the others are not"
    assert set(world.publish()["symbol"]) == set(symbols)


def test_with_every_source_down_it_is_said_and_nothing_is_made_up(
    calm_market: Market, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(tmp_path, monkeypatch, calm_market, ["alpaca", "polygon", "alphavantage"], SHARES)
    down = FaultRule(what="status", status=503, times=None)
    for source in ("alpaca", "polygon", "alphavantage"):
        fetched = world.fetch(down, source=source)
        assert set(fetched.rows["state"]) == {"refused"}
        assert reasons(fetched) <= {"unavailable", "circuit_open"}
        assert set(fetched.rows["symbol"]) == set(SHARES)
        assert world.publish(source).height == 0
    audited = world.audited()
    assert audited.validated.height == 0
    assert audited.quarantine.height == 0
    assert audited.coverage.height == 2 * DAYS
    assert set(audited.coverage["state"]) == {"not_fetched"}
    assert audited.coverage["reason"].str.contains("unavailable|circuit_open").all()


def test_a_day_on_which_all_sources_fail_leaves_the_days_before_as_they_were(
    calm_market: Market, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Friday 28 February 2025 is lost; Thursday's bars stand."""
    world = World(tmp_path, monkeypatch, calm_market, ["alpaca", "polygon"], SHARES)
    thursday, saturday = calm_market.spec.update_received - timedelta(days=1), calm_market.spec.update_received
    for source in ("alpaca", "polygon"):
        world.fetch(source=source, now=thursday)
        world.publish(source)
    stood = world.audited().validated
    assert stood["session"].max() == date(2025, 2, 27)
    for source in ("alpaca", "polygon"):
        world.fetch(FaultRule(what="reset", times=None), source=source, now=saturday)
        world.publish(source)
    audited = world.audited()
    assert audited.validated.equals(stood)
    friday = audited.coverage.filter(pl.col("date") == date(2025, 2, 28))
    assert friday.height == len(SHARES)
    assert set(friday["state"]) == {"not_fetched"}


def test_adjusted_prices_where_raw_ones_were_asked_for_are_not_published(
    calm_market: Market, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A split doubles or divides: bars adjusted for it do not pass as raw ones beside a source that sends raw ones."""
    splits = calm_market.truth.events.filter(pl.col("kind") == "split").sort("session")
    symbol, day = splits.select("symbol", "session").row(-1)
    world = World(tmp_path, monkeypatch, calm_market, ["alpaca", "polygon"], [symbol], start=date(day.year, 1, 2))
    key = [PartitionKey(str(day.year), symbol)]
    world.fetch(FaultRule(what="adjusted", vendor="alpaca", times=None), source="alpaca", keys=key)
    world.fetch(source="polygon", keys=key)
    for source in ("alpaca", "polygon"):
        world.publish(source, keys=key)
    audited = world.audited(keys=key)
    truth = calm_market.daily[symbol].filter(pl.col("session").is_between(date(day.year, 1, 2), date(day.year, 12, 31)))
    told = audited.validated.join(truth, on=["symbol", "session"], suffix="_true")
    assert told.height == audited.validated.height
    assert told.filter((pl.col("close") / pl.col("close_true") - 1).abs() > 1e-3).height == 0, "no adjusted price stands among the raw ones"
    assert "price_basis_flip" in set(audited.findings["rule"])


@pytest.mark.parametrize("name", ["polygon", "binance"])
def test_a_fetch_that_was_cut_off_and_resumed_ends_like_one_that_was_not(
    name: str, calm_market: Market, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """These two ask for one symbol at a time: the second symbol's answers fail until the fetch is given up, and come the next time."""
    whole, torn = (
        World(_made(tmp_path / part), monkeypatch, calm_market, [name], symbols_of(name), asset_class=SERVED[name])
        for part in ("whole", "torn")
    )
    whole.fetch()
    whole.publish()
    late = symbols_of(name)[1]
    failing = FaultRule(what="status", status=404, symbols=(late.split("-")[0],), times=None)
    fetched = torn.fetch(failing)
    assert fetched.rows.filter(pl.col("state") == "refused")["symbol"].to_list() == [late]
    torn.publish()
    assert set(torn.audited().validated["symbol"]) == {symbols_of(name)[0]}
    torn.fetch()
    assert len(torn.asked) == 1, "only what failed is asked for again"
    torn.publish()
    bars = [world.audited().validated.drop("known_at", "payload_sha256") for world in (whole, torn)]
    assert bars[0].equals(bars[1])


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder
