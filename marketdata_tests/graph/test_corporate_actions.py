"""From what vendors announce to split events, quiet rules and adjusted bars: the graph of a simulated market, asked over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from dagster import DagsterInstance

from marketdata_assets.core import clock
from marketdata_assets.definitions import build_definitions
from marketdata_assets.defs.event_jobs import ACTIONS, EVENTS, all_years, event_job_name
from marketdata_assets.defs.resources import PlatformResource
from marketdata_assets.defs.running import Outcome, lanes_of, run_job
from marketdata_assets.market_data import MarketData
from marketdata_assets.pipeline.outdated import outdated
from marketdata_assets.pipeline.split_events import decide, stored_split_events
from marketdata_assets.query.sql import ask
from marketdata_assets.sandbox.market import Market, simulate
from marketdata_assets.sandbox.spec import Spec
from marketdata_assets.schemas.bars import VALIDATED_BARS
from marketdata_tests.support.served_actions import served, simulated_platform

CLASS, VALIDATED = "us_equities", "us_equities/validated_bars_1d"
CALM = Spec(start=date(2024, 1, 2), end=date(2025, 3, 1), crypto_start=date(2024, 9, 1), crypto_hourly_months=1, defects=False)
NOW = datetime(2025, 3, 3, 12, tzinfo=UTC)
SPLITS = {"ALDERA": 2.0, "DELTOR": 0.125, "GALVEN": 3.0}


@pytest.fixture(scope="module")
def market() -> Market:
    return simulate(CALM)


class Graph:
    """The graph of a lake whose only source is the sandbox's Alpaca."""

    def __init__(self, folder: Path, market: Market) -> None:
        folder.mkdir(exist_ok=True)
        self.platform = simulated_platform(folder, ["alpaca"], market)
        resource = PlatformResource(self.platform.settings, opener=lambda _: self.platform)
        self.definitions = build_definitions(self.platform.settings, platform=resource)
        self.instance = DagsterInstance.ephemeral()
        self.lane = lanes_of(self.platform)[0]

    def events(self, which: str) -> Outcome:
        tags = all_years(self.platform.settings, CLASS)
        outcome = run_job(self.definitions, self.instance, event_job_name(CLASS, which), tags)
        assert outcome.succeeded, outcome.failures
        return outcome

    def bars(self, first: str = "2024", last: str = "2025", symbols: tuple[str, str] = ("ALDERA", "NORVEX")) -> Outcome:
        tags = {"dagster/asset_partition_range_start": f"{first}|{symbols[0]}", "dagster/asset_partition_range_end": f"{last}|{symbols[1]}"}
        outcome = run_job(self.definitions, self.instance, self.lane.name, tags)
        assert outcome.succeeded, outcome.failures
        return outcome

    def flagged(self, rule: str) -> list[tuple[str, date]]:
        rows = self.platform.lake.scan(VALIDATED, VALIDATED_BARS).collect()
        return rows.filter(pl.col("quality_flags").str.contains(rule)).select("symbol", "session").rows()

    def market_data(self) -> MarketData:
        opened = MarketData(self.platform.settings.config_path)
        opened.__dict__["platform"] = self.platform
        return opened


@pytest.fixture(scope="module")
def whole(market: Market, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Graph]:
    """Everything in its order: announced, fetched and audited, weighed."""
    graph = Graph(tmp_path_factory.mktemp("whole"), market)
    with served(graph.platform, market, NOW):
        graph.events(ACTIONS)
        graph.bars()
        graph.events(EVENTS)
        yield graph


def ex_dates(market: Market) -> dict[str, date]:
    happened = market.truth.events.filter(pl.col("kind").is_in(["split", "reverse_split"]))
    return dict(happened.select("symbol", "session").iter_rows())


def test_announced_splits_are_applied_and_nothing_else_is(whole: Graph, market: Market) -> None:
    events = stored_split_events(whole.platform, CLASS)
    applied = events.filter(pl.col("verdict") == "applied")
    assert {(s, d): r for s, d, r in applied.select("symbol", "ex_date", "ratio").iter_rows()} == {
        (symbol, day): SPLITS[symbol] for symbol, day in ex_dates(market).items()
    }
    assert applied.filter(~pl.col("confirmed") | (pl.col("reported_by") != "alpaca")).is_empty()
    assert events.height == 3


def test_the_jump_rule_is_silent_about_what_was_announced(whole: Graph, market: Market, tmp_path: Path) -> None:
    assert whole.flagged("jump_unexplained") == []
    ignorant = Graph(tmp_path / "ignorant", market)
    with served(ignorant.platform, market, NOW):
        ignorant.bars()
    told = {symbol for symbol, _ in ignorant.flagged("jump_unexplained")}
    assert told == {"DELTOR", "GALVEN"}  # a 2 for 1 split moves the close by half, which is the limit


def test_a_partition_judged_alone_is_the_same_bytes_as_in_a_full_build(whole: Graph, market: Market, tmp_path: Path) -> None:
    alone = Graph(tmp_path / "alone", market)
    with served(alone.platform, market, NOW):
        alone.events(ACTIONS)
        alone.bars("2024", "2024", ("GALVEN", "GALVEN"))
    key = [key for key in alone.platform.lake.partitions(VALIDATED) if key.symbol == "GALVEN"]
    rows = alone.platform.lake.scan(VALIDATED, VALIDATED_BARS, keys=key).collect()
    same = whole.platform.lake.scan(VALIDATED, VALIDATED_BARS, keys=key).collect()
    moved = ["known_at", "payload_sha256"]
    assert rows.height > 0
    assert rows.drop(moved).equals(same.drop(moved))


