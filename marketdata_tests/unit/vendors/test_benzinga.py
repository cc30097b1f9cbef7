"""Benzinga: articles page by page, as far as its clients agree on them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from marketdata_assets.core.periods import Window
from marketdata_assets.sources.errors import BadCredentials, SchemaChanged
from marketdata_assets.sources.page import page_rows
from marketdata_assets.sources.question import Question
from marketdata_assets.sources.vendors.benzinga import SOURCE
from marketdata_tests.support.loopback import js
from marketdata_tests.support.vendor_answers import everything, told

AT = datetime(2026, 1, 1, tzinfo=UTC)
ASKED = Question("news", ("AAPL", "BRK.B"), Window(datetime(2024, 9, 1, tzinfo=UTC), datetime(2024, 10, 1, tzinfo=UTC)))
KEYS = {"api_key": "CANARY0123456789"}
ARTICLE = {
    "id": 40700000,
    "author": "Somebody",
    "created": "Wed, 04 Sep 2024 09:30:00 -0400",
    "updated": "Wed, 04 Sep 2024 09:31:12 -0400",
    "title": "A headline",
    "teaser": None,
    "body": "",
    "url": "https://www.benzinga.com/1",
    "image": [],
    "channels": [{"name": "News"}],
    "stocks": [{"name": "MSFT"}, {"name": "AAPL"}],
    "tags": [],
}


def rows(document: Any) -> Any:
    table = SOURCE.dataset("news").table
    return table.validate(table.conform(page_rows(SOURCE.dataset("news"), ASKED, document, AT, "0" * 64)))


def test_an_article_has_its_instants_in_utc_and_stands_under_the_symbol_that_was_asked_for() -> None:
    (row,) = rows([ARTICLE]).to_dicts()
    assert row["published_at"] == datetime(2024, 9, 4, 13, 30, tzinfo=UTC)
    assert row["updated_at"] == datetime(2024, 9, 4, 13, 31, 12, tzinfo=UTC)
    assert (row["vendor_symbol"], row["symbols"], row["article_id"]) == ("AAPL", "MSFT,AAPL", "40700000")
    (unasked,) = rows([{**ARTICLE, "stocks": []}]).to_dicts()
    assert (unasked["vendor_symbol"], unasked["symbols"]) == (None, "")
    assert rows([]).height == 0


@pytest.mark.parametrize("change", [{"created": "2024-09-04T13:30:00Z"}, {"id": "40700000"}, {"stocks": None}, {"title": None}])
def test_an_article_of_another_shape_is_a_changed_schema(change: dict[str, Any]) -> None:
    with pytest.raises(SchemaChanged):
        rows([{**ARTICLE, **change}])


def test_pages_are_asked_for_in_json_by_number_until_one_is_empty() -> None:
    (request,) = SOURCE.dataset("news").ask(ASKED)
    pages = (js([ARTICLE]), js([{**ARTICLE, "id": 2}]), js([]))
    found = told(SOURCE, request, *pages, credentials=KEYS)
    assert [asked.query["page"] for asked in found.asked] == ["0", "1", "2"]
    assert {asked.headers["Accept"] for asked in found.asked} == {"application/json"}
    first = found.asked[0].query
    assert (first["tickers"], first["dateFrom"], first["dateTo"]) == ("AAPL,BRK.B", "2024-09-01", "2024-09-30")
    assert first["token"] == KEYS["api_key"]
    assert KEYS["api_key"] not in everything(found)


def test_a_refused_token_is_bad_credentials() -> None:
    (request,) = SOURCE.dataset("news").ask(ASKED)
    assert type(told(SOURCE, request, js({"message": "no"}, 401), credentials=KEYS).fault) is BadCredentials
