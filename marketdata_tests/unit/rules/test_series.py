"""Traps of the series rules: shifts, bases, twins, gaps, and what a neighbour may and may not do."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl
import pytest

from marketdata_assets.core.faults import AuditFault
from marketdata_assets.core.timeframes import timeframe
from marketdata_assets.rules.audit import Audit, audit
from marketdata_assets.schemas.bars import NORMALIZED_BARS
from marketdata_tests.support.bar_frames import bars, daily, round_the_clock, weekday_sessions
from marketdata_tests.support.planted_defects import (
    DAYS,
    PRICES,
    SPLIT_DAY,
    another,
    daily_context,
    joined,
    minute_context,
    minutes_of,
    scaled,
    split_in_two,
    symbols,
)

HOUR = timedelta(hours=1)


def found(verdict: Audit, rule: str) -> list[tuple[str, str, int]]:
    """(symbol, source, n) of a rule's findings."""
    return verdict.findings.filter(pl.col("rule") == rule).select("symbol", "source", "n").rows()


def spoken(verdict: Audit, rule: str) -> str:
    return verdict.findings.filter(pl.col("rule") == rule)["sample"].str.join(" ").item()


def test_a_day_early_or_late_is_told_with_its_evidence() -> None:
    early = audit(daily([d - timedelta(days=1) for d in DAYS]), daily_context())
    late = audit(daily([d + timedelta(days=1) for d in DAYS]), daily_context())
    assert "one day early: 12 of its 60 bars lie on closed days and moved by 1 day" in spoken(early, "shifted_series")
    assert "one day late" in spoken(late, "shifted_series")
    assert found(early, "missing_sessions") == []
    assert (early.kept.height, late.kept.height) == (0, 0)


def test_a_stray_sunday_is_no_shift() -> None:
    verdict = audit(joined(daily(DAYS), daily([date(2024, 1, 7)], line=900)), daily_context())
    assert found(verdict, "shifted_series") == []
    assert found(verdict, "outside_session") == [("AAA", "alpha", 1)]


def test_a_weekly_series_with_a_stray_sunday_is_no_shift() -> None:
    mondays = [date(2024, 1, 8) + timedelta(days=7 * i) for i in range(24)]
    verdict = audit(daily([*mondays, date(2024, 1, 14)]), daily_context())
    assert found(verdict, "shifted_series") == []


def test_a_shifted_payload_does_not_condemn_the_sound_one_beside_it() -> None:
    sound = daily(DAYS[:30])
    shifted = daily([d - timedelta(days=1) for d in DAYS[30:]], payload_sha256="b" * 64, line=[i + 1 for i in range(30)])
    verdict = audit(joined(sound, shifted), daily_context())
    assert found(verdict, "shifted_series") == [("AAA", "alpha", 30)]
    assert set(verdict.kept["payload_sha256"]) == {"a" * 64}


def test_weekends_are_trading_days_where_the_market_never_closes() -> None:
    every_day = [date(2024, 1, 2) + timedelta(days=i) for i in range(60)]
    verdict = audit(daily(every_day), daily_context(sessions=round_the_clock(date(2023, 12, 1), date(2024, 5, 1))))
    assert verdict.findings.height == 0


@pytest.mark.parametrize(("shift", "word"), [(HOUR, "late"), (-HOUR, "early")])
@pytest.mark.parametrize("extended", [False, True])
def test_an_hour_is_found_with_and_without_extended_hours(shift: timedelta, word: str, extended: bool) -> None:
    before = [minutes_of(d, 60, shift - HOUR, volume=3.0) for d in DAYS[:6]] if extended else []
    frame = joined(*before, *(minutes_of(d, 390, shift) for d in DAYS[:6]))
    verdict = audit(frame, minute_context())
    assert f"6 sessions in a row trade an hour {word}" in spoken(verdict, "shifted_series")
    assert verdict.kept.height == 0


def test_a_few_odd_sessions_are_no_shift() -> None:
    frame = joined(*(minutes_of(d, 390, HOUR if i < 4 else timedelta(0)) for i, d in enumerate(DAYS[:12])))
    assert found(audit(frame, minute_context()), "shifted_series") == []


def test_a_shift_that_begins_with_summer_time_condemns_the_shifted_weeks_only() -> None:
    frame = joined(*(minutes_of(d, 390, HOUR if i >= 6 else timedelta(0)) for i, d in enumerate(DAYS[:12])))
    verdict = audit(frame, minute_context())
    assert sorted(verdict.kept["session"].unique()) == DAYS[:6]


def test_twins_are_refused_together_and_the_third_symbol_is_not() -> None:
    verdict = audit(joined(daily(DAYS), daily(DAYS, symbol="BBB"), another(DAYS, symbol="CCC")), daily_context())
    assert found(verdict, "identical_series") == [("AAA", "alpha", 60), ("BBB", "alpha", 60)]
    assert "closes in common with BBB" in spoken_of(verdict, "AAA")


def spoken_of(verdict: Audit, symbol: str) -> str:
    return verdict.findings.filter(pl.col("rule") == "identical_series", pl.col("symbol") == symbol)["sample"].item()


