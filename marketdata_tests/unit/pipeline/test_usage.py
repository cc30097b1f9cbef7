from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from marketdata_assets.core import clock
from marketdata_assets.core.faults import BudgetFault
from marketdata_assets.lake.lake import Lake, open_lake
from marketdata_assets.pipeline.budgets import Standing, Terms, ledger_path, standing
from marketdata_assets.pipeline.usage import LEASE, Reservation
from marketdata_assets.schemas.usage import USAGE

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
TERMS = Terms("coins", "geckoish", "demo", requests=100)


def at(instant: datetime = NOON) -> AbstractContextManager[None]:
    return clock.frozen(instant)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return open_lake(str(tmp_path / "lake"))


@pytest.fixture(autouse=True)
def noon() -> Iterator[None]:
    with at():
        yield


def rows(lake: Lake, month: str | None = None) -> pl.DataFrame:
    return lake.scan(ledger_path("geckoish"), USAGE, periods=[month] if month else None).collect()


def now(lake: Lake, terms: Terms = TERMS, month: str = "2026-11") -> Standing:
    return standing(rows(lake, month), terms, month, clock.now())


def test_what_is_reserved_is_gone_until_it_is_given_back(lake: Lake) -> None:
    with Reservation(lake, TERMS, 60) as run:
        assert (now(lake).reserved, now(lake).requests_left) == (60, 40)
        for _ in range(5):
            run.sent("bars", 2)
        run.received("bars", 700)
    assert (now(lake).spent, now(lake).reserved, now(lake).requests_left) == (5, 0, 95)
    spent = rows(lake).filter(pl.col("state") == "spent")
    assert spent.select("day", "source", "plan", "endpoint", "requests", "weight", "wire_bytes").rows() == [
        (date(2026, 11, 21), "coins", "demo", "bars", 5, 10, 700)
    ]


def test_a_plan_beyond_the_month_is_refused_before_anything_is_asked_and_leaves_no_trace(lake: Lake) -> None:
    with Reservation(lake, TERMS, 70), pytest.raises(BudgetFault) as refused:
        Reservation(lake, TERMS, 31)
    fault = refused.value
    assert fault.found == "they take 31 requests; of 100 a month 70 are spent or reserved, 30 left"
    assert "raise sources.coins.monthly_requests" in fault.remedy
    assert "2026-12-01" in fault.remedy
    assert (fault.context["asked"], fault.context["left"]) == ("31", "30")
    assert rows(lake)["reservation"].n_unique() == 1


def test_a_plan_that_just_fits_is_granted(lake: Lake) -> None:
    with Reservation(lake, TERMS, 100):
        assert now(lake).requests_left == 0


def test_the_allowance_of_the_plan_is_shared_by_all_sources_of_the_vendor(lake: Lake) -> None:
    here, there = Terms("a", "geckoish", "demo", allowance=10), Terms("b", "geckoish", "demo", allowance=10)
    with Reservation(lake, here, 6):
        with pytest.raises(BudgetFault, match="take a larger plan of geckoish"):
            Reservation(lake, there, 5)
        with Reservation(lake, there, 4):
            assert now(lake, there).requests_left == 0
            assert now(lake, there).reserved == 4


def test_dollars_are_a_hard_budget_too(lake: Lake) -> None:
    paid = Terms("coins", "geckoish", "paid", Decimal("0.0025"), micro_usd=1_000_000)
    with Reservation(lake, paid, 300) as run:
        with pytest.raises(BudgetFault, match="they take 252,500 micro-dollars; of 1,000,000 a month 750,000 are"):
            Reservation(lake, paid, 101)
        assert now(lake, paid).requests_left == 100
        run.sent("bars", 1)
    assert (now(lake, paid).spent_micro_usd, now(lake, paid).requests_left) == (2_500, 399)


def test_a_price_below_a_millionth_is_rounded_up_once_a_booking() -> None:
    assert Terms("a", "v", "p", Decimal("0.0000004")).price(3) == 2


def test_a_request_beyond_the_reservation_extends_it_first(lake: Lake) -> None:
    with Reservation(lake, TERMS, 20) as run:
        for _ in range(21):
            run.sent("bars", 1)
        assert now(lake).spent + now(lake).reserved == 22
        assert run.left == 1
    assert now(lake).spent == 21


