"""Faults on the wire reach the crypto venues' answers, each in the venue's own form."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from marketdata_assets.sandbox.market import Market
from marketdata_assets.sandbox.wire.faults import FaultPlan, FaultRule
from marketdata_assets.sandbox.wire.server import serving
from marketdata_tests.unit.sandbox.venue import Venue

MARCH = 1_740_787_200  # 2025-03-01 00:00 UTC
JUNE = 1_750_291_200  # 2025-06-19 00:00 UTC
# A request for some hours of each venue, and the rows in its answer as (instant, open, high, low, close).
HOURS: dict[str, tuple[str, Callable[[Any], list[tuple[float, ...]]]]] = {
    "binance": (
        f"/api/v3/klines?symbol=SIMAUSDT&interval=1h&startTime={MARCH}000&endTime={MARCH + 9 * 3600}000",
        lambda body: [(row[0] / 1000, *map(float, row[1:5])) for row in body],
    ),
    "coinbase": (
        f"/products/SIMA-USDT/candles?granularity=3600&start={MARCH}&end={MARCH + 9 * 3600}",
        lambda body: [(row[0], row[3], row[2], row[1], row[4]) for row in reversed(body)],
    ),
    "kraken": (
        f"/0/public/OHLC?pair=SIMAUSDT&interval=60&since={JUNE}",
        lambda body: [(row[0], *map(float, row[1:5])) for row in body["result"]["SIMAUSDT"]],
    ),
    "coingecko": (
        "/api/v3/coins/sima/ohlc?vs_currency=usd&days=7",
        lambda body: [(row[0] / 1000, *row[1:]) for row in body],
    ),
}
VENUES = sorted(HOURS)


@contextmanager
def venue(market: Market, name: str, *rules: FaultRule) -> Iterator[Venue]:
    with serving(market, [name], limits=False, faults=FaultPlan.of(*rules)) as server:
        yield Venue(server, name)


def rows(venue: Venue) -> list[tuple[float, ...]]:
    path, read = HOURS[venue.name]
    return read(venue.get(path).json)


@pytest.mark.parametrize("name", VENUES)
def test_a_damaged_bar_is_damaged_once(market: Market, name: str) -> None:
    with venue(market, name, FaultRule(what="x100", vendor=name)) as asked:
        damaged, whole = rows(asked), rows(asked)
    changed = [(bad, good) for bad, good in zip(damaged, whole, strict=True) if bad != good]
    assert len(changed) == 1
    ((bad, good),) = changed
    assert bad[1:] == pytest.approx([100 * price for price in good[1:]])


@pytest.mark.parametrize("name", VENUES)
def test_high_and_low_change_places(market: Market, name: str) -> None:
    with venue(market, name, FaultRule(what="high_below_low", vendor=name)) as asked:
        damaged = rows(asked)
    assert sum(high < low for _, _, high, low, _ in damaged) == 1


@pytest.mark.parametrize("name", VENUES)
def test_a_bar_from_outside_the_window_comes_along(market: Market, name: str) -> None:
    with venue(market, name, FaultRule(what="out_of_window", vendor=name)) as asked:
        damaged, whole = rows(asked), rows(asked)
    assert len(damaged) == len(whole) + 1
    assert max(row[0] for row in damaged) >= max(row[0] for row in whole) + 9 * 3600


@pytest.mark.parametrize("name", VENUES)
def test_throttling_is_told_in_the_venues_words(market: Market, name: str) -> None:
    with venue(market, name, FaultRule(what="rate_limit", vendor=name, retry_after="7")) as asked:
        answer = asked.get(HOURS[name][0])
        assert answer.headers["retry-after"] == "7"
        assert rows(asked)
    assert answer.status == (200 if name == "kraken" else 429)
    told = {
        "binance": lambda body: body["code"] == -1003,
        "coinbase": lambda body: "rate limit" in body["message"],
        "kraken": lambda body: body == {"error": ["EGeneral:Too many requests"]},
        "coingecko": lambda body: body["status"]["error_code"] == 429,
    }
    assert told[name](answer.json)


def test_a_ban_names_the_instant_it_ends(market: Market) -> None:
    with venue(market, "binance", FaultRule(what="ban", vendor="binance", retry_after="300")) as asked:
        answer = asked.get(HOURS["binance"][0])
    assert (answer.status, answer.json["code"], answer.headers["retry-after"]) == (418, -1003, "300")
    assert answer.json["msg"].startswith("Way too much request weight used; IP banned until 1")


def test_a_cursor_of_trades_can_run_in_circles(market: Market) -> None:
    path = "/0/public/Trades?pair=SIMAUSDT&count=10&since="
    with venue(market, "kraken", FaultRule(what="loop_cursor", vendor="kraken", times=None)) as asked:
        first = asked.get(f"{path}{MARCH}000000000").json["result"]["last"]
        assert asked.get(f"{path}{first}").json["result"]["last"] == first
