"""Traps of the row rules: what looks like a defect and is none, and what hides one."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import polars as pl
import pytest

from marketdata_assets.core.timeframes import timeframe
from marketdata_assets.rules.audit import REPAIRED, Audit, audit
from marketdata_assets.rules.thresholds import Thresholds
from marketdata_assets.schemas.bars import NORMALIZED_BARS
from marketdata_tests.support.bar_frames import bars, daily, round_the_clock
from marketdata_tests.support.planted_defects import (
    DAYS,
    PRICES,
    SPLIT_DAY,
    daily_context,
    joined,
    minute_context,
    minutes_of,
    scaled,
    split_in_two,
    with_row,
)


def flags(verdict: Audit) -> dict[date, list[str]]:
    flagged = verdict.kept.filter(pl.col("flags").list.len() > 0)
    return dict(zip(flagged["session"], flagged["flags"].to_list(), strict=True))


def refusals(verdict: Audit) -> set[tuple[date, str]]:
    return set(verdict.quarantine.select("filed_under", "rule").iter_rows())


def halved(**columns: Any) -> pl.DataFrame:
    """Prices that fall to two fifths on the split day, so that a 2-for-1 split explains most of the move."""
    return NORMALIZED_BARS.conform(scaled(daily(DAYS, **columns), 2.5, SPLIT_DAY, *PRICES))


def test_a_listed_split_explains_its_jump() -> None:
    ratio = [2.0 if d == SPLIT_DAY else 1.0 for d in DAYS]
    assert SPLIT_DAY in flags(audit(halved(), daily_context()))
    assert flags(audit(halved(split_ratio=ratio), daily_context())) == {}


def test_a_ratio_as_a_vendor_writes_it_explains_the_same_jump() -> None:
    prices = scaled(daily(DAYS, split_ratio=[7.00000700001 if d == SPLIT_DAY else 1.0 for d in DAYS]), 7.0, SPLIT_DAY, *PRICES)
    seven = NORMALIZED_BARS.conform(scaled(prices, 1 / 7, SPLIT_DAY, "volume"))
    assert flags(audit(seven, daily_context())) == {}


def test_an_event_handed_over_explains_a_jump_and_one_of_another_day_or_symbol_does_not() -> None:
    def told(symbol: str, day: date) -> dict[date, list[str]]:
        events = pl.DataFrame({"symbol": [symbol], "ex_date": [day], "ratio": [2.0]})
        return flags(audit(halved(), daily_context(events=events)))

    assert told("AAA", SPLIT_DAY) == {}
    assert told("AAA", DAYS[41]) == {SPLIT_DAY: ["jump_unexplained"]}
    assert told("BBB", SPLIT_DAY) == {SPLIT_DAY: ["jump_unexplained"]}


def test_another_sources_split_explains_the_jump_of_a_source_that_lists_none() -> None:
    ratio = [2.0 if d == SPLIT_DAY else 1.0 for d in DAYS]
    both = joined(halved(split_ratio=ratio), halved(source="beta"))
    assert flags(audit(both, daily_context())) == {}


def test_an_event_explains_the_first_bar_of_its_day_and_no_later_one() -> None:
    day = minutes_of(DAYS[0], 60, split_ratio=2.0, volume_basis="split_adjusted")
    half = pl.col("line") > 30
    fallen = NORMALIZED_BARS.conform(day.with_columns(pl.when(half).then(pl.col(c) * 0.4).otherwise(c).alias(c) for c in PRICES))
    events = pl.DataFrame({"symbol": ["AAA"], "ex_date": [DAYS[0]], "ratio": [2.5]})
    assert audit(fallen, minute_context(events=events)).findings.select("rule", "n").rows() == [("jump_unexplained", 1)]


def test_an_adjusted_close_that_does_not_jump_explains_it_too() -> None:
    adjusted = [100.0 + (i % 7) + i * 0.01 for i in range(60)]
    assert flags(audit(halved(adj_close=adjusted), daily_context())) == {}


def test_a_large_special_dividend_explains_a_fall() -> None:
    frame = NORMALIZED_BARS.conform(scaled(daily(DAYS, dividend=[150.0 if d == SPLIT_DAY else 0.0 for d in DAYS]), 2.5, SPLIT_DAY, *PRICES))
    assert flags(audit(frame, daily_context())) == {}


def test_a_split_that_does_not_fit_explains_nothing() -> None:
    ratio = [0.1 if d == SPLIT_DAY else 1.0 for d in DAYS]
    assert SPLIT_DAY in flags(audit(halved(split_ratio=ratio), daily_context()))


def test_no_jump_is_read_across_a_long_gap() -> None:
    days = DAYS[:20] + DAYS[40:]
    frame = NORMALIZED_BARS.conform(scaled(daily(days), 18.0, DAYS[40], *PRICES))
    verdict = audit(frame, daily_context())
    assert flags(verdict) == {}
    gap = verdict.findings.filter(pl.col("rule") == "missing_sessions").row(0, named=True)
    assert gap["n"] == 20
    assert "across the gap" in gap["sample"]


def test_a_bad_tick_is_one_finding_and_its_recovery_none() -> None:
    verdict = audit(with_row(30, open=40.0, high=41.0, low=39.0, close=40.0), daily_context())
    assert flags(verdict) == {DAYS[30]: ["bad_tick_roundtrip"]}


def test_a_round_trip_that_events_explain_is_no_bad_tick() -> None:
    ratio = [2.5 if i == 30 else 0.4 if i == 31 else 1.0 for i in range(60)]
    bent = daily(DAYS, split_ratio=ratio, volume_basis="split_adjusted").with_columns(
        pl.when(pl.col("session") == DAYS[30]).then(pl.col(c) * 0.4).otherwise(c).alias(c) for c in PRICES
    )
    assert flags(audit(NORMALIZED_BARS.conform(bent), daily_context())) == {}


def test_the_newest_bar_has_no_neighbour_after_it_and_a_hundredfold_price_is_refused_all_the_same() -> None:
    last = {"open": 10000.0, "high": 10500.0, "low": 9900.0, "close": 10200.0}
    assert refusals(audit(with_row(59, **last), daily_context())) == {(DAYS[59], "price_off_scale")}
    fall = {name: value / 300 for name, value in last.items()}
    assert flags(audit(with_row(59, **fall), daily_context())) == {DAYS[59]: ["jump_unexplained"]}


def test_a_reverse_split_nobody_listed_is_a_jump_and_not_off_scale() -> None:
    verdict = audit(NORMALIZED_BARS.conform(scaled(daily(DAYS), 0.1, SPLIT_DAY, *PRICES)), daily_context())
    assert flags(verdict) == {SPLIT_DAY: ["jump_unexplained"]}
    assert refusals(verdict) == set()


def test_rows_refused_for_their_values_are_no_neighbours() -> None:
    verdict = audit(with_row(30, open=-1.0, low=-1.0, close=-1.0), daily_context())
    assert refusals(verdict) == {(DAYS[30], "price_not_positive")}
    assert flags(verdict) == {}


def test_thresholds_move_the_line() -> None:
    third = NORMALIZED_BARS.conform(scaled(daily(DAYS), 1.6, SPLIT_DAY, *PRICES))
    assert flags(audit(third, daily_context())) == {}
    assert SPLIT_DAY in flags(audit(third, daily_context(thresholds=Thresholds(jump_fraction=0.3))))


@pytest.mark.parametrize(("times", "flagged", "refused"), [(1, 1, 0), (2, 0, 2), (5, 0, 5)])
def test_a_moving_bar_repeated_once_is_flagged_and_repeated_again_and_again_refused(times: int, flagged: int, refused: int) -> None:
    rows = daily(DAYS).with_row_index("i")
    source = rows.row(30, named=True)
    stale = pl.col("i").is_between(31, 30 + times)
    frame = NORMALIZED_BARS.conform(
        rows.with_columns(pl.when(stale).then(pl.lit(source[c])).otherwise(c).alias(c) for c in (*PRICES, "volume"))
    )
    verdict = audit(frame, daily_context())
    assert (len(flags(verdict)), verdict.quarantine.height) == (flagged, refused)


def test_flat_bars_of_a_thin_name_are_flagged_late_and_never_refused() -> None:
    flat = [50.0] * 60
    frame = daily(DAYS, open=flat, high=flat, low=flat, close=flat, volume=[100.0] * 4 + [100.0 + i for i in range(56)])
    verdict = audit(frame, daily_context())
    assert verdict.quarantine.height == 0
    assert flags(verdict) == {day: ["stale_repeat"] for day in DAYS[1:5]}


def test_flat_minutes_without_volume_are_how_some_vendors_write_nothing_traded() -> None:
    start = datetime(2024, 3, 10, 12, tzinfo=UTC)
    flat = bars(
        *(
            {"timestamp": start.replace(minute=i), "high": 100.0, "low": 100.0, "open": 100.0, "close": 100.0, "volume": 0.0}
            for i in range(9)
        )
    )
    sessions = round_the_clock(date(2024, 2, 1), date(2024, 4, 20))
    assert audit(flat, minute_context(sessions=sessions)).findings.height == 0
    moved = NORMALIZED_BARS.conform(flat.with_columns(high=pl.lit(100.5)))
    assert audit(moved, minute_context(sessions=sessions)).findings["rule"].to_list() == ["zero_volume"]


def test_extended_hours_are_legal_and_the_night_is_not() -> None:
    at = [
        datetime(2024, 1, 2, 8, 59, tzinfo=UTC),
        datetime(2024, 1, 2, 9, 0, tzinfo=UTC),
        datetime(2024, 1, 3, 0, 59, tzinfo=UTC),
        datetime(2024, 1, 3, 1, 0, tzinfo=UTC),
    ]
    frame = bars(*({"timestamp": t, "session": date(2024, 1, 2), "volume": 10.0 + i} for i, t in enumerate(at)))
    refused = audit(frame, minute_context()).quarantine
    assert refused.select("timestamp", "rule").rows() == [(at[0], "outside_session"), (at[3], "outside_session")]


def test_a_minute_is_final_a_minute_after_its_start() -> None:
    frame = minutes_of(DAYS[0], 3, known_at=datetime(2024, 1, 2, 14, 32, 59, tzinfo=UTC))
    assert audit(frame, minute_context()).quarantine.select("line", "rule").rows() == [(3, "not_final")]


def test_a_daily_bar_is_final_with_the_close_of_its_session() -> None:
    at_close = daily(DAYS[:1], known_at=datetime(2024, 1, 2, 21, 0, tzinfo=UTC))
    assert audit(at_close, daily_context()).quarantine.height == 0
    crypto = daily_context(timeframe=timeframe("1d"), sessions=round_the_clock(date(2023, 12, 1), date(2024, 2, 1)))
    assert audit(at_close, crypto).quarantine["rule"].to_list() == ["not_final"]


def test_auto_fix_stretches_high_and_low_in_what_is_kept_and_nothing_else() -> None:
    broken = with_row(10, high=102.9)
    fixed = audit(broken, daily_context(auto_fix=True))
    row = fixed.kept.row(10, named=True)
    assert (row["high"], row["flags"], row["penalty"]) == (max(row[c] for c in PRICES), [REPAIRED], 20.0)
    assert fixed.quarantine.height == 0
    assert fixed.findings.filter(pl.col("rule") == "high_below_body")["n"].to_list() == [1]
    assert broken.row(10, named=True)["high"] == 102.9


def test_auto_fix_leaves_a_row_that_fails_for_another_reason_too() -> None:
    verdict = audit(with_row(10, high=102.9, volume=-1.0), daily_context(auto_fix=True))
    assert {rule for _, rule in refusals(verdict)} == {"high_below_body", "volume_negative"}
    assert verdict.kept.height == 59


def test_the_row_stands_in_quarantine_as_it_came() -> None:
    row = audit(with_row(10, high=102.9), daily_context()).quarantine.row(0, named=True)
    assert '"high":102.9' in row["row"]
    assert row["reason"] == "high 102.9 is below open 102.85, close 103.1 or low 102.35"


def test_the_split_itself_is_clean() -> None:
    assert audit(split_in_two(), daily_context()).findings.height == 0
