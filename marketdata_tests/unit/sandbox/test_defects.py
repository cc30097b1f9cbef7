"""Every defect that the ground truth tells is in the bytes, and no other one is."""

from __future__ import annotations

from datetime import timedelta

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from marketdata_assets.rules.registry import BY_NAME
from marketdata_assets.sandbox.market import Market
from marketdata_tests.unit.sandbox.sent import PRICES, bytes_of, rows

FOUND_ELSEWHERE = {"refused_file", "no_rows", "unreadable_time", "merged_duplicates", ""}
KINDS = {
    "already_adjusted", "close_x100", "closed_day", "conflicting_duplicate", "disagreement", "empty_file", "exact_duplicate", "footnote",
    "forming_bar", "gap", "gap_everywhere", "high_below_low", "identical_series", "json_error", "late_correction", "negative_price",
    "night_bars", "row_x100", "shifted_day", "shifted_hour", "stale_repeat", "zero_price", "zero_volume",
}  # fmt: skip
BEFORE_RENAME = {"ELMARK": "ELMORE"}


def planted(market: Market, kind: str) -> list[dict[str, object]]:
    return list(market.truth.defects.filter(pl.col("kind") == kind).iter_rows(named=True))


def sent(market: Market, defect: dict[str, object], symbol: str | None = None) -> pl.DataFrame:
    """The series as the first delivery has it, one row or more a time."""
    name = symbol or str(defect["symbol"])
    former = BEFORE_RENAME.get(name, "") if defect["source"] == "tiingo" else ""
    return rows(market.deliveries()[0], str(defect["source"]), str(defect["timeframe"]), name, former).sort(
        "timestamp", maintain_order=True
    )


def touched(market: Market, defect: dict[str, object]) -> pl.DataFrame:
    return sent(market, defect).filter(pl.col("timestamp").is_between(defect["first"], defect["last"]))  # type: ignore[arg-type]


def true(market: Market, defect: dict[str, object]) -> pl.DataFrame:
    return market.truth.bars.filter(
        pl.col("timeframe") == defect["timeframe"],
        pl.col("symbol") == defect["symbol"],
        pl.col("timestamp").is_between(defect["first"], defect["last"]),  # type: ignore[arg-type]
    ).sort("timestamp")


def test_all_kinds_are_planted_and_each_names_a_rule_that_exists(market: Market) -> None:
    assert set(market.truth.defects["kind"]) == KINDS
    assert set(market.truth.defects["rule"]) <= set(BY_NAME) | FOUND_ELSEWHERE


def test_every_defect_names_a_file_that_was_sent(market: Market) -> None:
    files = {(file.source, file.path) for file in market.deliveries()[0].files}
    for defect in market.truth.defects.iter_rows(named=True):
        absent = defect["kind"] == "gap_everywhere" and defect["source"] == "lean"
        assert ((defect["source"], defect["path"]) in files) is not absent


def test_no_two_defects_touch_one_row(market: Market) -> None:
    lasting = market.truth.defects.filter(pl.col("first").is_not_null())
    pairs = lasting.join(lasting, on=["source", "timeframe", "symbol"], suffix="_b").filter(
        pl.col("kind") + pl.col("first").cast(pl.String) != pl.col("kind_b") + pl.col("first_b").cast(pl.String),
        pl.col("first") <= pl.col("last_b"),
        pl.col("first_b") <= pl.col("last"),
    )
    assert pairs.is_empty(), pairs


@pytest.mark.parametrize(
    ("kind", "n"), [("high_below_low", 2), ("negative_price", 2), ("zero_price", 1), ("zero_volume", 1), ("close_x100", 1), ("row_x100", 1)]
)
def test_bad_ticks_are_what_they_are_called(market: Market, kind: str, n: int) -> None:
    broken = {
        "high_below_low": pl.col("high") < pl.col("low"),
        "negative_price": (pl.col("low") < 0) & (pl.col("open") > 0),
        "zero_price": (pl.col("low") == 0) & (pl.col("open") > 0),
        "zero_volume": (pl.col("volume") == 0) & (pl.col("high") > pl.col("low")),
        "close_x100": (pl.col("close") > 50 * pl.col("open")) & (pl.col("high") < 2 * pl.col("open")),
        "row_x100": pl.col("low") > 0,
    }[kind]
    defects = planted(market, kind)
    assert len(defects) == n
    for defect in defects:
        (bad,) = touched(market, defect).filter(broken).iter_rows(named=True)
        good = true(market, defect).row(0, named=True)
        if kind == "row_x100":
            assert [bad[name] for name in PRICES] == pytest.approx([good[name] * 100 for name in PRICES])
        else:
            assert bad["open"] == pytest.approx(good["open"])


