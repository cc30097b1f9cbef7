"""Finnhub's candles as its documentation prints them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from marketdata_assets.core.periods import Window
from marketdata_assets.core.timeframes import timeframe
from marketdata_assets.sources.page import page_series
from marketdata_assets.sources.question import Question
from marketdata_assets.sources.vendors.finnhub import SOURCE

pytestmark = pytest.mark.realdata
EVER = Window(datetime(1999, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))
ASKED = Question("bars", ("AAPL",), EVER, timeframe("1d"))


def test_the_printed_candles_are_bars_and_no_data_is_none(shared: Path) -> None:
    document = json.loads((shared / "fixtures/finnhub/stock_candle__shape.json").read_bytes())
    (series,) = page_series(SOURCE.dataset("bars"), ASKED, document, EVER.end)
    midnights = [datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds) - timedelta(hours=4) for seconds in document["t"]]
    assert series.bars["timestamp"].to_list() == midnights  # the example's stamps are midnight in a New York summer
    for ours, theirs in {"open": "o", "high": "h", "low": "l", "close": "c", "volume": "v"}.items():
        assert series.bars[ours].to_list() == document[theirs]
    assert series.bars["timestamp"][0] == datetime(2019, 9, 24, tzinfo=UTC)
    nothing = json.loads((shared / "fixtures/finnhub/stock_candle__no_data.json").read_bytes())
    assert page_series(SOURCE.dataset("bars"), ASKED, nothing, EVER.end) == []
