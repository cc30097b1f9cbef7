"""EDGAR: tickers, submissions, facts of companies, whole files without parameters, and pages of HTML for clients that name nobody."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from aiohttp import web

from marketdata_assets.sandbox.wire.book import Book
from marketdata_assets.sandbox.wire.filings import CONCEPTS, Fact, Filing, Filings
from marketdata_assets.sandbox.wire.limits import Meter, Verdict, Window, Windows
from marketdata_assets.sandbox.wire.protocol import Protocol, Refused, Tape, js, text
from marketdata_assets.sandbox.wire.who import Who, everybody

_RECENT = timedelta(days=730)
_CONTACT = re.compile(r"\S+@\S+\.\S+")
_RATE = "Request Rate Threshold Exceeded"
_TOOL = "Your Request Originates from an Undeclared Automated Tool"
_NO_KEY = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message></Error>\n'
)
_COLUMNS = (
    "accessionNumber",
    "filingDate",
    "reportDate",
    "acceptanceDateTime",
    "act",
    "form",
    "fileNumber",
    "filmNumber",
    "items",
    "core_type",
    "size",
    "isXBRL",
    "isInlineXBRL",
    "isXBRLNumeric",
    "primaryDocument",
    "primaryDocDescription",
)


class Sec(Protocol):
    """EDGAR: no key, but a User-Agent with an address to write to; ten requests a second over both hosts."""

    name = "sec"
    tape = Tape()
    renamed = (b'"val":', b'"value":')

    def routes(self, book: Book) -> Iterable[web.RouteDef]:
        """See `Protocol`."""
        files = Files(self, book)
        return [
            web.get("/files/company_tickers.json", files.tickers),
            web.get("/files/company_tickers_exchange.json", files.exchanges),
            web.get("/submissions/{name}.json", files.submissions),
            web.get("/api/xbrl/companyfacts/{cik}.json", files.facts),
            web.get("/api/xbrl/companyconcept/{cik}/{taxonomy}/{tag}.json", files.concept),
        ]

    def spelled(self, symbol: str) -> str:
        """Share classes after a hyphen."""
        return symbol.replace(".", "-")

    def refused(self, request: web.Request) -> web.Response | None:
        """A page for a client without a contact address in its User-Agent."""
        named = _CONTACT.search(request.headers.get("User-Agent", ""))
        return None if named else _page(_TOOL, 403)

    def meter(self, rate: int | None) -> Meter:
        """Ten a second."""
        return Windows([Window(rate or 10, 1)])

    def over_limit(self, verdict: Verdict) -> web.Response:  # noqa: ARG002 - a hook
        """The page for those who are too fast."""
        return _page(_RATE, 403)

    def trouble(self, status: int, headers: Mapping[str, str]) -> web.Response:
        """Pages of HTML; XML where there is nothing."""
        if status == 404:
            return web.Response(body=_NO_KEY.encode(), status=404, headers=headers, content_type="application/xml")
        if status in (401, 403, 418, 429):
            return _page(_TOOL if status == 401 else _RATE, 403 if status == 401 else status, headers)
        return _page("Service Unavailable", status, headers)

    def notice(self) -> web.Response:
        """The page for those who are too fast, with status 200, as it was seen."""
        return _page(_RATE, 200)


class Files:
    """The files of data.sec.gov and www.sec.gov."""

    def __init__(self, protocol: Sec, book: Book) -> None:
        self._protocol = protocol
        self._book = book
        self._filings = Filings(book)

    async def tickers(self, request: web.Request) -> web.Response:  # noqa: ARG002 - a handler
        """Today's tickers by size: an object of numbered rows."""
        rows = [{"cik_str": who.cik, "ticker": ticker, "title": who.name.upper()} for who, ticker in self._listed()]
        return js({str(n): row for n, row in enumerate(rows)})

    async def exchanges(self, request: web.Request) -> web.Response:  # noqa: ARG002 - a handler
        """The same with exchanges, as rows under headings."""
        rows = [[who.cik, who.name, ticker, "NYSE"] for who, ticker in self._listed()]
        return js({"fields": ["cik", "name", "ticker", "exchange"], "data": rows})

    async def submissions(self, request: web.Request) -> web.Response:
        """A filer and its filings of two years, or the file of the older ones."""
        match = re.fullmatch(r"CIK(\d{10})(-submissions-001)?", request.match_info["name"])
        who = self._who(match[1] if match else "")
        made = list(reversed(self._filings.of(who)))
        since = self._book.today - _RECENT
        recent, older = [one for one in made if one.filed >= since], [one for one in made if one.filed < since]
        if match and match[2]:
            if not older:
                raise Refused(self._protocol.trouble(404, {}))
            return js(_columns(older))
        files = [
            {
                "name": f"CIK{who.cik:010d}-submissions-001.json",
                "filingCount": len(older),
                "filingFrom": older[-1].filed.isoformat(),
                "filingTo": older[0].filed.isoformat(),
            }
            for _ in older[:1]
        ]
        return js({**self._filer(who), "filings": {"recent": _columns(recent), "files": files}})

    async def facts(self, request: web.Request) -> web.Response:
        """Every number of a filer by taxonomy, concept and unit."""
        who = self._who(_digits(request.match_info["cik"]))
        facts: dict[str, Any] = defaultdict(dict)
        for concept, (taxonomy, unit, label) in CONCEPTS.items():
            rows = _rows(self._filings.of(who), concept)
            if rows:
                facts[taxonomy][concept] = {"label": label, "description": f"{label}.", "units": {unit: rows}}
        return js({"cik": who.cik, "entityName": who.name, "facts": dict(sorted(facts.items()))})

    async def concept(self, request: web.Request) -> web.Response:
        """The numbers of one concept."""
        who, tag = self._who(_digits(request.match_info["cik"])), request.match_info["tag"]
        taxonomy, unit, label = CONCEPTS.get(tag, ("", "", ""))
        rows = _rows(self._filings.of(who), tag) if taxonomy == request.match_info["taxonomy"] else []
        if not rows:
            raise Refused(self._protocol.trouble(404, {}))
        about = {"cik": who.cik, "taxonomy": taxonomy, "tag": tag, "label": label, "description": f"{label}.", "entityName": who.name}
        return js({**about, "units": {unit: rows}})

    def _listed(self) -> list[tuple[Who, str]]:
        """Who is listed today under which ticker, the largest first; the delisted vanish."""
        today = self._book.today
        found = [who for who in everybody(self._book.market) if who.active(today)]
        held = self._book.market.daily
        found.sort(key=lambda who: -float(held[who.symbol]["shares"][0]) * float(held[who.symbol]["close"][0]))
        return [(who, self._protocol.spelled(who.ticker(today))) for who in found]

    def _who(self, digits: str) -> Who:
        found = next((who for who in everybody(self._book.market) if f"{who.cik:010d}" == digits), None)
        if found is None or found.listed > self._book.today:
            raise Refused(self._protocol.trouble(404, {}))
        return found

    def _filer(self, who: Who) -> dict[str, Any]:
        today = self._book.today
        listed = who.active(today)
        renamed = who.former is not None and who.renamed is not None and who.renamed <= today
        address = {
            "street1": "1 SIMULATION WAY",
            "street2": None,
            "city": "NOWHERE",
            "stateOrCountry": "CA",
            "zipCode": "00000",
            "stateOrCountryDescription": "CA",
        }
        former = {"name": f"{who.former} INC", "from": f"{who.listed}T00:00:00.000Z", "to": f"{who.renamed}T00:00:00.000Z"}
        return {
            "cik": f"{who.cik:010d}",
            "entityType": "operating",
            "sic": who.sic,
            "sicDescription": who.trade,
            "insiderTransactionForOwnerExists": 0,
            "insiderTransactionForIssuerExists": 1,
            "name": who.name,
            "tickers": [self._protocol.spelled(who.ticker(today))] if listed else [],
            "exchanges": ["NYSE"] if listed else [],
            "ein": f"99{who.number:07d}",
            "description": "",
            "website": "",
            "investorWebsite": "",
            "category": "Large accelerated filer",
            "fiscalYearEnd": "1231",
            "stateOfIncorporation": "DE",
            "stateOfIncorporationDescription": "DE",
            "addresses": {"mailing": address, "business": address},
            "phone": "555-010-0000",
            "flags": "",
            "formerNames": [former] if renamed else [],
        }


