"""Universes on real bars and members: LEAN's daily files by rule, the S&P 500 by its intervals, each as it stood that day."""

from __future__ import annotations

import shutil
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest

from marketdata_assets.core import clock
from marketdata_assets.pipeline.membership import membership, publish_membership, take_in
from marketdata_assets.pipeline.platform import Platform
from marketdata_assets.pipeline.universe import delisted, members_on, publish_universe, universe_path, universe_rows
from marketdata_assets.schemas.bars import VALIDATED_BARS
from marketdata_assets.schemas.universe import UNIVERSE
from marketdata_tests.support.platforms import ingested, opened, write_config

pytestmark = pytest.mark.realdata
RECEIVED = datetime(2024, 8, 18, 12, tzinfo=UTC)
SYMBOLS = ("aapl", "eem", "ibm", "iwm", "spy", "wm")


@pytest.fixture(scope="module")
def platform(realdata: Path, tmp_path_factory: pytest.TempPathFactory) -> Platform:
    folder = tmp_path_factory.mktemp("universe")
    for target, origin in (
        *((f"lean/equity/usa/daily/{s}.zip", f"06_lean_official/equity/usa/daily/{s}.zip") for s in SYMBOLS),
        ("fja/intervals.csv", "09_index_membership_sectors/fja05680_sp500_ticker_start_end.csv"),
    ):
        (folder / "landing" / target).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(realdata / "equity" / origin, folder / "landing" / target)
    write_config(
        folder,
        "us_equities",
        {"lean": {"landing": "landing/lean"}},
        start=date(1998, 1, 1),
        indices={"sp500": {"members": 500, "sources": {"fja": {"landing": "landing/fja"}}}},
        universes={"top3": {"top": 3, "window": 63, "min_price": 5, "listed_days": 365, "rebalance": "quarterly"}},
    )
    with clock.frozen(RECEIVED):
        platform = opened(folder)
        bars = ingested(platform, "us_equities", "1d").validated
        path = platform.path(VALIDATED_BARS, "us_equities", "1d")
        from marketdata_assets.core.periods import PeriodKind

        platform.lake.publish_frame(path, VALIDATED_BARS, bars, period=PeriodKind.YEAR)
        take_in(platform, "sp500")
        publish_membership(platform, "sp500", membership(platform, "sp500"), [str(year) for year in range(1990, 2025)])
        publish_universe(platform, "us_equities", [str(year) for year in range(2018, 2021)])
    return platform


def test_the_rule_picks_what_a_plain_loop_over_the_files_picks(platform: Platform) -> None:
    """Mean of raw close times raw volume over the 63 sessions before 2020-07-01, computed here from the zips' own text."""
    with clock.frozen(RECEIVED):
        found = members_on(platform, "TOP3", date(2020, 8, 15))
    sessions = platform.calendar("us_equities").sessions(date(2020, 1, 1), date(2020, 7, 1))["session"].to_list()[-63:]
    dollars = {}
    for symbol in SYMBOLS:
        lines = pl.read_csv(_zip_text(platform, symbol), has_header=False, new_columns=["t", "o", "h", "l", "c", "v"])
        kept = lines.filter(pl.col("t").str.slice(0, 8).is_in([f"{d:%Y%m%d}" for d in sessions]))
        dollars[symbol.upper()] = sum(c / 10_000 * v for c, v in kept.select("c", "v").iter_rows()) / 63
    best = sorted(dollars, key=lambda s: -dollars[s])[:3]
    by_rank = found.sort("rank")
    assert by_rank["symbol"].to_list() == best
    assert by_rank["dollar_volume"].to_list() == pytest.approx([dollars[s] for s in best], rel=1e-12)
    assert set(found["member_since"]) == {date(2020, 7, 1)}
    assert set(found["date"]) == {date(2020, 8, 14)}


def _zip_text(platform: Platform, symbol: str) -> bytes:
    import zipfile

    folder = platform.settings.sources["lean"].folder / f"equity/usa/daily/{symbol}.zip"
    with zipfile.ZipFile(folder) as archive:
        return archive.read(archive.namelist()[0])


def test_the_index_is_who_was_in_it_that_morning_under_the_name_of_that_day(platform: Platform) -> None:
    with clock.frozen(RECEIVED):
        friday, monday = (members_on(platform, "SP500", day) for day in (date(2020, 12, 18), date(2020, 12, 21)))
        old = members_on(platform, "sp500", date(2008, 9, 15))
    assert set(monday["symbol"]) - set(friday["symbol"]) == {"TSLA"}
    assert set(friday["symbol"]) - set(monday["symbol"]) == {"AIV"}
    assert monday.height == 505
    called = dict(old.select("symbol", "ticker").iter_rows())
    assert (called["WM"], called["WAMUQ"], called["LEHMQ"], called["GOOGL"], called["MTLQQ"]) == ("WMI", "WM", "LEH", "GOOG", "GM")
    assert dict(monday.select("symbol", "ticker").iter_rows())["META"] == "FB"


def test_the_published_year_is_what_is_computed_for_it(platform: Platform) -> None:
    stored = platform.lake.scan(universe_path("us_equities"), UNIVERSE, periods=["2020"]).collect()
    with clock.frozen(RECEIVED):
        assert stored.equals(universe_rows(platform, "us_equities", date(2020, 1, 1), date(2021, 1, 1)))
    counts = stored.filter(pl.col("index") == "SP500").group_by("date").len()["len"]
    assert set(counts) == {505, 507}  # OTIS and CARR came beside RTX on 2020-04-03, until two others left


def test_bars_that_came_later_do_not_show_in_what_was_known(platform: Platform) -> None:
    from marketdata_assets.core.faults import QueryFault

    with clock.frozen(RECEIVED):
        assert members_on(platform, "TOP3", date(2020, 8, 15), RECEIVED)["symbol"].len() == 3
        with pytest.raises(QueryFault, match="nothing is known of that day"):
            members_on(platform, "TOP3", date(2020, 8, 15), datetime(2024, 8, 1, tzinfo=UTC))


def test_nobody_is_delisted_of_whom_nothing_says_so(platform: Platform) -> None:
    assert delisted(platform, "us_equities", date(1998, 1, 1), date(2024, 1, 1)).is_empty()
