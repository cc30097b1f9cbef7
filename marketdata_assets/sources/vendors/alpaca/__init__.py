"""Alpaca: bars of US stocks, as traded and under every name a company had."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from marketdata_assets.schemas.bars import RAW_BARS
from marketdata_assets.sources.dataset import Dataset
from marketdata_assets.sources.plans import Plan
from marketdata_assets.sources.question import Data
from marketdata_assets.sources.source import Credential, Option, Source
from marketdata_assets.sources.spelling import Spelling
from marketdata_assets.sources.vendors.alpaca import api, bars

STOCKS, COINS = "us_equities", "crypto"
_ALL_EXCHANGES = {"latest_feed": "sip"}
_QUARTER_HOUR = timedelta(minutes=15)

STOCK_BARS = Dataset(
    "bars",
    Data.BARS,
    STOCKS,
    api.STOCK_BARS,
    RAW_BARS,
    bars.ask_stock_bars,
    bars.read_stock_bars,
    timeframes=tuple(bars.LENGTHS),
    symbols=50,
    rows=api.ROWS,
    delay=_QUARTER_HOUR,
    tape=bars.tape,
)

SOURCE = Source(
    api.NAME,
    "Alpaca Market Data",
    "https://docs.alpaca.markets/docs/about-market-data-api",
    (api.DATA,),
    (STOCK_BARS,),
    {STOCKS: Spelling(), COINS: Spelling(joint="/")},
    (
        Plan("basic", "Basic", {"default": api.per_minute(200)}),
        Plan(
            "algo_trader_plus",
            "Algo Trader Plus",
            {"default": api.per_minute(10_000)},
            monthly_fee=Decimal(99),
            options={"latest_feed": "sip"},
        ),
    ),
    "Market data for the account holder's own use; showing or passing it on needs the exchanges' agreements.",
    (
        Credential("key_id", "APCA_API_KEY_ID", meaning="id of the API key"),
        Credential("secret_key", "APCA_API_SECRET_KEY", meaning="its secret"),
    ),
    {
        "feed": Option("sip", ("sip", "iex", "otc", "boats"), "tape of the history: all exchanges (sip) or one venue"),
        "latest_feed": Option("iex", ("iex", "sip", "delayed_sip", "boats", "overnight", "otc"), "tape of what stands now"),
        "asof": Option("", (), "date on which a ticker names its company; empty: today, `-`: no renames are followed"),
    },
    follows_renames=True,
)
