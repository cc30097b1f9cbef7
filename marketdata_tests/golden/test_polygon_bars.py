"""Polygon's recorded bars, read whole: expected numbers are those in the recordings' own text."""

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
SOURCE = vendor("polygon")
NOW = datetime(2026, 11, 1, tzinfo=UTC)


def recorded(shared: Path, name: str, *, adjusted: bool = False) -> Any:
    """A recording; all of them were made with the vendor's default, so what it says of adjustment is set to what we ask for."""
    document = json.loads((shared / "fixtures" / "polygon" / f"{name}.json").read_text())
    assert document["adjusted"] is True
    return {**document, "adjusted": adjusted}


def day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def asked(start: str, end: str, *symbols: str, length: str = "1d", dataset: str = "bars") -> Question:
    return Question(dataset, symbols, Window(day(start), day(end)), timeframe(length), SOURCE.chosen({}))


def read(document: Any, question: Question) -> list[tuple[Any, ...]]:
    """Symbol, label, o, h, l, c, v, vw, n of every bar the shared checks let through."""
    told = page_series(SOURCE.dataset(question.dataset), question, document, NOW)
    assert not any(series.refused.height for series in told)
    order = ("timestamp", "open", "high", "low", "close", "volume", "vwap", "trade_count")
    return [(series.vendor_symbol, *row) for series in told for row in series.bars.select(order).rows()]


def test_volumes_written_with_an_exponent_are_whole_numbers_of_shares(shared: Path) -> None:
    assert '"v":1.12117471e+08' in (shared / "fixtures" / "polygon" / "aggs__AAPL_1day_2023-01_recorded.json").read_text()
    rows = read(recorded(shared, "aggs__AAPL_1day_2023-01_recorded"), asked("2023-01-03", "2023-01-11", "AAPL"))
    assert [row[6] for row in rows] == [112117471.0, 89100633.0, 80716808.0, 87754715.0, 70790813.0, 63896155.0]
    assert [row[1].date().isoformat() for row in rows] == [f"2023-01-{d:02}" for d in (3, 4, 5, 6, 9, 10)]
    assert rows[0] == ("AAPL", day("2023-01-03"), 130.28, 130.9, 124.17, 125.07, 112117471.0, 125.725, 1021065)
    assert rows[5] == ("AAPL", day("2023-01-10"), 130.26, 131.2636, 128.12, 130.73, 63896155.0, 129.822, 554940)


def test_stamps_at_five_and_four_o_clock_are_the_sessions_on_both_sides_of_the_clock_change(shared: Path) -> None:
    # 1112331600000 is Friday 2005-04-01 05:00Z, 1112587200000 is Monday 2005-04-04 04:00Z: clocks moved on the Sunday between
    rows = read(recorded(shared, "aggs__AAPL_1day_2005"), asked("2005-04-01", "2005-04-05", "AAPL"))
    assert rows == [
        ("AAPL", day("2005-04-01"), 1.5032, 1.5064, 1.4489, 1.4604, 642646396.0, 1.469, 82132),
        ("AAPL", day("2005-04-04"), 1.4639, 1.4754, 1.4343, 1.4675, 578172308.0, 1.4589, 65543),
    ]


def test_a_first_page_is_read_and_leads_on(shared: Path) -> None:
    rows = read(recorded(shared, "aggs__AAPL_paginated_oas"), asked("2020-01-02", "2020-01-04", "AAPL"))
    assert rows == [
        ("AAPL", day("2020-01-02"), 74.06, 75.15, 73.7975, 75.0875, 135647456.0, 74.6099, 1),
        ("AAPL", day("2020-01-03"), 74.2875, 75.145, 74.125, 74.3575, 146535512.0, 74.7026, 1),
    ]


def test_prices_adjusted_for_splits_are_not_taken_for_raw_ones(shared: Path) -> None:
    document = recorded(shared, "aggs__AAPL_1day_2005", adjusted=True)
    with pytest.raises(SchemaChanged, match="adjusted"):
        read(document, asked("2005-04-01", "2005-04-05", "AAPL"))


@pytest.mark.parametrize("extra", [{}, {"results": None}, {"results": []}])
def test_an_answer_without_results_is_no_bars(extra: dict[str, Any]) -> None:
    document = {"ticker": "BRK.B", "queryCount": 0, "resultsCount": 0, "adjusted": False, "status": "DELAYED", "request_id": "x", **extra}
    assert read(document, asked("2023-01-03", "2023-01-11", "BRK.B")) == []
