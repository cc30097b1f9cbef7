"""Shorter bars inside a longer one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketdata_assets.sandbox.draws import stream
from marketdata_assets.sandbox.intraday import WITHIN, aggregate, shorter_bars

OPENING = datetime(2024, 3, 8, 14, 30, tzinfo=UTC)


def starts(n: int) -> pl.Series:
    return pl.datetime_range(OPENING, OPENING + timedelta(minutes=n), "1m", closed="left", time_unit="us", eager=True)


@st.composite
def bars(draw: st.DrawFn) -> dict[str, float]:
    cents = sorted(draw(st.lists(st.integers(100, 50_000), min_size=4, max_size=4)))
    opening, close = draw(st.permutations(cents[1:3]))
    return {
        "open": opening / 100,
        "high": cents[3] / 100,
        "low": cents[0] / 100,
        "close": close / 100,
        "volume": draw(st.integers(10_000, 10**8)),
    }


@given(bars(), st.sampled_from([7, 210, 390]), st.floats(0.0001, 0.3), st.integers(0, 2**31))
def test_the_parts_make_the_whole(bar: dict[str, float], n: int, sigma: float, seed: int) -> None:
    minutes = shorter_bars(stream(seed, "x"), bar, starts(n), sigma, 0.01)
    assert minutes["open"][0] == bar["open"]
    assert minutes["close"][-1] == bar["close"]
    assert minutes["high"].max() == pytest.approx(bar["high"], abs=1e-9)
    assert minutes["low"].min() == pytest.approx(bar["low"], abs=1e-9)
    assert minutes["volume"].sum() == round(bar["volume"] * WITHIN)
    body = pl.max_horizontal("open", "close"), pl.min_horizontal("open", "close")
    assert minutes.filter((pl.col("high") < body[0]) | (pl.col("low") > body[1])).is_empty()
    assert minutes["timestamp"].is_sorted()


def test_a_bar_without_volume_has_no_row() -> None:
    bar = {"open": 10.0, "high": 10.1, "low": 9.9, "close": 10.0, "volume": 20.0}
    minutes = shorter_bars(stream(1, "x"), bar, starts(390), 0.01, 0.01)
    assert 0 < minutes.height <= 19
    assert minutes["volume"].min() >= 1  # type: ignore[operator]


def test_hours_on_the_clock_hold_their_minutes() -> None:
    bar = {"open": 10.0, "high": 11.0, "low": 9.5, "close": 10.5, "volume": 1_000_000.0}
    minutes = shorter_bars(stream(1, "x"), bar, starts(390), 0.01, 0.01)
    hours = aggregate(minutes.sample(fraction=1.0, shuffle=True, seed=1), "1h")
    assert hours["timestamp"].to_list() == [datetime(2024, 3, 8, hour, tzinfo=UTC) for hour in range(14, 21)]
    assert hours["volume"].sum() == minutes["volume"].sum()
    assert (hours["open"][0], hours["close"][-1]) == (10.0, 10.5)
