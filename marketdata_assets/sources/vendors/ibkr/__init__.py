"""Interactive Brokers: historical bars and ticks through a TWS or IB Gateway that runs, logged in, on this machine.

There is no HTTP: `gateway.TwsClient` asks by way of ib_async (an extra, `pip install marketdata-assets[ibkr]`) and writes each answer
down as a document, which is archived and read like any other. `base_url` of a configured source is the address of the socket; its plan
names the usual port. Prices are adjusted for splits, not for dividends, so they serve to compare, not as raw prices.
"""

from __future__ import annotations

from datetime import timedelta

from marketdata_assets.core.basis import PriceBasis
from marketdata_assets.schemas.bars import RAW_BARS
from marketdata_assets.schemas.ticks import RAW_QUOTES, RAW_TRADES
from marketdata_assets.sources.dataset import Dataset
from marketdata_assets.sources.plans import Plan
from marketdata_assets.sources.question import Data
from marketdata_assets.sources.source import Option, Source
from marketdata_assets.sources.spelling import Spelling
from marketdata_assets.sources.vendors.ibkr import api, history
from marketdata_assets.sources.vendors.ibkr.gateway import TwsClient

EQUITIES = "us_equities"
_TITLES = {"gateway": "IB Gateway, live", "gateway_paper": "IB Gateway, paper", "tws": "TWS, live", "tws_paper": "TWS, paper"}

SOURCE = Source(
    api.NAME,
    "Interactive Brokers",
    "https://interactivebrokers.github.io/tws-api/",
    (api.API,),
    (
        Dataset(
            "bars",
            Data.BARS,
            EQUITIES,
            api.BARS,
            RAW_BARS,
            history.ask_bars,
            history.read_bars,
            timeframes=tuple(history.LENGTHS),
            rows=2_000,
            answers_more=True,
            price_basis=PriceBasis.SPLIT_ADJUSTED,
            volume_basis=PriceBasis.SPLIT_ADJUSTED,
            unverified="that volumes are adjusted like prices; whether they count shares or lots of 100, which a setting of TWS decides",
        ),
        Dataset(
            "trades",
            Data.TRADES,
            EQUITIES,
            api.TRADES,
            RAW_TRADES,
            history.ask_trades,
            history.read_trades,
            rows=api.TICKS,
            history=timedelta(days=180),
            answers_more=True,
            unverified="how far back ticks reach; taken as six months, like the finest bars",
        ),
        Dataset(
            "quotes",
            Data.QUOTES,
            EQUITIES,
            api.QUOTES,
            RAW_QUOTES,
            history.ask_quotes,
            history.read_quotes,
            rows=api.TICKS,
            history=timedelta(days=180),
            answers_more=True,
        ),
    ),
    {EQUITIES: Spelling(share_class=" ")},
    tuple(Plan(name, title, api.PACING, base_url=f"http://127.0.0.1:{api.PORTS[name]}") for name, title in _TITLES.items()),
    licence="For the account holder's own use under the exchanges' subscriber agreements; nothing may be passed on.",
    options={"hours": Option("regular", ("regular", "all"), "regular trading hours only, or all that the market trades")},
    follows_renames=True,
    unverified=(
        "the fees of market data subscriptions, which depend on the account",
        "whether the limits for the finest bars hold for ticks; they are kept",
        "that what a contract traded before it moved to another exchange is there: some of it is missing",
        "that a day asked for up to midnight in New York comes whole, evening hours included",
        "where the trades were seen; taken as the consolidated tape",
    ),
    gateway=TwsClient,
)
