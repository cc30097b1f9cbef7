"""EDGAR: filers by CIK, filings page by page, refusals in HTML, and a contact in every request."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from pydantic import SecretStr

from marketdata_assets.core.faults import ConfigFault, SymbolFault
from marketdata_assets.sources.errors import BadCredentials, NotFound, RateLimited, SchemaChanged, VendorFault
from marketdata_assets.sources.http import Client
from marketdata_assets.sources.page import page_rows
from marketdata_assets.sources.question import Question
from marketdata_assets.sources.vendors.sec import SOURCE, api
from marketdata_tests.support.loopback import Loopback, Reply, js
from marketdata_tests.support.vendor_answers import told
from marketdata_tests.support.virtual_time import VirtualTime, run

AT = datetime(2026, 1, 1, tzinfo=UTC)
CIK = "CIK0000320193"
CONTACT = {"contact": "Example Research admin@example.com"}
SAID = ("accessionNumber", "filingDate", "reportDate", "acceptanceDateTime", "form", "primaryDocument")
ARRAYS = (*SAID, "act", "fileNumber", "filmNumber", "items", "core_type", "size", "isXBRL", "isXBRLNumeric", "primaryDocDescription")


def filing(accession: str, filed: str, accepted: str, form: str = "10-Q", report: str = "", document: str = "a.htm") -> dict[str, Any]:
    said = {"accessionNumber": accession, "filingDate": filed, "reportDate": report, "acceptanceDateTime": accepted}
    return {**dict.fromkeys(ARRAYS, ""), **said, "form": form, "primaryDocument": document, "size": 1, "isXBRL": 0, "isXBRLNumeric": None}


def columns(*filings: dict[str, Any]) -> dict[str, list[Any]]:
    return {name: [one[name] for one in filings] for name in ARRAYS}


def submissions(*filings: dict[str, Any], cik: Any = "0000320193", files: tuple[str, ...] = ()) -> dict[str, Any]:
    older = [{"name": name, "filingCount": 1, "filingFrom": "2005-02-17", "filingTo": "2013-12-10"} for name in files]
    return {"cik": cik, "name": "Apple Inc.", "filings": {"recent": columns(*filings), "files": older}}


def rows(dataset: str, document: Any, symbol: str = CIK) -> pl.DataFrame:
    frame = page_rows(SOURCE.dataset(dataset), Question(dataset, (symbol,)), document, AT, "0" * 64)
    return SOURCE.dataset(dataset).table.validate(SOURCE.dataset(dataset).table.conform(frame))


NEWER = filing("0000320193-24-000069", "2024-05-03", "2024-05-02T22:03:52.000Z", report="2024-03-30")
OLDER = filing("0000320193-05-000001", "2005-02-17", "2005-02-17T16:21:09.000Z", "4", document="xslF345X06/ownership.xml")


def test_a_filing_is_known_from_its_acceptance_which_may_lie_before_its_filing_date() -> None:
    (row,) = rows("filings", submissions(NEWER)).to_dicts()
    assert row["accepted_at"] == datetime(2024, 5, 2, 22, 3, 52, tzinfo=UTC)
    assert (row["filed_on"], row["report_date"], row["form"], row["document"]) == (date(2024, 5, 3), date(2024, 3, 30), "10-Q", "a.htm")
    assert (row["entity"], row["accession"], row["vendor_symbol"]) == ("0000320193", "0000320193-24-000069", CIK)


def test_a_file_of_older_filings_names_no_filer_and_its_empty_texts_are_null() -> None:
    (row,) = rows("filings", columns(OLDER)).to_dicts()
    assert (row["entity"], row["report_date"], row["document"]) == ("0000320193", None, "xslF345X06/ownership.xml")
    assert rows("filings", columns()).height == 0
    assert rows("filings", submissions()).height == 0


@pytest.mark.parametrize(
    "document",
    [
        submissions(NEWER, cik=1318605),
        {**submissions(NEWER), "filings": {"recent": {**columns(NEWER), "form": []}}},
        {**submissions(NEWER), "filings": {"recent": {k: v for k, v in columns(NEWER).items() if k != "acceptanceDateTime"}}},
        submissions({**NEWER, "acceptanceDateTime": "2024-05-02 22:03:52"}),
        submissions({**NEWER, "acceptanceDateTime": ""}),
        submissions({**NEWER, "filingDate": 20240503}),
        [],
    ],
)
def test_filings_of_another_filer_or_of_another_shape_are_a_changed_schema(document: Any) -> None:
    with pytest.raises(SchemaChanged):
        rows("filings", document)


def test_older_files_follow_as_pages_in_the_order_they_are_named() -> None:
    names = [f"{CIK}-submissions-{n:03d}.json" for n in (1, 2, 3)]

    async def scene() -> tuple[list[str], list[str]]:
        async with Loopback() as server:
            server.on(f"/submissions/{CIK}.json", js(submissions(NEWER, files=tuple(names))))
            for name in names:
                server.on(f"/submissions/{name}", js(columns({**OLDER, "accessionNumber": name})))
            async with Client(SOURCE.apis_for(None, server.url)[1], credentials=_secrets(), time=VirtualTime()) as client:
                (request,) = SOURCE.dataset("filings").ask(Question("filings", ("320193",)))
                pages = [answer.record.endpoint async for answer in client.pages(request)]
            return [asked.path.rpartition("/")[2] for asked in server.asked], pages

    paths, pages = run(scene())
    assert paths == [f"{CIK}.json", *names]
    assert len(pages) == 4


def test_an_older_file_of_another_name_is_not_followed_and_the_option_leaves_all_out() -> None:
    (request,) = SOURCE.dataset("filings").ask(Question("filings", (CIK,)))
    found = told(SOURCE, request, js(submissions(NEWER, files=("../../etc/passwd",))), credentials=CONTACT)
    assert type(found.fault) is SchemaChanged
    (newest,) = SOURCE.dataset("filings").ask(Question("filings", (CIK,), options={"older": "false"}))
    assert len(told(SOURCE, newest, js(submissions(NEWER, files=(f"{CIK}-submissions-001.json",))), credentials=CONTACT).answers) == 1


def fact(**changes: Any) -> dict[str, Any]:
    return {
        "end": "2024-03-30",
        "val": 1,
        "accn": "0000320193-24-000069",
        "fy": 2024,
        "fp": "Q2",
        "form": "10-Q",
        "filed": "2024-05-03",
        **changes,
    }


def companyfacts(*facts: dict[str, Any], cik: Any = 320193) -> dict[str, Any]:
    about = {"label": "", "description": "", "units": {"USD/shares": list(facts)}}
    return {"cik": cik, "entityName": "Apple Inc.", "facts": {"us-gaap": {"EarningsPerShareBasic": about}}}


def test_a_fact_stands_under_its_concept_and_unit_once_for_each_filing_that_reports_it() -> None:
    later = fact(accn="0000320193-25-000073", filed="2025-05-02", fy=2025)
    told_ = rows("facts", companyfacts(fact(start="2023-12-31", val=1.53), later))
    assert told_.select("taxonomy", "concept", "unit", "value", "period_start", "accession").sort("accession").rows() == [
        ("us-gaap", "EarningsPerShareBasic", "USD/shares", 1.53, date(2023, 12, 31), "0000320193-24-000069"),
        ("us-gaap", "EarningsPerShareBasic", "USD/shares", 1.0, None, "0000320193-25-000073"),
    ]
    assert told_["accepted_at"].null_count() == 2
    assert rows("facts", companyfacts()).height == 0
    for spoilt in (companyfacts(fact(val="1.53")), companyfacts(fact(), cik="0001318605"), companyfacts(fact(filed=None)), {"cik": 320193}):
        with pytest.raises(SchemaChanged):
            rows("facts", spoilt)


def test_facts_join_filings_by_accession_for_the_instant_they_were_known() -> None:
    joined = rows("facts", companyfacts(fact())).join(rows("filings", submissions(NEWER)), on=["entity", "accession"])
    assert joined["accepted_at_right"].to_list() == [datetime(2024, 5, 2, 22, 3, 52, tzinfo=UTC)]


def test_a_filer_is_asked_for_by_its_cik_and_a_ticker_says_where_to_find_it() -> None:
    (all_facts,) = SOURCE.dataset("facts").ask(Question("facts", ("320193",)))
    (one,) = SOURCE.dataset("facts").ask(Question("facts", (CIK,), options={"concept": "us-gaap/Assets"}))
    assert all_facts.url("") == f"/api/xbrl/companyfacts/{CIK}.json"
    assert one.url("") == f"/api/xbrl/companyconcept/{CIK}/us-gaap/Assets.json"
    with pytest.raises(SymbolFault, match="listings"):
        SOURCE.dataset("facts").ask(Question("facts", ("AAPL",)))
    with pytest.raises(ConfigFault, match="us-gaap/Assets"):
        SOURCE.dataset("facts").ask(Question("facts", (CIK,), options={"concept": "Assets"}))


def test_what_edgar_says_of_a_filer_is_one_row_a_field() -> None:
    document = {**submissions(NEWER), "tickers": ["GOOGL", "GOOG"], "ein": None, "flags": "", "formerNames": [{"name": "X", "to": "2017"}]}
    told_ = dict(rows("profiles", document).select("name", "value").rows())
    assert told_["tickers"] == "GOOGL; GOOG"
    assert told_["formerNames.1.name"] == "X"
    assert (told_["ein"], told_["flags"]) == (None, None)
    assert not [name for name in told_ if name.startswith("filings")]


def test_tickers_come_with_their_filers_number_of_ten_digits() -> None:
    document = {"fields": ["cik", "name", "ticker", "exchange"], "data": [[1067983, "BERKSHIRE HATHAWAY INC", "BRK-B", None]]}
    (row,) = rows("listings", document).to_dicts()
    assert (row["vendor_symbol"], row["identifiers"], row["exchange"], row["active"]) == ("BRK-B", "cik=0001067983", None, True)
    with pytest.raises(SchemaChanged):
        rows("listings", {**document, "data": [[1067983, "X", "BRK-B"]]})
    assert SOURCE.spellings["us_equities"].theirs("BRK.B") == "BRK-B"


def page(title: str) -> bytes:
    return f"<html><head><title>SEC.gov | {title}</title></head><body><h1>{title}</h1></body></html>".encode()


@pytest.mark.parametrize("status", [200, 403, 429])
@pytest.mark.parametrize(
    ("title", "fault"),
    [
        ("Request Rate Threshold Exceeded", RateLimited),
        ("Your Request Originates from an Undeclared Automated Tool", BadCredentials),
    ],
)
def test_a_page_that_turns_us_away_is_its_fault_whatever_its_status(title: str, fault: type[VendorFault], status: int) -> None:
    request = api.TICKERS_EXCHANGE.request()
    found = told(SOURCE, request, Reply(page(title), status, {"Content-Type": "text/html"}), credentials=CONTACT)
    assert type(found.fault) is fault
    assert (found.fault.wait == 600.0) is (fault is RateLimited)


def test_the_contact_is_sent_as_user_agent_and_nothing_is_sent_without_one() -> None:
    request = api.TICKERS_EXCHANGE.request()
    found = told(SOURCE, request, js({}), credentials=CONTACT)
    assert found.asked[0].headers["User-Agent"] == CONTACT["contact"]
    silent = told(SOURCE, request, js({}))
    assert type(silent.fault) is BadCredentials
    assert not silent.asked
    assert SOURCE.credentials[0].variable == "SEC_USER_AGENT"
    with pytest.raises(BadCredentials, match="blanks at its ends"):
        told(SOURCE, request, js({}), credentials={"contact": "me@example.com\r\nX-Evil: 1"})


def test_both_hosts_share_one_budget_below_ten_requests_a_second(tmp_path: Path) -> None:
    time = VirtualTime()

    async def scene() -> list[float]:
        async with Loopback(time) as server:
            server.on("/files/company_tickers.json", js({})).on(f"/api/xbrl/companyfacts/{CIK}.json", js({}))
            files, data = SOURCE.apis_for(None, server.url)
            async with (
                Client(files, credentials=_secrets(), state=tmp_path, time=time) as first,
                Client(data, credentials=_secrets(), state=tmp_path, time=time) as second,
            ):
                for _ in range(20):
                    await first.fetch(api.TICKERS.request())
                    await second.fetch(api.FACTS.request(None, cik=CIK))
            return [asked.at for asked in server.asked]

    at = run(scene())
    assert len(at) == 40
    assert all(sum(start <= other < start + 1.0 for other in at) <= 10 for start in at)
    assert 39 / (at[-1] - at[0]) == pytest.approx(8.0, rel=0.05)


def test_an_unknown_filer_is_not_found() -> None:
    xml = b'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>NoSuchKey</Code></Error>'
    request = api.FACTS.request(None, cik=CIK)
    for status in (403, 404):
        assert type(told(SOURCE, request, Reply(xml, status, {"Content-Type": "application/xml"}), credentials=CONTACT).fault) is NotFound


def _secrets() -> dict[str, SecretStr]:
    return {name: SecretStr(value) for name, value in CONTACT.items()}
