"""Kraken's public spot data: candles, trades, books, pairs; free of charge and without a key.

Only the 720 newest candles of each length are served; older ones are in Kraken's quarterly files, which the landing folder reads.
"""

from __future__ import annotations

from marketdata_assets.schemas.bars import RAW_BARS
from marketdata_assets.sources.dataset import Dataset
from marketdata_assets.sources.plans import Plan
from marketdata_assets.sources.question import Data
from marketdata_assets.sources.source import Source
from marketdata_assets.sources.spelling import Spelling
from marketdata_assets.sources.vendors.kraken.api import API, CANDLES, NAME, OHLC, PUBLIC
from marketdata_assets.sources.vendors.kraken.bars import MINUTES, ask_bars, reach, read_bars

_BARS = tuple(
    Dataset(
        f"bars_{length}",
        Data.BARS,
        "crypto",
        OHLC,
        RAW_BARS,
        ask_bars,
        read_bars,
        timeframes=(length,),
        rows=CANDLES + 1,
        history=reach(length),
        answers_more=True,
        tape=NAME,
        unverified="whether `since` is inclusive: the second before the window is sent, and what comes early is left out",
    )
    for length in MINUTES
)

SOURCE = Source(
    name=NAME,
    title="Kraken",
    docs="https://docs.kraken.com/api/docs/rest-api/get-ohlc-data",
    apis=(API,),
    datasets=_BARS,
    spellings={"crypto": Spelling(joint="", coins={"BTC": "XBT", "DOGE": "XDG"})},
    plans=(Plan("public", "Kraken without a key", {"default": PUBLIC}),),
    licence="market data is free of charge; Kraken's terms of service govern passing it on",
    unverified=(
        "the limit of requests of one address: one a second is called safe by the vendor's support, no number is published",
        "the list of error texts is not exhaustive: an unknown one is a rejected request",
    ),
)
