"""Alpha Vantage: US equities, a series a request, 25 requests a day for nothing.

Every answer has status 200; what is wrong stands inside, and some notices repeat the caller's key. A series comes whole, whatever
window was wanted: the daily one from the beginning (premium) or as its last 100 rows, the intraday one by calendar month.
"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from marketdata_assets.schemas.actions import RAW_CORPORATE_ACTIONS
from marketdata_assets.schemas.bars import RAW_BARS
from marketdata_assets.schemas.companies import PROFILES, SNAPSHOTS
from marketdata_assets.schemas.listings import LISTINGS
from marketdata_assets.sources.dataset import Dataset
from marketdata_assets.sources.plans import Plan
from marketdata_assets.sources.question import Data
from marketdata_assets.sources.source import Credential, Option, Source
from marketdata_assets.sources.spelling import Spelling
from marketdata_assets.sources.vendors.alphavantage import api, bars, reference

EQUITIES = "us_equities"
_FEES = {75: "49.99", 150: "99.99", 300: "149.99", 600: "199.99", 1200: "249.99"}  # US dollars a month by requests a minute
_COMPACT = timedelta(days=137)  # of which no more than 99 are weekdays, so that 100 rows hold them all, today's among them
_PREMIUM = tuple(f"premium_{requests}" for requests in _FEES)


def _premium(requests: int, fee: str) -> Plan:
    return Plan(
        f"premium_{requests}",
        f"Premium, {requests} requests a minute",
        {"default": api.per_minute(requests)},
        monthly_fee=Decimal(fee),
    )


DATASETS = (
    Dataset(
        "daily",
        Data.BARS,
        EQUITIES,
        api.DAILY,
        RAW_BARS,
        bars.ask_daily,
        bars.read_daily,
        timeframes=("1d",),
        rows=10_000,
        delay=timedelta(hours=6),
        plans=_PREMIUM,
        answers_more=True,
        unverified="when a session's bar is final",
    ),
    Dataset(
        "recent_daily",
        Data.BARS,
        EQUITIES,
        api.DAILY,
        RAW_BARS,
        bars.ask_recent,
        bars.read_recent,
        timeframes=("1d",),
        rows=bars.COMPACT_ROWS,
        history=_COMPACT,
        delay=timedelta(hours=6),
        plans=("free",),
        answers_more=True,
        unverified="when a session's bar is final",
    ),
    Dataset(
        "daily_adjusted",
        Data.BARS,
        EQUITIES,
        api.DAILY_ADJUSTED,
        RAW_BARS,
        bars.ask_adjusted,
        bars.read_adjusted,
        timeframes=("1d",),
        rows=10_000,
        delay=timedelta(hours=6),
        plans=_PREMIUM,
        answers_more=True,
    ),
    Dataset(
        "intraday",
        Data.BARS,
        EQUITIES,
        api.INTRADAY,
        RAW_BARS,
        bars.ask_intraday,
        bars.read_intraday,
        timeframes=tuple(bars.INTERVALS),
        rows=25_000,
        delay=timedelta(days=1),
        answers_more=True,
        unverified="that adjusted=false gives prices and volumes as traded; which plans include it; that it reaches back to 2000-01",
    ),
    Dataset(
        "quotes",
        Data.SNAPSHOTS,
        EQUITIES,
        api.QUOTE,
        SNAPSHOTS,
        reference.ask_quote,
        reference.read_quote,
        rows=1,
        dated=False,
        latest=True,
    ),
    Dataset(
        "profiles", Data.PROFILES, EQUITIES, api.OVERVIEW, PROFILES, reference.ask_profile, reference.read_profile, dated=False, latest=True
    ),
    Dataset(
        "corporate_actions",
        Data.CORPORATE_ACTIONS,
        EQUITIES,
        api.SPLITS,
        RAW_CORPORATE_ACTIONS,
        reference.ask_actions,
        reference.read_actions,
        dated=False,
        unverified="in which currency dividends are; whether amounts are adjusted for later splits",
    ),
    Dataset(
        "listings",
        Data.LISTINGS,
        EQUITIES,
        api.LISTINGS,
        LISTINGS,
        reference.ask_listings,
        reference.read_listings,
        symbols=0,
        rows=50_000,
        dated=False,
        unverified="whether the delisting date is the last day of trading or the first one without",
    ),
)

SOURCE = Source(
    api.NAME,
    "Alpha Vantage",
    "https://www.alphavantage.co/documentation/",
    (api.API,),
    DATASETS,
    {EQUITIES: Spelling(share_class="-")},
    (Plan("free", "Free key", {"default": api.FREE}), *(_premium(requests, fee) for requests, fee in _FEES.items())),
    licence="Personal, non-commercial use under the standard terms; commercial use and redistribution need an agreement with the vendor.",
    credentials=(
        Credential("api_key", "ALPHAVANTAGE_API_KEY", meaning="the key, sent as a query parameter because there is no other way"),
    ),
    options={
        "extended_hours": Option("true", ("true", "false"), "whether intraday bars before the open and after the close come as well"),
        "state": Option("both", reference.STATES, "which listings: active, delisted, or both (two requests)"),
        "as_of": Option("", meaning="day (YYYY-MM-DD, from 2010-01-01) as of which listings are wanted; empty: the latest"),
    },
    unverified=(
        "the fees of the premium plans",
        "which functions the free plan includes: it changes often",
        "at what hour the daily allowance of a free key is restored; 24 hours are waited",
        "whether share classes are written BRK-B or BRK.B; its own list of symbols writes a dash",
        "whether a renamed company's older bars stand under its new ticker",
        "the wording of the notice that the demo key gets",
        "where the trades were seen; taken as the consolidated tape",
        "that daily prices and volumes are as traded on every day of the series",
    ),
)
