"""Polygon, renamed Massive in 2025: US stocks and their options as traded, on the consolidated tape.

Its hosts have two names, and a link to either is followed on the one that is configured. Bars are asked for unadjusted, and an answer that
says otherwise is refused. Bulk history comes as files from an S3 server (`flat_files.py`), which the free plan does not include.

It has no calendar of sessions: only the closures and short days to come are told. No document states how many splits or dividends one
page may hold, whether sizes of quotes count shares rather than round lots since 2025-11-03, what an answer for a delayed plan says as
its status, and how the refusals read since the new name.
"""

from __future__ import annotations

from decimal import Decimal

from marketdata_assets.sources.plans import Plan
from marketdata_assets.sources.source import Credential, Source
from marketdata_assets.sources.spelling import Spelling
from marketdata_assets.sources.vendors.polygon import api
from marketdata_assets.sources.vendors.polygon.datasets import DATASETS, STOCKS
from marketdata_assets.sources.vendors.polygon.flat_files import flat_files
from marketdata_assets.sources.vendors.polygon.stream import STREAMS

SOURCE = Source(
    api.NAME,
    "Polygon (Massive)",
    "https://massive.com/docs",
    (api.REST,),
    DATASETS,
    {STOCKS: Spelling()},
    (
        Plan("basic", "Stocks Basic", {"default": api.FREE}),
        Plan("starter", "Stocks Starter", {"default": api.PAID}, monthly_fee=Decimal(29)),
        Plan("developer", "Stocks Developer", {"default": api.PAID}, monthly_fee=Decimal(79)),
        Plan("advanced", "Stocks Advanced", {"default": api.PAID}, monthly_fee=Decimal(199)),
    ),
    "Individual plans are for personal, non-business use; showing the data to others or passing it on needs a business plan.",
    (
        Credential("api_key", "POLYGON_API_KEY", meaning="key of the REST interface"),
        Credential("s3_access_key", "POLYGON_S3_ACCESS_KEY", required=False, meaning="access key of the flat files, from the dashboard"),
        Credential("s3_secret_key", "POLYGON_S3_SECRET_KEY", required=False, meaning="secret key of the flat files"),
    ),
    unverified=(
        "the largest page of splits and dividends; 1,000 rows are asked for",
        "whether sizes of quotes count shares rather than round lots since 2025-11-03",
        "the status of answers under a delayed plan; OK and DELAYED are taken",
        "the words of 403 and 429 since the new name",
        "monthly fees, and that snapshots begin with the Starter plan: read on price pages, not in documentation",
        "dates of ticker changes: of one rename its documents give two",
    ),
    streams=STREAMS,
    flat_files=flat_files,
)