def test_gaps_are_absent_from_one_source_or_from_all(market: Market) -> None:
    by_place: dict[tuple[object, ...], set[object]] = {}
    for kind in ("gap", "gap_everywhere"):
        for defect in planted(market, kind):
            assert touched(market, defect).is_empty()
            assert true(market, defect).height == defect["rows"]
            by_place.setdefault((kind, defect["symbol"], defect["first"]), set()).add(defect["source"])
    complete = {"KELVAN": {"tiingo", "alphavantage"}, "SIMA-USDT": {"binance_vision", "kraken"}, "JUNARO": {"lean"}}
    for (kind, symbol, first), sources in by_place.items():
        if kind == "gap_everywhere":
            assert sources == complete[str(symbol)]
        else:
            assert len(sources) == 1
            (source,) = {"JUNARO": ["alphavantage"], "SIMA-USDT": ["kraken"]}[str(symbol)]
            timeframe = "1d" if symbol == "JUNARO" else "1h"
            other = rows(market.deliveries()[0], source, timeframe, str(symbol))
            assert first in other["timestamp"].to_list()


def test_duplicates_say_the_same_or_contradict(market: Market) -> None:
    (same,) = planted(market, "exact_duplicate")
    twice = touched(market, same)
    assert twice.height == 2
    assert twice.row(0) == twice.row(1)
    (conflict,) = planted(market, "conflicting_duplicate")
    both = touched(market, conflict)
    assert both.height == 2
    assert both["close"][1] / both["close"][0] == pytest.approx(1.015, abs=1e-3)
    assert both["close"][0] == pytest.approx(true(market, conflict)["close"][0])


def test_a_stale_feed_repeats_the_session_before_it(market: Market) -> None:
    (defect,) = planted(market, "stale_repeat")
    bars = sent(market, defect)
    before = bars.filter(pl.col("timestamp") < defect["first"]).tail(1).drop("timestamp")
    assert touched(market, defect).drop("timestamp").unique().equals(before)
    assert touched(market, defect).height == defect["rows"] == 6


def test_bars_on_closed_days_and_at_night_have_nothing_behind_them(market: Market) -> None:
    for kind, count in (("closed_day", 3), ("night_bars", 1)):
        defects = planted(market, kind)
        assert len(defects) == count
        for defect in defects:
            assert touched(market, defect).height == defect["rows"]
            assert true(market, defect).is_empty()


def test_the_disagreeing_source_is_three_percent_off_on_four_days(market: Market) -> None:
    defects = planted(market, "disagreement")
    assert sum(int(str(defect["rows"])) for defect in defects) == 4
    for defect in defects:
        off = touched(market, defect).join(true(market, defect), on="timestamp", suffix="_true")
        assert off.select((pl.col("close") / pl.col("close_true") - 1).abs().round(3)).to_series().to_list() == [0.03] * off.height
        tiingo = rows(market.deliveries()[0], "tiingo", "1d", str(defect["symbol"])).join(off, on="timestamp", suffix="_off")
        assert (tiingo["close"] == tiingo["close_true"]).all()


def test_the_adjusted_file_is_half_the_price_and_twice_the_volume_before_the_split(market: Market) -> None:
    (defect,) = planted(market, "already_adjusted")
    split = market.truth.events.filter(pl.col("kind") == "split", pl.col("symbol") == defect["symbol"]).row(0, named=True)
    both = sent(market, defect).join(true(market, defect), on="timestamp", suffix="_true")
    early = pl.col("timestamp").dt.date() < split["session"]
    ratio = (pl.col("close") / pl.col("close_true")).round(3)
    assert both.filter(early).select(ratio).to_series().unique().to_list() == [0.5]
    assert both.filter(~early).select(ratio).to_series().unique().to_list() == [1.0]
    assert both.filter(early).select((pl.col("volume") / pl.col("volume_true")).median()).item() == pytest.approx(1.96, abs=0.02)


