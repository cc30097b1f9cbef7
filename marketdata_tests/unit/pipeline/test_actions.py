"""Corporate actions are asked for once, archived, read again from the archive, and kept in every version."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from marketdata_assets.core import clock
from marketdata_assets.pipeline.action_fetches import ACTION_FETCHES, fetch_actions
from marketdata_assets.pipeline.actions import announced, known_ratios, publish_actions, stored_actions
from marketdata_assets.sandbox.market import Market, simulate
from marketdata_assets.sandbox.spec import Spec
from marketdata_assets.schemas.audit import LandingState
from marketdata_tests.support.served_actions import served, simulated_platform, truth

MARKET_SPEC = Spec(start=date(2024, 1, 2), end=date(2025, 3, 1), crypto_start=date(2024, 9, 1), crypto_hourly_months=1, defects=False)
NOW = datetime(2025, 3, 3, 12, tzinfo=UTC)
YEARS = ("2024", "2025")


@pytest.fixture(scope="module")
def market() -> Market:
    return simulate(MARKET_SPEC)


@pytest.mark.parametrize("vendor", ["alpaca", "polygon", "alphavantage", "yahoo"])
def test_every_vendor_tells_of_the_splits_that_happened(vendor: str, market: Market, tmp_path: Path) -> None:
    platform = simulated_platform(tmp_path, [vendor], market)
    with served(platform, market, NOW):
        fetched = fetch_actions(platform, vendor)
    vain = set(fetched.rows.filter(pl.col("state") == LandingState.REFUSED)["symbol"])
    assert vain == ({"FERNOX"} if vendor == "yahoo" else set())  # Yahoo knows no company that was delisted
    told = announced(platform, vendor).filter(pl.col("kind") == "split").select("symbol", "kind", "ex_date", "ratio")
    happened = {each for each in truth(market, NOW.date()) if each[1] == "split"}
    assert {(s, k, d, round(r, 6)) for s, k, d, r in told.iter_rows()} == {(s, k, d, round(v, 6)) for s, k, d, v in happened}
    assert len(happened) == 3


def test_what_was_answered_is_not_asked_again_on_the_same_day_and_only_the_unsettled_end_on_the_next(
    market: Market, tmp_path: Path
) -> None:
    platform = simulated_platform(tmp_path, ["alpaca"], market)
    with served(platform, market, NOW) as server:
        assert fetch_actions(platform, "alpaca").requests > 0
        asked = len(server.asked)
        again = fetch_actions(platform, "alpaca")
        assert (again.requests, again.rows.height, len(server.asked)) == (0, 0, asked)
        with clock.frozen(NOW + timedelta(days=1)):
            later = fetch_actions(platform, "alpaca")
    assert later.rows["asked_from"].unique().to_list() == [datetime(2025, 2, 1, tzinfo=UTC)]  # thirty days before the first answer


def test_the_archive_alone_gives_the_same_events_as_the_fetch(market: Market, tmp_path: Path) -> None:
    platform = simulated_platform(tmp_path, ["alpaca"], market)
    with served(platform, market, NOW):
        fetch_actions(platform, "alpaca")
    before = announced(platform, "alpaca")
    platform.announcements.clear()
    assert announced(platform, "alpaca").equals(before)
    assert before.height > 0


def test_an_event_that_is_repeated_in_a_later_answer_is_one_version(market: Market, tmp_path: Path) -> None:
    platform = simulated_platform(tmp_path, ["alpaca"], market)
    with served(platform, market, NOW):
        fetch_actions(platform, "alpaca")
        before = announced(platform, "alpaca")
    with served(platform, market, NOW + timedelta(days=1)):
        fetch_actions(platform, "alpaca", again=True)
    assert announced(platform, "alpaca").equals(before)


def test_publishing_twice_changes_no_byte_and_loses_no_row(market: Market, tmp_path: Path) -> None:
    platform = simulated_platform(tmp_path, ["alpaca"], market)
    with served(platform, market, NOW):
        fetch_actions(platform, "alpaca")
    first = publish_actions(platform, "alpaca", YEARS)
    assert [each.changed for each in publish_actions(platform, "alpaca", YEARS)] == [False] * len(first)
    whole = announced(platform, "alpaca").filter(pl.col("dated_on").dt.strftime("%Y").is_in(YEARS))
    assert stored_actions(platform, "us_equities").drop("source").sort(pl.all()).equals(whole.sort(pl.all()))


def test_a_year_published_alone_is_the_same_file_as_among_others(market: Market, tmp_path: Path) -> None:
    platform = simulated_platform(tmp_path, ["alpaca"], market)
    with served(platform, market, NOW):
        fetch_actions(platform, "alpaca")
    alone = publish_actions(platform, "alpaca", ["2024"])[0].sha256
    together = {str(each.key): each.sha256 for each in publish_actions(platform, "alpaca", YEARS)}
    assert together["2024"] == alone


def test_what_becomes_known_later_was_not_known_then(market: Market, tmp_path: Path) -> None:
    platform = simulated_platform(tmp_path, ["alpaca"], market)
    early = datetime(2024, 9, 2, 12, tzinfo=UTC)
    with served(platform, market, early):
        fetch_actions(platform, "alpaca")
    then = known_ratios(platform, "us_equities", platform.symbols("us_equities"))
    with served(platform, market, NOW):
        fetch_actions(platform, "alpaca")
    now = known_ratios(platform, "us_equities", platform.symbols("us_equities"))
    assert known_ratios(platform, "us_equities", platform.symbols("us_equities"), as_of=early).equals(then)
    assert (then.height, now.height) == (1, 3)
    assert now.filter(pl.col("symbol") == "DELTOR")["ratio"].to_list() == [0.125]


def test_a_source_that_shall_not_be_asked_for_events_is_not(market: Market, tmp_path: Path) -> None:
    platform = simulated_platform(tmp_path, ["alpaca"], market)
    silent = platform.settings.sources["alpaca"].model_copy(update={"corporate_actions": False})
    platform.settings = platform.settings.model_copy(update={"sources": {"alpaca": silent}})
    with served(platform, market, NOW) as server:
        assert fetch_actions(platform, "alpaca").requests == 0
        assert server.asked == []


def test_a_vendor_that_is_down_is_entered_in_words_and_asked_again(market: Market, tmp_path: Path) -> None:
    from marketdata_assets.sandbox.wire.faults import FaultPlan, FaultRule

    platform = simulated_platform(tmp_path, ["alpaca"], market)
    broken = FaultPlan.of(FaultRule(what="html_200", vendor="alpaca", times=None))
    with served(platform, market, NOW, faults=broken):
        told = fetch_actions(platform, "alpaca").rows
    assert told["state"].unique().to_list() == [LandingState.REFUSED]
    assert told.columns == ACTION_FETCHES.polars_schema.names()
    assert announced(platform, "alpaca").is_empty()
    with served(platform, market, NOW):
        assert fetch_actions(platform, "alpaca").rows["state"].unique().to_list() == [LandingState.LANDED]
    assert known_ratios(platform, "us_equities", platform.symbols("us_equities")).height == 3
