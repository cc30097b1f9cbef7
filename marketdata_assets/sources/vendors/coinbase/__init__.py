"""Coinbase: candles, trades, books and products of its one book, free of charge and without a key.

Exchange answers for all but bars of thirty minutes and four hours, which only Advanced Trade has. Both leave out intervals without a trade.
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
from marketdata_assets.sources.vendors.coinbase import api, bars, reference, ticks
from marketdata_assets.sources.vendors.coinbase.stream import STREAMS

_EXCHANGE_BARS = Dataset(
    "bars",
    Data.BARS,
    "crypto",
    api.EXCHANGE_CANDLES,
    RAW_BARS,
    bars.ask_exchange_bars,
    bars.read_exchange_bars,
    timeframes=bars.EXCHANGE_LENGTHS,
    rows=api.CANDLES,
    answers_more=True,
    tape=api.NAME,
)
_ADVANCED_BARS = Dataset(
    "advanced_bars",
    Data.BARS,
    "crypto",
    api.ADVANCED_BARS,
    RAW_BARS,
    bars.ask_advanced_bars,
    bars.read_advanced_bars,
    timeframes=tuple(bars.ADVANCED_LENGTHS),
    rows=api.ADVANCED_CANDLES,
    tape=api.NAME,
    unverified="whether exactly 350 candles are answered: 349 are asked for",
)
_TICKS = (
    Dataset("trades", Data.TRADES, "crypto", api.EXCHANGE_TRADES, RAW_TRADES, ticks.ask_trades, ticks.read_trades, tape=api.NAME),
    Dataset(
        "latest_trades",
        Data.TRADES,
        "crypto",
        api.EXCHANGE_RECENT_TRADES,
        RAW_TRADES,
        ticks.ask_recent_trades,
        ticks.read_trades,
        dated=False,
        latest=True,
        tape=api.NAME,
    ),
    Dataset(
        "advanced_latest_trades",
        Data.TRADES,
        "crypto",
        api.ADVANCED_TICKER,
        RAW_TRADES,
        ticks.ask_advanced_trades,
        ticks.read_advanced_trades,
        rows=100,
        dated=False,
        latest=True,
        tape=api.NAME,
        unverified="that `side` is the waiting order's here as it is in Exchange and in the stream of trades",
    ),
    Dataset(
        "order_books",
        Data.ORDER_BOOKS,
        "crypto",
        api.EXCHANGE_BOOK,
        RAW_ORDER_BOOKS,
        ticks.ask_book,
        ticks.read_book,
        rows=100_000,
        dated=False,
        latest=True,
    ),
    Dataset(
        "advanced_order_books",
        Data.ORDER_BOOKS,
        "crypto",
        api.ADVANCED_BOOK,
        RAW_ORDER_BOOKS,
        ticks.ask_advanced_book,
        ticks.read_advanced_book,
        rows=2000,
        dated=False,
        latest=True,
    ),
)
_REFERENCE = (
    Dataset(
        "listings",
        Data.LISTINGS,
        "crypto",
        api.EXCHANGE_PRODUCTS,
        LISTINGS,
        reference.ask_products,
        reference.read_products,
        symbols=0,
        rows=10_000,
        dated=False,
    ),
    Dataset(
        "advanced_listings",
        Data.LISTINGS,
        "crypto",
        api.ADVANCED_PRODUCTS,
        LISTINGS,
        reference.ask_advanced_products,
        reference.read_advanced_products,
        symbols=0,
        rows=10_000,
        dated=False,
    ),
    Dataset(
        "snapshots",
        Data.SNAPSHOTS,
        "crypto",
        api.EXCHANGE_TICKER,
        SNAPSHOTS,
        reference.ask_ticker,
        reference.read_ticker,
        rows=1,
        dated=False,
        latest=True,
    ),
)

SOURCE = Source(
    name=api.NAME,
    title="Coinbase",
    docs="https://docs.cdp.coinbase.com/exchange/docs/welcome",
    apis=(api.EXCHANGE, api.ADVANCED),
    datasets=(_EXCHANGE_BARS, _ADVANCED_BARS, *_TICKS, *_REFERENCE),
    spellings={"crypto": Spelling()},
    plans=(Plan("public", "Coinbase without a key", {"default": api.PUBLIC}),),
    licence="market data is free of charge for own use; Coinbase's market data terms govern passing it on",
    unverified=(
        "the limit of Advanced Trade's public part: ten requests a second, as Exchange documents, are used for both",
        "whether Exchange says in `Retry-After` how long to wait after 429: it is heeded where it comes",
        "which fields a refusal of Advanced Trade has beside `error`",
    ),
    streams=STREAMS,
)
