"""B5 to B8 and B10 to the end of the pipeline: a bad row is quarantined and reported, the rest is published, a lack is said."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from marketdata_assets.lake.layout import PartitionKey
from marketdata_assets.pipeline.fetching import fetch
from marketdata_assets.pipeline.raw import arrived, publish_raw
from marketdata_assets.sandbox.market import Market
from marketdata_assets.sandbox.wire.faults import FaultRule
from marketdata_assets.schemas.audit import REFUSED_ROWS
from marketdata_assets.schemas.bars import RAW_BARS
from marketdata_tests.support import alpaca
from marketdata_tests.support.in_thread import in_thread
from marketdata_tests.support.loopback import Asked, Loopback, Reply, js
from marketdata_tests.support.wire_world import SHARES, World, days_of

FIRST, SECOND = SHARES
DAYS = days_of("alpaca")
BAD_ROWS = {
    "high_below_low": {"high_below_body", "low_above_body"},
    "negative_price": {"price_not_positive"},
    "zero_price": {"price_not_positive"},
    "negative_volume": {"volume_negative"},
    "x100": {"price_off_scale"},
}


def world(folder: Path, patch: pytest.MonkeyPatch, market: Market, name: str = "alpaca") -> World:
    return World(folder, patch, market, [name], SHARES)


@pytest.mark.parametrize("kind", BAD_ROWS)
def test_a_bad_row_is_quarantined_the_rest_is_published_and_the_check_says_so(
    kind: str, calm_market: Market, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vendor = world(tmp_path, monkeypatch, calm_market)
    vendor.fetch(FaultRule(what=kind, times=None))  # type: ignore[arg-type]
    assert vendor.publish().height == 2 * DAYS, "raw bars keep what came"
    audited = vendor.audited()
    rules = BAD_ROWS[kind]
    assert set(audited.quarantine["rule"]) == rules
    bad = audited.quarantine.select("symbol", "timestamp").unique()
    assert sorted(bad["symbol"]) == sorted(SHARES)
    assert audited.validated.height == 2 * DAYS - bad.height
    assert audited.validated.join(bad, on=["symbol", "timestamp"], how="semi").height == 0
    assert rules <= set(audited.findings["rule"])
    assert set(audited.coverage.filter(pl.col("quarantined") > 0)["symbol"]) == set(SHARES)


def test_two_different_bars_of_one_day_are_both_quarantined(calm_market: Market, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    vendor = world(tmp_path, monkeypatch, calm_market)
    vendor.fetch(FaultRule(what="conflicting_rows", times=None))
    vendor.publish()
    audited = vendor.audited()
    assert set(audited.quarantine["rule"]) == {"key_conflict"}
    assert audited.quarantine.height == 2 * len(SHARES)
    assert audited.validated.height == 2 * (DAYS - 1)


def test_a_bar_repeated_to_the_letter_counts_once(calm_market: Market, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    vendor = world(tmp_path, monkeypatch, calm_market)
    vendor.fetch(FaultRule(what="repeated_rows", times=None))
    vendor.publish()
    audited = vendor.audited()
    assert audited.validated.height == 2 * DAYS
    assert audited.quarantine.height == 0


def test_the_order_of_the_rows_on_the_wire_changes_nothing(calm_market: Market, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    straight, reversed_ = (world(tmp_path / name, monkeypatch, calm_market) for name in ("a", "b"))
    straight.fetch()
    reversed_.fetch(FaultRule(what="unordered", times=None))
    told = [w.publish().select("symbol", "timestamp", "open", "high", "low", "close", "volume") for w in (straight, reversed_)]
    assert told[0].equals(told[1])


def test_a_frozen_feed_is_reported(calm_market: Market, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    vendor = world(tmp_path, monkeypatch, calm_market)
    vendor.fetch(FaultRule(what="stale", times=None))
    vendor.publish()
    audited = vendor.audited()
    found = set(audited.findings["rule"])
    assert found & {"stale_repeat", "frozen_feed"}
    flagged = audited.validated.filter(pl.col("quality_flags") != "").height
    assert flagged + audited.quarantine.height >= 5


def test_a_bar_from_outside_the_request_is_kept_out_and_told(calm_market: Market, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """December 2024 from the second on had 21 sessions."""
    vendor = World(tmp_path, monkeypatch, calm_market, ["alpaca"], SHARES, start=date(2024, 12, 2))
    december = [PartitionKey("2024", symbol) for symbol in SHARES]
    vendor.fetch(FaultRule(what="out_of_window", times=None), keys=december)
    assert vendor.publish(keys=december).height == 2 * 21
    refused = vendor.platform.lake.scan(vendor.platform.path(REFUSED_ROWS, "us_equities", "1d", "alpaca"), REFUSED_ROWS).collect()
    assert refused.select("symbol", "rule").rows() == [(symbol, "outside_request") for symbol in SHARES]


@pytest.mark.parametrize("name", ["alpaca", "polygon", "alphavantage"])
def test_bars_of_another_company_are_never_published_under_the_one_asked_for(
    name: str, calm_market: Market, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vendor = world(tmp_path, monkeypatch, calm_market, name)
    fetched = vendor.fetch(FaultRule(what="wrong_symbol", times=None))
    assert vendor.publish().height == 0
    audited = vendor.audited()
    assert audited.validated.height == 0
    told = set(audited.quarantine["rule"]) | set(fetched.rows["reason"].str.extract(r"^\[(\w+)\]").drop_nulls())
    assert told
    assert told <= {"other_symbol", "schema_changed"}


@pytest.mark.parametrize("name", ["alpaca", "polygon", "alphavantage"])
def test_an_empty_answer_for_trading_days_is_never_done(
    name: str, calm_market: Market, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vendor = world(tmp_path, monkeypatch, calm_market, name)
    vendor.fetch(FaultRule(what="empty", times=None))
    assert vendor.publish().height == 0
    audited = vendor.audited()
    assert audited.validated.height == 0
    assert audited.coverage.height == 2 * DAYS
    assert set(audited.coverage["state"]) == {"vendor_absent"}
    assert audited.coverage["expected"].min() == 1


def test_an_answer_cut_at_the_end_of_a_line_is_said_day_by_day(
    calm_market: Market, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vendor = world(tmp_path, monkeypatch, calm_market)
    vendor.fetch(FaultRule(what="cut_rows", times=None))
    came = vendor.publish()
    audited = vendor.audited()
    lacking = audited.coverage.filter(pl.col("state") != "complete")
    assert came.height == 2 * ((DAYS + 1) // 2)
    assert lacking.height == 2 * DAYS - came.height
    assert set(lacking["received"]) == {0}


@pytest.mark.parametrize("answer", ["the same page", "a page of the past"])
def test_pages_that_lead_in_circles_are_an_error_and_nothing_of_them_is_published(answer: str, tmp_path: Path) -> None:
    days = [date(2024, 3, day) for day in (11, 12, 13, 14)]

    def circling(asked: Asked) -> Reply:
        turn = {"the same page": "a", "a page of the past": {"a": "b", "b": "a"}.get(asked.query.get("page_token", ""), "a")}[answer]
        row = days[0 if turn == "a" else 1]
        return js({"bars": {"AAA": [alpaca.bar(row, 100.0)]}, "next_page_token": turn})

    with in_thread(Loopback()) as server, pytest.MonkeyPatch.context() as patch:
        patch.setenv("APCA_API_KEY_ID", "canary-key-id")
        patch.setenv("APCA_API_SECRET_KEY", "canary-secret")
        platform = alpaca.platform(tmp_path, server.on(alpaca.PATH, circling), ("AAA",))
        keys = [PartitionKey("2024", "AAA")]
        fetched = fetch(platform, "alpaca", "1d", keys)
        publish_raw(platform, "alpaca", "1d", keys, arrived(platform, "alpaca", "1d", keys))
        assert len(server.asked) <= 4
    assert fetched.rows["state"].to_list() == ["refused"]
    assert fetched.rows["reason"][0].startswith("[paging]")
    assert platform.lake.scan(platform.path(RAW_BARS, "us_equities", "1d", "alpaca"), RAW_BARS).collect().height == 0
