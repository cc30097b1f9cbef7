"""The detector finds splits of listed ratios in raw bars, and leaves everything else that moves a price alone."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from marketdata_assets.transforms.splits.detector import detect
from marketdata_assets.transforms.splits.evidence import evidence
from marketdata_assets.transforms.splits.parameters import FORWARD_RATIOS, REVERSE_RATIOS
from marketdata_tests.support.price_paths import DAYS, END, SESSIONS, market, one_day, scaled, split, walk

DAY = DAYS[150]
QUIET = market()


def found(bars: pl.DataFrame, *, alone: bool = False) -> list[tuple[str, date, float]]:
    everything = bars if alone else pl.concat([QUIET, bars.select(QUIET.columns)])
    return detect(everything, SESSIONS).select("symbol", "ex_date", "ratio").rows()


@pytest.mark.parametrize("ratio", [r for r in FORWARD_RATIOS if r >= 1.5])
def test_a_split_of_every_listed_ratio_is_found_on_its_day(ratio: float) -> None:
    assert found(split(walk("X", 1, 40 * ratio), DAY, ratio)) == [("X", DAY, ratio)]


@pytest.mark.parametrize("ratio", [r for r in REVERSE_RATIOS if r <= 0.5])
def test_a_reverse_split_of_every_listed_ratio_is_found_on_its_day(ratio: float) -> None:
    assert found(split(walk("X", 2, 4.0), DAY, ratio)) == [("X", DAY, ratio)]


@pytest.mark.parametrize("seed", range(3, 8))
def test_a_quiet_market_has_no_split(seed: int) -> None:
    assert found(market(12, 1000 * seed), alone=True) == []


@pytest.mark.parametrize("ratio", [4 / 3, 5 / 4])
def test_small_ratios_are_found_where_the_symbol_is_calm(ratio: float) -> None:
    assert found(split(walk("X", 9, 120.0, daily=0.006), DAY, ratio)) == [("X", DAY, ratio)]


def test_a_split_is_seen_through_a_move_of_the_whole_market() -> None:
    fallen = pl.concat([QUIET, split(walk("X", 1, 100.0), DAY, 2.0).select(QUIET.columns)])
    assert found(scaled(fallen, DAY, 0.93), alone=True) == [("X", DAY, 2.0)]


def test_a_crash_by_half_is_no_split_when_everybody_trades_it() -> None:
    """The open is 5 % off a half, as on AAPL's day in September 2000, and the price falls on over the day; the symbol is not a calm one."""
    fallen = scaled(one_day(scaled(walk("X", 1, 55.0, daily=0.03), DAY, 0.53), DAY, volume=15.0), DAYS[151], 0.91, 3.0)
    assert found(fallen.with_columns(close=pl.when(pl.col("session") == DAY).then(pl.col("close") * 0.91).otherwise("close"))) == []


def test_a_crash_to_two_thirds_exactly_is_no_split() -> None:
    crash = one_day(scaled(walk("X", 1, 30.0, daily=0.03), DAY, 2 / 3), DAY, volume=8.0)
    assert found(crash) == []


def test_a_distribution_near_a_ratio_is_no_split() -> None:
    """A spin-off that takes 52.3 % of the value is 2.1 for 1, and calm symbols do not open 5 % off."""
    assert found(scaled(walk("X", 1, 65.0, daily=0.006), DAY, 1 / 2.1)) == []


@pytest.mark.parametrize("factor", [100.0, 0.01, 0.5, 2.0, 2 / 3, 10.0])
def test_a_wrong_tick_is_no_split_on_its_day_nor_on_the_next(factor: float) -> None:
    assert found(one_day(walk("X", 1, 40.0), DAY, factor)) == []


def test_two_wrong_ticks_in_a_row_are_no_split() -> None:
    wrong = one_day(one_day(walk("X", 1, 40.0), DAY, 0.5), DAYS[151], 0.5)
    assert found(wrong) == []


def test_nothing_is_inferred_across_a_missing_session() -> None:
    gappy = split(walk("X", 1, 100.0), DAY, 2.0).filter(pl.col("session") != DAYS[149])
    assert found(gappy) == []


def test_a_series_that_ends_with_its_fall_gets_no_final_verdict() -> None:
    ending = pl.concat([QUIET, scaled(walk("X", 1, 100.0), DAY, 0.5).select(QUIET.columns).filter(pl.col("session") <= DAY)])
    assert detect(ending, SESSIONS)["decided_on"].to_list() == [None]


def test_a_new_listing_is_not_judged_before_ten_bars() -> None:
    young = split(walk("X", 1, 100.0), DAY, 2.0).filter(pl.col("session") >= DAYS[145])
    assert found(young) == []


def test_an_adjusted_volume_is_no_evidence_against_a_split() -> None:
    adjusted = scaled(walk("X", 1, 100.0), DAY, 0.5).with_columns(volume_basis=pl.lit("split_adjusted"))
    assert found(adjusted) == [("X", DAY, 2.0)]


def test_without_volumes_the_price_decides_and_without_trades_nobody_does() -> None:
    halved = scaled(walk("X", 1, 100.0), DAY, 0.5)
    assert found(halved.with_columns(volume=pl.lit(None, pl.Float64))) == [("X", DAY, 2.0)]
    assert found(halved.with_columns(volume=pl.lit(0.0))) == []


def test_a_verdict_waits_for_its_window_and_no_longer() -> None:
    bars = pl.concat([QUIET, split(walk("X", 1, 100.0), DAY, 2.0).select(QUIET.columns)])
    at = {n: detect(bars.filter(pl.col("session") <= DAYS[150 + n]), SESSIONS) for n in (0, 4, 5, 40)}
    assert [at[n]["decided_on"].to_list() for n in (0, 4, 5)] == [[None], [None], [DAYS[155]]]
    assert at[5].equals(at[40])


def test_what_happens_after_the_window_changes_nothing_to_the_bit() -> None:
    bars = pl.concat([QUIET, split(walk("X", 1, 100.0), DAY, 2.0).select(QUIET.columns)])
    until = DAYS[155]
    mutated = pl.concat([bars.filter(pl.col("session") <= until), scaled(bars, DAYS[0], 7.3, 0.1).filter(pl.col("session") > until)])
    before, after = evidence(bars, SESSIONS), evidence(mutated, SESSIONS)
    assert (
        detect(bars, SESSIONS).filter(pl.col("decided_on") <= until).equals(detect(mutated, SESSIONS).filter(pl.col("decided_on") <= until))
    )
    assert before.filter(pl.col("decided_on") <= until).equals(after.filter(pl.col("decided_on") <= until))
    assert before.filter(pl.col("decided_on") <= until).height == 1


def test_the_order_of_the_rows_is_of_no_account() -> None:
    bars = pl.concat([QUIET, split(walk("X", 1, 100.0), DAY, 2.0).select(QUIET.columns)])
    assert detect(bars.reverse(), SESSIONS).equals(detect(bars, SESSIONS))


def test_no_bars_have_no_splits() -> None:
    assert found(QUIET.clear(), alone=True) == []
    assert date(2018, 12, 31) == END