def test_events_that_come_later_make_the_judgement_of_before_outdated(market: Market, tmp_path: Path) -> None:
    graph = Graph(tmp_path / "late", market)
    with served(graph.platform, market, NOW):
        graph.bars()
        assert outdated(graph.platform, CLASS, "1d") == set()
        graph.events(ACTIONS)
        assert {key.symbol for key in outdated(graph.platform, CLASS, "1d")} == set(SPLITS)
        graph.bars()
        assert outdated(graph.platform, CLASS, "1d") == set()
    assert graph.flagged("jump_unexplained") == []


def test_split_adjusted_closes_are_the_raw_ones_over_the_later_ratios(whole: Graph, market: Market) -> None:
    data = whole.market_data()
    for symbol, day in ex_dates(market).items():
        raw, adjusted = data.bars(symbol), data.bars(symbol, adjust="split")
        before = raw["session"] < day
        factor = pl.select(pl.when(before).then(SPLITS[symbol]).otherwise(1.0)).to_series()
        assert (adjusted["close"] - raw["close"] / factor).abs().max() <= 1e-9 * raw["close"].max()
        assert adjusted["volume"].to_list() == pytest.approx((raw["volume"] * factor).to_list(), rel=1e-12)


def test_dividends_lower_the_prices_before_them_by_their_share_of_the_close_before(whole: Graph) -> None:
    data = whole.market_data()
    raw, adjusted = data.bars("HELIOX"), data.bars("HELIOX", adjust="split+dividend")
    paid = data.events("HELIOX", announced=True).filter(pl.col("kind") == "cash_dividend").sort("ex_date")
    expected = [1.0] * raw.height
    days, closes = raw["session"].to_list(), raw["close"].to_list()
    for day, amount in paid.select("ex_date", "amount").iter_rows():
        at = sum(each < day for each in days)
        factor = 1 - amount / closes[at - 1] if at else 1.0
        expected = [value * factor if place < at else value for place, value in enumerate(expected)]
    assert paid.height >= 4
    assert adjusted["close"].to_list() == pytest.approx([c * f for c, f in zip(closes, expected, strict=True)], rel=1e-9)


def test_a_window_is_the_same_alone_as_within_the_whole_series(whole: Graph) -> None:
    data = whole.market_data()
    for how in ("split", "split+dividend"):
        part = data.bars("HELIOX", "2024-03", "2024-06", adjust=how)
        series = data.bars("HELIOX", adjust=how)
        assert part.height > 40
        assert part.equals(series.filter(pl.col("timestamp").is_between(part["timestamp"].min(), part["timestamp"].max())))


def test_what_was_not_known_yet_does_not_adjust(market: Market, tmp_path: Path) -> None:
    graph = Graph(tmp_path / "then", market)
    day = ex_dates(market)["GALVEN"]
    early = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(days=30)
    with served(graph.platform, market, early):
        graph.events(ACTIONS)
        graph.bars("2024", "2024")
        graph.events(EVENTS)
        then = graph.market_data().bars("GALVEN", adjust="split")
    with served(graph.platform, market, NOW):
        graph.events(ACTIONS)
        graph.bars()
        graph.events(EVENTS)
        data = graph.market_data()
        assert data.bars("GALVEN", adjust="split", as_of=early).equals(then)
        assert data.events("GALVEN", as_of=early).is_empty()
        now = data.bars("GALVEN", adjust="split").head(then.height)
    assert (now["close"] * 3 / then["close"] - 1).abs().max() < 1e-12


def test_a_person_overrules_takes_it_back_and_every_decision_stays(market: Market, tmp_path: Path) -> None:
    graph = Graph(tmp_path / "person", market)
    day = ex_dates(market)["DELTOR"]
    with served(graph.platform, market, NOW):
        graph.events(ACTIONS)
        graph.bars()
        graph.events(EVENTS)
    said: dict[str, Any] = {"by": "ada", "reason": "the company denies it"}
    verdicts = []
    for minute, decision in enumerate(("reject", "withdraw", "accept")):
        with clock.frozen(NOW + timedelta(minutes=minute)):
            verdicts.append(decide(graph.platform, CLASS, "DELTOR", day, decision, **said)["verdict"].to_list())
    assert verdicts == [["refused"], ["applied"], ["applied"]]
    kept = ask(graph.platform, "SELECT decision, decided_by, reason FROM us_equities.split_decisions ORDER BY known_at").rows
    assert kept.rows() == [(decision, "ada", "the company denies it") for decision in ("reject", "withdraw", "accept")]


def test_sql_names_events_and_their_sources(whole: Graph) -> None:
    rows = ask(whole.platform, "SELECT source, kind, count(*) AS n FROM us_equities.corporate_actions GROUP BY ALL ORDER BY kind").rows
    assert {row[0] for row in rows.rows()} == {"alpaca"}
    assert dict(rows.select("kind", "n").iter_rows())["split"] == 3
    assert ask(whole.platform, "SELECT count(*) FROM split_events WHERE verdict = 'applied'").rows.item() == 3
