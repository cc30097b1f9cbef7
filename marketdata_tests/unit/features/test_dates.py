"""Ranks, z-scores, sectors and fits of one date, against hand arithmetic, pandas and statsmodels."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st

from marketdata_assets.transforms.features.dates import above_sector_mean, above_sector_median, ascending, means, ranks, zscores
from marketdata_assets.transforms.features.fit import fit_residuals

NAN = float("nan")
VALUES = st.lists(st.one_of(st.just(NAN), st.integers(-5, 5).map(float), st.floats(-1e3, 1e3)), min_size=1, max_size=60)


class Day:
    """One date of a panel."""

    def __init__(self, x: list[float]) -> None:
        self.x = np.array(x)
        self.bounds = np.array([0, self.x.size])
        self.order, self.counts = np.empty(self.x.size, np.int32), np.zeros(1, np.int64)
        ascending(self.x, self.bounds, 0, 1, self.order, self.counts)

    def of(self, kernel, *more: object) -> np.ndarray:
        out = np.full(self.x.size, NAN)
        kernel(self.x, self.bounds, 0, 1, self.order, self.counts, *more, out)
        return out


def test_ties_share_their_average_rank_and_nulls_do_not_count() -> None:
    assert Day([3.0, 1.0, NAN, 3.0, 2.0]).of(ranks) == pytest.approx([3.5 / 4, 1 / 4, NAN, 3.5 / 4, 2 / 4], nan_ok=True)


@given(VALUES)
def test_ranks_equal_those_of_pandas(x: list[float]) -> None:
    np.testing.assert_allclose(Day(x).of(ranks), pd.Series(x).rank(pct=True), rtol=1e-14)


def test_a_zscore_is_taken_of_values_clipped_to_their_1st_and_99th_percentile() -> None:
    x = np.arange(101.0)
    x[100] = 1e9
    clipped = np.clip(x, 1.0, 99.0)  # of 101 values, the 1st percentile is the second smallest, the 99th the second largest
    expected = (clipped - clipped.mean()) / clipped.std(ddof=1)
    np.testing.assert_allclose(Day(list(x)).of(zscores), expected, rtol=1e-12)


@pytest.mark.parametrize("x", [[], [1.0], [0.1] * 21, [NAN, 2.0]])
def test_where_members_do_not_differ_there_is_no_zscore(x: list[float]) -> None:
    assert np.isnan(Day(x).of(zscores)).all()


@given(VALUES)
def test_zscores_equal_those_of_pandas(x: list[float]) -> None:
    series = pd.Series(x)
    clipped = series.clip(*series.quantile([0.01, 0.99]))
    if not clipped.std() > 1e-6 * max(clipped.abs().max(), 1.0):
        return
    np.testing.assert_allclose(Day(x).of(zscores), (clipped - clipped.mean()) / clipped.std(), rtol=1e-9, atol=1e-9)


def test_sectors_are_compared_within_themselves() -> None:
    x, sector = [1.0, 2.0, 4.0, 10.0, NAN, 7.0, 5.0], np.array([0, 0, 0, 1, 1, -1, 1], np.int32)
    mean, median = Day(x).of(above_sector_mean, sector, 2), Day(x).of(above_sector_median, sector, 2)
    assert mean == pytest.approx([1 - 7 / 3, 2 - 7 / 3, 4 - 7 / 3, 2.5, NAN, NAN, -2.5], nan_ok=True)
    assert median == pytest.approx([-1.0, 0.0, 2.0, 2.5, NAN, NAN, -2.5], nan_ok=True)


def test_the_mean_of_a_date_without_values_is_none() -> None:
    out = np.empty(1)
    day = Day([NAN, NAN])
    means(day.x, day.bounds, 0, 1, day.order, day.counts, out)
    assert np.isnan(out[0])


def residuals(y: np.ndarray, on: np.ndarray, least: int = 10) -> np.ndarray:
    return Day(list(y)).of(
        lambda x, bounds, first, last, order, counts, out: fit_residuals(x, on, bounds, first, last, order, counts, least, out)
    )


@given(st.integers(0, 10_000), st.integers(10, 80))
def test_what_a_fit_leaves_over_equals_statsmodels(seed: int, n: int) -> None:
    draws = np.random.default_rng(seed)
    on, y = draws.normal(size=(3, n)), draws.normal(size=n)
    y[draws.random(n) < 0.1] = NAN
    on[1, draws.random(n) < 0.1] = NAN
    whole = ~np.isnan(y + on.sum(axis=0))
    expected = np.full(n, NAN)
    if whole.sum() >= 10:
        expected[whole] = sm.OLS(y[whole], sm.add_constant(on.T[whole], has_constant="add")).fit().resid
    np.testing.assert_allclose(residuals(y, on), expected, rtol=1e-9, atol=1e-12)


def test_a_column_that_adds_nothing_is_left_out_of_the_fit() -> None:
    draws = np.random.default_rng(1)
    one, y = draws.normal(size=30), draws.normal(size=30)
    alone = sm.OLS(y, sm.add_constant(one)).fit().resid
    np.testing.assert_allclose(residuals(y, np.stack([one, 2 * one + 3, np.full(30, 7.0)])), alone, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(residuals(3 * one - 1, np.stack([one, one, one])), 0.0, atol=1e-13)


def test_fewer_members_than_asked_for_have_no_fit() -> None:
    draws = np.random.default_rng(1)
    assert np.isnan(residuals(draws.normal(size=9), draws.normal(size=(3, 9)))).all()
    assert np.isfinite(residuals(draws.normal(size=10), draws.normal(size=(3, 10)))).all()
