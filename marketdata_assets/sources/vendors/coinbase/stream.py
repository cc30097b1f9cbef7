"""Coinbase's feeds: trades and best bids of the Exchange, five-minute candles and trades of Advanced Trade. Neither wants a key.

Both speak of the same book. A `side` is the maker's in trades of either feed, and the taker's in the Exchange's ticker. The Exchange may
leave out trades without a word: their ids have no holes, so one that is skipped is a gap. Advanced Trade numbers the messages of a
connection. Its candles are of the running five minutes; one is final when the next begins. What is subscribed again begins with a
snapshot. `last_match`, the trade before the subscription, only starts the count.

The full book (a snapshot, then diffs) is not followed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NotRequired, TypedDict

import polars as pl

from marketdata_assets.schemas.bars import RAW_BARS
from marketdata_assets.schemas.table import Table
from marketdata_assets.schemas.ticks import RAW_QUOTES, RAW_TRADES
from marketdata_assets.sources.error_rules import ErrorRule
from marketdata_assets.sources.errors import BadCredentials, NotFound, RateLimited, Rejected
from marketdata_assets.sources.question import Data, Question
from marketdata_assets.sources.row_models import NumberText, read_rows
from marketdata_assets.sources.stream import Control, Says, Stream, Subscription
from marketdata_assets.sources.stream_columns import instant, number, side_of_taker
from marketdata_assets.sources.windows import instants

_EXCHANGE = {"match", "last_match", "ticker", "snapshot", "l2update"}
_ADVANCED = {"candles", "market_trades", "ticker", "ticker_batch", "l2_data"}
_SECONDS_WITHOUT_HEARTBEAT = 15.0  # one comes every second

ERRORS = (
    ErrorRule(RateLimited, (429,)),
    ErrorRule(BadCredentials, at="reason", matches="authentication"),
    ErrorRule(NotFound, at="reason", matches="not a valid product"),
    ErrorRule(RateLimited, at="message", matches="rate limit|too many"),
    ErrorRule(Rejected, at="message", matches="."),
)


class Match(TypedDict):
    """A trade of the Exchange; `side` is the maker's."""

    product_id: str
    time: str
    trade_id: int
    price: NumberText
    size: NumberText
    side: str


class BestPrices(TypedDict):
    """A ticker of either feed; the older Exchange told no sizes."""

    product_id: str
    time: str
    best_bid: NumberText
    best_ask: NumberText
    best_bid_size: NotRequired[NumberText | None]
    best_ask_size: NotRequired[NumberText | None]


class MarketTrade(TypedDict):
    """A trade of Advanced Trade; `side` is the maker's."""

    product_id: str
    time: str
    trade_id: str
    price: NumberText
    size: NumberText
    side: str


class Candle(TypedDict):
    """The candle of the running five minutes; `start` is in seconds."""

    product_id: str
    start: str
    open: NumberText
    high: NumberText
    low: NumberText
    close: NumberText
    volume: NumberText


def subscribe_exchange(channel: str) -> Callable[[Question], Subscription]:
    """Asks the Exchange for a channel of all symbols, with a heartbeat."""

    def ask(question: Question) -> Subscription:
        frame = {"type": "subscribe", "product_ids": list(question.symbols), "channels": [channel, "heartbeat"]}
        return Subscription((frame,), frozenset(f"{channel}:{symbol}" for symbol in question.symbols))

    return ask


def subscribe_advanced(channel: str) -> Callable[[Question], Subscription]:
    """Asks Advanced Trade for a channel of all symbols, and for its heartbeats."""

    def ask(question: Question) -> Subscription:
        frames = (
            {"type": "subscribe", "channel": "heartbeats"},
            {"type": "subscribe", "product_ids": list(question.symbols), "channel": channel},
        )
        return Subscription(frames, frozenset(f"{channel}:{symbol}" for symbol in question.symbols))

    return ask


def control_exchange(message: Any) -> Control | None:
    """What a message of the Exchange says that holds no data."""
    kind = message["type"]
    if kind in _EXCHANGE:
        return None
    if kind == "heartbeat":
        return Control(Says.ALIVE)
    if kind == "subscriptions":
        topics = {f"{channel['name']}:{symbol}" for channel in message["channels"] for symbol in channel["product_ids"]}
        return Control(Says.SUBSCRIBED, frozenset(topics))
    if kind == "error":
        return Control(Says.REFUSED)
    raise ValueError(f"a message of the type {str(kind)[:20]!r} is not documented")


