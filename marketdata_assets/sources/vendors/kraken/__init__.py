"""Kraken's public spot data: candles, trades, books, pairs; free of charge and without a key.

Only the 720 newest candles of each length are served; older ones are in Kraken's quarterly files, which the landing folder reads.
Trades reach back to the listing of a pair. Tokenised shares, which have to be asked for by another parameter, are left out.
"""

from __future__ import annotations

from marketdata_assets.schemas.bars import RAW_BARS
from marketdata_assets.schemas.companies import SNAPSHOTS
from marketdata_assets.schemas.listings import LISTINGS
from marketdata_assets.schemas.ticks import RAW_ORDER_BOOKS, RAW_TRADES
from marketdata_assets.sources.dataset import Dataset
from marketdata_assets.sources.plans import Plan
from marketdata_assets.sources.question import Data
from marketdata_assets.sources.source import Source
from marketdata_assets.sources.spelling import Spelling
from marketdata_assets.sources.vendors.kraken import api, bars, reference, ticks
from marketdata_assets.sources.vendors.kraken.stream import STREAMS

_BARS = tuple(
    Dataset(
        f"bars_{length}",
        Data.BARS,
        "crypto",
        api.OHLC,
        RAW_BARS,
        bars.ask_bars,
        bars.read_bars,
        timeframes=(length,),
        rows=api.CANDLES + 1,
        history=bars.reach(length),
        answers_more=True,
        tape=api.NAME,
        unverified="whether `since` is inclusive: the second before the window is sent, and what comes early is left out",
    )
    for length in bars.MINUTES
)
_TICKS = (
    Dataset(
        "trades",
        Data.TRADES,
        "crypto",
        api.TRADES,
        RAW_TRADES,
        ticks.ask_trades,
        ticks.read_trades,
        answers_more=True,
        tape=api.NAME,
        unverified="whether `since` is inclusive: pages may overlap by a trade, which counts once",
    ),
    Dataset(
        "latest_trades",
        Data.TRADES,
        "crypto",
        api.RECENT_TRADES,
        RAW_TRADES,
        ticks.ask_recent_trades,
        ticks.read_trades,
        dated=False,
        latest=True,
        tape=api.NAME,
    ),
    Dataset(
        "order_books",
        Data.ORDER_BOOKS,
        "crypto",
        api.DEPTH_BOOK,
        RAW_ORDER_BOOKS,
        ticks.ask_book,
        ticks.read_book,
        dated=False,
        latest=True,
    ),
)
_REFERENCE = (
    Dataset(
        "snapshots",
        Data.SNAPSHOTS,
        "crypto",
        api.TICKER,
        SNAPSHOTS,
        reference.ask_ticker,
        reference.read_ticker,
        symbols=20,
        dated=False,
        latest=True,
    ),
    Dataset(
        "listings",
        Data.LISTINGS,
        "crypto",
        api.ASSET_PAIRS,
        LISTINGS,
        reference.ask_pairs,
        reference.read_pairs,
        symbols=0,
        rows=10_000,
        dated=False,
    ),
)

SOURCE = Source(
    name=api.NAME,
    title="Kraken",
    docs="https://docs.kraken.com/api/docs/rest-api/get-ohlc-data",
    apis=(api.API,),
    datasets=(*_BARS, *_TICKS, *_REFERENCE),
    spellings={"crypto": Spelling(joint="", coins={"BTC": "XBT", "DOGE": "XDG"})},
    plans=(Plan("public", "Kraken without a key", {"default": api.PUBLIC}),),
    licence="market data is free of charge; Kraken's terms of service govern passing it on",
    unverified=(
        "the limit of requests of one address: one a second is called safe by the vendor's support, no number is published",
        "the list of error texts is not exhaustive: an unknown one is a rejected request",
    ),
    streams=STREAMS,
)
