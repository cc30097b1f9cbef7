"""B12: most of what is asked fails, each in its own way; the rest is delivered and the failures are listed."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from typing import Any

import pytest

from marketdata_assets.core.periods import Window
from marketdata_assets.core.timeframes import timeframe
from marketdata_assets.sources.budget import Budget, Quota
from marketdata_assets.sources.gather import Batch, Outcome
from marketdata_assets.sources.windows import chunks
from marketdata_tests.support.loopback import Answering, Loopback, Raw, Reply, gz, head, js
from marketdata_tests.support.toy_vendor import BARS, client
from marketdata_tests.support.virtual_time import VirtualTime, run

YEAR = Window(datetime(2024, 1, 1, tzinfo=UTC), datetime(2025, 1, 1, tzinfo=UTC))
GOOD = js({"bars": [{"t": 1, "c": 2.0}]})
BAD: dict[str, Answering] = {
    "not_found": js({"message": "unknown symbol"}, 404),
    "rejected": js({"message": "invalid symbol"}, 400),
    "not_entitled": js({"message": "upgrade"}, 403),
    "schema_changed": Reply(b'{"bars":[{"c":NaN}]}'),
    "truncated": gz(b'{"bars":[]}' * 100, keep=slice(0, 20)),
    "unavailable": js({"message": "internal error"}, 500),
    "diverted": Reply(b"", 302, {"Location": "https://evil.test/"}),
    "oversized": Raw(head("Content-Length: 9999999999")),
    "paging": js({"bars": [1], "next_page_token": "same"}),
}


def ask(answers: dict[str, Answering], window: Window = YEAR, parts: int = 1, **api: Any) -> list[Outcome[list[Any]]]:
    """Every symbol of `answers` asked for at once, each in a batch of its own."""
    time = VirtualTime()

    async def scene() -> list[Outcome[list[Any]]]:
        async with Loopback(time) as server, client(server, time, **api) as toy:
            for symbol, answer in answers.items():
                server.on(f"/bars/{symbol}", answer)

            async def fetch(batch: Batch) -> dict[str, list[Any] | None]:
                (symbol,) = batch.symbols
                request = BARS.request({"start": batch.window.start.isoformat()}, symbol=symbol)
                return {symbol: [row async for page in toy.pages(request) for row in page.rows("bars")]}

            windows = chunks(window, timeframe("1d"), 366 // parts)
            return await toy.gather([Batch((symbol,), part) for symbol in answers for part in windows], fetch)

    return run(scene())


@pytest.mark.parametrize(
    ("kind", "arrangement"),
    [
        *[(kind, "mixed") for kind in BAD],
        *[(kind, order) for kind in ("every kind", "unavailable") for order in ("failing first", "failing last")],
    ],
)
def test_eighty_of_a_hundred_fail_and_twenty_are_delivered(kind: str, arrangement: str) -> None:
    kinds = list(BAD) if kind == "every kind" else [kind]
    failing = {f"S{n:03}": kinds[n % len(kinds)] for n in range(80)}
    order = [*failing, *(f"S{n:03}" for n in range(80, 100))]
    if arrangement == "failing last":
        order.reverse()
    elif arrangement == "mixed":
        random.Random(3).shuffle(order)
    budget = Budget((Quota(6_000, 60.0),))
    outcomes = ask({symbol: BAD[failing[symbol]] if symbol in failing else GOOD for symbol in order}, budget=budget, attempts=3)
    assert [outcome.symbol for outcome in outcomes] == order
    assert {o.symbol for o in outcomes if o.state == "delivered"} == set(order) - set(failing)
    for outcome in outcomes:
        if outcome.fault is not None:
            code = outcome.fault.code
            assert code == failing[outcome.symbol] or (code == "circuit_open" and failing[outcome.symbol] in {"unavailable", "truncated"})
            assert outcome.fault.remedy


def test_empty_symbols_are_told_from_failed_ones() -> None:
    outcomes = ask({"A": GOOD, "B": js({"bars": []}), "C": js({"bars": None}), "D": js({}, 404)})
    assert {o.symbol: o.state for o in outcomes} == {"A": "delivered", "B": "empty", "C": "empty", "D": "failed"}


def test_a_chunk_that_fails_leaves_the_other_chunks_of_its_symbol() -> None:
    def moody(asked: Any) -> Reply:
        return js({"message": "no such month"}, 404) if "2024-05" in asked.query["start"] else GOOD

    outcomes = ask({"A": moody}, parts=3)
    assert [(o.window.start.month, o.state) for o in outcomes] == [(1, "delivered"), (5, "failed"), (9, "delivered")]