def control_advanced(message: Any) -> Control | None:
    """What a message of Advanced Trade says that holds no data."""
    if message.get("type") == "error":
        return Control(Says.REFUSED)
    channel = message["channel"]
    if channel in _ADVANCED:
        return None
    if channel == "heartbeats":
        return Control(Says.ALIVE)
    if channel == "subscriptions":
        held = [event["subscriptions"] for event in message["events"]]
        return Control(Says.SUBSCRIBED, frozenset(f"{name}:{s}" for each in held for name, symbols in each.items() for s in symbols))
    if channel == "status":
        return Control(Says.OTHER)
    raise ValueError(f"a channel {str(channel)[:20]!r} is not documented")


def of(kind: str) -> Callable[[Any], Sequence[Any]]:
    """Picks messages of the Exchange of this type."""
    return lambda message: [message] if message["type"] == kind else []


def within(channel: str, rows: str) -> Callable[[Any], Sequence[Any]]:
    """Picks the rows of Advanced Trade's events in this channel."""
    return lambda message: [row for event in message["events"] for row in event[rows]] if message["channel"] == channel else []


def trade_ids(message: Any) -> Sequence[tuple[str, int]]:
    """The number of a product's trade at the Exchange."""
    told = message.get("type") in ("match", "last_match") and isinstance(message.get("trade_id"), int)
    return [(f"trades of {message['product_id']}", message["trade_id"])] if told else []


def message_numbers(message: Any) -> Sequence[tuple[str, int]]:
    """The number of a message of Advanced Trade on its connection."""
    told = message.get("sequence_num")
    return [("messages", told)] if isinstance(told, int) else []


def matches(records: Sequence[Any], _: Question) -> pl.DataFrame:
    """The Exchange's trades, with the taker's side."""
    return _trades(read_rows(records, Match))


def market_trades(records: Sequence[Any], _: Question) -> pl.DataFrame:
    """Advanced Trade's trades, with the taker's side."""
    return _trades(read_rows(records, MarketTrade))


def quotes(records: Sequence[Any], _: Question) -> pl.DataFrame:
    """Best bids and offers at the instants of trades."""
    rows = read_rows(records, BestPrices)
    prices = (number("best_bid", "bid_price"), number("best_bid_size", "bid_size"))
    offers = (number("best_ask", "ask_price"), number("best_ask_size", "ask_size"))
    return rows.select(pl.col("product_id").alias("vendor_symbol"), instant("time"), *prices, *offers, "line")


def bars(records: Sequence[Any], _: Question) -> pl.DataFrame:
    """Running candles, labelled by their start."""
    rows = read_rows(records, Candle)
    return rows.select(
        pl.col("product_id").alias("vendor_symbol"),
        instants(rows["start"].cast(pl.Int64), "s", from_year=2000).alias("timestamp"),
        *(number(name, name) for name in ("open", "high", "low", "close", "volume")),
        "line",
    )


def _trades(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select(
        pl.col("product_id").alias("vendor_symbol"),
        instant("time"),
        number("price", "price"),
        number("size", "quantity"),
        side_of_taker("side", maker=True),
        pl.col("trade_id").cast(pl.String),
        "line",
    )


def _exchange(name: str, data: Data, table: Table, channel: str, kind: str, rows: Any, **more: Any) -> Stream:
    return Stream(
        name=name,
        data=data,
        asset_class="crypto",
        base_url="wss://ws-feed.exchange.coinbase.com",
        path="/",
        table=table,
        subscribe=subscribe_exchange(channel),
        control=control_exchange,
        pick=of(kind),
        rows=rows,
        errors=ERRORS,
        messages=("reason", "message"),
        silence=_SECONDS_WITHOUT_HEARTBEAT,
        tape="coinbase",
        unverified="words of refusals other than the one about authentication",
        **more,
    )


def _advanced(name: str, data: Data, table: Table, channel: str, field: str, rows: Any, **more: Any) -> Stream:
    return Stream(
        name=name,
        data=data,
        asset_class="crypto",
        base_url="wss://advanced-trade-ws.coinbase.com",
        path="/",
        table=table,
        subscribe=subscribe_advanced(channel),
        control=control_advanced,
        pick=within(channel, field),
        rows=rows,
        errors=ERRORS,
        messages=("reason", "message"),
        silence=_SECONDS_WITHOUT_HEARTBEAT,
        series=message_numbers,
        tape="coinbase",
        unverified="whether the acknowledgement of a channel names every product in one message",
        **more,
    )


STREAMS = (
    _advanced("bars", Data.BARS, RAW_BARS, "candles", "candles", bars, timeframes=("5m",), finality="succession"),
    _exchange("trades", Data.TRADES, RAW_TRADES, "matches", "match", matches, series=trade_ids),
    _exchange("quotes", Data.QUOTES, RAW_QUOTES, "ticker", "ticker", quotes),
    _advanced("market_trades", Data.TRADES, RAW_TRADES, "market_trades", "trades", market_trades),
)
