"""S14: no window of a vendor's budget ever holds more than the vendor allows."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator

import pytest

from marketdata_assets.sources.budget import Budget, Quota
from marketdata_assets.sources.registry import vendor, vendor_names
from marketdata_assets.sources.throttle import Throttle
from marketdata_tests.conformance.sources.recorded import DOCUMENTED_LIMITS
from marketdata_tests.support.virtual_time import VirtualTime, run

MANY = 80  # requests: enough to fill any burst and then to see the pace
EARLY = 0.01  # share of a window by which a request may run ahead of its even pace


def budgets_of(name: str) -> Iterator[tuple[str, str, Budget]]:
    """Every budget of every plan of a vendor."""
    source = vendor(name)
    for plan in source.plans:
        found = {key: budget for api in source.apis_for(plan.name) for key, budget in api.budgets.items()}
        yield from ((plan.name, key, budget) for key, budget in found.items())


def weight_at(name: str, key: str) -> int:
    """The largest fixed weight of a request that counts in this budget."""
    weights = [e.weight for api in vendor(name).apis for e in api.endpoints if e.budget == key]
    return max([w for w in weights if isinstance(w, int)], default=1)


async def admitted(budget: Budget, weight: int, requests: int) -> list[float]:
    """When each of many requests at once may leave, in seconds."""
    time = VirtualTime()
    throttle = Throttle("vendor", "budget", budget, patience=1e9, time=time)
    at: list[float] = []

    async def one() -> None:
        await throttle.admit(weight)
        at.append(time.monotonic())

    await asyncio.gather(*(one() for _ in range(requests)))
    return at


def most_in_a_window(at: list[float], units: int, per: float) -> int:
    """The most units in any half-open window of `per` seconds."""
    return max(sum(units for other in at if start <= other < start + per) for start in at)


@pytest.mark.parametrize("name", vendor_names())
def test_s14_no_window_of_a_budget_is_ever_overdrawn(name: str) -> None:
    told = {(repr(budget), weight): (budget, weight) for _, key, budget in budgets_of(name) for weight in {1, weight_at(name, key)}}
    for budget, weight in told.values():
        requests = max([min(MANY, 2 * quota.limit // quota.cost(weight) + 2) for quota in budget.quotas], default=0)
        at = run(admitted(budget, weight, requests))
        for quota in budget.quotas:
            assert most_in_a_window(at, quota.cost(weight), quota.per) <= quota.limit
            assert _is_spread(at, quota, weight)


def _is_spread(at: list[float], quota: Quota, weight: int) -> bool:
    """Whether, the burst apart, requests leave no faster than the window's limit spread over it: what holds for long windows."""
    pace = quota.per * quota.cost(weight) / quota.limit
    burst = max(1, quota.burst // quota.cost(weight))
    gaps = [
        (later - earlier, steps)
        for steps in (burst, 2 * burst)
        for earlier, later in zip(at, itertools.islice(at, steps, None), strict=False)
    ]
    return all(gap >= (steps - burst) * pace - EARLY * quota.per for gap, steps in gaps)


@pytest.mark.parametrize("name", vendor_names())
def test_s14_what_is_declared_stays_within_what_the_vendor_documents(name: str) -> None:
    source = vendor(name)
    limits = DOCUMENTED_LIMITS[name]
    assert set(limits) <= {plan.name for plan in source.plans}
    for plan, documented in limits.items():
        found = {key: budget for api in source.apis_for(plan) for key, budget in api.budgets.items()}
        for key, unit, most, per in documented:
            fastest = min(_most(quota, per) for quota in found[key].quotas if quota.unit == unit)
            assert fastest <= most, f"{plan}: {fastest} {unit} in {per} s are allowed, the vendor documents {most}"


def _most(quota: Quota, per: float) -> float:
    """What a quota lets through in a window of another length: its share of it, or the whole limit of a longer one."""
    return quota.limit * per / quota.per if per >= quota.per else min(quota.limit, quota.burst + quota.limit * per / quota.per)