def test_the_shifted_series_are_whole_one_day_or_hour_early(market: Market) -> None:
    for kind, by in (("shifted_day", timedelta(days=1)), ("shifted_hour", timedelta(hours=1))):
        (defect,) = planted(market, kind)
        back = sent(market, defect).with_columns(pl.col("timestamp") + by)
        truth = market.truth.bars.filter(pl.col("timeframe") == defect["timeframe"], pl.col("symbol") == defect["symbol"])
        inside = truth.filter(pl.col("timestamp").is_in(back["timestamp"].implode()))
        assert inside.height == back.height > 500
        assert_frame_equal(back.select(PRICES), inside.select(PRICES), abs_tol=1e-4)
    days = sent(market, planted(market, "shifted_day")[0])["timestamp"].dt.weekday()
    assert 7 in days
    assert 5 not in days.filter(days == 5)


def test_two_symbols_share_one_series_in_one_source_alone(market: Market) -> None:
    (defect,) = planted(market, "identical_series")
    copy, original = sent(market, defect), sent(market, defect, "BRAVEN")
    assert copy.equals(original)
    first = market.deliveries()[0]
    assert not rows(first, "tiingo", "1d", str(defect["symbol"])).equals(rows(first, "tiingo", "1d", "BRAVEN"))


def test_the_broken_files_are_broken_as_files(market: Market) -> None:
    first = market.deliveries()[0]
    for kind, check in {
        "json_error": lambda data: data.startswith(b"{") and b"No data for symbol" in data,
        "empty_file": lambda data: data == b"timestamp,open,high,low,close,volume\n",
        "footnote": lambda data: data.splitlines()[-1].startswith(b"*Close price adjusted") and data.count(b"\n") > 500,
    }.items():
        (defect,) = planted(market, kind)
        assert check(bytes_of(first, str(defect["source"]), str(defect["path"])))


def test_the_forming_bars_are_finished_in_the_second_delivery(market: Market) -> None:
    first, second = market.deliveries()
    defects = planted(market, "forming_bar")
    assert {(d["timeframe"], d["symbol"]) for d in defects} >= {("1d", "SIMA-USDT"), ("1h", "SIMA-USDT"), ("1d", "SIMB-USDT")}
    for defect in defects:
        length = timedelta(days=1) if defect["timeframe"] == "1d" else timedelta(hours=1)
        assert defect["first"] + length > first.received_at  # type: ignore[operator]
        (early,) = touched(market, defect).iter_rows(named=True)
        whole = rows(second, "kraken", str(defect["timeframe"]), str(defect["symbol"])).filter(pl.col("timestamp") == defect["first"])
        assert early["open"] == whole["open"][0]
        assert early["volume"] < whole["volume"][0]
        assert early["high"] <= whole["high"][0]
        assert early["low"] >= whole["low"][0]


@pytest.mark.parametrize("source", ["tiingo", "alphavantage", "lean", "binance_vision"])
def test_every_other_row_is_the_truth(market: Market, source: str) -> None:
    """Take the planted rows away, and what was sent is what happened, price by price."""
    defects = market.truth.defects.filter(pl.col("source") == source)
    whole_files = {"already_adjusted", "shifted_day", "shifted_hour", "identical_series", "json_error", "empty_file"}
    timeframes = {"tiingo": ["1d"], "alphavantage": ["1d"], "lean": ["1m"], "binance_vision": ["1d", "1h"]}[source]
    compared = 0
    for (timeframe, symbol), bars in market.truth.bars.group_by("timeframe", "symbol", maintain_order=True):
        mine = defects.filter(pl.col("symbol") == symbol, pl.col("timeframe") == timeframe)
        equity = "-" not in str(symbol)
        if timeframe not in timeframes or equity is (source == "binance_vision") or set(mine["kind"]) & whole_files:
            continue
        came = rows(
            market.deliveries()[0], source, str(timeframe), str(symbol), BEFORE_RENAME.get(str(symbol), "") if source == "tiingo" else ""
        )
        flat = came.filter(pl.col("volume") > 0)
        bad = pl.any_horizontal(
            pl.lit(False), *(pl.col("timestamp").is_between(a, b) for a, b in mine.select("first", "last").drop_nulls().iter_rows())
        )
        kept = flat.filter(~bad).sort("timestamp")
        due = bars.filter(pl.col("timestamp") <= came["timestamp"].max()).filter(~bad)
        assert_frame_equal(kept.select("timestamp", *PRICES), due.select("timestamp", *PRICES), abs_tol=1e-4)
        compared += kept.height
    assert compared > 5_000