def test_twins_in_two_sources_are_two_witnesses() -> None:
    assert audit(joined(daily(DAYS), daily(DAYS, source="beta")), daily_context()).findings.height == 0


def test_two_coins_pegged_to_the_same_dollar_are_no_twins() -> None:
    pegged: dict[str, Any] = {c: [1.0] * 60 for c in PRICES}
    frame = joined(daily(DAYS, **pegged), daily(DAYS, symbol="BBB", **pegged))
    assert found(audit(frame, daily_context()), "identical_series") == []


def test_a_series_copied_for_a_while_is_refused_for_that_while() -> None:
    own = another(DAYS, symbol="BBB")
    copied = daily(DAYS, symbol="BBB")
    frame = joined(daily(DAYS), own.head(20), copied.slice(20, 30), own.tail(10))
    verdict = audit(frame, daily_context())
    refused = verdict.quarantine.filter(pl.col("rule") == "identical_series", pl.col("symbol") == "BBB")["filed_under"]
    assert (refused.min(), refused.max()) == (DAYS[20], DAYS[49])


def whole_ratio(k: float = 2.0) -> list[float]:
    return [k if d == SPLIT_DAY else 1.0 for d in DAYS]


def test_a_listed_split_that_the_price_does_not_show_tells_an_adjusted_file() -> None:
    assert found(audit(daily(DAYS, split_ratio=whole_ratio()), daily_context()), "price_basis_flip") == [("AAA", "alpha", 60)]


def test_a_split_applied_to_the_adjusted_close_is_a_wrong_event_and_no_flip() -> None:
    close = daily(DAYS)["close"].to_list()
    adjusted = [c / 2 if d < SPLIT_DAY else c for c, d in zip(close, DAYS, strict=True)]
    verdict = audit(daily(DAYS, split_ratio=whole_ratio(), adj_close=adjusted), daily_context())
    assert found(verdict, "price_basis_flip") == []
    assert found(verdict, "event_unseen") == [("AAA", "alpha", 1)]


@pytest.mark.parametrize("spin_off", [1.046, 0.95])
def test_a_spin_off_in_the_split_column_is_no_evidence(spin_off: float) -> None:
    assert audit(daily(DAYS, split_ratio=whole_ratio(spin_off)), daily_context()).findings.height == 0


def test_prices_declared_adjusted_keep_their_promise() -> None:
    frame = daily(DAYS, split_ratio=whole_ratio(), price_basis="split_adjusted", volume_basis="split_adjusted")
    assert audit(frame, daily_context()).findings.height == 0


def test_another_source_convicts_the_adjusted_file_by_the_jump_it_lacks() -> None:
    raw, adjusted = split_in_two(), daily(DAYS, source="beta")
    verdict = audit(joined(raw.with_columns(split_ratio=pl.lit(None, pl.Float64)), adjusted), daily_context())
    assert found(verdict, "price_basis_flip") == [("AAA", "beta", 60)]
    assert "closes are 0.5 times those of alpha over 40 bars" in spoken(verdict, "price_basis_flip")
    assert set(verdict.kept["source"]) == {"alpha"}


def test_before_the_split_comes_into_sight_a_known_event_convicts_it() -> None:
    early = pl.col("session") < SPLIT_DAY
    both = joined(split_in_two().filter(early), daily(DAYS, source="beta").filter(early))
    events = pl.DataFrame({"symbol": ["AAA"], "ex_date": [SPLIT_DAY], "ratio": [2.0]})
    assert found(audit(both, daily_context(events=events)), "price_basis_flip") == [("AAA", "beta", 40)]
    assert found(audit(both, daily_context()), "price_basis_flip") == []


def test_a_source_that_is_wrong_for_a_while_is_an_outlier_and_not_another_basis() -> None:
    off = pl.col("session").is_between(DAYS[10], DAYS[34])
    wrong = daily(DAYS, source="beta").with_columns(pl.when(off).then(pl.col(c) * 2).otherwise(c).alias(c) for c in PRICES)
    verdict = audit(joined(daily(DAYS), wrong), daily_context())
    assert found(verdict, "price_basis_flip") == []
    assert found(verdict, "cross_source_deviation") == [("AAA", "alpha", 25), ("AAA", "beta", 25)]


def test_volumes_are_held_to_the_declared_convention() -> None:
    honest = split_in_two()
    yahoo_like = scaled(split_in_two(source="beta"), 2.0, SPLIT_DAY, "volume")
    flipped = audit(joined(honest, yahoo_like), daily_context())
    assert found(flipped, "volume_basis_flip") == [("AAA", "beta", 60)]
    assert flipped.kept.height == 120
    declared = NORMALIZED_BARS.conform(yahoo_like.with_columns(volume_basis=pl.lit("split_adjusted")))
    assert audit(joined(honest, declared), daily_context()).findings.height == 0


def test_a_venue_s_own_volume_is_another_tape_and_no_flip() -> None:
    venue = scaled(split_in_two(source="beta", tape="xnas"), 0.5, SPLIT_DAY, "volume")
    assert found(audit(joined(split_in_two(), venue), daily_context()), "volume_basis_flip") == []


