from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from marketdata_assets.core.periods import Window
from marketdata_assets.core.timeframes import timeframe
from marketdata_assets.sources.page import page_series
from marketdata_assets.sources.question import Data, Question
from marketdata_assets.sources.registry import vendor

COINBASE = vendor("coinbase")
BARS, ADVANCED = COINBASE.dataset("bars"), COINBASE.dataset("advanced_bars")
START = datetime(2024, 3, 13, tzinfo=UTC)
HOUR = timedelta(hours=1)


def hours(count: int, start: datetime = START, symbol: str = "BTC-USDT") -> Question:
    return Question("bars", (symbol,), Window(start, start + count * HOUR), timeframe("1h"))


def test_a_window_is_asked_three_hundred_candles_at_a_time_between_inclusive_bounds() -> None:
    urls = [request.url("https://c") for request in BARS.ask(hours(400))]
    assert urls == [
        "https://c/products/BTC-USDT/candles?granularity=3600&start=2024-03-13T00:00:00Z&end=2024-03-25T11:59:59Z",
        "https://c/products/BTC-USDT/candles?granularity=3600&start=2024-03-25T12:00:00Z&end=2024-03-29T15:59:59Z",
    ]


def test_advanced_trade_is_asked_in_seconds_and_words() -> None:
    urls = [request.url("https://c") for request in ADVANCED.ask(hours(350))]
    assert urls == [
        "https://c/api/v3/brokerage/market/products/BTC-USDT/candles?start=1710288000&end=1711544399&granularity=ONE_HOUR",
        "https://c/api/v3/brokerage/market/products/BTC-USDT/candles?start=1711544400&end=1711547999&granularity=ONE_HOUR",
    ]


@pytest.mark.realdata
def test_a_recorded_candle_has_its_low_and_high_before_its_open(shared: Path) -> None:
    document = json.loads((shared / "fixtures/coinbase/exchange_candles_BTC-USDT_1h_ccxt_2024-03-13.json").read_bytes())
    assert BARS.read(document, hours(24)).rows(named=True) == [
        {
            "vendor_symbol": "BTC-USDT",
            "timestamp": datetime(2024, 3, 13, 11, tzinfo=UTC),
            "open": 73243.33,
            "high": 73402.47,
            "low": 73241.5,
            "close": 73370.65,
            "volume": 1.56794406,
            "line": 1,
        }
    ]


@pytest.mark.realdata
def test_recorded_candles_of_advanced_trade_are_bars_newest_first(shared: Path) -> None:
    document = json.loads((shared / "fixtures/coinbase/advanced_rest_candles.json").read_bytes())
    frame = ADVANCED.read(document, hours(24))
    assert frame.select("open", "high", "low", "close", "volume").rows() == [
        (66312.4, 66331.99, 66055.14, 66181.6, 355.82896243),
        (65984.18, 66387.77, 65857.35, 66314.59, 358.74851052),
    ]
    assert frame["timestamp"].to_list() == [datetime(2024, 4, 4, 1, tzinfo=UTC), datetime(2024, 4, 4, tzinfo=UTC)]


def test_hours_without_a_trade_have_no_bar_and_rows_from_before_the_window_are_left_out() -> None:
    at = int(START.timestamp())
    document = [[at + 3 * 3600, 1, 4, 2, 3, 0.5], [at, 1.5, 4, 2, 3, 0.5], [at - 3600, 1, 4, 2, 3, 0.5]]
    (series,) = page_series(BARS, hours(24), document, START + 24 * HOUR)
    assert series.bars["timestamp"].to_list() == [START + 3 * HOUR, START]
    assert series.refused.height == 0


def test_no_candles_are_no_rows() -> None:
    assert BARS.read([], hours(1)).height == 0
    assert ADVANCED.read({"candles": []}, hours(1)).height == 0


@pytest.mark.parametrize("row", [[1710327600, "1", 4, 2, 3, 0.5], [1710327600000, 1, 4, 2, 3, 0.5], [1710327600, 1, 4, 2, 3]])
def test_another_shape_is_no_answer(row: list[object]) -> None:
    with pytest.raises(ValueError):
        BARS.read([row], hours(24))
    with pytest.raises((KeyError, TypeError)):
        ADVANCED.read([row], hours(24))


def test_only_advanced_trade_has_bars_of_thirty_minutes_and_four_hours() -> None:
    found = {name: COINBASE.serving(Data.BARS, "crypto", name) for name in ("1m", "1d", "30m", "4h", "12h")}
    assert {name: one and one.name for name, one in found.items()} == {
        "1m": "bars",
        "1d": "bars",
        "30m": "advanced_bars",
        "4h": "advanced_bars",
        "12h": None,
    }
