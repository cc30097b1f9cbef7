from __future__ import annotations

import asyncio
import fcntl
import os
from pathlib import Path

import pytest

from marketdata_assets.core.faults import ConfigFault, StorageFault
from marketdata_assets.sources import throttle as throttle_module
from marketdata_assets.sources.budget import Budget, Quota, Reported
from marketdata_assets.sources.errors import CircuitOpen, RateLimited
from marketdata_assets.sources.throttle import Throttle
from marketdata_tests.support.fake_time import FakeTime

REPORTED = Reported("X-Limit", "X-Remaining", None, "X-Reset", "seconds")


def throttle(*quotas: Quota, time: FakeTime, folder: Path | None = None, **options: float) -> Throttle:
    return Throttle("toy", "default", Budget(quotas), folder=folder, time=time, **options)


def test_a_hundred_who_come_at_once_leave_evenly_and_in_order() -> None:
    time, left = FakeTime(), []

    async def one(gate: Throttle, number: int) -> None:
        await gate.admit(1)
        left.append((number, time.at))

    async def crowd() -> None:
        gate = throttle(Quota(10, 1.0), time=time)
        await asyncio.gather(*(one(gate, number) for number in range(100)))

    asyncio.run(crowd())
    assert [number for number, _ in left] == list(range(100))
    assert max(sum(1 for _, at in left if start <= at < start + 1.0) for _, start in left) <= 10
    assert left[-1][1] - left[0][1] <= 99 / (10 * 0.95)


def test_a_refusal_stops_everybody_until_the_pause_is_over() -> None:
    time = FakeTime()

    async def scene() -> float:
        gate = throttle(time=time)
        await gate.admit(1)
        assert await gate.refused(30.0) == 30.0
        await gate.admit(1)
        return time.at

    assert asyncio.run(scene()) == pytest.approx(1_030.0)


def test_nobody_waits_for_longer_than_their_patience() -> None:
    time = FakeTime()

    async def scene() -> None:
        gate = throttle(Quota(1, 86_400.0), time=time)
        await gate.admit(1)
        await gate.admit(1)

    with pytest.raises(RateLimited, match="try again after 2025-11-22T12") as caught:
        asyncio.run(scene())
    assert caught.value.final
    assert caught.value.retryable
    assert not time.naps


def test_a_ban_longer_than_a_quarter_of_an_hour_is_not_sat_out() -> None:
    time = FakeTime()

    async def scene() -> None:
        gate = throttle(time=time)
        await gate.refused(259_200.0)
        with pytest.raises(RateLimited):
            await gate.admit(1)
        time.pass_by(901)
        await gate.admit(1)

    asyncio.run(scene())


def test_nothing_left_until_a_reset_means_waiting_for_it() -> None:
    time = FakeTime()

    async def scene() -> None:
        gate = throttle(Quota(200, 60.0, reported=REPORTED), time=time)
        await gate.admit(1)
        await gate.observe({"X-Limit": "200", "X-Remaining": "0", "X-Reset": "17"})
        await gate.admit(1)

    asyncio.run(scene())
    assert time.at >= 1_017.0


def test_what_others_used_under_the_same_key_is_taken_off_ours() -> None:
    time = FakeTime()

    async def scene() -> list[int]:
        gate = throttle(Quota(200, 60.0, reported=REPORTED), time=time)
        await gate.admit(1)
        await gate.observe({"X-Limit": "200", "X-Remaining": "50"})
        return await gate.left()

    assert asyncio.run(scene()) == [50]


def test_headers_that_say_nonsense_change_nothing() -> None:
    time = FakeTime()

    async def scene() -> list[int]:
        gate = throttle(Quota(200, 60.0, reported=REPORTED), Quota(5, 1.0), time=time)
        for nonsense in ({}, {"X-Remaining": "many"}, {"X-Remaining": "-1", "X-Limit": "-200"}, {"X-Limit": "0"}):
            await gate.observe(nonsense)
        return await gate.left()

    assert asyncio.run(scene()) == [200, 5]
    assert not time.naps


def test_a_request_that_no_window_can_hold_is_a_mistake_of_the_description() -> None:
    with pytest.raises(ConfigFault, match="weighs 50"):
        asyncio.run(throttle(Quota(20, 1.0, "weight"), time=FakeTime()).admit(50))


def test_a_closed_gate_is_felt_by_those_in_the_queue_and_costs_nothing() -> None:
    time = FakeTime()

    def shut() -> None:
        raise CircuitOpen("asking toy", "it failed", final=True)

    async def scene() -> list[int]:
        gate = throttle(Quota(5, 60.0, burst=5), time=time)
        with pytest.raises(CircuitOpen):
            await gate.admit(1, shut)
        return await gate.left()

    assert asyncio.run(scene()) == [5]


def test_somebody_who_gives_up_in_the_queue_leaves_it_whole() -> None:
    time = FakeTime()

    async def scene() -> None:
        gate = throttle(Quota(1, 1.0), time=time)
        await gate.admit(1)
        waiting = [asyncio.create_task(gate.admit(1)) for _ in range(3)]
        await asyncio.sleep(0)
        waiting[0].cancel()
        waiting[1].cancel()
        await asyncio.wait_for(waiting[2], 5)

    asyncio.run(scene())


def test_success_forgives_and_the_next_refusal_starts_small(tmp_path: Path) -> None:
    time = FakeTime()

    async def scene() -> list[float]:
        gate, pauses = throttle(time=time, folder=tmp_path), []
        for _ in range(3):
            pauses.append(await gate.refused(None))
            await gate.admit(1)
        other = throttle(time=time, folder=tmp_path)
        await other.admit(1)
        await other.served()
        pauses.append(await gate.refused(None))
        return pauses

    assert asyncio.run(scene()) == [1, 2, 4, 1]


def test_a_lock_that_a_stopped_run_holds_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttle_module, "LOCK_PATIENCE", 0.05)

    def state_file() -> Path:
        (path,) = tmp_path.iterdir()
        return path

    async def scene() -> None:
        gate = throttle(time=FakeTime(), folder=tmp_path)
        fd = os.open(state_file(), os.O_RDWR)
        fcntl.flock(fd, fcntl.LOCK_EX)
        with pytest.raises(StorageFault, match="stopped run"):
            await gate.admit(1)
        os.close(fd)
        await gate.admit(1)

    asyncio.run(scene())
