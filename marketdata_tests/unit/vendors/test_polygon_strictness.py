"""Whatever Polygon is asked, nothing is an empty table, and what it does not document is refused."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from marketdata_assets.core.timeframes import timeframe
from marketdata_assets.sources.dataset import Dataset
from marketdata_assets.sources.errors import SchemaChanged
from marketdata_assets.sources.page import page_rows
from marketdata_assets.sources.question import Question
from marketdata_assets.sources.registry import vendor

SOURCE = vendor("polygon")
NOW = datetime(2026, 11, 1, tzinfo=UTC)
ONE_THING = {"open_close", "latest_trades", "latest_quotes", "stock_snapshot", "ticker_events", "profiles"}
BAR = {"v": 1.2e7, "vw": 1.6, "o": 1.5, "h": 2, "l": 1, "c": 1.75, "t": 1709874000000, "n": 3}


def told(name: str, document: Any) -> Any:
    question = Question(name, ("AAPL",), None, timeframe("1d"), SOURCE.chosen({}))
    return page_rows(SOURCE.dataset(name), question, document, NOW, "a" * 64)


def bars(**changes: Any) -> dict[str, Any]:
    return {"ticker": "AAPL", "adjusted": False, "resultsCount": 1, "status": "OK", "results": [{**BAR, **changes}]}


@pytest.mark.parametrize("dataset", [d for d in SOURCE.datasets if d.name not in ONE_THING], ids=lambda dataset: dataset.name)
@pytest.mark.parametrize("results", [{}, {"results": None}, {"results": []}], ids=["missing", "null", "empty"])
def test_an_empty_answer_is_an_empty_table(dataset: Dataset, results: dict[str, Any]) -> None:
    frame = told(dataset.name, {"status": "OK", "request_id": "x", "adjusted": False, **results})
    assert frame.schema == dataset.table.polars_schema
    assert frame.height == 0


@pytest.mark.parametrize("name", sorted(ONE_THING))
def test_an_answer_about_one_thing_without_it_is_refused(name: str) -> None:
    with pytest.raises(SchemaChanged):
        told(name, {"status": "OK", "request_id": "x"})


@pytest.mark.parametrize("field", ["t", "o", "h", "l", "c", "v"])
def test_a_bar_without_one_of_its_fields_is_refused(field: str) -> None:
    document = bars()
    del document["results"][0][field]
    with pytest.raises(SchemaChanged, match=field):
        told("bars", document)


@pytest.mark.parametrize(("field", "value"), [("c", "1.75"), ("c", None), ("v", True), ("n", 3.5), ("t", "2024-03-08"), ("t", 1.7e12)])
def test_a_bar_with_another_type_is_refused(field: str, value: Any) -> None:
    with pytest.raises(SchemaChanged):
        told("bars", bars(**{field: value}))


@pytest.mark.parametrize("adjusted", [True, None, "false"])
def test_bars_that_do_not_say_they_are_raw_are_refused(adjusted: Any) -> None:
    with pytest.raises(SchemaChanged, match="adjusted"):
        told("bars", {**bars(), "adjusted": adjusted})


def test_nanoseconds_beyond_what_a_double_holds_are_read_exactly() -> None:
    # the double nearest to the first is 1651251948407648000, a microsecond later
    stamps = [1651251948407647999, 1651251948407648000]
    trades = [{"sip_timestamp": at, "price": 1.0, "size": 1, "exchange": 4, "id": "1"} for at in stamps]
    assert told("trades", {"results": trades})["timestamp"].dt.epoch("us").to_list() == [1651251948407647, 1651251948407648]
