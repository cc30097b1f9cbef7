"""Adjusted bars of a lake of landed files: known splits, two sources that contradict each other, a person's word."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest

from marketdata_assets.core import clock
from marketdata_assets.core.faults import QueryFault
from marketdata_assets.core.periods import PeriodKind
from marketdata_assets.core.sessions import calendar
from marketdata_assets.market_data import MarketData
from marketdata_assets.pipeline.actions import announced, publish_actions
from marketdata_assets.pipeline.inventory import inventory
from marketdata_assets.pipeline.platform import Platform
from marketdata_assets.pipeline.split_events import decide, publish_split_events
from marketdata_assets.schemas.bars import VALIDATED_BARS
from marketdata_assets.transforms.adjust import AdjustmentFault
from marketdata_tests.support.platforms import ingested, opened, write_config
from marketdata_tests.support.tiingo import land, tiingo_csv

CLASS = "us_equities"
FIRST, LAST = date(2020, 1, 2), date(2022, 12, 31)
RECEIVED = datetime(2023, 1, 2, 12, tzinfo=UTC)
# Closes of the session before and of the ex-date, as traded, and new shares for an old one (companies' announcements).
KNOWN = {
    "AAPL": (date(2020, 8, 31), 499.23, 129.04, 4.0),
    "TSLA": (date(2022, 8, 25), 891.29, 296.07, 3.0),
    "GE": (date(2021, 8, 2), 12.95, 103.40, 0.125),
}


def lake(folder: Path, reports: Mapping[str, Mapping[str, Mapping[date, float]]]) -> Platform:
    """A lake on which each source landed every symbol it has in `reports` (source: symbol: ex-date: ratio), published and weighed."""
    write_config(folder, CLASS, {name: {"landing": f"landing/{name}", "format": "tiingo_csv"} for name in reports}, start=FIRST)
    for source, symbols in reports.items():
        for symbol, splits in symbols.items():
            land(folder / "landing" / source, f"{symbol}.csv", tiingo_csv(symbol, closes(symbol), split=splits))
    with clock.frozen(RECEIVED):
        platform = opened(folder)
        bars = ingested(platform, CLASS, "1d").validated
        platform.lake.publish_frame("us_equities/validated_bars_1d", VALIDATED_BARS, bars, period=PeriodKind.YEAR)
        years = ["2020", "2021", "2022"]
        for source in reports:
            publish_actions(platform, source, years)
        publish_split_events(platform, CLASS, years)
    return platform


def closes(symbol: str) -> dict[date, float]:
    """A quiet series, no two closes alike, that ends the day before the split at its real close and goes on at the one after it."""
    ex_date, before, after, _ = KNOWN[symbol]
    days = calendar("XNYS").sessions(FIRST, LAST)["session"].to_list()
    at = days.index(ex_date)
    tilt = [round(0.004 * ((7 * n) % 5 - 2) * (n != at and n != at - 1), 4) for n in range(len(days))]
    return {day: round((before if n < at else after) * (1 + tilt[n]), 2) for n, day in enumerate(days)}


def data(platform: Platform) -> MarketData:
    market = MarketData(platform.settings.config_path)
    market.__dict__["platform"] = platform
    return market


def test_the_splits_of_apple_tesla_and_general_electric_leave_no_jump(tmp_path: Path) -> None:
    market = data(lake(tmp_path, {"one": {symbol: {KNOWN[symbol][0]: KNOWN[symbol][3]} for symbol in KNOWN}}))
    for symbol, (ex_date, before, after, ratio) in KNOWN.items():
        adjusted = market.bars(symbol, adjust="split")
        last = adjusted.filter(pl.col("session") < ex_date).row(-1, named=True)
        assert last["close"] == pytest.approx(before / ratio, rel=1e-12)
        assert adjusted.filter(pl.col("session") == ex_date)["close"].item() == after
        raw = market.bars(symbol).filter(pl.col("session") == last["session"]).row(0, named=True)
        assert raw["close"] == before
        assert last["close"] * last["volume"] == pytest.approx(raw["close"] * raw["volume"], rel=1e-12)
        by_sql = market.sql(f"SELECT * FROM us_equities.adjusted_bars_1d WHERE symbol = '{symbol}' ORDER BY timestamp")
        assert by_sql.select("session", "open", "close", "volume").equals(adjusted.select("session", "open", "close", "volume"))
    assert market.events()["verdict"].to_list() == ["applied"] * 3


def test_two_sources_that_contradict_each_other_refuse_the_adjusted_view_and_raw_is_served(tmp_path: Path) -> None:
    ex_date, before, _, _ = KNOWN["AAPL"]
    platform = lake(tmp_path, {"one": {"AAPL": {ex_date: 4.0}}, "two": {"AAPL": {ex_date: 2.0}}})
    market = data(platform)
    with pytest.raises(AdjustmentFault, match=r"one 4\.0.*two 2\.0"):
        market.bars("AAPL", adjust="split")
    assert market.bars("AAPL").filter(pl.col("session") < ex_date)["close"][-1] == before
    after = market.bars("AAPL", "2020-09", adjust="split")
    assert after.equals(market.bars("AAPL", "2020-09"))
    by_sql = market.sql("SELECT session, close FROM adjusted_bars_1d")
    assert by_sql.filter(pl.col("close").is_null())["session"].max() == date(2020, 8, 28)
    assert by_sql.filter(pl.col("close").is_not_null())["session"].min() == ex_date
    with clock.frozen(RECEIVED):
        decide(platform, CLASS, "AAPL", ex_date, "accept", by="ada", reason="the company's filing", ratio=4.0)
    scaled = market.bars("AAPL", adjust="split").filter(pl.col("session") < ex_date)["close"][-1]
    assert scaled == pytest.approx(before / 4, rel=1e-12)


def test_a_split_that_nobody_reports_is_proposed_and_applied_once_a_person_accepts_it(tmp_path: Path) -> None:
    ex_date, before, _, ratio = KNOWN["AAPL"]
    platform = lake(tmp_path, {"one": {"AAPL": {}}})
    market = data(platform)
    event = market.events("AAPL").row(0, named=True)
    assert (event["ex_date"], event["ratio"], event["reported_by"], event["detected"]) == (ex_date, ratio, "", True)
    assert event["verdict"] == "proposed"  # the volume did not rise with the shares
    assert market.events("AAPL", announced=True).is_empty()
    assert market.bars("AAPL", adjust="split").equals(market.bars("AAPL"))
    with clock.frozen(RECEIVED):
        decide(platform, CLASS, "AAPL", ex_date, "accept", by="ada", reason="the company's filing")
    scaled = market.bars("AAPL", adjust="split").filter(pl.col("session") < ex_date)["close"][-1]
    assert scaled == pytest.approx(before / ratio, rel=1e-12)


def test_columns_of_files_announce_what_they_say_once(tmp_path: Path) -> None:
    ex_date = KNOWN["AAPL"][0]
    platform = lake(tmp_path, {"one": {"AAPL": {ex_date: 4.0}}})
    told = announced(platform, "one")
    assert told.select("symbol", "kind", "ex_date", "ratio", "dated_on", "known_at").rows() == [
        ("AAPL", "split", ex_date, 4.0, ex_date, RECEIVED)
    ]


def test_a_factor_file_beside_the_bars_tells_of_the_split(tmp_path: Path) -> None:
    """LEAN's file as of 2020: a factor of 0.25 up to Friday the 28th of August, 1 from Monday on."""
    rows = b"20200102,1,0.25,300.35\n20200828,1,0.25,499.23\n20501231,1,1,0\n"
    land(tmp_path / "landing" / "one", "factor_files/aapl.csv", rows)
    platform = lake(tmp_path, {"one": {"AAPL": {}}})
    ex_date, before, _, ratio = KNOWN["AAPL"]
    assert announced(platform, "one").select("symbol", "kind", "ex_date", "ratio", "known_at").rows() == [
        ("AAPL", "split", ex_date, ratio, RECEIVED)
    ]
    assert inventory(platform, "one").select("path", "state").sort("path").rows() == [
        ("AAPL.csv", "landed"),
        ("factor_files/aapl.csv", "landed"),
    ]
    scaled = data(platform).bars("AAPL", adjust="split").filter(pl.col("session") < ex_date)["close"][-1]
    assert scaled == pytest.approx(before / ratio, rel=1e-12)


def test_a_decision_about_nothing_is_refused(tmp_path: Path) -> None:
    platform = lake(tmp_path, {"one": {"AAPL": {}}})
    for decision in ("reject", "withdraw", "accept", "perhaps"):
        with pytest.raises(QueryFault):
            decide(platform, CLASS, "AAPL", date(2021, 3, 3), decision, by="ada", reason="")
    assert platform.lake.partitions("us_equities/split_decisions") == []
