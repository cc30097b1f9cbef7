"""Benzinga: news of US equities by its direct interface, for those with a contract.

Its documentation was not read and no answer of the direct interface was recorded: paths, parameters and fields are those that several
public clients agree on. The same articles come with Alpaca's news.
"""

from __future__ import annotations

from marketdata_assets.schemas.companies import NEWS
from marketdata_assets.sources.dataset import Dataset
from marketdata_assets.sources.plans import Plan
from marketdata_assets.sources.question import Data
from marketdata_assets.sources.source import Credential, Source
from marketdata_assets.sources.spelling import Spelling
from marketdata_assets.sources.vendors.benzinga import api, news

EQUITIES = "us_equities"

SOURCE = Source(
    api.NAME,
    "Benzinga",
    "https://docs.benzinga.com",
    (api.API,),
    (Dataset("news", Data.NEWS, EQUITIES, api.NEWS, NEWS, news.ask_news, news.read_news, symbols=50, rows=api.PAGE),),
    {EQUITIES: Spelling()},
    (Plan("contract", "By contract with the vendor, who states limits and fee", {"default": api.BUDGET}),),
    licence="Only what the contract with the vendor allows; articles are not to be passed on.",
    credentials=(Credential("api_key", "BENZINGA_API_KEY", meaning="the token, sent as a query parameter"),),
    unverified=(
        "every shape: the documentation was not read and no answer recorded",
        "limits: one request a second is a guess; the fee stands in the contract",
        "that pages end with an empty one, and what happens beyond 10,000 articles",
        "the wording of its errors: statuses decide",
        "that days are those of UTC, and how share classes are written",
    ),
)
