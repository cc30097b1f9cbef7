"""Alpha Vantage's quotes, profiles, actions and listings."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from marketdata_assets.core.faults import ConfigFault
from marketdata_assets.sources.errors import SchemaChanged, Truncated
from marketdata_assets.sources.page import page_rows
from marketdata_assets.sources.question import Question
from marketdata_assets.sources.vendors.alphavantage import SOURCE, api
from marketdata_tests.support.loopback import Reply
from marketdata_tests.support.vendor_answers import told

AT = datetime(2026, 6, 1, tzinfo=UTC)
LISTED = b"symbol,name,exchange,assetType,ipoDate,delistingDate,status\n"
KEYS = {"api_key": "CANARY0123456789"}


def rows(dataset: str, document: Any, *symbols: str) -> Any:
    frame = page_rows(SOURCE.dataset(dataset), Question(dataset, symbols), document, AT, "0" * 64)
    return SOURCE.dataset(dataset).table.validate(SOURCE.dataset(dataset).table.conform(frame))


def test_listings_are_active_or_not_and_a_missing_date_is_null() -> None:
    told_ = rows(
        "listings", LISTED + b'AAC-WS,"Ares, Warrants",NYSE,Stock,2021-03-25,null,Active\nOLD,,NYSE,Stock,null,2014-07-10,Delisted\n'
    )
    assert told_.select("vendor_symbol", "name", "active").rows() == [("AAC-WS", "Ares, Warrants", True), ("OLD", None, False)]
    assert [str(day) for day in told_["listed_on"]] == ["2021-03-25", "None"]
    assert [str(day) for day in told_["delisted_on"]] == ["None", "2014-07-10"]
    assert rows("listings", LISTED).height == 0


@pytest.mark.parametrize(
    "line",
    [
        b"A,Agilent,NYSE,Stock,1999-11-18,null,Halted\n",
        b"A,Agilent,NYSE,Stock,1999-11-18,null\n",
        b"A,Agilent,NYSE,Stock,18.11.1999,null,Active\n",
    ],
)
def test_a_listing_of_another_shape_is_a_changed_schema(line: bytes) -> None:
    with pytest.raises(SchemaChanged):
        rows("listings", LISTED + line)


def test_a_csv_without_its_last_line_end_was_cut_off() -> None:
    request = api.LISTINGS.request({"state": "active"})
    cut = Reply(LISTED + b"A,Agilent Technologies Inc,NYSE,Stock,1999-11-18,null,Acti", headers={"Content-Type": "application/x-download"})
    assert type(told(SOURCE, request, cut, credentials=KEYS).fault) is Truncated


def test_active_and_delisted_listings_are_two_requests_and_a_day_may_be_named() -> None:
    ask = SOURCE.dataset("listings").ask
    assert [r.params["state"] for r in ask(Question("listings"))] == ["active", "delisted"]
    (one,) = ask(Question("listings", options={"state": "delisted", "as_of": "2014-07-10"}))
    assert one.url("https://h") == "https://h/query?function=LISTING_STATUS&state=delisted&date=2014-07-10"
    with pytest.raises(ConfigFault, match="active, delisted, both"):
        ask(Question("listings", options={"state": "halted"}))


def test_actions_are_two_requests_told_apart_by_their_headings() -> None:
    splits, dividends = SOURCE.dataset("corporate_actions").ask(Question("corporate_actions", ("TSLA",)))
    assert (splits.params["function"], dividends.params["function"]) == ("SPLITS", "DIVIDENDS")
    (split,) = rows("corporate_actions", b"effective_date,split_factor\r\n2022-08-25,3.0000\r\n", "TSLA").to_dicts()
    assert (split["kind"], split["ratio"], str(split["ex_date"]), split["vendor_symbol"]) == ("split", 3.0, "2022-08-25", "TSLA")
    header = b"ex_dividend_date,declaration_date,record_date,payment_date,amount\n"
    (paid,) = rows("corporate_actions", header + b"2026-08-10,None,None,None,1.69\n", "IBM").to_dicts()
    assert (paid["kind"], paid["amount"], paid["declared_on"]) == ("cash_dividend", 1.69, None)
    for empty in (header, b"effective_date,split_factor\n"):
        assert rows("corporate_actions", empty, "IBM").height == 0
    for spoilt in (b"day,factor\n2022-08-25,3\n", b"effective_date,split_factor\n2022-08-25,three\n"):
        with pytest.raises(SchemaChanged):
            rows("corporate_actions", spoilt, "IBM")


def test_a_profile_is_texts_and_what_is_not_known_is_null() -> None:
    told_ = rows("profiles", {"Symbol": "IBM", "Sector": "TECHNOLOGY", "DividendDate": "None", "PERatio": "-", "Beta": "0.7"})
    assert dict(told_.select("name", "value").rows()) == {
        "Symbol": "IBM",
        "Sector": "TECHNOLOGY",
        "Beta": "0.7",
        "DividendDate": None,
        "PERatio": None,
    }
    with pytest.raises(SchemaChanged):
        rows("profiles", {"Symbol": "IBM", "Beta": 0.7})
