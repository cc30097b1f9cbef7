"""Everything Polygon's REST interface has of stocks and their options, as datasets."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from marketdata_assets.schemas.actions import RAW_CORPORATE_ACTIONS
from marketdata_assets.schemas.bars import RAW_BARS
from marketdata_assets.schemas.companies import NEWS, PROFILES, SNAPSHOTS
from marketdata_assets.schemas.listings import LISTINGS, OPTION_CONTRACTS, OPTION_QUOTES
from marketdata_assets.schemas.ticks import RAW_QUOTES, RAW_TRADES
from marketdata_assets.sources.dataset import Dataset
from marketdata_assets.sources.question import Data
from marketdata_assets.sources.vendors.polygon import api, bars, corporate_actions, options, reference, snapshots, ticks

STOCKS = "us_equities"
_QUARTER_HOUR = timedelta(minutes=15)
_MANY = 50
_DELAYED, _PRINTS, _QUOTED = ("starter", "developer", "advanced"), ("developer", "advanced"), ("advanced",)

_dataset = partial(Dataset, asset_class=STOCKS)
_now = partial(_dataset, rows=1, dated=False, latest=True)
_lists = partial(_dataset, rows=api.PAGE)

BAR_DATASETS = (
    _dataset(
        "bars",
        Data.BARS,
        endpoint=api.AGGREGATES,
        table=RAW_BARS,
        ask=bars.ask_bars,
        read=bars.read_bars,
        timeframes=tuple(bars.LENGTHS),
        rows=api.ROWS,
        delay=_QUARTER_HOUR,
    ),
    _dataset(
        "grouped_daily",
        Data.BARS,
        endpoint=api.GROUPED,
        table=RAW_BARS,
        ask=bars.ask_grouped,
        read=bars.read_days,
        timeframes=("1d",),
        symbols=0,
        rows=20_000,
        delay=_QUARTER_HOUR,
    ),
    _now(
        "previous_day",
        Data.BARS,
        endpoint=api.PREVIOUS,
        table=RAW_BARS,
        ask=bars.ask_previous,
        read=bars.read_days,
        timeframes=("1d",),
    ),
    _dataset(
        "open_close",
        Data.BARS,
        endpoint=api.OPEN_CLOSE,
        table=RAW_BARS,
        ask=bars.ask_open_close,
        read=bars.read_open_close,
        timeframes=("1d",),
        rows=1,
        delay=_QUARTER_HOUR,
        unverified="what it answers for a day without trading: 404 is reported; it does not say whether it is adjusted",
    ),
)
TICK_DATASETS = (
    _dataset(
        "trades",
        Data.TRADES,
        endpoint=api.TRADES,
        table=RAW_TRADES,
        ask=ticks.ticks_of(api.TRADES),
        read=ticks.read_trades,
        rows=api.ROWS,
        plans=_PRINTS,
    ),
    _dataset(
        "quotes",
        Data.QUOTES,
        endpoint=api.QUOTES,
        table=RAW_QUOTES,
        ask=ticks.ticks_of(api.QUOTES),
        read=ticks.read_quotes,
        rows=api.ROWS,
        plans=_QUOTED,
        unverified="whether sizes count shares rather than round lots since 2025-11-03",
    ),
    _now(
        "latest_trades",
        Data.TRADES,
        endpoint=api.LAST_TRADE,
        table=RAW_TRADES,
        ask=ticks.newest_of(api.LAST_TRADE),
        read=ticks.read_last_trade,
        plans=_PRINTS,
    ),
    _now(
        "latest_quotes",
        Data.QUOTES,
        endpoint=api.LAST_QUOTE,
        table=RAW_QUOTES,
        ask=ticks.newest_of(api.LAST_QUOTE),
        read=ticks.read_last_quote,
        plans=_QUOTED,
        unverified="whether sizes count shares rather than round lots since 2025-11-03",
    ),
    _dataset(
        "snapshots",
        Data.SNAPSHOTS,
        endpoint=api.SNAPSHOTS,
        table=SNAPSHOTS,
        ask=snapshots.ask_snapshots,
        read=snapshots.read_snapshots,
        symbols=api.STATES,
        rows=api.STATES,
        dated=False,
        latest=True,
        plans=_DELAYED,
    ),
    _now(
        "stock_snapshot",
        Data.SNAPSHOTS,
        endpoint=api.STOCK_SNAPSHOT,
        table=SNAPSHOTS,
        ask=snapshots.ask_stock_snapshot,
        read=snapshots.read_stock_snapshot,
        plans=_DELAYED,
    ),
)
REFERENCE_DATASETS = (
    _lists(
        "splits",
        Data.CORPORATE_ACTIONS,
        endpoint=api.SPLITS,
        table=RAW_CORPORATE_ACTIONS,
        ask=corporate_actions.events_by(api.SPLITS, "execution_date"),
        read=corporate_actions.read_splits,
        symbols=_MANY,
        unverified="how many rows one page may hold",
    ),
    _lists(
        "dividends",
        Data.CORPORATE_ACTIONS,
        endpoint=api.DIVIDENDS,
        table=RAW_CORPORATE_ACTIONS,
        ask=corporate_actions.events_by(api.DIVIDENDS, "ex_dividend_date"),
        read=corporate_actions.read_dividends,
        symbols=_MANY,
        unverified="how many rows one page may hold",
    ),
    _lists(
        "ticker_events",
        Data.CORPORATE_ACTIONS,
        endpoint=api.EVENTS,
        table=RAW_CORPORATE_ACTIONS,
        ask=corporate_actions.ask_events,
        read=corporate_actions.read_events,
        dated=False,
        unverified="the dates: of one rename its documents give two",
    ),
    _lists(
        "listings",
        Data.LISTINGS,
        endpoint=api.TICKERS,
        table=LISTINGS,
        ask=reference.ask_listings,
        read=reference.read_listings,
        symbols=0,
        dated=False,
    ),
    _lists(
        "profiles",
        Data.PROFILES,
        endpoint=api.DETAILS,
        table=PROFILES,
        ask=reference.ask_profiles,
        read=reference.read_profiles,
        dated=False,
    ),
    _lists("news", Data.NEWS, endpoint=api.NEWS, table=NEWS, ask=reference.ask_news, read=reference.read_news),
    _lists(
        "option_contracts",
        Data.OPTION_CONTRACTS,
        endpoint=api.CONTRACTS,
        table=OPTION_CONTRACTS,
        ask=options.ask_contracts,
        read=options.read_contracts,
        dated=False,
    ),
    _dataset(
        "option_chain",
        Data.OPTION_QUOTES,
        endpoint=api.CHAIN,
        table=OPTION_QUOTES,
        ask=options.ask_chain,
        read=options.read_chain,
        rows=api.STATES,
        dated=False,
        latest=True,
        unverified="which options plan it needs: those are sold apart from plans for stocks",
    ),
)
DATASETS = (*BAR_DATASETS, *TICK_DATASETS, *REFERENCE_DATASETS)
