"""Alpaca: US stocks and their options as traded, their corporate actions, and coins on Alpaca's own venue.

Every row records the tape it was seen on. History comes from all exchanges (`feed: sip`), which the free plan may read once it is 15
minutes old; what stands now comes from one exchange (`latest_feed: iex`) unless the plan is paid. One exchange sees a few percent of
the volume.

A ticker is asked for as it is today, and the vendor answers for the company under its older tickers as well.

No document states what a wrong key answers in full (401 and 403 were both seen), how a refusal for too many requests reads, how many
stocks one request may name (50 are asked for), how many shares a round lot was in which quote sizes counted before 2025-11-03, and when
a venue's day of coins begins.
"""

from __future__ import annotations

from decimal import Decimal

from marketdata_assets.sources.plans import Plan
from marketdata_assets.sources.source import Credential, Option, Source
from marketdata_assets.sources.spelling import Spelling
from marketdata_assets.sources.vendors.alpaca import api, asking
from marketdata_assets.sources.vendors.alpaca.datasets import COINS, DATASETS, STOCKS
from marketdata_assets.sources.vendors.alpaca.stream import STREAMS

_PAID = {asking.LATEST_FEED: "sip", asking.OPTION_FEED: "opra"}

SOURCE = Source(
    api.NAME,
    "Alpaca Market Data",
    "https://docs.alpaca.markets/docs/about-market-data-api",
    (api.DATA, api.COINS, api.TRADING),
    DATASETS,
    {STOCKS: Spelling(), COINS: Spelling(joint="/")},
    (
        Plan("basic", "Basic", {"default": api.per_minute(200)}),
        Plan("algo_trader_plus", "Algo Trader Plus", {"default": api.per_minute(10_000)}, monthly_fee=Decimal(99), options=_PAID),
    ),
    "Market data for the account holder's own use; showing it to others or passing it on needs agreements with Alpaca and the exchanges.",
    (
        Credential("key_id", "APCA_API_KEY_ID", meaning="id of the API key; history of coins can be read without one"),
        Credential("secret_key", "APCA_API_SECRET_KEY", meaning="its secret"),
    ),
    {
        asking.FEED: Option("sip", ("sip", "iex", "otc", "boats"), "tape of a stock's history: all exchanges (sip) or one venue"),
        asking.LATEST_FEED: Option("iex", ("iex", "sip", "delayed_sip", "boats", "overnight", "otc"), "tape of a stock as it stands now"),
        asking.OPTION_FEED: Option(
            "indicative", ("indicative", "opra"), "tape of options; the indicative one delays trades and modifies quotes"
        ),
        asking.LOCATION: Option("us", ("us", "us-1", "us-2", "eu-1", "bs-1"), "venue of coins; us-1 and eu-1 are Kraken's"),
        asking.ASOF: Option(asking.TODAY, (), "date on which a ticker names its company; `-`: renames are not followed"),
    },
    follows_renames=True,
    unverified=(
        "bodies of 401 and 429",
        "how many stock symbols one request may name",
        "how many shares the round lots were in which quote sizes counted before 2025-11-03",
        "when the days of crypto venues begin",
        "which tape the history of options comes from",
        "in which order the levels of an order book come",
    ),
    streams=STREAMS,
)
