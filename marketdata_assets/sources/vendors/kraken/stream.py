"""Kraken's WebSocket v2: candles, trades, best bids and offers. No key.

Every symbol is acknowledged by itself. Candles are running ones, sent when something trades; the last before a later one begins is final,
so an interval without trades says nothing and delays the word on the one before. A heartbeat comes about every second in which nothing
else does. The ids of a pair's trades have no holes, so one that is skipped is a gap. Prices are JSON numbers.

The full book (a snapshot, then diffs under a checksum of the numbers' own text) is not followed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, NotRequired, TypedDict

import polars as pl

from marketdata_assets.schemas.bars import RAW_BARS
from marketdata_assets.schemas.table import Table
from marketdata_assets.schemas.ticks import RAW_QUOTES, RAW_TRADES
from marketdata_assets.sources.error_rules import ErrorRule
from marketdata_assets.sources.errors import NotFound, RateLimited, Rejected
from marketdata_assets.sources.question import Data, Question
from marketdata_assets.sources.row_models import read_rows
from marketdata_assets.sources.spelling import Spelling
from marketdata_assets.sources.stream import Control, Says, Stream, Subscription
from marketdata_assets.sources.stream_columns import instant

_DATA = {"ohlc", "trade", "ticker", "book"}
_OTHER = {"status", "instrument"}
_MINUTES = {"1m": 1, "5m": 5, "15m": 15, "30m": 30, "1h": 60, "4h": 240, "1d": 1440}
_A_FRAME = 100  # symbols

ERRORS = (
    ErrorRule(RateLimited, (429,)),
    ErrorRule(NotFound, at="error", matches="pair not supported|unknown|not found"),
    ErrorRule(RateLimited, at="error", matches="rate limit|too many"),
    ErrorRule(Rejected, at="error", matches="."),
)


class Candle(TypedDict):
    """The candle of the running interval."""

    symbol: str
    interval_begin: str
    open: float
    high: float
    low: float
    close: float
    volume: float
    vwap: float
    trades: int


class Trade(TypedDict):
    """A trade; `side` is the taker's."""

    symbol: str
    timestamp: str
    price: float
    qty: float
    side: Literal["buy", "sell"]
    trade_id: int


class Ticker(TypedDict):
    """Best bid and offer; the instant is not always told."""

    symbol: str
    bid: float
    bid_qty: float
    ask: float
    ask_qty: float
    timestamp: NotRequired[str | None]


def subscribe(channel: str, more: Callable[[Question], Mapping[str, Any]]) -> Callable[[Question], Subscription]:
    """Asks for one channel of all symbols."""

    def ask(question: Question) -> Subscription:
        symbols = list(question.symbols)
        parts = [symbols[at : at + _A_FRAME] for at in range(0, len(symbols), _A_FRAME)]
        frames = tuple(
            {"method": "subscribe", "params": {"channel": channel, "symbol": part, **more(question)}, "req_id": place}
            for place, part in enumerate(parts, start=1)
        )
        return Subscription(frames, frozenset(f"{channel}:{symbol}" for symbol in symbols))

    return ask


def control(message: Any) -> Control | None:
    """What a message says that holds no data."""
    if "method" in message:
        if message["method"] == "pong":
            return Control(Says.ALIVE)
        if message.get("success") is not True:
            return Control(Says.REFUSED)
        if message["method"] != "subscribe":
            return Control(Says.OTHER)
        result = message["result"]
        return Control(Says.SUBSCRIBED, frozenset({f"{result['channel']}:{result['symbol']}"}))
    if "error" in message:
        return Control(Says.REFUSED)
    channel = message["channel"]
    if channel in _DATA:
        return None
    if channel == "heartbeat":
        return Control(Says.ALIVE)
    if channel in _OTHER:
        return Control(Says.OTHER)
    raise ValueError(f"a channel {str(channel)[:20]!r} is not documented")


def of(channel: str) -> Callable[[Any], Sequence[Any]]:
    """Picks the rows of messages of this channel."""

    def pick(message: Any) -> Sequence[Any]:
        rows: list[Any] = message["data"] if message["channel"] == channel else []
        return rows

    return pick


def trade_ids(message: Any) -> Sequence[tuple[str, int]]:
    """The numbers of a pair's trades."""
    if message.get("channel") != "trade":
        return []
    return [(f"trades of {row['symbol']}", row["trade_id"]) for row in message["data"] if isinstance(row.get("trade_id"), int)]


def bars(records: Sequence[Any], _: Question) -> pl.DataFrame:
    """Running candles, labelled by their start."""
    rows = read_rows(records, Candle)
    prices = ("open", "high", "low", "close", "volume", "vwap")
    return rows.select(
        pl.col("symbol").alias("vendor_symbol"), instant("interval_begin"), *prices, pl.col("trades").alias("trade_count"), "line"
    )


def trades(records: Sequence[Any], _: Question) -> pl.DataFrame:
    """Trades with the taker's side."""
    rows = read_rows(records, Trade)
    amounts = ("price", pl.col("qty").alias("quantity"), "side", pl.col("trade_id").cast(pl.String))
    return rows.select(pl.col("symbol").alias("vendor_symbol"), instant("timestamp"), *amounts, "line")


def quotes(records: Sequence[Any], _: Question) -> pl.DataFrame:
    """Best bids and offers."""
    rows = read_rows(records, Ticker)
    bid = (pl.col("bid").alias("bid_price"), pl.col("bid_qty").alias("bid_size"))
    ask = (pl.col("ask").alias("ask_price"), pl.col("ask_qty").alias("ask_size"))
    return rows.select(pl.col("symbol").alias("vendor_symbol"), instant("timestamp"), *bid, *ask, "line")


def _stream(
    name: str, data: Data, table: Table, channel: str, more: Callable[[Question], Mapping[str, Any]], rows: Any, **rest: Any
) -> Stream:
    return Stream(
        name=name,
        data=data,
        asset_class="crypto",
        base_url="wss://ws.kraken.com",
        path="/v2",
        table=table,
        subscribe=subscribe(channel, more),
        control=control,
        pick=of(channel),
        rows=rows,
        spelling=Spelling(joint="/"),  # BTC/USD, where REST says XBTUSD
        errors=ERRORS,
        messages=("error",),
        silence=10.0,  # the vendor advises to reconnect after five
        tape="kraken",
        unverified="words of refusals; how many symbols one frame may name",
        **rest,
    )


STREAMS = (
    _stream(
        "bars",
        Data.BARS,
        RAW_BARS,
        "ohlc",
        lambda asked: {"interval": _MINUTES[asked.length.name], "snapshot": False},
        bars,
        timeframes=tuple(_MINUTES),
        finality="succession",
    ),
    _stream("trades", Data.TRADES, RAW_TRADES, "trade", lambda _: {"snapshot": False}, trades, series=trade_ids),
    _stream("quotes", Data.QUOTES, RAW_QUOTES, "ticker", lambda _: {"event_trigger": "bbo"}, quotes),
)
