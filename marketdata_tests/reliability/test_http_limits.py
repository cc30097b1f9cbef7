"""B1: refusals with and without a date, bans, outages and storms; never above the configured rate in any ten seconds."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from marketdata_assets.core.periods import Window
from marketdata_assets.sources.budget import Budget, Quota, Reported
from marketdata_assets.sources.errors import CircuitOpen, RateLimited, Unavailable
from marketdata_assets.sources.gather import Batch, Outcome
from marketdata_tests.support.loopback import Asked, Loopback, Reply, js
from marketdata_tests.support.toy_vendor import BARS, client
from marketdata_tests.support.virtual_time import VirtualTime, run

WEEK = Window(datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 1, 8, tzinfo=UTC))
RATE = Budget((Quota(120, 60.0),))


def busiest(asked: list[Asked], span: float = 10.0) -> int:
    times = [a.at for a in asked]
    return max(sum(1 for at in times if start <= at < start + span) for start in times)


def refusal(status: int, **headers: str) -> Reply:
    return js({"message": "slow down"}, status, **headers)


@pytest.mark.parametrize(
    ("first", "least", "most"),
    [
        (refusal(429, Retry_After="7"), 7.0, 8.0),
        (refusal(429, Retry_After="Fri, 21 Nov 2025 12:00:30 GMT"), 30.0, 31.0),
        (refusal(429, Retry_After="600"), 600.0, 601.0),
        (refusal(429), 1.0, 2.0),
        (refusal(429, Retry_After="-30"), 1.0, 2.0),
        (refusal(429, Retry_After="soon"), 1.0, 2.0),
        (refusal(429, Retry_After="Fri, 21 Nov 2025 11:00:00 GMT"), 1.0, 2.0),
        (refusal(418, Retry_After="120"), 120.0, 121.0),
        (refusal(503, Retry_After="45"), 45.0, 46.0),
        (refusal(503), 0.0, 0.5),
    ],
    ids=["seconds", "date", "ten minutes", "nothing", "negative", "words", "past date", "418", "503 with", "503 without"],
)
def test_what_the_vendor_asks_for_is_honoured(first: Reply, least: float, most: float) -> None:
    time = VirtualTime()

    async def scene() -> None:
        async with Loopback(time) as server, client(server.on("/bars/A", first, js({"bars": []})), time) as toy:
            await toy.fetch(BARS.request(symbol="A"))
            waited = server.asked[1].at - server.asked[0].at
            assert least <= waited <= most

    run(scene())


@pytest.mark.parametrize(("status", "asked_for"), [(429, "99999999"), (418, "259200"), (503, "86400")])
def test_a_wait_beyond_a_quarter_of_an_hour_is_refused_at_once_and_kept_for_a_quarter_of_an_hour(status: int, asked_for: str) -> None:
    time = VirtualTime()

    async def scene() -> None:
        async with Loopback(time) as server, client(server.on("/bars/A", refusal(status, Retry_After=asked_for), js({})), time) as toy:
            with pytest.raises((RateLimited, Unavailable)):
                await toy.fetch(BARS.request(symbol="A"))
            with pytest.raises(RateLimited, match="used up for another 900 s"):
                await toy.fetch(BARS.request(symbol="A"))
            assert len(server.asked) == 1
            assert time.naps == []
            await asyncio.sleep(900)
            await toy.fetch(BARS.request(symbol="A"))

    run(scene())


def test_a_refusal_holds_back_everybody_and_the_pauses_grow() -> None:
    time = VirtualTime()

    async def scene() -> None:
        async with Loopback(time) as server, client(server.on("/bars/A", refusal(429)), time, attempts=5) as toy:
            with pytest.raises(RateLimited):
                await toy.fetch(BARS.request(symbol="A"))
            gaps = [b.at - a.at for a, b in zip(server.asked, server.asked[1:], strict=False)]
            assert gaps == pytest.approx([1, 2, 4, 8])
            server.on("/bars/A", js({"bars": []}))
            await toy.fetch(BARS.request(symbol="A"))
            assert server.asked[-1].at - server.asked[-2].at == pytest.approx(16)

    run(scene())


def flood(answer: Callable[[Asked], Reply], budget: Budget, count: int = 150) -> tuple[list[Outcome[list[object]]], Loopback, VirtualTime]:
    """Asks for many symbols of a vendor that answers every path alike."""
    time = VirtualTime()

    async def scene() -> tuple[list[Outcome[list[object]]], Loopback]:
        async with Loopback(time) as server, client(server, time, budget=budget) as toy:
            batches = [Batch((f"S{n}",), WEEK) for n in range(count)]
            for batch in batches:
                server.on(f"/bars/{batch.symbols[0]}", answer)

            async def fetch(batch: Batch) -> dict[str, list[object] | None]:
                return {batch.symbols[0]: (await toy.fetch(BARS.request(symbol=batch.symbols[0]))).rows("bars")}

            return await toy.gather(batches, fetch), server

    outcomes, server = run(scene())
    return outcomes, server, time


def test_ten_seconds_never_hold_more_than_their_share_of_the_rate() -> None:
    outcomes, server, _ = flood(lambda _: js({"bars": [1]}), RATE)
    assert {outcome.state for outcome in outcomes} == {"delivered"}
    assert busiest(server.asked) <= 20
    assert busiest(server.asked, 60.0) <= 120
    span = server.asked[-1].at - server.asked[0].at
    assert (len(server.asked) - 1) / span >= 0.95 * 2, "and nearly all of it is used"


def test_a_vendor_that_refuses_every_third_request_still_delivers_everything_within_the_rate() -> None:
    seen = 0

    def moody(_: Asked) -> Reply:
        nonlocal seen
        seen += 1
        return refusal(429, Retry_After="3") if seen % 3 == 0 else js({"bars": [1]})

    outcomes, server, _ = flood(moody, RATE, 60)
    assert {outcome.state for outcome in outcomes} == {"delivered"}
    assert busiest(server.asked) <= 20


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_storm_of_outages_opens_the_circuit_and_spares_the_vendor(status: int) -> None:
    outcomes, server, _ = flood(lambda _: js({}, status), RATE)
    faults = [outcome.fault for outcome in outcomes]
    assert all(isinstance(fault, Unavailable) for fault in faults)
    assert sum(isinstance(fault, CircuitOpen) for fault in faults) > 100
    assert len(server.asked) < 60
    assert busiest(server.asked) <= 20


def test_a_storm_that_passes_leaves_nothing_undelivered() -> None:
    served = 0

    def storm(_: Asked) -> Reply:
        nonlocal served
        served += 1
        return js({}, 503) if served <= 30 else js({"bars": [1]})

    outcomes, server, _ = flood(storm, RATE)
    assert sum(outcome.state == "delivered" for outcome in outcomes) >= 145
    assert busiest(server.asked) <= 20


def test_a_vendor_that_counts_differently_is_believed() -> None:
    """Its window is a calendar minute, its limit half of what was configured, and somebody else uses the same key."""
    others, window, used, refused = 20, 0.0, 0, 0
    budget = Budget((Quota(120, 60.0, reported=Reported("X-Limit", "X-Remaining", None, "X-Reset", "seconds")),))
    clock = VirtualTime()

    def count(asked: Asked) -> Reply:
        nonlocal window, used, refused
        if math.floor(asked.at / 60) != window:
            window, used = math.floor(asked.at / 60), others
        used += 1
        told = {"X_Limit": "60", "X_Remaining": str(max(0, 60 - used)), "X_Reset": str(60 - asked.at % 60)}
        if used > 60:
            refused += 1
            return refusal(429, **told)
        return js({"bars": [1]}, 200, **told)

    outcomes, _, clock = flood(count, budget, 120)
    assert {outcome.state for outcome in outcomes} == {"delivered"}
    assert refused == 0
    assert clock.at - 1_000 < 60 * 5
