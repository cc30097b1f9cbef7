"""Finnhub: quotes, candles and news, as far as its clients agree on them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from marketdata_assets.core.periods import Window
from marketdata_assets.core.timeframes import timeframe
from marketdata_assets.sources.errors import BadCredentials, NotEntitled, NotFound, RateLimited, Rejected, SchemaChanged, VendorFault
from marketdata_assets.sources.page import page_rows, page_series
from marketdata_assets.sources.question import Question
from marketdata_assets.sources.vendors.finnhub import SOURCE, api
from marketdata_tests.support.loopback import js
from marketdata_tests.support.vendor_answers import everything, told

AT = datetime(2026, 1, 1, tzinfo=UTC)
YEARS = Window(datetime(2023, 1, 1, tzinfo=UTC), datetime(2025, 1, 1, tzinfo=UTC))
KEYS = {"api_key": "CANARY0123456789"}
QUOTE = {"c": 261.74, "d": 1.2, "dp": 0.46, "h": 263.31, "l": 260.68, "o": 261.07, "pc": 259.45, "t": 1582641000}
ARTICLE = {
    "category": "company",
    "datetime": 1725456600,
    "headline": "A headline",
    "id": 25286,
    "image": "",
    "related": "AAPL",
    "source": "Somebody",
    "summary": "",
    "url": "https://news.test/1",
}


def rows(dataset: str, document: Any) -> Any:
    frame = page_rows(SOURCE.dataset(dataset), Question(dataset, ("AAPL",), YEARS), document, AT, "0" * 64)
    return SOURCE.dataset(dataset).table.validate(SOURCE.dataset(dataset).table.conform(frame))


def test_a_quote_is_what_stands_at_the_instant_it_states() -> None:
    (row,) = page_rows(SOURCE.dataset("quotes"), Question("quotes", ("AAPL",)), QUOTE, AT, "0" * 64).to_dicts()
    assert row["timestamp"] == datetime(2020, 2, 25, 14, 30, tzinfo=UTC)
    assert (row["last_price"], row["open"], row["high"], row["low"], row["previous_close"]) == (261.74, 261.07, 263.31, 260.68, 259.45)


def test_an_unknown_symbol_is_a_quote_of_zeros_and_no_price() -> None:
    zeros: dict[str, Any] = {**dict.fromkeys(QUOTE, 0), "d": None, "dp": None}
    request = SOURCE.dataset("quotes").ask(Question("quotes", ("NOPE",)))[0]
    assert type(told(SOURCE, request, js(zeros), credentials=KEYS).fault) is NotFound
    assert told(SOURCE, request, js({**zeros, "pc": 0.01}), credentials=KEYS).answers


def test_articles_are_asked_for_a_year_at_a_time_by_whole_days() -> None:
    requests = SOURCE.dataset("news").ask(Question("news", ("AAPL",), YEARS))
    assert [(r.params["from"], r.params["to"]) for r in requests] == [
        ("2023-01-01", "2023-12-31"),
        ("2024-01-01", "2024-12-30"),  # 2024 has a day more
        ("2024-12-31", "2024-12-31"),
    ]
    (row,) = rows("news", [ARTICLE]).to_dicts()
    assert (row["article_id"], row["published_at"]) == ("25286", datetime(2024, 9, 4, 13, 30, tzinfo=UTC))
    assert (row["publisher"], row["symbols"], row["headline"]) == ("Somebody", "AAPL", "A headline")
    assert rows("news", []).height == 0
    with pytest.raises(SchemaChanged):
        rows("news", [{**ARTICLE, "datetime": "2024-09-04"}])


def test_candles_of_another_state_or_of_uneven_columns_are_a_changed_schema() -> None:
    asked = Question("bars", ("AAPL",), YEARS, timeframe("1d"))
    good = {"s": "ok", **{name: [1.0] for name in "ohlcv"}, "t": [1_704_067_200]}
    (series,) = page_series(SOURCE.dataset("bars"), asked, good, AT)
    assert series.bars["timestamp"].to_list() == [datetime(2024, 1, 1, tzinfo=UTC)]
    (east,) = page_series(SOURCE.dataset("bars"), asked, {**good, "t": [1_704_085_200]}, AT)  # midnight in New York
    assert east.bars["timestamp"].to_list() == [datetime(2024, 1, 1, tzinfo=UTC)]
    for spoilt in ({**good, "s": "late"}, {**good, "t": []}, {**good, "o": ["1"]}, {}):
        with pytest.raises(SchemaChanged):
            page_series(SOURCE.dataset("bars"), asked, spoilt, AT)


@pytest.mark.parametrize(
    ("status", "document", "fault"),
    [
        (401, {"error": "Invalid API key"}, BadCredentials),
        (403, {"error": "You don't have access to this resource."}, NotEntitled),
        (429, {"error": "API limit reached. Please try again later."}, RateLimited),
        (200, {"error": "something nobody has seen"}, Rejected),
    ],
)
def test_its_errors_are_faults_and_its_key_goes_in_a_header(status: int, document: dict[str, str], fault: type[VendorFault]) -> None:
    found = told(SOURCE, api.CANDLES.request({"symbol": "AAPL"}), js(document, status), credentials=KEYS)
    assert type(found.fault) is fault
    assert found.asked[0].headers["X-Finnhub-Token"] == KEYS["api_key"]
    assert "token" not in found.asked[0].query
    assert KEYS["api_key"] not in everything(found)


def test_bars_are_for_those_who_pay_and_no_plan_exceeds_thirty_calls_a_second() -> None:
    assert not SOURCE.dataset("bars").serves("free")
    assert all((30, 1.0) in [(q.limit, q.per) for q in plan.budgets["default"].quotas] for plan in SOURCE.plans)
