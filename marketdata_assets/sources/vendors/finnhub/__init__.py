"""Finnhub: quotes and company news of US equities, and bars (adjusted for splits) for those who pay.

Its documentation was not read: paths, limits and errors are those that several public clients agree on, and no answer was recorded.
"""

from __future__ import annotations

from decimal import Decimal

from marketdata_assets.core.basis import PriceBasis
from marketdata_assets.schemas.bars import RAW_BARS
from marketdata_assets.schemas.companies import NEWS, SNAPSHOTS
from marketdata_assets.sources.dataset import Dataset
from marketdata_assets.sources.plans import Plan
from marketdata_assets.sources.question import Data
from marketdata_assets.sources.source import Credential, Source
from marketdata_assets.sources.spelling import Spelling
from marketdata_assets.sources.vendors.finnhub import answers, api

EQUITIES = "us_equities"

SOURCE = Source(
    api.NAME,
    "Finnhub",
    "https://finnhub.io/docs/api",
    (api.API,),
    (
        Dataset(
            "quotes",
            Data.SNAPSHOTS,
            EQUITIES,
            api.QUOTE,
            SNAPSHOTS,
            answers.ask_quote,
            answers.read_quote,
            rows=1,
            dated=False,
            latest=True,
        ),
        Dataset(
            "news", Data.NEWS, EQUITIES, api.NEWS, NEWS, answers.ask_news, answers.read_news, unverified="fields and number of articles"
        ),
        Dataset(
            "bars",
            Data.BARS,
            EQUITIES,
            api.CANDLES,
            RAW_BARS,
            answers.ask_candles,
            answers.read_candles,
            timeframes=tuple(answers.RESOLUTIONS),
            rows=5_000,
            plans=("premium",),
            price_basis=PriceBasis.SPLIT_ADJUSTED,
            volume_basis=PriceBasis.SPLIT_ADJUSTED,
            unverified="that volumes are adjusted like prices; how many rows one answer holds",
        ),
    ),
    {EQUITIES: Spelling()},
    (
        Plan("free", "Free key", {"default": api.per_minute(60)}),
        Plan("premium", "Paid market data of the United States", {"default": api.per_minute(300)}, monthly_fee=Decimal("49.99")),
    ),
    licence="Personal use under the free plan; business use and redistribution need a licence from the vendor.",
    credentials=(Credential("api_key", "FINNHUB_API_KEY", meaning="the key, sent in the header X-Finnhub-Token"),),
    follows_renames=False,
    unverified=(
        "every shape: the documentation was not read and no answer recorded",
        "limit and fee of the paid plan",
        "the names of its rate-limit headers, which are therefore not read",
        "how share classes are written; taken as BRK.B",
        "whether company news is cut off at some number of articles",
        "whether a daily candle is stamped with midnight of New York or of UTC; both are read",
        "that the times of intraday candles are their starts",
    ),
)
