"""EDGAR's interface on two hosts that count together: files a filer or for all of them, and pages of HTML for those it turns away."""

from __future__ import annotations

import re
from dataclasses import dataclass

from marketdata_assets.sources.answer import Answer
from marketdata_assets.sources.api import MIB, Api, Auth, Endpoint, Limits
from marketdata_assets.sources.budget import Budget, Quota
from marketdata_assets.sources.error_rules import ErrorRule
from marketdata_assets.sources.errors import BadCredentials, NotFound, RateLimited
from marketdata_assets.sources.request import Request
from marketdata_assets.sources.select import Selector

NAME = "sec"
BLOCKED = 600.0  # seconds: whoever was too fast is let in again after ten minutes below the limit
_FILE = re.compile(r"CIK\d{10}-submissions-\d+\.json")
_THEN = "then"  # a path value that the path has no place for: the files still to come


@dataclass(frozen=True)
class OlderFiles:
    """A filer's older filings stand in files that the newest one names, and in no other; they are read one after the other."""

    rows: Selector | None = None

    def advance(self, answer: Answer) -> Request | None:
        """The next file; `SchemaChanged` (as of any page) when its name is none of the filer's."""
        named = [str(file["name"]) for file in answer.rows("filings.files")]
        names = named or [name for name in answer.request.path.get(_THEN, "").split(",") if name]
        if not names:
            return None
        if odd := next((name for name in names if not _FILE.fullmatch(name)), None):
            raise ValueError(f"{odd[:60]!r} is no file of older filings")
        first, *rest = names
        return SUBMISSIONS.request(None, file=first, **({_THEN: ",".join(rest)} if rest else {}))


TICKERS = Endpoint("company_tickers", "/files/company_tickers.json")
TICKERS_EXCHANGE = Endpoint("company_tickers_exchange", "/files/company_tickers_exchange.json")
SUBMISSIONS = Endpoint("submissions", "/submissions/{file}", paging=OlderFiles())
NEWEST = Endpoint("newest_submissions", "/submissions/{file}")
FACTS = Endpoint("companyfacts", "/api/xbrl/companyfacts/{cik}.json", limits=Limits(deadline=120.0, wire_bytes=128 * MIB))
CONCEPT = Endpoint("companyconcept", "/api/xbrl/companyconcept/{cik}/{taxonomy}/{tag}.json")

ERRORS = (
    ErrorRule(RateLimited, matches="request rate threshold exceeded", wait=BLOCKED),
    ErrorRule(
        BadCredentials,
        matches="undeclared automated tool",
        remedy="set SEC_USER_AGENT to a name and an e-mail address: Example Research admin@example.com",
    ),
    ErrorRule(
        NotFound, status=(403, 404), matches="nosuchkey|accessdenied", remedy="check the CIK and the concept: EDGAR has no such file"
    ),
)

# Ten requests a second for an address, over all its machines and both hosts; four fifths of it leave room for others behind it.
BUDGET = Budget((Quota(10, 1.0),), scope="address", headroom=0.8)
_AUTH = Auth(headers={"User-Agent": "{contact}"})


def _host(base_url: str, *endpoints: Endpoint) -> Api:
    return Api(NAME, base_url, endpoints, auth=_AUTH, budgets={"default": BUDGET}, errors=ERRORS, limits=Limits(connections=8))


FILES = _host("https://www.sec.gov", TICKERS_EXCHANGE, TICKERS)
DATA = _host("https://data.sec.gov", SUBMISSIONS, NEWEST, FACTS, CONCEPT)