def _columns(filings: list[Filing]) -> dict[str, list[Any]]:
    """Filings as parallel arrays."""
    rows = [
        (
            one.accession,
            one.filed.isoformat(),
            one.end.isoformat(),
            f"{one.accepted:%Y-%m-%dT%H:%M:%S.000Z}",
            "34",
            one.form,
            "001-99999",
            one.accession.replace("-", "")[-8:],
            "",
            one.form,
            1_000_000,
            1,
            1,
            1,
            f"{one.form.lower().replace('/', '')}-{one.end:%Y%m%d}.htm",
            one.form,
        )
        for one in filings
    ]
    return {name: [row[at] for row in rows] for at, name in enumerate(_COLUMNS)}


def _rows(filings: list[Filing], concept: str) -> list[dict[str, Any]]:
    """A concept's numbers by period and filing; of each period only the last filed one has a frame."""
    found = [(fact, one) for one in filings for fact in one.facts if fact.concept == concept]
    found.sort(key=lambda each: (each[0].end, each[0].start or each[0].end, each[1].filed))
    last = {(fact.start, fact.end): one.accession for fact, one in found}
    rows = []
    for fact, one in found:
        row: dict[str, Any] = {"start": fact.start.isoformat()} if fact.start else {}
        row |= {"end": fact.end.isoformat(), "val": fact.value, "accn": one.accession, "fy": one.year, "fp": one.period}
        row |= {"form": one.form, "filed": one.filed.isoformat()}
        frame = _frame(fact)
        rows.append({**row, "frame": frame} if frame and last[fact.start, fact.end] == one.accession else row)
    return rows


def _frame(fact: Fact) -> str | None:
    """The calendar frame of a number: a year, a quarter, or the end of one; half years and nine months have none."""
    quarter = f"CY{fact.end.year}Q{(fact.end.month + 2) // 3}"
    if fact.start is None:
        return f"{quarter}I"
    days = (fact.end - fact.start).days + 1
    return f"CY{fact.end.year}" if days > 335 else quarter if days < 121 else None


def _digits(text: str) -> str:
    return text.removeprefix("CIK")


def _page(title: str, status: int, headers: Mapping[str, str] | None = None) -> web.Response:
    body = f"<html><head><title>SEC.gov | {title}</title></head><body><h1>{title}</h1></body></html>"
    return text(body, status, kind="text/html", headers=headers)
