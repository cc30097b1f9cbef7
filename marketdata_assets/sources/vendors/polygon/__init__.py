"""Polygon, renamed Massive in 2025: US stocks on the consolidated tape."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from marketdata_assets.schemas.bars import RAW_BARS
from marketdata_assets.sources.dataset import Dataset
from marketdata_assets.sources.plans import Plan
from marketdata_assets.sources.question import Data
from marketdata_assets.sources.source import Credential, Source
from marketdata_assets.sources.spelling import Spelling
from marketdata_assets.sources.vendors.polygon import api, bars

STOCKS = "us_equities"
_QUARTER_HOUR = timedelta(minutes=15)

BARS = Dataset(
    "bars",
    Data.BARS,
    STOCKS,
    api.AGGREGATES,
    RAW_BARS,
    bars.ask_bars,
    bars.read_bars,
    timeframes=tuple(bars.LENGTHS),
    rows=api.BASE_AGGREGATES,
    delay=_QUARTER_HOUR,
)

SOURCE = Source(
    api.NAME,
    "Polygon (Massive)",
    "https://massive.com/docs",
    (api.REST,),
    (BARS,),
    {STOCKS: Spelling()},
    (
        Plan("basic", "Stocks Basic", {"default": api.FREE}),
        Plan("starter", "Stocks Starter", {"default": api.PAID}, monthly_fee=Decimal(29)),
        Plan("developer", "Stocks Developer", {"default": api.PAID}, monthly_fee=Decimal(79)),
        Plan("advanced", "Stocks Advanced", {"default": api.PAID}, monthly_fee=Decimal(199)),
    ),
    "Individual plans are for personal, non-commercial use; display and redistribution need a business plan.",
    (Credential("api_key", "POLYGON_API_KEY", meaning="key of the REST API"),),
)
