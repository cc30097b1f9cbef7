from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from marketdata_assets.core.periods import Window
from marketdata_assets.core.timeframes import timeframe
from marketdata_assets.sources.http import Client
from marketdata_assets.sources.page import page_series
from marketdata_assets.sources.question import Question
from marketdata_assets.sources.registry import vendor
from marketdata_tests.support.loopback import Asked, Loopback, Reply, js
from marketdata_tests.support.virtual_time import VirtualTime, run

BINANCE = vendor("binance")
BARS = BINANCE.dataset("bars")
START = datetime(2021, 10, 22, 23, 3, tzinfo=UTC)  # 1634943780
MINUTE = timedelta(minutes=1)


def minutes(count: int) -> Question:
    return Question("bars", ("BTCUSDT",), Window(START, START + count * MINUTE), timeframe("1m"), canonical=("BTC-USDT",))


def kline(opens: datetime) -> list[object]:
    ms = int(opens.timestamp()) * 1000
    return [ms, "1.1", "1.3", "1.0", "1.2", "7.5", ms + 59_999, "9.0", 3, "1.0", "1.2", "0"]


def test_a_question_is_one_request_from_the_first_millisecond_to_the_last() -> None:
    (request,) = BARS.ask(minutes(10))
    assert request.url("https://b") == (
        "https://b/api/v3/klines?limit=1000&symbol=BTCUSDT&interval=1m&startTime=1634943780000&endTime=1634944379999"
    )


def test_an_empty_window_asks_nothing() -> None:
    assert BARS.ask(minutes(0)) == []


@pytest.mark.realdata
def test_every_recorded_candle_is_a_bar_with_the_numbers_of_its_text(shared: Path) -> None:
    document = json.loads((shared / "fixtures/binance/rest_klines.json").read_bytes())
    frame = BARS.read(document, minutes(10))
    assert frame.select("open", "high", "low", "close", "volume").rows() == [tuple(map(float, row[1:6])) for row in document]
    assert frame["timestamp"].to_list() == [START + i * MINUTE for i in range(10)]
    assert frame["trade_count"].to_list() == [row[8] for row in document]
    assert frame.row(0, named=True) == {
        "vendor_symbol": "BTCUSDT",
        "timestamp": START,
        "open": 60685.22,
        "high": 60729.84,
        "low": 60670.90,
        "close": 60719.27,
        "volume": 21.63272,
        "trade_count": 617,
        "line": 1,
    }


@pytest.mark.realdata
def test_the_minute_that_still_ran_at_the_recording_is_left_out(shared: Path) -> None:
    document = json.loads((shared / "fixtures/binance/rest_klines.json").read_bytes())
    # Its tenth candle has 7 trades where the others have hundreds: it ran when the answer came.
    (series,) = page_series(BARS, minutes(10), document, START + 9 * MINUTE)
    assert series.bars.height == 9
    assert series.refused.height == 0
    assert set(series.bars["tape"]) == {"binance"}


def test_no_candles_are_no_rows() -> None:
    assert BARS.read([], minutes(10)).height == 0
    assert page_series(BARS, minutes(10), [], START) == []


@pytest.mark.parametrize(
    "document",
    [{"msg": "other"}, [kline(START)[:11]], [[*kline(START)[:1], 1.1, *kline(START)[2:]]], [[1634943780, *kline(START)[1:]]]],
    ids=["object", "eleven cells", "number for text", "seconds for milliseconds"],
)
def test_another_shape_is_no_answer(document: object) -> None:
    with pytest.raises((TypeError, ValueError)):
        BARS.read(document, minutes(10))


def test_pages_of_a_thousand_are_asked_until_the_window_is_full() -> None:
    def answer(asked: Asked) -> Reply:
        first = datetime.fromtimestamp(int(asked.query["startTime"]) / 1000, UTC)
        first += (START - first) % MINUTE
        rows = [kline(first + i * MINUTE) for i in range(1000)]
        return js([row for row in rows if row[0] <= int(asked.query["endTime"])])

    async def ask() -> tuple[list[int], list[Asked]]:
        async with Loopback().on("/api/v3/klines", answer) as server:
            (api, _) = BINANCE.apis_for(base_url=server.url)
            async with Client(api, time=VirtualTime()) as client:
                (request,) = BARS.ask(minutes(2500))
                return [len(page.data) async for page in client.pages(request)], server.asked

    sizes, asked = run(ask())
    assert sizes == [1000, 1000, 500]
    assert [int(one.query["startTime"]) - 1634943780000 for one in asked] == [0, 999 * 60_000 + 1, 1999 * 60_000 + 1]


def test_binance_us_is_a_plan_with_a_host_and_a_tape_of_its_own() -> None:
    assert {api.base_url for api in BINANCE.apis_for("us")} == {"https://api.binance.us"}
    assert {api.base_url for api in BINANCE.apis_for("us", "http://127.0.0.1:1")} == {"http://127.0.0.1:1"}
    assert BARS.tape_of(BINANCE.chosen({}, "us")) == "binance_us"
    assert BARS.tape_of(BINANCE.chosen({})) == "binance"
    assert [dataset.name for dataset in BINANCE.datasets if not dataset.serves("us")] == ["dumps"]


def test_pairs_are_spelled_without_a_joint() -> None:
    assert BINANCE.spellings["crypto"].theirs("BTC-USDT") == "BTCUSDT"
