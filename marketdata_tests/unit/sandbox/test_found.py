"""The simulated market through the whole pipeline: what was planted is found, and what was not is left in peace."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import polars as pl
import pytest

from marketdata_assets.core import clock
from marketdata_assets.pipeline import bars, landing, raw
from marketdata_assets.pipeline.platform import Platform, open_platform
from marketdata_assets.rules.registry import BY_NAME
from marketdata_assets.rules.rule import Action
from marketdata_assets.sandbox.market import Delivery, Market, write_landing
from marketdata_assets.schemas.audit import REFUSED_ROWS
from marketdata_assets.schemas.bars import RAW_BARS
from marketdata_tests.support.simulated_files import files_settings

SERIES = ["rule", "source", "symbol", "timeframe"]
# What a defect or a real event brings with it under another rule's name.
ALSO = {
    ("low_above_body", "tiingo", "CORDEL.B", "1d"),
    ("low_above_body", "binance_vision", "SIMA-USDT", "1h"),
    ("price_off_scale", "tiingo", "HELIOX", "1d"),
    ("outside_session", "alphavantage", "INDRIS", "1d"),
    ("identical_series", "alphavantage", "BRAVEN", "1d"),
    ("missing_sessions", "alphavantage", "GALVEN", "1d"),
    ("zero_volume", "tiingo", "GALVEN", "1d"),
    ("session_gap", "lean", "BRAVEN", "1m"),
    ("session_gap", "kraken", "SIMC-USDT", "1h"),
}


class Outcome(NamedTuple):
    """What stands in the tables after a delivery, all series of all timeframes together."""

    inventory: pl.DataFrame
    normalized: pl.DataFrame
    validated: pl.DataFrame
    quarantine: pl.DataFrame
    coverage: pl.DataFrame
    findings: pl.DataFrame


@pytest.fixture(scope="module")
def outcomes(market: Market, tmp_path_factory: pytest.TempPathFactory) -> list[Outcome]:
    root = tmp_path_factory.mktemp("simulated")
    platform = open_platform(files_settings(root))
    return [received(platform, root / "landing", delivery) for delivery in market.deliveries()]


def received(platform: Platform, folder: Path, delivery: Delivery) -> Outcome:
    write_landing(folder, [delivery])
    parts: dict[str, list[pl.DataFrame]] = {name: [] for name in Outcome._fields}
    with clock.frozen(delivery.received_at):
        reach: dict[tuple[str, str], set[raw.PartitionKey]] = {}
        for source, config in platform.settings.sources.items():
            for timeframe, keys in landing.refresh(platform, source).touched.items():
                raw.publish_raw(platform, source, timeframe, keys, raw.arrived(platform, source, timeframe, keys))
                reach.setdefault((config.asset_class, timeframe), set()).update(keys)
            parts["inventory"].append(landing.inventory(platform, source).with_columns(source=pl.lit(source)))
        for (asset_class, timeframe), keys in reach.items():
            of = platform.settings.sources_of(asset_class, timeframe)
            rows, refused = (
                {s: platform.lake.scan(platform.path(table, asset_class, timeframe, s), table, keys=keys).collect() for s in of}
                for table in (RAW_BARS, REFUSED_ROWS)
            )
            normalized = bars.normalized(platform, asset_class, timeframe, rows)
            audited = bars.audited(platform, asset_class, timeframe, normalized, refused, keys)
            tables = {
                "normalized": normalized,
                **{name: getattr(audited, name) for name in ("validated", "quarantine", "coverage", "findings")},
            }
            for name, frame in tables.items():
                parts[name].append(frame.with_columns(timeframe=pl.lit(timeframe)))
    return Outcome(**{name: pl.concat(frames) for name, frames in parts.items()})


def at(frame: pl.DataFrame, defect: dict[str, object]) -> pl.DataFrame:
    """The rows of a table about the bars that the defect touches."""
    mine = frame.filter(
        pl.col("symbol") == defect["symbol"], pl.col("timeframe") == defect["timeframe"], pl.col("source") == defect["source"]
    )
    return mine.filter(pl.col("timestamp").is_between(defect["first"], defect["last"])) if "timestamp" in frame.columns else mine  # type: ignore[arg-type]


def test_every_planted_defect_is_found_by_its_rule(market: Market, outcomes: list[Outcome]) -> None:
    found = outcomes[0]
    early = pl.col("first").is_null() | (pl.col("first") < market.deliveries()[0].received_at)
    for defect in market.truth.defects.filter(early).iter_rows(named=True):
        rule = defect["rule"]
        if rule == "refused_file":
            mine = found.inventory.filter(pl.col("source") == defect["source"], pl.col("path") == defect["path"])
            assert (mine["state"] == "refused").all()
            assert mine.height == 1, defect
        elif rule == "no_rows":
            mine = found.inventory.filter(pl.col("source") == defect["source"], pl.col("path") == defect["path"])
            assert mine["rows"].to_list() == [0], defect
            assert "no rows" in mine["reason"][0]
        elif rule == "merged_duplicates":
            assert at(found.normalized, defect).height == 1, defect
        elif rule == "unreadable_time":
            assert found.quarantine.filter(*(pl.col(name) == defect[name] for name in SERIES)).height == defect["rows"], defect
        elif rule and BY_NAME[rule].action is Action.QUARANTINE:
            came = at(found.normalized, defect).height
            assert at(found.quarantine, defect).filter(pl.col("rule") == rule).height == came > 0, defect
        elif rule:
            # Gaps count by stretch or by session, not by minute or hour.
            due = defect["rows"] if defect["timeframe"] == "1d" else 1
            assert found.findings.filter(*(pl.col(name) == defect[name] for name in SERIES))["n"].sum() >= due, defect


def test_nothing_else_is_found(market: Market, outcomes: list[Outcome]) -> None:
    planted = set(market.truth.defects.select(SERIES).iter_rows())
    named = outcomes[0].findings.filter(pl.col("source") != "").select(SERIES).unique()
    # Two sources lie apart wherever one of them is damaged.
    damaged = set(market.truth.defects["symbol"])
    apart = named.filter(pl.col("rule") == "cross_source_deviation")
    assert set(apart["symbol"]) <= damaged
    assert set(named.filter(pl.col("rule") != "cross_source_deviation").iter_rows()) - planted - ALSO == set()


def test_refused_bars_come_from_the_other_source(market: Market, outcomes: list[Outcome]) -> None:
    for kind in (
        "high_below_low",
        "negative_price",
        "zero_price",
        "close_x100",
        "row_x100",
        "conflicting_duplicate",
        "stale_repeat",
        "gap",
    ):
        for defect in market.truth.defects.filter(pl.col("kind") == kind, pl.col("timeframe") == "1d").iter_rows(named=True):
            chosen = outcomes[0].validated.filter(
                pl.col("symbol") == defect["symbol"],
                pl.col("timeframe") == "1d",
                pl.col("timestamp").is_between(defect["first"], defect["last"]),
            )
            assert chosen.height == defect["rows"], defect
            assert set(chosen["source"]) == {"alphavantage"}, defect


def test_validated_daily_bars_are_the_truth_but_where_nobody_sent_it(market: Market, outcomes: list[Outcome]) -> None:
    for outcome, late in zip(outcomes, ({"HELIOX"}, set()), strict=True):
        came = outcome.validated.filter(pl.col("timeframe") == "1d", ~pl.col("symbol").str.contains("-"))
        due = market.truth.bars.filter(
            pl.col("timeframe") == "1d", pl.col("symbol").is_in(came["symbol"].implode()), pl.col("timestamp") <= came["timestamp"].max()
        )
        lost = due.join(came, on=["symbol", "timestamp"], how="anti")
        assert set(lost["symbol"]) == {"KELVAN"}
        assert lost.height == 2
        both = due.join(came, on=["symbol", "timestamp"], suffix="_found")
        assert both.height > 7_500
        assert set(both.filter((pl.col("close") - pl.col("close_found")).abs() > 1e-9)["symbol"]) == late
        invented = came.join(due, on=["symbol", "timestamp"], how="anti")
        assert invented.select("symbol", "quality_flags").unique().rows() == [("GALVEN", "zero_volume")]


def test_the_late_correction_changes_one_validated_bar(market: Market, outcomes: list[Outcome]) -> None:
    defect = market.truth.defects.filter(pl.col("kind") == "late_correction").row(0, named=True)
    before, after = (
        outcome.validated.filter(pl.col("symbol") == defect["symbol"], pl.col("timestamp") == defect["first"]).row(0, named=True)
        for outcome in outcomes
    )
    first, restated = (float(word.strip(",.")) for word in defect["detail"].split() if word[0].isdigit())
    assert (before["close"], after["close"]) == (first, restated)
    assert before["known_at"] == market.deliveries()[0].received_at
    assert after["known_at"] == market.deliveries()[1].received_at


def test_forming_bars_are_published_once_they_are_finished(market: Market, outcomes: list[Outcome]) -> None:
    for defect in market.truth.defects.filter(pl.col("kind") == "forming_bar").iter_rows(named=True):
        then, now = (
            outcome.validated.filter(
                pl.col("symbol") == defect["symbol"], pl.col("timeframe") == defect["timeframe"], pl.col("timestamp") == defect["first"]
            )
            for outcome in outcomes
        )
        assert then.is_empty()
        assert now.height == 1


def test_a_rename_leaves_one_unbroken_series(market: Market, outcomes: list[Outcome]) -> None:
    days = outcomes[0].coverage.filter(pl.col("symbol") == "ELMARK", pl.col("timeframe") == "1d")
    assert set(days["state"]) == {"complete"}
    assert days.height == market.daily["ELMARK"].filter(pl.col("session") <= days["date"].max()).height
