"""Alpaca's real-time feed: minute bars with their late versions, trades and quotes of stocks and coins.

One connection a feed and account. Frames are arrays; a key goes with the first frame. Nothing is sent again after a reconnect. An
updated bar (`u`, about half a minute later, when trades came late) is a new version of the bar. Corrected and canceled trades are told
as gaps: the history has the tape as it should have been.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NotRequired, TypedDict

import polars as pl

from marketdata_assets.schemas.bars import RAW_BARS
from marketdata_assets.schemas.table import Table
from marketdata_assets.schemas.ticks import RAW_QUOTES, RAW_TRADES
from marketdata_assets.sources.error_rules import ErrorRule
from marketdata_assets.sources.errors import BadCredentials, NotEntitled, RateLimited, Rejected, Unavailable
from marketdata_assets.sources.question import Data, Question
from marketdata_assets.sources.row_models import read_rows
from marketdata_assets.sources.stream import Control, Says, Stream, Subscription
from marketdata_assets.sources.stream_columns import codes, instant, side_of_taker

_HOST = "wss://stream.data.alpaca.markets"
_CHANNELS = ("trades", "quotes", "bars", "updatedBars")
_DATA = {"t", "q", "b", "u"}
_OTHER = {"d", "s", "l", "i", "o", "n"}  # daily bars, statuses, price bands, imbalances, books, news: not subscribed
_CORRECTIONS = {"c": "corrected", "x": "canceled"}

ERRORS = (
    ErrorRule(BadCredentials, at="code", matches="^40[124]$"),  # not authenticated, auth failed, auth timeout
    ErrorRule(NotEntitled, at="code", matches="^(405|408|409|411)$", remedy="listen to fewer symbols or another feed, or upgrade the plan"),
    ErrorRule(RateLimited, at="code", matches="^406$", remedy="end the other connection of this account to the feed", wait=5.0),
    ErrorRule(Unavailable, at="code", matches="^(407|500)$"),  # slow client, internal error
    ErrorRule(Rejected, at="code", matches="."),
)


class Bar(TypedDict):
    """A minute bar; older feeds lack `n` and `vw`."""

    S: str
    t: str
    o: float
    h: float
    l: float  # noqa: E741 -- the vendor's name
    c: float
    v: float
    n: NotRequired[int | None]
    vw: NotRequired[float | None]


class Trade(TypedDict):
    """A trade; `x` and `c` are of stocks, `tks` (B or S, the taker) of coins."""

    S: str
    t: str
    p: float
    s: float
    i: NotRequired[int | None]
    x: NotRequired[str | None]
    c: NotRequired[list[str] | None]
    tks: NotRequired[str | None]


Quote = TypedDict(
    "Quote",
    {
        "S": str,
        "t": str,
        "bp": float,
        "bs": float,
        "ap": float,
        "as": float,
        "bx": NotRequired[str | None],
        "ax": NotRequired[str | None],
        "c": NotRequired[list[str] | None],
    },
)


def subscribe(*channels: str) -> Callable[[Question], Subscription]:
    """Asks for all symbols in these channels at once; the vendor answers with everything that is then subscribed."""

    def ask(question: Question) -> Subscription:
        symbols = list(question.symbols)
        topics = frozenset(f"{channel}:{symbol}" for channel in channels for symbol in symbols)
        return Subscription(({"action": "subscribe", **dict.fromkeys(channels, symbols)},), topics)

    return ask


def control(message: Any) -> Control | None:
    """What a message of another type than bars, trades and quotes says."""
    kind = message["T"]
    if kind in _DATA:
        return None
    if kind == "success":
        return Control({"connected": Says.CONNECTED, "authenticated": Says.AUTHENTICATED}.get(message["msg"], Says.OTHER))
    if kind == "subscription":
        topics = frozenset(f"{channel}:{symbol}" for channel in _CHANNELS for symbol in message.get(channel) or ())
        return Control(Says.SUBSCRIBED, topics)
    if kind == "error":
        return Control(Says.REFUSED)
    if kind in _CORRECTIONS:
        return Control(Says.CORRECTED, about=f"a trade of {message['S']} at {message['t']} is {_CORRECTIONS[kind]}")
    if kind in _OTHER:
        return Control(Says.OTHER)
    raise ValueError(f"a message of the type {str(kind)[:20]!r} is not documented")


def of(*kinds: str) -> Callable[[Any], Sequence[Any]]:
    """Picks messages of these types."""
    return lambda message: [message] if message["T"] in kinds else []


def bars(records: Sequence[Any], _: Question) -> pl.DataFrame:
    """Minute bars, labelled by their start."""
    rows = read_rows(records, Bar)
    return rows.select(
        pl.col("S").alias("vendor_symbol"),
        instant("t"),
        pl.col("o").alias("open"),
        pl.col("h").alias("high"),
        pl.col("l").alias("low"),
        pl.col("c").alias("close"),
        pl.col("v").alias("volume"),
        pl.col("vw").alias("vwap"),
        pl.col("n").alias("trade_count"),
        "line",
    )


def trades(records: Sequence[Any], _: Question) -> pl.DataFrame:
    """Trades; stocks name the exchange, coins the side of the taker."""
    rows = read_rows(records, Trade).with_columns(pl.col("tks").replace({"B": "buy", "S": "sell"}))
    return rows.select(
        pl.col("S").alias("vendor_symbol"),
        instant("t"),
        pl.col("p").alias("price"),
        pl.col("s").alias("quantity"),
        side_of_taker("tks"),
        pl.col("x").alias("exchange"),
        pl.col("i").cast(pl.String).alias("trade_id"),
        codes("c"),
        "line",
    )


def quotes(records: Sequence[Any], _: Question) -> pl.DataFrame:
    """Best bids and offers; a price of 0 is no order on that side."""
    rows = read_rows(records, Quote)
    sides = [
        pl.when(pl.col(f"{letter}p") > 0).then(f"{letter}{field}").alias(f"{side}_{name}")
        for letter, side in (("b", "bid"), ("a", "ask"))
        for field, name in (("p", "price"), ("s", "size"), ("x", "exchange"))
    ]
    return rows.select(pl.col("S").alias("vendor_symbol"), instant("t"), *sides, codes("c"), "line")


def _stream(name: str, data: Data, table: Table, kinds: str, channels: tuple[str, ...], rows: Any, *, coins: bool = False) -> Stream:
    return Stream(
        name=f"coin_{name}" if coins else name,
        data=data,
        asset_class="crypto" if coins else "us_equities",
        base_url=_HOST,
        path="/v1beta3/crypto/us" if coins else "/v2/{latest_feed}",
        table=table,
        subscribe=subscribe(*channels),
        control=control,
        pick=of(*kinds),
        rows=rows,
        timeframes=("1m",) if data is Data.BARS else (),
        defaults={} if coins else {"latest_feed": "iex"},
        greets=True,
        login={"action": "auth", "key": "{key_id}", "secret": "{secret_key}"},
        errors=ERRORS,
        ping=10.0,
        tape="alpaca" if coins else lambda options: f"alpaca {options['latest_feed']}",
    )


STREAMS = tuple(
    _stream(*each, coins=coins)
    for coins in (False, True)
    for each in (
        ("bars", Data.BARS, RAW_BARS, "bu", ("bars", "updatedBars"), bars),
        ("trades", Data.TRADES, RAW_TRADES, "t", ("trades",), trades),
        ("quotes", Data.QUOTES, RAW_QUOTES, "q", ("quotes",), quotes),
    )
)
