"""Random paths."""

from __future__ import annotations

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from marketdata_assets.sandbox.draws import extremes, innovations, stream, ticked, volatility


def test_a_stream_is_named_by_all_of_its_words() -> None:
    draws = [stream(*words).random() for words in [(1, "a", "b"), (1, "a", "b"), (1, "b", "a"), (1, "ab"), (2, "a", "b")]]
    assert draws[0] == draws[1]
    assert len(set(draws)) == 4


@given(st.integers(1, 500), st.integers(0, 500), st.integers(0, 2**31))
def test_longer_draws_begin_like_shorter_ones(n: int, more: int, seed: int) -> None:
    for draw in (innovations, volatility):
        assert np.array_equal(draw(stream(seed, "x"), n + more)[:n], draw(stream(seed, "x"), n))


def test_innovations_have_unit_variance_and_volatility_lies_around_one() -> None:
    drawn = innovations(stream(1, "x"), 200_000)
    assert abs(drawn.mean()) < 0.01
    assert 0.94 < drawn.std() < 1.01
    assert np.abs(drawn).max() <= 6
    level = volatility(stream(1, "y"), 200_000)
    assert level.min() > 0
    assert 0.95 < level.mean() < 1.05
    assert np.corrcoef(level[1:], level[:-1])[0, 1] > 0.9


@given(st.floats(-0.3, 0.3), st.floats(1e-6, 0.2), st.integers(0, 2**31))
def test_extremes_enclose_both_ends(move: float, sigma: float, seed: int) -> None:
    start, end = np.zeros(50), np.full(50, move)
    high, low = extremes(stream(seed, "x"), start, end, np.full(50, sigma))
    assert (high >= np.maximum(start, end) - 1e-12).all()
    assert (low <= np.minimum(start, end) + 1e-12).all()


def test_the_range_of_a_still_price_is_that_of_a_brownian_bridge() -> None:
    """The expected maximum of a bridge of unit variance is sqrt(pi / 8) = 0.6267."""
    n = 200_000
    high, low = extremes(stream(1, "x"), np.zeros(n), np.zeros(n), np.ones(n))
    assert abs(high.mean() - 0.6267) < 0.005
    assert abs(low.mean() + 0.6267) < 0.005


@given(st.lists(st.tuples(*[st.floats(0.0001, 5000)] * 4), min_size=1, max_size=20), st.sampled_from([0.01, 0.0001]))
def test_prices_on_the_grid_are_shortest_decimals_and_in_order(rows: list[tuple[float, ...]], tick: float) -> None:
    frame = ticked(pl.DataFrame(rows, schema=["open", "high", "low", "close"], orient="row"), tick)
    decimals = 2 if tick == 0.01 else 4
    for row in frame.iter_rows():
        assert all(value == float(f"{value:.{decimals}f}") >= tick for value in row)
        opening, high, low, close = row
        assert low <= min(opening, close) <= max(opening, close) <= high
