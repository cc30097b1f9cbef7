"""Binance, and Binance.US by its plan `us`: spot candles, trades, books and pairs, free of charge and without a key.

The two exchanges have separate books and speak one protocol. A source on Binance.US is configured with `plan: us`, which carries its
host, `https://api.binance.us`, and its limits; its bars then say so in `tape`. It has no archive of files.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from marketdata_assets.schemas.bars import RAW_BARS
from marketdata_assets.schemas.companies import SNAPSHOTS
from marketdata_assets.schemas.listings import LISTINGS
from marketdata_assets.schemas.ticks import RAW_ORDER_BOOKS, RAW_QUOTES, RAW_TRADES
from marketdata_assets.sources.dataset import Dataset
from marketdata_assets.sources.plans import Plan
from marketdata_assets.sources.question import Data
from marketdata_assets.sources.source import Option, Source
from marketdata_assets.sources.spelling import Spelling
from marketdata_assets.sources.vendors.binance import api, bars, dumps, reference, ticks
from marketdata_assets.sources.vendors.binance.stream import STREAMS

_TAPES = {"global": "binance", "us": "binance_us"}


def _tape(options: Mapping[str, str]) -> str:
    return _TAPES[options.get("venue", "global")]


_BARS = Dataset("bars", Data.BARS, "crypto", api.KLINES, RAW_BARS, bars.ask_bars, bars.read_bars, timeframes=bars.TIMEFRAMES, tape=_tape)
_DUMPS = replace(
    _BARS,
    name="dumps",
    endpoint=api.DUMP,
    ask=dumps.ask_dumps,
    read=dumps.read_dumps,
    verify=dumps.verify_dumps,
    rows=44_640,
    delay=timedelta(hours=36),
    plans=("public",),
    answers_more=True,
    unverified="at what hour of the next day daily files appear: half a day is allowed for",
)
_AGG_TRADES = Dataset(
    "agg_trades", Data.TRADES, "crypto", api.AGG_TRADES, RAW_TRADES, ticks.ask_agg_trades, ticks.read_agg_trades, tape=_tape
)
_TRADES = Dataset(
    "latest_trades",
    Data.TRADES,
    "crypto",
    api.TRADES,
    RAW_TRADES,
    ticks.ask_recent_trades,
    ticks.read_trades,
    dated=False,
    latest=True,
    tape=_tape,
)
_BOOKS = Dataset(
    "order_books",
    Data.ORDER_BOOKS,
    "crypto",
    api.DEPTH_BOOK,
    RAW_ORDER_BOOKS,
    ticks.ask_book,
    ticks.read_book,
    rows=2 * api.DEPTH,
    dated=False,
    latest=True,
)
_QUOTES = Dataset(
    "latest_quotes",
    Data.QUOTES,
    "crypto",
    api.BOOK_TICKER,
    RAW_QUOTES,
    ticks.ask_quotes,
    ticks.read_quotes,
    symbols=100,
    dated=False,
    latest=True,
    tape=_tape,
)
_PRICES = Dataset(
    "snapshots",
    Data.SNAPSHOTS,
    "crypto",
    api.PRICE_TICKER,
    SNAPSHOTS,
    reference.ask_prices,
    reference.read_prices,
    symbols=100,
    dated=False,
    latest=True,
)
_LISTINGS = Dataset(
    "listings",
    Data.LISTINGS,
    "crypto",
    api.EXCHANGE_INFO,
    LISTINGS,
    reference.ask_listings,
    reference.read_listings,
    symbols=0,
    rows=10_000,
    dated=False,
)
_PUBLIC = Plan("public", "Binance without a key", {"default": api.GLOBAL, "dumps": api.FILES})
_US = Plan("us", "Binance.US without a key", {"default": api.UNITED_STATES}, options={"venue": "us"}, base_url="https://api.binance.us")

SOURCE = Source(
    name=api.NAME,
    title="Binance",
    docs="https://developers.binance.com/docs/binance-spot-api-docs/rest-api",
    apis=(api.REST, api.VISION),
    datasets=(
        _BARS,
        _DUMPS,
        _AGG_TRADES,
        _TRADES,
        replace(_TRADES, name="trades", endpoint=api.HISTORICAL_TRADES, ask=ticks.ask_historical_trades, latest=False),
        _BOOKS,
        _QUOTES,
        _PRICES,
        _LISTINGS,
    ),
    spellings={"crypto": Spelling(joint="")},
    plans=(_PUBLIC, _US),
    licence="market data is free of charge; Binance's terms of use govern passing it on",
    options={
        "venue": Option("global", ("global", "us"), "which exchange's book the rows are of; the plan says it"),
        "from_id": Option("", meaning="id of the first trade of the dataset `trades`; the newest thousand without it"),
    },
    unverified=(
        "whether the bounds of candles are both inclusive, as those of aggregated trades are: a row at the boundary counts once",
        "the limits and weights of Binance.US: 1200 a minute, and the weights of Binance",
        "how the archive limits requests: ten a second are sent",
    ),
    streams=STREAMS,
)
