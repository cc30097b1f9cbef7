"""Whatever Alpaca is asked, nothing is an empty table, and what it does not document is refused."""

from __future__ import annotations

from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

import pytest

from marketdata_assets.core.timeframes import timeframe
from marketdata_assets.sources.dataset import Dataset
from marketdata_assets.sources.errors import SchemaChanged
from marketdata_assets.sources.page import page_rows
from marketdata_assets.sources.question import Question
from marketdata_assets.sources.registry import vendor

SOURCE = vendor("alpaca")
NOW = datetime(2026, 11, 1, tzinfo=UTC)
WRAPPERS = ("bars", "trades", "quotes", "auctions", "snapshots", "orderbooks", "corporate_actions")
LISTS = ("news", "option_contracts")
BAR = {"t": "2024-03-08T05:00:00Z", "o": 1.5, "h": 2, "l": 1, "c": 1.75, "v": 10, "n": 3, "vw": 1.6}


def told(dataset: Dataset, document: Any) -> Any:
    symbols = ("BTC/USD",) if dataset.asset_class == "crypto" else ("AAPL",)
    question = Question(dataset.name, symbols, None, timeframe("1d"), SOURCE.chosen({}))
    return page_rows(dataset, question, document, NOW, "a" * 64)


@pytest.mark.parametrize("dataset", SOURCE.datasets, ids=lambda dataset: dataset.name)
def test_an_empty_answer_is_an_empty_table(dataset: Dataset) -> None:
    document: Any = {**{name: {} for name in WRAPPERS}, **{name: [] for name in LISTS}, "next_page_token": None}
    if dataset.name in ("listings", "crypto_listings", "market_calendar"):
        document = []
    elif dataset.name == "snapshots":
        document = {}
    frame = told(dataset, document)
    assert frame.schema == dataset.table.polars_schema
    assert frame.height == 0


@pytest.mark.parametrize("field", ["t", "o", "h", "l", "c", "v"])
def test_a_bar_without_one_of_its_fields_is_refused(field: str) -> None:
    bar = {name: value for name, value in BAR.items() if name != field}
    with pytest.raises(SchemaChanged, match=field):
        told(SOURCE.dataset("bars"), {"bars": {"AAPL": [bar]}})


@pytest.mark.parametrize(
    ("field", "value"),
    [("c", "1.75"), ("c", None), ("c", True), ("n", 3.5), ("t", 1709874000), ("t", "2024-03-08 05:00"), ("t", "2024-03-08T05:00:00+00:00")],
)
def test_a_bar_with_another_type_is_refused(field: str, value: Any) -> None:
    with pytest.raises(SchemaChanged):
        told(SOURCE.dataset("bars"), {"bars": {"AAPL": [{**BAR, field: value}]}})


def test_a_bar_may_lack_its_trades_and_its_mean_price() -> None:
    bar = {name: value for name, value in BAR.items() if name not in ("n", "vw")}
    frame = SOURCE.dataset("bars").read({"bars": {"AAPL": [bar]}}, Question("bars", ("AAPL",), None, timeframe("1d")))
    assert frame.select("close", "trade_count", "vwap").rows() == [(1.75, None, None)]


def test_an_answer_under_another_name_is_refused() -> None:
    with pytest.raises(SchemaChanged, match="bars"):
        told(SOURCE.dataset("bars"), {"candles": {"AAPL": [BAR]}})


def test_reading_changes_nothing_in_the_document() -> None:
    document = {"bars": {"AAPL": [dict(BAR)]}, "next_page_token": None}
    before = deepcopy(document)
    SOURCE.dataset("bars").read(document, Question("bars", ("AAPL",), None, timeframe("1d")))
    assert document == before
