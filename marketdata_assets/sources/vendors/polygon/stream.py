"""Polygon's real-time feed of US stocks: minute bars, trades and quotes of the consolidated tape, as traded.

One connection a key: a further one ends the older. Frames are arrays; each topic is acknowledged by itself. Nothing is sent again after a
reconnect. A minute without an eligible trade has no bar.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NotRequired, TypedDict

import polars as pl

from marketdata_assets.schemas.bars import RAW_BARS
from marketdata_assets.schemas.table import Table
from marketdata_assets.schemas.ticks import RAW_QUOTES, RAW_TRADES
from marketdata_assets.sources.error_rules import ErrorRule
from marketdata_assets.sources.errors import BadCredentials, NotEntitled, Rejected, Unavailable
from marketdata_assets.sources.question import Data, Question
from marketdata_assets.sources.row_models import read_rows
from marketdata_assets.sources.stream import Control, Says, Stream, Subscription
from marketdata_assets.sources.stream_columns import codes
from marketdata_assets.sources.windows import instants

_DATA = {"T", "Q", "A", "AM"}
_OTHER = {"LULD", "NOI", "FMV"}
_FINE = {"connected": Says.CONNECTED, "auth_success": Says.AUTHENTICATED}
_ACKNOWLEDGED = "subscribed to: "
_A_FRAME = 500  # topics

ERRORS = (
    ErrorRule(BadCredentials, at="status", matches="^auth_(failed|timeout)$"),
    ErrorRule(NotEntitled, at="message", matches="not authorized|not entitled|don't have access"),
    ErrorRule(Unavailable, at="status", matches="^max_connections$", remedy="end the other connection of this key, or buy a further one"),
    ErrorRule(Rejected, at="status", matches="."),
)


class Bar(TypedDict):
    """A minute; `s` is its first millisecond, `v` its volume, `vw` its average price (`a` and `av` are the day's)."""

    sym: str
    s: int
    o: float
    h: float
    l: float  # noqa: E741 -- the vendor's name
    c: float
    v: float
    vw: float


class Trade(TypedDict):
    """A trade; `x` is the exchange's number, `c` its conditions, `t` milliseconds."""

    sym: str
    t: int
    p: float
    s: float
    i: str
    x: int
    c: NotRequired[list[int] | None]


Quote = TypedDict(
    "Quote",
    {
        "sym": str,
        "t": int,
        "bp": NotRequired[float | None],
        "bs": NotRequired[float | None],
        "bx": NotRequired[int | None],
        "ap": NotRequired[float | None],
        "as": NotRequired[float | None],
        "ax": NotRequired[int | None],
        "c": NotRequired[int | None],
    },
)


def subscribe(channel: str) -> Callable[[Question], Subscription]:
    """Asks for one channel of all symbols."""

    def ask(question: Question) -> Subscription:
        topics = [f"{channel}.{symbol}" for symbol in question.symbols]
        frames = [{"action": "subscribe", "params": ",".join(topics[at : at + _A_FRAME])} for at in range(0, len(topics), _A_FRAME)]
        return Subscription(tuple(frames), frozenset(topics))

    return ask


def control(message: Any) -> Control | None:
    """What a status says; None for data."""
    kind = message["ev"]
    if kind in _DATA:
        return None
    if kind in _OTHER:
        return Control(Says.OTHER)
    if kind != "status":
        raise ValueError(f"an event {str(kind)[:20]!r} is not documented")
    status, said = message["status"], message.get("message", "")
    if status in _FINE:
        return Control(_FINE[status])
    if status == "success":
        named = said.removeprefix(_ACKNOWLEDGED)
        return Control(Says.OTHER) if named == said else Control(Says.SUBSCRIBED, frozenset({named}))
    return Control(Says.REFUSED)


def of(kind: str) -> Callable[[Any], Sequence[Any]]:
    """Picks events of this kind."""
    return lambda message: [message] if message["ev"] == kind else []


def bars(records: Sequence[Any], _: Question) -> pl.DataFrame:
    """Minute bars, labelled by their start; how many trades they hold is not told."""
    rows = read_rows(records, Bar)
    return rows.select(
        pl.col("sym").alias("vendor_symbol"),
        instants(rows["s"], "ms", from_year=2000).alias("timestamp"),
        pl.col("o").alias("open"),
        pl.col("h").alias("high"),
        pl.col("l").alias("low"),
        pl.col("c").alias("close"),
        pl.col("v").alias("volume"),
        pl.col("vw").alias("vwap"),
        "line",
    )


def trades(records: Sequence[Any], _: Question) -> pl.DataFrame:
    """Trades with the vendor's numbers of exchange and conditions."""
    rows = read_rows(records, Trade)
    return rows.select(
        pl.col("sym").alias("vendor_symbol"),
        instants(rows["t"], "ms", from_year=2000).alias("timestamp"),
        pl.col("p").alias("price"),
        pl.col("s").alias("quantity"),
        pl.col("x").cast(pl.String).alias("exchange"),
        pl.col("i").alias("trade_id"),
        codes("c"),
        "line",
    )


def quotes(records: Sequence[Any], _: Question) -> pl.DataFrame:
    """Best bids and offers; a side without a price, or with 0, is no order."""
    rows = read_rows(records, Quote)
    sides = [
        pl.when(pl.col(f"{letter}p") > 0).then(pl.col(f"{letter}{field}").cast(kind)).alias(f"{side}_{name}")
        for letter, side in (("b", "bid"), ("a", "ask"))
        for field, name, kind in (("p", "price", pl.Float64), ("s", "size", pl.Float64), ("x", "exchange", pl.String))
    ]
    at = instants(rows["t"], "ms", from_year=2000).alias("timestamp")
    return rows.select(pl.col("sym").alias("vendor_symbol"), at, *sides, pl.col("c").cast(pl.String).alias("conditions"), "line")


def _stream(name: str, data: Data, table: Table, channel: str, rows: Any, plans: tuple[str, ...]) -> Stream:
    return Stream(
        name=name,
        data=data,
        asset_class="us_equities",
        base_url="wss://socket.massive.com",
        path="/stocks",
        table=table,
        subscribe=subscribe(channel),
        control=control,
        pick=of(channel),
        rows=rows,
        timeframes=("1m",) if data is Data.BARS else (),
        greets=True,
        login={"action": "auth", "params": "{api_key}"},
        errors=ERRORS,
        messages=("message", "status"),
        plans=plans,
        unverified="texts of refusals, and which plans include which channel in real time",
    )


STREAMS = (
    _stream("bars", Data.BARS, RAW_BARS, "AM", bars, ()),
    _stream("trades", Data.TRADES, RAW_TRADES, "T", trades, ()),
    _stream("quotes", Data.QUOTES, RAW_QUOTES, "Q", quotes, ()),
)
