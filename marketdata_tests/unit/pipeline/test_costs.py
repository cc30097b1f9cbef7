from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from marketdata_assets.core import clock
from marketdata_assets.core.faults import QueryFault
from marketdata_assets.pipeline.budgets import Terms
from marketdata_assets.pipeline.costs import Spent, spent, standings
from marketdata_assets.pipeline.platform import Platform
from marketdata_assets.pipeline.usage import Reservation
from marketdata_tests.support import alpaca
from marketdata_tests.support.loopback import Loopback

NOVEMBER, DECEMBER = datetime(2026, 11, 21, 12, tzinfo=UTC), datetime(2026, 12, 2, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def november() -> Iterator[None]:
    with clock.frozen(NOVEMBER):
        yield


@pytest.fixture
def platform(tmp_path: Path) -> Platform:
    nowhere = Loopback()
    nowhere.url = "http://127.0.0.1:1"
    return alpaca.platform(tmp_path, nowhere, ("AAA",), monthly_requests=10)


def ask(platform: Platform, terms: Terms, *endpoints: str) -> None:
    with Reservation(platform.lake, terms, len(endpoints)) as run:
        for endpoint in endpoints:
            run.sent(endpoint, 3)
            run.received(endpoint, 100)


def test_costs_add_up_by_endpoint_over_all_runs_sources_and_vendors(platform: Platform) -> None:
    paid, former = Terms("alpaca", "alpaca", "basic", Decimal("0.0004")), Terms("gone", "polygon", "old", Decimal("1.5"))
    ask(platform, paid, "bars", "bars", "quotes")
    ask(platform, paid, "bars")
    ask(platform, former, "aggs")
    assert spent(platform) == [
        Spent("alpaca", "alpaca", "basic", "bars", 3, 9, 300, Decimal("0.0012")),
        Spent("alpaca", "alpaca", "basic", "quotes", 1, 3, 100, Decimal("0.0004")),
        Spent("polygon", "gone", "old", "aggs", 1, 3, 100, Decimal("1.5")),
    ]
    (stands,) = standings(platform)
    assert (stands.spent, stands.requests_left) == (4, 6)


def test_a_month_holds_its_own_requests_alone(platform: Platform) -> None:
    terms = Terms("alpaca", "alpaca", "basic")
    ask(platform, terms, "bars")
    with clock.frozen(DECEMBER):
        ask(platform, terms, "bars", "bars")
        assert [each.requests for each in spent(platform)] == [2]
        assert [each.requests for each in spent(platform, "2026-11")] == [1]
        assert spent(platform, "2026-10") == []


def test_what_is_only_reserved_has_cost_nothing_yet(platform: Platform) -> None:
    run = Reservation(platform.lake, Terms("alpaca", "alpaca", "basic"), 7)
    assert spent(platform) == []
    assert standings(platform)[0].reserved == 7
    run.settle()
    assert standings(platform)[0].reserved == 0


@pytest.mark.parametrize("text", ["2026", "2026-11-21", "last month", "2026-13", "../x"])
def test_a_text_that_is_no_month_is_refused(platform: Platform, text: str) -> None:
    with pytest.raises(QueryFault, match="write it as 2026-11"):
        spent(platform, text)
