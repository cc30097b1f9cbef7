"""CoinGecko: an index of coin prices over many venues, to compare with; no venue's trades, and no volume in its candles.

Bars are of pairs with USD and called by CoinGecko's id of the coin; `coins.py` knows the ids of well-known coins, the instruments
file takes others as aliases of this source. Without payment there are candles of 30 minutes for a day and of four hours for 30 days,
no daily ones. Paid plans have a host and a key of their own.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from marketdata_assets.schemas.bars import RAW_BARS
from marketdata_assets.schemas.companies import MARKET_CHARTS, SNAPSHOTS
from marketdata_assets.schemas.listings import LISTINGS
from marketdata_assets.sources.api import Auth
from marketdata_assets.sources.dataset import Dataset
from marketdata_assets.sources.plans import Plan
from marketdata_assets.sources.question import Data
from marketdata_assets.sources.source import Credential, Option, Source
from marketdata_assets.sources.spelling import Spelling
from marketdata_assets.sources.vendors.coingecko import api, bars, charts, reference
from marketdata_assets.sources.vendors.coingecko.coins import DOLLAR_PAIRS

PAID = ("basic", "analyst")
_TAPE = "coingecko_index"
_HALF_HOURS = Dataset(
    "bars_30m",
    Data.BARS,
    "crypto",
    api.OHLC,
    RAW_BARS,
    bars.ask_recent_bars,
    bars.read_recent_bars,
    timeframes=("30m",),
    rows=49,
    history=timedelta(hours=23),
    delay=timedelta(minutes=15),
    answers_more=True,
    tape=_TAPE,
    unverified="whether the last candle is the running one: one whose end lies ahead or on no half hour is left out",
)
_RANGE = Dataset(
    "bars_range",
    Data.BARS,
    "crypto",
    api.OHLC_RANGE,
    RAW_BARS,
    bars.ask_range_bars,
    bars.read_range_bars,
    timeframes=tuple(bars.RANGES),
    rows=744,
    delay=timedelta(minutes=35),
    plans=PAID,
    answers_more=True,
    tape=_TAPE,
    unverified="that candles of a range are stamped with their end as those of the last days are",
)
_CHARTS = Dataset(
    "market_charts",
    Data.MARKET_CHARTS,
    "crypto",
    api.MARKET_CHART_RANGE,
    MARKET_CHARTS,
    charts.ask_charts,
    charts.read_charts,
    rows=2200,
    delay=timedelta(minutes=35),
    answers_more=True,
    tape=_TAPE,
)
_PRICES = Dataset(
    "snapshots",
    Data.SNAPSHOTS,
    "crypto",
    api.SIMPLE_PRICE,
    SNAPSHOTS,
    reference.ask_prices,
    reference.read_prices,
    symbols=100,
    dated=False,
    latest=True,
    tape=_TAPE,
)
_COINS = Dataset(
    "listings",
    Data.LISTINGS,
    "crypto",
    api.COINS,
    LISTINGS,
    reference.ask_coins,
    reference.read_coins,
    symbols=0,
    rows=100_000,
    dated=False,
)

SOURCE = Source(
    name=api.NAME,
    title="CoinGecko",
    docs="https://docs.coingecko.com",
    apis=(api.API,),
    datasets=(
        _HALF_HOURS,
        replace(_HALF_HOURS, name="bars_4h", timeframes=("4h",), rows=181, history=timedelta(days=29)),
        _RANGE,
        _CHARTS,
        replace(_CHARTS, name="latest_market_charts", endpoint=api.MARKET_CHART, ask=charts.ask_latest_charts, dated=False, latest=True),
        _PRICES,
        replace(
            _PRICES,
            name="markets",
            endpoint=api.MARKETS,
            ask=reference.ask_markets,
            read=reference.read_markets,
            symbols=0,
            rows=api.MARKETS_PAGE,
        ),
        _COINS,
    ),
    spellings={"crypto": Spelling(names=DOLLAR_PAIRS)},
    plans=(
        Plan("demo", "Demo: free, with a key", {"default": api.per_minute(30)}, monthly_requests=10_000),
        Plan("keyless", "without a key", {"default": api.per_minute(5, keyless=True)}, auth=Auth()),
        Plan(
            "basic",
            "Basic",
            {"default": api.per_minute(250)},
            monthly_fee=Decimal(35),
            monthly_requests=100_000,
            base_url=api.PRO_HOST,
            auth=api.PRO,
        ),
        Plan(
            "analyst",
            "Analyst",
            {"default": api.per_minute(500)},
            monthly_fee=Decimal(129),
            monthly_requests=500_000,
            base_url=api.PRO_HOST,
            auth=api.PRO,
        ),
    ),
    licence="free plans ask for attribution to CoinGecko; its API terms govern passing data on",
    credentials=(
        Credential("demo_key", "COINGECKO_DEMO_API_KEY", required=False, meaning="free key, for api.coingecko.com"),
        Credential("pro_key", "COINGECKO_PRO_API_KEY", required=False, meaning="key of a paid plan, for pro-api.coingecko.com"),
    ),
    options={"currency": Option("usd", meaning="currency of market charts, as CoinGecko writes it: usd, eur, btc")},
    unverified=(
        "the demo plan's calls a minute: documents say 30 and, of late, 100",
        "what the paid plans cost and allow today: basic, 35 dollars for 250 calls a minute, analyst, 129 for 500",
        "how many calls pass without a key: 5 to 15 a minute were documented once",
    ),
)
