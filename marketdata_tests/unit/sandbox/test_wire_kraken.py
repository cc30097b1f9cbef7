"""Kraken in the sandbox: errors within HTTP 200, the newest 720 candles and the running one, cursors of nanoseconds."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from marketdata_assets.sandbox.market import Market
from marketdata_assets.sandbox.wire.server import serving
from marketdata_tests.unit.sandbox.shapes import row_shape, shape
from marketdata_tests.unit.sandbox.venue import Venue

NOON = datetime(2025, 6, 20, 12, 30, tzinfo=UTC)
RUNNING = 1_750_420_800  # 2025-06-20 12:00 UTC


@pytest.fixture(scope="module")
def kraken(market: Market) -> Iterator[Venue]:
    with serving(market, ["kraken"], limits=False, seen_at=NOON) as server:
        yield Venue(server, "kraken")


def asked(kraken: Venue, method: str, **query: object) -> Any:
    answer = kraken.get(f"/0/public/{method}", **query)
    assert answer.status == 200
    assert answer.json["error"] == []
    return answer.json["result"]


def hours(kraken: Venue, pair: str = "SIMAUSDT", **query: object) -> list[list[Any]]:
    rows: list[list[Any]] = asked(kraken, "OHLC", pair=pair, interval=60, **query)["SIMAUSDT" if pair == "SIMA/USDT" else pair]
    return rows


def test_720_candles_come_and_the_running_one_whatever_since_says(kraken: Venue) -> None:
    for query in ({}, {"since": 1}, {"since": 1_600_000_000}):
        rows = hours(kraken, **query)
        assert [row[0] for row in rows] == [RUNNING + 3600 * n for n in range(-720, 1)]


def test_last_is_the_newest_candle_that_is_done(kraken: Venue) -> None:
    assert asked(kraken, "OHLC", pair="SIMAUSDT", interval=60)["last"] == RUNNING - 3600


def test_since_is_inclusive_and_the_running_candle_comes_with_any(kraken: Venue) -> None:
    assert [row[0] for row in hours(kraken, since=RUNNING - 7200)] == [RUNNING - 7200, RUNNING - 3600, RUNNING]
    assert [row[0] for row in hours(kraken, since=RUNNING + 10**6)] == [RUNNING]


def test_candles_are_those_of_the_kraken_feed(kraken: Venue, market: Market) -> None:
    sent = {file.path: file.data.decode() for delivery in market.deliveries() for file in delivery.files if file.source == "kraken"}
    landed = {int(line.split(",")[0]): [float(cell) for cell in line.split(",")[1:]] for line in sent["SIMAUSDT_60.csv"].splitlines()}
    compared = 0
    for at, *cells in hours(kraken)[:-1]:
        opened, high, low, close, _, volume, count = cells
        if at in landed:
            assert [float(opened), float(high), float(low), float(close), float(volume), count] == landed[at]
            compared += 1
    assert compared == 720


def test_an_hour_without_a_trade_is_flat_at_the_last_price(kraken: Venue) -> None:
    rows = hours(kraken, "SIMCUSDT")
    empty = [(before, row) for before, row in itertools.pairwise(rows) if row[7] == 0]
    assert empty
    for before, row in empty:
        assert row[1:] == [before[4]] * 4 + ["0.0", "0.00000000", 0]


def test_hours_that_every_venue_lacks_are_flat_too(kraken: Venue, market: Market) -> None:
    gap = market.truth.defects.filter(source="kraken", kind="gap_everywhere").row(0, named=True)
    kraken.server.show(gap["last"].replace(day=gap["last"].day + 1))
    rows = {row[0]: row for row in hours(kraken)}
    kraken.server.show(NOON)
    for at in (gap["first"], gap["last"]):
        assert rows[int(at.timestamp())][5:] == ["0.0", "0.00000000", 0]


@pytest.mark.parametrize(("interval", "first"), [(1, 1_750_422_600), (15, 1_750_422_600), (240, 1_750_420_800), (1440, 1_750_377_600)])
def test_every_interval_ends_with_the_running_one(kraken: Venue, interval: int, first: int) -> None:
    rows = asked(kraken, "OHLC", pair="SIMAUSDT", interval=interval)["SIMAUSDT"]
    # At 12:30 sharp nothing of the interval that begins then is known yet.
    assert rows[-1][0] == (first if interval >= 240 else first - 60 * interval)
    assert all(b[0] - a[0] == 60 * interval for a, b in itertools.pairwise(rows))


def test_weeks_count_from_the_epoch_and_hold_their_days(kraken: Venue) -> None:
    weeks = asked(kraken, "OHLC", pair="SIMAUSDT", interval=10080)["SIMAUSDT"]
    assert all(row[0] % 604_800 == 0 for row in weeks)
    days = [row for row in asked(kraken, "OHLC", pair="SIMAUSDT", interval=1440)["SIMAUSDT"] if 0 <= row[0] - weeks[-2][0] < 604_800]
    assert len(days) == 7
    assert (weeks[-2][1], weeks[-2][4]) == (days[0][1], days[-1][4])
    assert float(weeks[-2][6]) == pytest.approx(sum(float(day[6]) for day in days), abs=1e-7)


@pytest.mark.parametrize("spelling", ["SIMAUSDT", "SIMA/USDT"])
def test_several_spellings_ask_for_one_pair_and_the_key_is_the_venues(kraken: Venue, spelling: str) -> None:
    assert set(asked(kraken, "OHLC", pair=spelling, interval=60)) == {"SIMAUSDT", "last"}
    assert set(asked(kraken, "OHLC", pair=spelling, interval=60, assetVersion=1)) == {"SIMA/USDT", "last"}


@pytest.mark.parametrize(
    ("method", "query", "words"),
    [
        ("OHLC", {"pair": "NOPE"}, "EQuery:Unknown asset pair"),
        ("OHLC", {}, "EGeneral:Invalid arguments"),
        ("OHLC", {"pair": "SIMAUSDT", "interval": 7}, "EGeneral:Invalid arguments"),
        ("OHLC", {"pair": "SIMAUSDT", "since": "x"}, "EGeneral:Invalid arguments"),
        ("Trades", {"pair": "SIMAUSDT", "count": 1001}, "EGeneral:Invalid arguments"),
        ("Depth", {"pair": "SIMAUSDT", "count": 501}, "EGeneral:Invalid arguments"),
        ("Ticker", {"pair": "NOPE"}, "EQuery:Unknown asset pair"),
        ("Nope", {}, "EGeneral:Unknown method"),
    ],
)
def test_errors_come_with_status_200_and_without_a_result(kraken: Venue, method: str, query: dict[str, object], words: str) -> None:
    answer = kraken.get(f"/0/public/{method}", **query)
    assert (answer.status, answer.json) == (200, {"error": [words]})


def test_pages_of_trades_overlap_in_the_cursors_trade_and_lose_none(kraken: Venue) -> None:
    start = 1_750_000_000_000_000_000
    pages = []
    cursor: object = start
    for _ in range(3):
        page = asked(kraken, "Trades", pair="SIMAUSDT", since=cursor, count=100)
        pages.append(page["SIMAUSDT"])
        cursor = page["last"]
    assert [len(page) for page in pages] == [100, 100, 100]
    assert [page[0] for page in pages[1:]] == [page[-1] for page in pages[:-1]]
    numbers = sorted({row[6] for page in pages for row in page})
    assert numbers == list(range(numbers[0], numbers[0] + 298))
    assert pages[0][0][2] >= start / 1e9


def test_the_newest_trades_come_without_a_cursor(kraken: Venue) -> None:
    rows = asked(kraken, "Trades", pair="SIMAUSDT")["SIMAUSDT"]
    assert len(rows) == 1000
    assert rows[-1][2] < NOON.timestamp()
    assert rows[-1][6] == asked(kraken, "Trades", pair="SIMAUSDT", count=1)["SIMAUSDT"][0][6]


def test_beyond_the_newest_trade_the_cursor_stays(kraken: Venue) -> None:
    page = asked(kraken, "Trades", pair="SIMAUSDT", since=1_900_000_000_000_000_000)
    assert page == {"SIMAUSDT": [], "last": "1900000000000000000"}


def test_a_burst_passes_then_a_request_a_second_and_pairs_are_counted_apart(market: Market) -> None:
    now = [0.0]
    with serving(market, ["kraken"], rate=3, monotonic=lambda: now[0]) as server:
        kraken = Venue(server, "kraken")

        def error(pair: str) -> list[str]:
            found: list[str] = kraken.get("/0/public/OHLC", pair=pair).json["error"]
            return found

        assert [error("SIMAUSDT") for _ in range(4)] == [[], [], [], ["EGeneral:Too many requests"]]
        assert error("SIMBUSDT") == []
        now[0] = 1.0
        assert [error("SIMAUSDT") for _ in range(2)] == [[], ["EGeneral:Too many requests"]]


@pytest.mark.realdata
@pytest.mark.parametrize(
    ("recorded", "method", "query", "key"),
    [
        ("rest_order_book", "Depth", {"pair": "SIMAUSDT", "count": 5}, True),
        ("rest_ticker", "Ticker", {"pair": "SIMAUSDT"}, True),
        ("rest_asset_pairs", "AssetPairs", {"pair": "SIMAUSDT"}, True),
        ("rest_server_time", "Time", {}, False),
        ("rest_system_status", "SystemStatus", {}, False),
    ],
)
def test_answers_have_the_recorded_shape(
    shared: Path, kraken: Venue, recorded: str, method: str, query: dict[str, object], key: bool
) -> None:
    expected = json.loads((shared / "fixtures/kraken" / f"{recorded}.json").read_text())["result"]
    made = asked(kraken, method, **query)
    assert shape(made["SIMAUSDT"] if key else made) == shape(expected["XBTUSDT"] if key else expected)


@pytest.mark.realdata
@pytest.mark.parametrize(("recorded", "method"), [("rest_ohlc", "OHLC"), ("rest_trades", "Trades")])
def test_rows_have_the_recorded_cells(shared: Path, kraken: Venue, recorded: str, method: str) -> None:
    expected = json.loads((shared / "fixtures/kraken" / f"{recorded}.json").read_text())["result"]
    made = asked(kraken, method, pair="SIMAUSDT")
    assert len(made["SIMAUSDT"]) == len(expected["XBTUSDT"])
    assert type(made["last"]) is type(expected["last"])
    assert {str(row_shape(row)) for row in made["SIMAUSDT"]} == {str(row_shape(row)) for row in expected["XBTUSDT"]}