def test_a_request_that_the_month_has_no_room_for_is_not_sent(lake: Lake) -> None:
    with Reservation(lake, TERMS, 60), Reservation(lake, TERMS, 39) as run:
        for _ in range(40):
            run.sent("bars", 1)
        with pytest.raises(BudgetFault):
            run.sent("bars", 1)
        assert run.by_endpoint()["bars"].requests == 40
    assert now(lake).spent == 40


def test_an_extension_without_room_changes_nothing(lake: Lake) -> None:
    with Reservation(lake, TERMS, 60) as run:
        with pytest.raises(BudgetFault):
            run.extend(41)
        assert (run.left, now(lake).reserved) == (60, 60)
        run.extend(40)
        assert (run.left, now(lake).reserved) == (100, 100)


def test_the_reservation_of_a_dead_run_lapses_and_what_it_had_booked_stays(lake: Lake) -> None:
    dead = Reservation(lake, TERMS, 50)
    for _ in range(30):
        dead.sent("bars", 1)
    with at(NOON + timedelta(minutes=11)):
        dead.sent("bars", 1)
    assert (now(lake).spent, now(lake).reserved) == (30, 20)
    with at(NOON + timedelta(minutes=11) + LEASE):
        assert (now(lake).spent, now(lake).reserved) == (30, 0)
        with Reservation(lake, TERMS, 70):
            pass


def test_a_long_run_renews_its_reservation(lake: Lake) -> None:
    run = Reservation(lake, TERMS, 10)
    for minute in range(0, 120, 15):
        with at(NOON + timedelta(minutes=minute)):
            run.sent("bars", 1)
            assert now(lake).spent + now(lake).reserved == 10


def test_a_run_that_slept_past_its_lease_does_not_overdraw(lake: Lake) -> None:
    run = Reservation(lake, TERMS, 50)
    with at(NOON + 2 * LEASE):
        with Reservation(lake, TERMS, 80), pytest.raises(BudgetFault):
            run.sent("bars", 1)
        run.settle()
        assert now(lake).spent == 0


def test_what_was_sent_is_booked_even_where_the_budget_shrank_meanwhile(lake: Lake) -> None:
    run = Reservation(lake, TERMS, 10)
    for _ in range(10):
        run.sent("bars", 1)
    run.terms = Terms("coins", "geckoish", "demo", requests=5)
    run.settle()
    assert (now(lake, run.terms).spent, now(lake, run.terms).requests_left) == (10, 0)


def test_a_run_across_midnight_counts_each_request_in_its_own_month(lake: Lake) -> None:
    with at(datetime(2026, 11, 30, 23, 59, 58, tzinfo=UTC)):
        run = Reservation(lake, TERMS, 40)
        for _ in range(15):
            run.sent("bars", 1)
    with at(datetime(2026, 12, 1, 0, 0, 3, tzinfo=UTC)):
        assert run.left == 25
        run.sent("bars", 1)
        assert (now(lake).spent, now(lake).reserved) == (15, 0)
        assert now(lake, month="2026-12").reserved == 25
        run.settle()
        assert (now(lake, month="2026-12").spent, now(lake, month="2026-12").reserved) == (1, 0)
    assert rows(lake, "2026-11")["day"].unique().to_list() == [date(2026, 11, 30)]


def test_a_booking_whose_confirmation_was_lost_counts_once(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store may do the write, lose the answer, and be asked to merge again."""
    append = lake.append

    def twice(path: str, table: object, key: object, merge: object) -> object:
        append(path, table, key, merge)  # type: ignore[arg-type]
        return append(path, table, key, merge)  # type: ignore[arg-type]

    monkeypatch.setattr(lake, "append", twice)
    with Reservation(lake, TERMS, 10) as run:
        run.sent("bars", 1)
    assert now(lake).spent == 1
    assert rows(lake).height == 3


def test_the_share_of_the_budget_that_is_used_is_the_largest_of_its_limits(lake: Lake) -> None:
    terms = Terms("coins", "geckoish", "paid", Decimal("0.01"), requests=100, micro_usd=200_000, allowance=40)
    with Reservation(lake, terms, 10):
        assert now(lake, terms).used_share == pytest.approx(0.5)
    assert now(lake, Terms("coins", "geckoish", "free")).used_share == 0
    assert now(lake, Terms("coins", "geckoish", "free", requests=0)).used_share == 1
