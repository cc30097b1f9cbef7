"""Alpaca's recorded bars, read whole: expected numbers are those in the recordings' own text."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from marketdata_assets.core.periods import Window
from marketdata_assets.core.timeframes import timeframe
from marketdata_assets.sources.errors import SchemaChanged
from marketdata_assets.sources.page import page_series
from marketdata_assets.sources.question import Question
from marketdata_assets.sources.registry import vendor

pytestmark = pytest.mark.realdata
SOURCE = vendor("alpaca")
NOW = datetime(2026, 11, 1, tzinfo=UTC)


def recorded(shared: Path, name: str) -> Any:
    return json.loads((shared / "fixtures" / "alpaca" / f"{name}.json").read_text())


def asked(start: str, end: str, *symbols: str, length: str = "1d", dataset: str = "bars") -> Question:
    window = Window(datetime.fromisoformat(start).replace(tzinfo=UTC), datetime.fromisoformat(end).replace(tzinfo=UTC))
    return Question(dataset, symbols, window, timeframe(length), SOURCE.chosen({}))


def read(document: Any, question: Question) -> list[tuple[Any, ...]]:
    """Symbol, label, o, h, l, c, v, vw, n of every bar the shared checks let through."""
    told = page_series(SOURCE.dataset(question.dataset), question, document, NOW)
    assert not any(series.refused.height for series in told)
    order = ("timestamp", "open", "high", "low", "close", "volume", "vwap", "trade_count")
    return [(series.vendor_symbol, *row) for series in told for row in series.bars.select(order).rows()]


def day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_a_company_that_changed_its_ticker_is_read_under_the_new_one_across_two_pages(shared: Path) -> None:
    question = asked("2022-06-08", "2022-06-14", "META")
    pages = [recorded(shared, f"stocks_bars__META_asof_rename_page{n}") for n in (1, 2)]
    assert [read(page, question) for page in pages] == [
        [
            ("META", day("2022-06-08"), 194.67, 202.03, 194.41, 196.64, 22211813.0, 198.364578, 246906),
            ("META", day("2022-06-09"), 194.28, 199.45, 183.68, 184.0, 23458984.0, 190.750577, 281546),
        ],
        [
            ("META", day("2022-06-10"), 183.04, 183.1, 175.02, 175.57, 27398594.0, 177.335914, 365035),
            ("META", day("2022-06-13"), 170.59, 172.575, 164.03, 164.26, 31514255.0, 167.257431, 436284),
        ],
    ]


@pytest.mark.parametrize("name", ["stocks_bars__empty_multi_endpoint", "stocks_bars__empty_two_symbols"])
def test_an_empty_map_is_no_bars(shared: Path, name: str) -> None:
    assert read(recorded(shared, name), asked("2022-06-08", "2022-06-14", "AAPL", "NIO")) == []


def test_a_null_in_place_of_bars_is_no_bars(shared: Path) -> None:
    document = recorded(shared, "stocks_symbol_bars__null_bars")
    assert document["bars"] is None
    assert read(document, asked("2022-06-08", "2022-06-14", "AAPL")) == []


def test_several_symbols_of_one_page_come_apart(shared: Path) -> None:
    rows = read(recorded(shared, "stocks_bars__multi_symbol_1day"), asked("2021-10-13", "2021-10-16", "AAPL", "NIO"))
    assert [(symbol, at, close) for symbol, at, _, _, _, close, *_ in rows] == [
        ("AAPL", day("2021-10-13"), 140.91),
        ("AAPL", day("2021-10-14"), 143.76),
        ("AAPL", day("2021-10-15"), 144.84),
        ("NIO", day("2021-10-13"), 36.24),
        ("NIO", day("2021-10-14"), 36.28),
        ("NIO", day("2021-10-15"), 37.71),
    ]
    assert rows[-1] == ("NIO", day("2021-10-15"), 37.0, 38.29, 36.935, 37.71, 48138793.0, 37.647123, 257074)


def test_bars_of_a_quarter_hour_keep_their_start(shared: Path) -> None:
    rows = read(recorded(shared, "stocks_bars__AMZN_15min"), asked("2021-10-15", "2021-10-16", "AMZN", length="15m"))
    assert [row[1].strftime("%H:%M") for row in rows] == ["16:00", "16:15", "16:30", "16:45", "17:00"]
    assert rows[3][2:] == (3379.73, 3387.17, 3378.7701, 3386.7615, 83180.0, 3381.838113, 4736)


def test_the_newest_may_come_first(shared: Path) -> None:
    rows = read(recorded(shared, "stocks_bars__AAPL_sort_desc"), asked("2023-09-25", "2023-09-28", "TSLA"))
    assert [(row[1], row[5]) for row in rows] == [(day("2023-09-27"), 240.5), (day("2023-09-26"), 244.12), (day("2023-09-25"), 246.99)]


def test_both_sides_of_a_spin_off_are_read_as_sent(shared: Path) -> None:
    rows = read(recorded(shared, "stocks_bars__GE_spin_off_adjusted"), asked("2024-04-01", "2024-04-03", "GE"))
    assert [(row[1], row[2], row[5], row[6]) for row in rows] == [
        (day("2024-04-01"), 138.48, 138.29, 5905509.0),
        (day("2024-04-02"), 138.96, 134.94, 20490401.0),
    ]


@pytest.mark.parametrize(("stamp", "session"), [("2022-03-11T05:00:00Z", "2022-03-11"), ("2022-03-14T04:00:00Z", "2022-03-14")])
def test_midnight_in_new_york_is_the_session_on_both_sides_of_the_clock_change(stamp: str, session: str) -> None:
    bar = {"t": stamp, "o": 1.0, "h": 1.0, "l": 1.0, "c": 1.0, "v": 1}
    rows = read({"bars": {"BRK.B": [bar]}, "next_page_token": None}, asked("2022-03-01", "2022-04-01", "BRK.B"))
    assert [(row[0], row[1]) for row in rows] == [("BRK.B", day(session))]


def test_prices_in_another_currency_are_not_taken_for_dollars(shared: Path) -> None:
    document = recorded(shared, "stocks_bars_latest__currency_JPY")
    with pytest.raises(SchemaChanged, match="JPY"):
        read(document, asked("2023-01-14", "2023-01-15", "AAPL", length="1m"))