def test_a_gap_is_counted_in_each_period_that_it_touches() -> None:
    days = [date(2023, 12, 27), date(2023, 12, 28), date(2024, 1, 4), date(2024, 1, 5)]
    verdict = audit(daily(days), daily_context())
    rows = verdict.findings.filter(pl.col("rule") == "missing_sessions").select("period", "n").rows()
    assert rows == [("2023", 1), ("2024", 3)]


def test_spans_show_a_series_that_starts_late_or_stops_early() -> None:
    spans = pl.DataFrame({"symbol": ["AAA"], "source": ["alpha"], "first": [DAYS[0]], "last": [DAYS[59]]})
    verdict = audit(daily(DAYS[3:58]), daily_context(spans=spans, window=(DAYS[0], DAYS[59] + timedelta(days=1))))
    assert found(verdict, "missing_sessions") == [("AAA", "alpha", 5)]


def test_a_delivered_period_without_a_single_bar_is_missing_whole() -> None:
    spans = pl.DataFrame({"symbol": ["AAA"], "source": ["alpha"], "first": [date(2023, 1, 3)], "last": [date(2025, 1, 3)]})
    context = daily_context(spans=spans, window=(DAYS[0], DAYS[10]), symbols=symbols("AAA"))
    verdict = audit(daily([]), context)
    assert found(verdict, "missing_sessions") == [("AAA", "alpha", 10)]
    assert found(verdict, "coverage_symbols") == [("", "", 10)]


def test_bars_an_hour_long_stand_an_hour_apart_without_a_gap() -> None:
    def hours(*of_day: int) -> Audit:
        rows = [{"timestamp": datetime(2024, 1, 2, h, tzinfo=UTC), "session": DAYS[0], "volume": 10.0 * h} for h in of_day]
        return audit(bars(*rows), minute_context(timeframe=timeframe("1h")))

    assert hours(14, 15, 16, 17, 18, 19, 20).findings.height == 0
    assert found(hours(14, 15, 16, 18, 19, 20), "session_gap") == [("AAA", "alpha", 1)]


def test_nothing_is_expected_of_a_symbol_after_its_delisting_or_before_its_listing() -> None:
    context = daily_context(symbols=symbols("AAA", listed_on=DAYS[10], delisted_on=DAYS[50]), window=(DAYS[0], DAYS[59]))
    verdict = audit(
        daily(DAYS[12:45]),
        replace(context, spans=pl.DataFrame({"symbol": ["AAA"], "source": ["alpha"], "first": [DAYS[0]], "last": [DAYS[59]]})),
    )
    assert found(verdict, "coverage_symbols") == [("", "", 7)]


def test_a_newest_first_file_is_in_order() -> None:
    assert audit(daily(DAYS, line=[60 - i for i in range(60)]), daily_context()).findings.height == 0


def test_neighbours_explain_but_are_never_judged() -> None:
    frame = split_in_two().with_columns(split_ratio=pl.lit(None, pl.Float64))
    whole = audit(NORMALIZED_BARS.conform(scaled(frame, 1.3, SPLIT_DAY, *PRICES)), daily_context())
    assert found(whole, "jump_unexplained") == [("AAA", "alpha", 1)]
    bent = NORMALIZED_BARS.conform(scaled(frame, 1.3, SPLIT_DAY, *PRICES))
    late = bent.filter(pl.col("session") >= SPLIT_DAY)
    alone = audit(late, daily_context())
    beside = audit(late, daily_context(neighbours=bent))
    assert found(alone, "jump_unexplained") == []
    assert found(beside, "jump_unexplained") == [("AAA", "alpha", 1)]
    assert beside.kept.height == late.height
    before = audit(bent.filter(pl.col("session") < SPLIT_DAY), daily_context(neighbours=bent))
    assert found(before, "jump_unexplained") == []


def test_a_calendar_that_does_not_reach_over_the_bars_is_an_error() -> None:
    short = replace(daily_context(), sessions=weekday_sessions(date(2024, 1, 1), date(2024, 2, 1)))
    with pytest.raises(AuditFault, match="does not reach"):
        audit(daily(DAYS), short)


def test_a_symbol_that_left_the_exchange_is_not_late() -> None:
    as_of = daily_context(as_of=None).sessions["close"].max()
    listed = audit(daily(DAYS), daily_context(symbols=symbols("AAA"), as_of=as_of))
    left = audit(daily(DAYS), daily_context(symbols=symbols("AAA", delisted_on=DAYS[59] + timedelta(days=1)), as_of=as_of))
    assert found(listed, "freshness") == [("AAA", "", 1)]
    assert found(left, "freshness") == []


def test_a_symbol_of_which_nothing_ever_came_is_absent_on_every_session() -> None:
    verdict = audit(daily(DAYS), daily_context(symbols=symbols("AAA", "ZZZ")))
    assert found(verdict, "coverage_symbols") == [("", "", 60)]
    assert "1 of 2 symbols have a bar; absent: ZZZ" in spoken(verdict, "coverage_symbols")
