"""SEC EDGAR: who files, what was filed when, and the figures as they were reported; free of charge and without a key.

A filer is asked for by its CIK (`CIK0000320193`), which `listings` tells by ticker; the ticker files know today's tickers only. The
instant from which a figure was known is the acceptance of its filing: FACTS carry the accession number, FILINGS the acceptance
time, and the two are joined by entity and accession. Frames (one figure of every filer) are left out: they name no filing date.
"""

from __future__ import annotations

from marketdata_assets.schemas.companies import FACTS, FILINGS, PROFILES
from marketdata_assets.schemas.listings import LISTINGS
from marketdata_assets.sources.api import Endpoint
from marketdata_assets.sources.dataset import Ask, Dataset, Read
from marketdata_assets.sources.plans import Plan
from marketdata_assets.sources.question import Data
from marketdata_assets.sources.source import Credential, Option, Source
from marketdata_assets.sources.spelling import Spelling
from marketdata_assets.sources.vendors.sec import api, filings, listings

EQUITIES = "us_equities"


def _of_all(name: str, endpoint: Endpoint, ask: Ask, read: Read) -> Dataset:
    return Dataset(name, Data.LISTINGS, EQUITIES, endpoint, LISTINGS, ask, read, symbols=0, rows=20_000, dated=False, latest=True)


DATASETS = (
    _of_all("listings", api.TICKERS_EXCHANGE, listings.ask_listings, listings.read_listings),
    _of_all("listings_by_size", api.TICKERS, listings.ask_by_size, listings.read_by_size),
    Dataset(
        "filings",
        Data.FILINGS,
        EQUITIES,
        api.SUBMISSIONS,
        FILINGS,
        filings.ask_filings,
        filings.read_filings,
        dated=False,
        unverified="that acceptance times, which end in Z, are UTC: older ones were New York's",
    ),
    Dataset("facts", Data.FACTS, EQUITIES, api.FACTS, FACTS, filings.ask_facts, filings.read_facts, rows=1_000_000, dated=False),
    Dataset("profiles", Data.PROFILES, EQUITIES, api.NEWEST, PROFILES, filings.ask_profile, filings.read_profile, dated=False, latest=True),
)

SOURCE = Source(
    api.NAME,
    "SEC EDGAR",
    "https://www.sec.gov/search-filings/edgar-application-programming-interfaces",
    (api.FILES, api.DATA),
    DATASETS,
    {EQUITIES: Spelling(share_class="-")},
    (Plan("public", "Fair access", {"default": api.BUDGET}),),
    licence="Public information of the United States government; free to use and to pass on.",
    credentials=(
        Credential(
            "contact",
            "SEC_USER_AGENT",
            meaning="a name and an e-mail address, sent as User-Agent: Example Research admin@example.com",
            example="Sandbox Research admin@sandbox.example",
        ),
    ),
    options={
        "concept": Option("", meaning="taxonomy and tag of the only facts wanted, us-gaap/Assets; empty: all of a filer"),
        "older": Option("true", ("true", "false"), "whether filings before the newest thousand, or year, come as well"),
    },
    follows_renames=True,
    unverified=(
        "whether those who ask too fast get status 403 or 429; both are understood, and the page with status 200 as well",
        "the body of a 404",
        "that acceptance times are UTC",
        "whether the two hosts block together; they are counted together",
    ),
)
