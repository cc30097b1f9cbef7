from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from marketdata_assets.core.periods import Window
from marketdata_assets.core.timeframes import timeframe
from marketdata_assets.sources.errors import NotFound
from marketdata_assets.sources.page import page_series
from marketdata_assets.sources.question import Data, Question
from marketdata_assets.sources.registry import vendor
from marketdata_assets.sources.vendors.kraken.pairs import asked_name

KRAKEN = vendor("kraken")
BARS = KRAKEN.dataset("bars_1m")
START = datetime(2025, 11, 10, 12, 17, tzinfo=UTC)  # 1762777020
MINUTE = timedelta(minutes=1)


def asking(start: datetime, minutes: int, symbol: str = "XBTUSDT") -> Question:
    return Question("bars_1m", (symbol,), Window(start, start + minutes * MINUTE), timeframe("1m"), canonical=("BTC-USDT",))


def candle(starts: int, price: str = "1.5", trades: int = 2) -> list[Any]:
    return [starts, price, price, price, price, price, "3.25", trades]


@pytest.fixture
def recorded(shared: Path) -> dict[str, Any]:
    return dict(json.loads((shared / "fixtures/kraken/rest_ohlc.json").read_bytes()))


def test_the_second_before_the_window_is_asked_for() -> None:
    (request,) = BARS.ask(asking(START, 720))
    assert request.url("https://k") == "https://k/0/public/OHLC?pair=XBTUSDT&interval=1&since=1762777019"


@pytest.mark.realdata
def test_every_recorded_candle_is_a_bar_with_the_numbers_of_its_text(recorded: dict[str, Any]) -> None:
    rows = recorded["result"]["XBTUSDT"]
    frame = BARS.read(recorded, asking(START, 721))
    assert frame.height == len(rows) == 721
    assert frame.select("open", "high", "low", "close", "volume", "trade_count").rows() == [
        (*map(float, row[1:5]), float(row[6]), row[7]) for row in rows
    ]
    assert frame["timestamp"].to_list() == [datetime.fromtimestamp(row[0], UTC) for row in rows]
    assert frame["vwap"].to_list() == [float(row[5]) if row[7] else None for row in rows]
    assert frame["vwap"].null_count() == 216


@pytest.mark.realdata
def test_the_running_candle_is_last_and_left_out(recorded: dict[str, Any]) -> None:
    # The minute of the recording is the one after `last`, the start of the newest committed candle.
    received = datetime.fromtimestamp(recorded["result"]["last"], UTC) + MINUTE
    (series,) = page_series(BARS, asking(START, 721), recorded, received)
    assert series.bars.height == 720
    assert series.bars["timestamp"].max() == received - MINUTE


@pytest.mark.realdata
def test_candles_before_and_after_the_window_are_left_out_without_a_word(recorded: dict[str, Any]) -> None:
    (series,) = page_series(BARS, asking(START + 100 * MINUTE, 60), recorded, START + 999 * MINUTE)
    assert (series.bars.height, series.refused.height) == (60, 0)


@pytest.mark.realdata
def test_a_window_from_before_the_newest_candles_is_refused_rather_than_cut(recorded: dict[str, Any]) -> None:
    with pytest.raises(NotFound, match="begin at 2025-11-10 12:17 UTC"):
        BARS.read(recorded, asking(START - MINUTE, 60))


def test_a_short_answer_reaches_as_far_as_there_is_anything() -> None:
    document = {"error": [], "result": {"XBTUSDT": [candle(1762777020)], "last": 1762776960}}
    assert BARS.read(document, asking(START - 600 * MINUTE, 700)).height == 1


def test_no_candles_are_no_rows() -> None:
    for document in ({"error": [], "result": {"XBTUSDT": [], "last": 0}}, {"error": [], "result": {"last": 0}}):
        frame = BARS.read(document, asking(START, 1))
        assert (frame.height, frame.columns[:3]) == (0, ["vendor_symbol", "timestamp", "open"])


def test_the_key_of_the_answer_is_another_than_the_one_asked_for() -> None:
    document = {"error": [], "result": {"XXBTZUSD": [candle(1762777020)], "last": 0}}
    assert BARS.read(document, asking(START, 1, "XBTUSD"))["vendor_symbol"].to_list() == ["XBTUSD"]


def test_another_pair_than_the_one_asked_for_keeps_its_name_and_is_refused() -> None:
    document = {"error": [], "result": {"XETHZUSD": [candle(1762777020)], "last": 0}}
    (series,) = page_series(BARS, asking(START, 1, "XBTUSD"), document, START + MINUTE)
    assert series.refused["rule"].to_list() == ["other_symbol"]


@pytest.mark.realdata
def test_every_listed_key_is_found_by_its_alternative_name_and_by_no_other(shared: Path) -> None:
    text = (shared / "fixtures/kraken/recorded_http_AssetPairs_2021-04-17.txt").read_text().splitlines()[0]
    pairs = json.loads(text.split(": ", 1)[1])["result"]
    names = {key: pair["altname"] for key, pair in pairs.items()}
    everything = Question("listings", tuple(names.values()))
    assert {key: asked_name(key, everything) for key in names} == names
    assert len(names) == 304


def test_each_length_reaches_back_seven_hundred_bars_and_none_lasts_twelve_hours() -> None:
    reaches = {name: KRAKEN.serving(Data.BARS, "crypto", name) for name in ("1m", "1h", "1d", "12h")}
    assert reaches.pop("12h") is None
    assert {name: one.history for name, one in reaches.items() if one} == {
        "1m": timedelta(minutes=700),
        "1h": timedelta(hours=700),
        "1d": timedelta(days=700),
    }


def test_bitcoin_and_dogecoin_have_tickers_of_their_own() -> None:
    spelled = KRAKEN.spellings["crypto"].theirs
    assert (spelled("BTC-USD"), spelled("DOGE-BTC"), spelled("ETH-EUR")) == ("XBTUSD", "XDGXBT", "ETHEUR")
