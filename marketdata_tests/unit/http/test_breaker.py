from __future__ import annotations

import pytest

from marketdata_assets.sources.breaker import Breaker
from marketdata_assets.sources.errors import CircuitOpen, Unavailable
from marketdata_tests.support.fake_time import FakeTime

DOWN = Unavailable("asking toy", "status 503")


def tripped(time: FakeTime, **options: float) -> Breaker:
    breaker = Breaker("toy", time=time, trip_after=3, **options)
    for _ in range(3):
        breaker.failed(breaker.admit(), DOWN)
    return breaker


def test_failures_in_a_row_open_it_and_the_refusal_says_why() -> None:
    breaker = tripped(FakeTime())
    assert breaker.state == "open"
    with pytest.raises(CircuitOpen, match=r"failed 3 times in a row \(last: status 503\)") as caught:
        breaker.admit()
    assert caught.value.final
    assert caught.value.retryable


def test_any_answer_in_between_keeps_it_closed() -> None:
    breaker = Breaker("toy", time=FakeTime(), trip_after=3)
    for failed in (True, True, False, True, True):
        probe = breaker.admit()
        breaker.failed(probe, DOWN) if failed else breaker.answered(probe)
    assert breaker.state == "closed"


def test_after_its_rest_a_few_probes_pass_and_one_answer_closes_it() -> None:
    time = FakeTime()
    breaker = tripped(time, rest=2.0, probes=2)
    assert breaker.retry_in() == 2.0
    time.pass_by(2.0)
    assert breaker.state == "half_open"
    probes = [breaker.admit(), breaker.admit()]
    assert probes == [True, True]
    with pytest.raises(CircuitOpen):
        breaker.admit()
    breaker.failed(True, DOWN)
    breaker.answered(True)
    assert breaker.state == "closed"
    assert breaker.admit() is False


def test_a_probe_that_failed_is_not_replaced_while_others_are_out() -> None:
    """Requests try again: without this, a slow probe kept the door open for all of them."""
    time = FakeTime()
    breaker = tripped(time, probes=2)
    time.pass_by(2)
    assert [breaker.admit(), breaker.admit()] == [True, True]
    breaker.failed(True, DOWN)
    with pytest.raises(CircuitOpen):
        breaker.admit()
    breaker.failed(True, DOWN)
    assert breaker.state == "open"


def test_when_all_probes_fail_it_rests_twice_as_long_up_to_a_quarter_of_an_hour() -> None:
    time, rests = FakeTime(), []
    breaker = tripped(time, rest=1.0, probes=1)
    for _ in range(13):
        rests.append(breaker.retry_in())
        time.pass_by(breaker.retry_in())
        breaker.failed(breaker.admit(), DOWN)
    assert rests == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900]


def test_a_circuit_that_opened_too_early_is_slower_to_open_again_until_things_are_calm() -> None:
    time = FakeTime()
    breaker = tripped(time)
    time.pass_by(1)
    breaker.answered(breaker.admit())
    for _ in range(11):
        breaker.failed(breaker.admit(), DOWN)
    assert breaker.state == "closed"
    breaker.failed(breaker.admit(), DOWN)
    assert breaker.state == "open"
    time.pass_by(1)
    for _ in range(101):
        breaker.answered(breaker.admit())
    for _ in range(3):
        breaker.failed(breaker.admit(), DOWN)
    assert breaker.state == "open"


def test_a_probe_that_never_ended_frees_its_place() -> None:
    time = FakeTime()
    breaker = tripped(time, probes=1)
    time.pass_by(2)
    breaker.abandoned(breaker.admit())
    assert breaker.admit() is True


def test_those_who_wait_elsewhere_learn_that_it_has_opened() -> None:
    breaker = Breaker("toy", time=FakeTime(), trip_after=1)
    breaker.check()
    breaker.failed(False, DOWN)
    with pytest.raises(CircuitOpen):
        breaker.check()
