from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import pytest

from marketdata_assets.core.faults import BudgetFault
from marketdata_assets.core.periods import Window
from marketdata_assets.sources.breaker import Breaker
from marketdata_assets.sources.errors import NotFound, Rejected, SchemaChanged, Unavailable
from marketdata_assets.sources.gather import Batch, Outcome, gather
from marketdata_tests.support.fake_time import FakeTime

YEAR = Window(datetime(2024, 1, 1, tzinfo=UTC), datetime(2025, 1, 1, tzinfo=UTC))
NEXT = Window(YEAR.end, datetime(2026, 1, 1, tzinfo=UTC))
Found = dict[str, list[int] | None]


def run(batches: list[Batch], fetch: Callable[[Batch], Awaitable[Found]], **options: object) -> list[Outcome[list[int]]]:
    time = FakeTime()
    given = {"breaker": Breaker("toy", time=time), "time": time, "width": 8, "outage_patience": 60.0, **options}
    return asyncio.run(gather(batches, fetch, **given))


def singles(count: int, window: Window = YEAR) -> list[Batch]:
    return [Batch((f"S{n:03}",), window) for n in range(count)]


def test_every_symbol_and_window_has_one_outcome_in_the_order_asked() -> None:
    async def fetch(batch: Batch) -> Found:
        await asyncio.sleep(0.001 * (hash(batch) % 3))
        return {symbol: [1] if symbol != "B" else [] for symbol in batch.symbols if symbol != "C"}

    outcomes = run([Batch(("A", "B", "C"), YEAR), Batch(("D",), YEAR), Batch(("A",), NEXT)], fetch)
    assert [(o.symbol, o.window, o.state) for o in outcomes] == [
        ("A", YEAR, "delivered"),
        ("B", YEAR, "empty"),
        ("C", YEAR, "empty"),
        ("D", YEAR, "delivered"),
        ("A", NEXT, "delivered"),
    ]


def test_one_bad_symbol_does_not_spoil_its_batch() -> None:
    sizes = []

    async def fetch(batch: Batch) -> Found:
        sizes.append(len(batch.symbols))
        if "S037" in batch.symbols:
            raise Rejected("asking toy", "status 400: invalid symbol")
        return {symbol: [1] for symbol in batch.symbols}

    outcomes = run([Batch(tuple(f"S{n:03}" for n in range(50)), YEAR)], fetch)
    assert [o.symbol for o in outcomes if o.state == "failed"] == ["S037"]
    assert sum(o.state == "delivered" for o in outcomes) == 49
    assert len(sizes) <= 13, "halving, not one by one"


def test_faults_that_are_not_about_one_symbol_are_not_asked_again_in_halves() -> None:
    async def fetch(batch: Batch) -> Found:
        asked.append(batch)
        raise SchemaChanged("reading bars", "close: field required")

    asked: list[Batch] = []
    outcomes = run([Batch(("A", "B", "C", "D"), YEAR)], fetch)
    assert [type(o.fault) for o in outcomes] == [SchemaChanged] * 4
    assert len(asked) == 1


@pytest.mark.parametrize("order", [list(range(100)), list(range(99, -1, -1))])
def test_when_eighty_of_a_hundred_fail_twenty_are_delivered(order: list[int]) -> None:
    async def fetch(batch: Batch) -> Found:
        await asyncio.sleep(0)
        if batch.symbols[0] < "S080":
            raise NotFound("asking toy", "status 404")
        return {batch.symbols[0]: [1]}

    batches = [singles(100)[n] for n in order]
    outcomes = run(batches, fetch)
    assert sum(o.state == "delivered" for o in outcomes) == 20
    assert all(isinstance(o.fault, NotFound) for o in outcomes if o.state == "failed")


