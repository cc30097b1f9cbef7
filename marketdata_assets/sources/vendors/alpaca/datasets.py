"""Everything Alpaca has, as datasets: stocks first, then their reference data, options and coins."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from marketdata_assets.schemas.actions import RAW_CORPORATE_ACTIONS
from marketdata_assets.schemas.bars import RAW_BARS
from marketdata_assets.schemas.companies import NEWS, SNAPSHOTS
from marketdata_assets.schemas.listings import LISTINGS, MARKET_CALENDAR, OPTION_CONTRACTS, OPTION_QUOTES
from marketdata_assets.schemas.ticks import RAW_ORDER_BOOKS, RAW_QUOTES, RAW_TRADES
from marketdata_assets.sources.dataset import Dataset
from marketdata_assets.sources.question import Data
from marketdata_assets.sources.vendors.alpaca import api, asking, bars, corporate_actions, options, reference, snapshots, ticks

STOCKS, COINS = "us_equities", "crypto"
_QUARTER_HOUR = timedelta(minutes=15)
_MANY, _CONTRACTS = 50, 100  # symbols a request: the vendor states a limit for contracts alone

_past = partial(Dataset, asset_class=STOCKS, symbols=_MANY, rows=api.ROWS, delay=_QUARTER_HOUR, tape=asking.history_tape)
_now = partial(Dataset, asset_class=STOCKS, symbols=_MANY, rows=_MANY, dated=False, latest=True, tape=asking.latest_tape)
_contracts_past = partial(
    Dataset,
    asset_class=STOCKS,
    symbols=_CONTRACTS,
    rows=api.ROWS,
    delay=_QUARTER_HOUR,
    tape=f"{api.NAME} options",
    unverified="which tape the history of options comes from: it cannot be chosen",
)
_contracts_now = partial(
    Dataset, asset_class=STOCKS, symbols=_CONTRACTS, rows=_CONTRACTS, dated=False, latest=True, tape=asking.option_tape
)
_coins_past = partial(Dataset, asset_class=COINS, symbols=_MANY, rows=api.ROWS, tape=asking.coin_tape)
_coins_now = partial(Dataset, asset_class=COINS, symbols=_MANY, rows=_MANY, dated=False, latest=True, tape=asking.coin_tape)
_lists = partial(Dataset, symbols=0, rows=100_000, dated=False)

STOCK_DATASETS = (
    _past(
        "bars",
        Data.BARS,
        endpoint=api.STOCK_BARS,
        table=RAW_BARS,
        ask=bars.ask_stock_bars,
        read=bars.read_bars,
        timeframes=tuple(bars.LENGTHS),
    ),
    _past(
        "trades",
        Data.TRADES,
        endpoint=api.STOCK_TRADES,
        table=RAW_TRADES,
        ask=asking.stock_ticks(api.STOCK_TRADES),
        read=ticks.read_stock_trades,
    ),
    _past(
        "quotes",
        Data.QUOTES,
        endpoint=api.STOCK_QUOTES,
        table=RAW_QUOTES,
        ask=asking.stock_ticks(api.STOCK_QUOTES),
        read=ticks.read_stock_quotes,
        unverified="how many shares a round lot was, in which sizes counted before 2025-11-03",
    ),
    Dataset(
        "auctions",
        Data.TRADES,
        STOCKS,
        api.AUCTIONS,
        RAW_TRADES,
        asking.ask_auctions,
        ticks.read_auctions,
        symbols=_MANY,
        rows=api.ROWS,
        delay=_QUARTER_HOUR,
        tape=f"{api.NAME} sip",
    ),
    _now(
        "latest_bars",
        Data.BARS,
        endpoint=api.LATEST_STOCK_BARS,
        table=RAW_BARS,
        ask=asking.stocks_now(api.LATEST_STOCK_BARS),
        read=bars.read_minutes,
        timeframes=("1m",),
    ),
    _now(
        "latest_trades",
        Data.TRADES,
        endpoint=api.LATEST_STOCK_TRADES,
        table=RAW_TRADES,
        ask=asking.stocks_now(api.LATEST_STOCK_TRADES),
        read=ticks.read_stock_trades,
    ),
    _now(
        "latest_quotes",
        Data.QUOTES,
        endpoint=api.LATEST_STOCK_QUOTES,
        table=RAW_QUOTES,
        ask=asking.stocks_now(api.LATEST_STOCK_QUOTES),
        read=ticks.read_stock_quotes,
    ),
    _now(
        "snapshots",
        Data.SNAPSHOTS,
        endpoint=api.STOCK_SNAPSHOTS,
        table=SNAPSHOTS,
        ask=asking.stocks_now(api.STOCK_SNAPSHOTS),
        read=snapshots.read_stock_snapshots,
    ),
)
REFERENCE_DATASETS = (
    Dataset(
        "corporate_actions",
        Data.CORPORATE_ACTIONS,
        STOCKS,
        api.CORPORATE_ACTIONS,
        RAW_CORPORATE_ACTIONS,
        corporate_actions.ask_corporate_actions,
        corporate_actions.read_corporate_actions,
        symbols=_MANY,
        rows=api.EVENTS,
    ),
    _lists(
        "listings",
        Data.LISTINGS,
        STOCKS,
        api.ASSETS,
        LISTINGS,
        reference.listings_of("us_equity"),
        reference.read_listings,
    ),
    Dataset(
        "market_calendar",
        Data.MARKET_CALENDAR,
        STOCKS,
        api.CALENDAR,
        MARKET_CALENDAR,
        reference.ask_calendar,
        reference.read_calendar,
        symbols=0,
        rows=20_000,
    ),
    Dataset(
        "news",
        Data.NEWS,
        STOCKS,
        api.NEWS,
        NEWS,
        reference.ask_news,
        reference.read_news,
        symbols=_MANY,
        rows=api.ARTICLES,
    ),
)
OPTION_DATASETS = (
    Dataset(
        "option_contracts",
        Data.OPTION_CONTRACTS,
        STOCKS,
        api.CONTRACTS,
        OPTION_CONTRACTS,
        options.ask_contracts,
        options.read_contracts,
        symbols=_MANY,
        rows=api.ROWS,
        dated=False,
    ),
    Dataset(
        "option_chain",
        Data.OPTION_QUOTES,
        STOCKS,
        api.OPTION_CHAIN,
        OPTION_QUOTES,
        options.ask_chain,
        options.read_chain,
        rows=api.CHAIN,
        dated=False,
        latest=True,
    ),
    _contracts_now(
        "option_snapshots",
        Data.OPTION_QUOTES,
        endpoint=api.OPTION_SNAPSHOTS,
        table=OPTION_QUOTES,
        ask=options.contracts_now(api.OPTION_SNAPSHOTS),
        read=options.read_snapshots,
    ),
    _contracts_now(
        "latest_option_quotes",
        Data.OPTION_QUOTES,
        endpoint=api.LATEST_OPTION_QUOTES,
        table=OPTION_QUOTES,
        ask=options.contracts_now(api.LATEST_OPTION_QUOTES),
        read=options.read_latest_quotes,
    ),
    _contracts_now(
        "latest_option_trades",
        Data.TRADES,
        endpoint=api.LATEST_OPTION_TRADES,
        table=RAW_TRADES,
        ask=options.contracts_now(api.LATEST_OPTION_TRADES),
        read=ticks.read_option_trades,
    ),
    _contracts_past(
        "option_bars",
        Data.BARS,
        endpoint=api.OPTION_BARS,
        table=RAW_BARS,
        ask=bars.ask_option_bars,
        read=bars.read_bars,
        timeframes=tuple(bars.LENGTHS),
    ),
    _contracts_past(
        "option_trades",
        Data.TRADES,
        endpoint=api.OPTION_TRADES,
        table=RAW_TRADES,
        ask=options.ask_option_trades,
        read=ticks.read_option_trades,
    ),
)
COIN_DATASETS = (
    _coins_past(
        "crypto_bars",
        Data.BARS,
        endpoint=api.COIN_BARS,
        table=RAW_BARS,
        ask=bars.ask_coin_bars,
        read=bars.read_bars,
        timeframes=bars.COIN_LENGTHS,
        unverified="when its days begin: recordings say midnight in Chicago, so days, and lengths that divide them, are not asked for",
    ),
    _coins_past(
        "crypto_trades",
        Data.TRADES,
        endpoint=api.COIN_TRADES,
        table=RAW_TRADES,
        ask=asking.coin_ticks(api.COIN_TRADES),
        read=ticks.read_coin_trades,
    ),
    _coins_past(
        "crypto_quotes",
        Data.QUOTES,
        endpoint=api.COIN_QUOTES,
        table=RAW_QUOTES,
        ask=asking.coin_ticks(api.COIN_QUOTES),
        read=ticks.read_coin_quotes,
    ),
    _coins_now(
        "latest_crypto_bars",
        Data.BARS,
        endpoint=api.LATEST_COIN_BARS,
        table=RAW_BARS,
        ask=asking.coins_now(api.LATEST_COIN_BARS),
        read=bars.read_minutes,
        timeframes=("1m",),
    ),
    _coins_now(
        "latest_crypto_trades",
        Data.TRADES,
        endpoint=api.LATEST_COIN_TRADES,
        table=RAW_TRADES,
        ask=asking.coins_now(api.LATEST_COIN_TRADES),
        read=ticks.read_coin_trades,
    ),
    _coins_now(
        "latest_crypto_quotes",
        Data.QUOTES,
        endpoint=api.LATEST_COIN_QUOTES,
        table=RAW_QUOTES,
        ask=asking.coins_now(api.LATEST_COIN_QUOTES),
        read=ticks.read_coin_quotes,
    ),
    _coins_now(
        "order_books",
        Data.ORDER_BOOKS,
        endpoint=api.COIN_BOOKS,
        table=RAW_ORDER_BOOKS,
        ask=asking.coins_now(api.COIN_BOOKS),
        read=ticks.read_coin_books,
    ),
    _coins_now(
        "crypto_snapshots",
        Data.SNAPSHOTS,
        endpoint=api.COIN_SNAPSHOTS,
        table=SNAPSHOTS,
        ask=asking.coins_now(api.COIN_SNAPSHOTS),
        read=snapshots.read_coin_snapshots,
    ),
    _lists(
        "crypto_listings",
        Data.LISTINGS,
        COINS,
        api.ASSETS,
        LISTINGS,
        reference.listings_of("crypto"),
        reference.read_listings,
    ),
)
DATASETS = (*STOCK_DATASETS, *REFERENCE_DATASETS, *OPTION_DATASETS, *COIN_DATASETS)
