"""Binance, and Binance.US by its plan `us`: spot candles, trades, books and pairs, free of charge and without a key.

The two exchanges have separate books and speak one protocol. A source on Binance.US is configured with `plan: us`, which carries its
host, `https://api.binance.us`, and its limits; its bars then say so in `tape`. It has no archive of files.
"""

from __future__ import annotations

from marketdata_assets.schemas.bars import RAW_BARS
from marketdata_assets.sources.dataset import Dataset
from marketdata_assets.sources.plans import Plan
from marketdata_assets.sources.question import Data
from marketdata_assets.sources.source import Option, Source
from marketdata_assets.sources.spelling import Spelling
from marketdata_assets.sources.vendors.binance.api import FILES, GLOBAL, KLINES, NAME, REST, UNITED_STATES, VISION
from marketdata_assets.sources.vendors.binance.bars import TIMEFRAMES, ask_bars, read_bars
from marketdata_assets.sources.vendors.binance.venue import tape

SOURCE = Source(
    name=NAME,
    title="Binance",
    docs="https://developers.binance.com/docs/binance-spot-api-docs/rest-api",
    apis=(REST, VISION),
    datasets=(Dataset("bars", Data.BARS, "crypto", KLINES, RAW_BARS, ask_bars, read_bars, timeframes=TIMEFRAMES, tape=tape),),
    spellings={"crypto": Spelling(joint="")},
    plans=(
        Plan("public", "Binance without a key", {"default": GLOBAL, "dumps": FILES}),
        Plan("us", "Binance.US without a key", {"default": UNITED_STATES}, options={"venue": "us"}, base_url="https://api.binance.us"),
    ),
    licence="market data is free of charge; Binance's terms of use govern passing it on",
    options={"venue": Option("global", ("global", "us"), "which exchange's book the bars are of; the plan says it")},
)