def through(breaker: Breaker, fetch_one: Callable[[str], list[int]]) -> Callable[[Batch], Awaitable[Found]]:
    """What a client does: ask the breaker, send, report."""

    async def fetch(batch: Batch) -> Found:
        probe = breaker.admit()
        await asyncio.sleep(0)
        try:
            value = fetch_one(batch.symbols[0])
        except Unavailable as fault:
            breaker.failed(probe, fault)
            raise
        breaker.answered(probe)
        return {batch.symbols[0]: value}

    return fetch


@pytest.mark.parametrize("healthy", [range(80, 100), range(20), range(0, 100, 5)])
def test_an_outage_of_most_symbols_does_not_take_the_others_with_it(healthy: range) -> None:
    """Failures in a row look like an outage of the whole source and open the circuit; the probes show that it is not."""
    time = FakeTime()
    breaker = Breaker("toy", time=time)
    alive = {f"S{n:03}" for n in healthy}

    def one(symbol: str) -> list[int]:
        if symbol not in alive:
            raise Unavailable("asking toy", "status 500")
        return [1]

    outcomes = run(singles(100), through(breaker, one), breaker=breaker, time=time)
    assert {o.symbol for o in outcomes if o.state == "delivered"} == alive
    assert all(isinstance(o.fault, Unavailable) for o in outcomes if o.symbol not in alive)


def test_a_source_that_is_down_is_given_up_after_the_patience_with_few_requests() -> None:
    time, sent = FakeTime(), []
    breaker = Breaker("toy", time=time)

    def one(symbol: str) -> list[int]:
        sent.append(symbol)
        raise Unavailable("asking toy", "status 503")

    outcomes = run(singles(1_000), through(breaker, one), breaker=breaker, time=time)
    assert {o.state for o in outcomes} == {"failed"}
    assert {o.fault.code for o in outcomes if o.fault} == {"unavailable", "circuit_open"}
    assert len(sent) < 60
    assert 30 < sum(time.naps) < 120


def test_a_source_that_comes_back_is_used_again() -> None:
    time = FakeTime()
    breaker = Breaker("toy", time=time)

    def one(symbol: str) -> list[int]:
        if time.at < 1_020:
            raise Unavailable("asking toy", "status 503")
        return [1]

    outcomes = run(singles(100), through(breaker, one), breaker=breaker, time=time)
    failed = [o for o in outcomes if o.state == "failed"]
    assert len(failed) < 50
    assert not [o for o in failed if o.fault and o.fault.code == "circuit_open"]


def test_probes_that_somebody_else_holds_are_waited_for_but_not_for_ever() -> None:
    time = FakeTime()
    breaker = Breaker("toy", time=time, trip_after=1, probes=1)
    breaker.failed(breaker.admit(), Unavailable("asking toy", "status 503"))
    time.pass_by(5)
    assert breaker.admit() is True
    outcomes = run(singles(3), through(breaker, lambda symbol: [1]), breaker=breaker, time=time, outage_patience=2.0)
    assert {o.state for o in outcomes} == {"failed"}


def test_a_programming_error_is_not_listed_as_a_failed_symbol() -> None:
    async def fetch(batch: Batch) -> Found:
        raise ZeroDivisionError

    with pytest.raises(ExceptionGroup):
        run(singles(2), fetch)


def test_nothing_asked_is_nothing_answered() -> None:
    async def fetch(batch: Batch) -> Found:
        raise AssertionError

    assert run([], fetch) == []


def test_a_budget_that_is_used_up_ends_what_was_not_sent() -> None:
    sent: list[str] = []

    async def fetch(batch: Batch) -> Found:
        sent.append(batch.symbols[0])
        if len(sent) > 3:
            raise BudgetFault("asking toy", "the month has no room", "raise the budget")
        return {batch.symbols[0]: [1]}

    outcomes = run(singles(50), fetch, width=1)
    assert len(sent) == 4
    assert [o.state for o in outcomes] == ["delivered"] * 3 + ["failed"] * 47
    assert {o.fault.code for o in outcomes if o.fault} == {"budget"}
