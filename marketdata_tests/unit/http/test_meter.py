from __future__ import annotations

import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marketdata_assets.sources.budget import Budget, Quota
from marketdata_assets.sources.ledger import Ledger
from marketdata_assets.sources.meter import Meter


def drive(budget: Budget, weights: list[int], lateness: float = 0.0, seed: int = 1, at: float = 5_000.0) -> list[tuple[float, int]]:
    """When each request leaves, if everybody asks as soon as allowed and wakes up to `lateness` seconds late."""
    ledger, now, left, draw = Ledger(budget), at, [], random.Random(seed)
    for weight in weights:
        while (wait := ledger.take(now, weight)) > 0:
            now += wait + draw.uniform(0, lateness)
        left.append((now, weight))
    return left


def most(left: list[tuple[float, int]], span: float) -> int:
    """The most units in any half-open window of `span` seconds."""
    return max(sum(cost for at, cost in left[i:] if at < start + span) for i, (start, _) in enumerate(left))


@given(
    limit=st.integers(1, 60),
    per=st.sampled_from([1.0, 10.0, 60.0, 86_400.0]),
    burst=st.integers(1, 60),
    lateness=st.sampled_from([0.0, 0.01, 0.3]),
    seed=st.integers(0, 99),
)
@settings(max_examples=60, deadline=None)
def test_no_window_ever_holds_more_than_its_limit(limit: int, per: float, burst: int, lateness: float, seed: int) -> None:
    quota = Quota(limit, per, burst=min(burst, limit))
    assert most(drive(Budget((quota,)), [1] * (3 * limit + 5), lateness, seed), per) <= limit


@given(limit=st.integers(20, 400), lateness=st.sampled_from([0.0, 0.002, 0.04]), seed=st.integers(0, 99))
@settings(max_examples=30, deadline=None)
def test_any_ten_seconds_hold_no_more_than_their_share(limit: int, lateness: float, seed: int) -> None:
    left = drive(Budget((Quota(limit, 60.0),)), [1] * (2 * limit), lateness, seed)
    assert most(left, 10.0) <= math.ceil(limit / 6)


@given(weights=st.lists(st.integers(1, 250), min_size=30, max_size=120), seed=st.integers(0, 99))
@settings(max_examples=30, deadline=None)
def test_weights_and_raw_requests_are_kept_at_the_same_time(weights: list[int], seed: int) -> None:
    left = drive(Budget((Quota(1_000, 60.0, "weight"), Quota(20, 10.0))), weights, 0.01, seed)
    assert most(left, 60.0) <= 1_000
    assert most([(at, 1) for at, _ in left], 10.0) <= 20


@pytest.mark.parametrize(("limit", "per"), [(200, 60.0), (10_000, 60.0), (10, 1.0), (5, 60.0)])
def test_nearly_all_of_the_budget_is_used_by_somebody_who_wakes_late(limit: int, per: float) -> None:
    left = drive(Budget((Quota(limit, per),)), [1] * (3 * limit), lateness=0.002)
    assert (len(left) - 1) / (left[-1][0] - left[0][0]) >= 0.95 * limit / per


def test_a_small_daily_allowance_may_go_at_once() -> None:
    left = drive(Budget((Quota(25, 86_400.0, burst=25), Quota(1, 1.0))), [1] * 26)
    assert left[24][0] - left[0][0] < 26
    assert left[25][0] - left[0][0] >= 86_400


def test_what_the_vendor_counted_beyond_us_counts() -> None:
    meter = Meter(Quota(100, 60.0, burst=100), 0.98)
    meter.charge(1_000.0, 1)
    meter.learn(1_000.0, None, 100)
    assert meter.left(1_000.0) == 0
    assert 60.0 <= meter.wait(1_000.0, 1) <= 60.5
    meter.learn(1_001.0, None, 7)
    assert meter.left(1_001.0) == 0, "a smaller count, from an answer that overtook another, gives nothing back"


def test_a_lower_limit_of_the_vendor_holds_and_a_higher_one_does_not() -> None:
    meter = Meter(Quota(100, 60.0), 0.98)
    meter.learn(1_000.0, 30, None)
    assert meter.limit == 30
    meter.learn(1_001.0, 500, None)
    assert meter.limit == 100, "the user's own ceiling"
    meter.learn(1_001.0, 0, None)
    assert meter.limit == 100


def test_one_request_heavier_than_a_lowered_limit_still_passes_an_idle_window() -> None:
    meter = Meter(Quota(100, 60.0, "weight"), 0.98)
    meter.learn(1_000.0, 30, None)
    assert meter.wait(1_000.0, 50) == 0.0


def test_a_meter_survives_packing() -> None:
    quota = Quota(7, 60.0, burst=3)
    one, other = Meter(quota, 0.98), Meter(quota, 0.98)
    for at in (900.0, 930.0, 931.0):
        one.charge(at, 1)
    other.unpack(one.pack())
    assert other.left(931.0) == 4
    assert [one.wait(at, 1) for at in (931.0, 950.0, 999.0)] == [other.wait(at, 1) for at in (931.0, 950.0, 999.0)]
