"""Binance's spot streams: finished candles, trades, best bids and offers, and the best twenty levels of the book.

Over `/stream` each message names its stream, which is how a book without a symbol of its own is known. A connection lives 24 hours. The
server pings every 20 seconds. A stream name that does not exist is acknowledged all the same and stays silent, and of some streams a quiet
pair sends nothing for long: which symbols were never heard is told at the end. Best bids and offers and books come without an
instant: their receipt stands for it. The ids of a pair's trades have no holes, so one that is skipped is a gap.

The full book (diffs over a snapshot, with its sequence checks) is not followed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypedDict

import polars as pl

from marketdata_assets.schemas.bars import RAW_BARS
from marketdata_assets.schemas.table import Table
from marketdata_assets.schemas.ticks import RAW_ORDER_BOOKS, RAW_QUOTES, RAW_TRADES
from marketdata_assets.sources.error_rules import ErrorRule
from marketdata_assets.sources.errors import NotEntitled, RateLimited, Rejected
from marketdata_assets.sources.question import Data, Question
from marketdata_assets.sources.row_models import NumberText, read_rows
from marketdata_assets.sources.stream import Control, Says, Stream, Subscription
from marketdata_assets.sources.stream_columns import number
from marketdata_assets.sources.windows import instants

_A_DAY = 86_400.0
_A_FRAME = 200  # stream names

ERRORS = (
    ErrorRule(RateLimited, (418, 429), wait=60.0, remedy="listen from one place, and reconnect less often"),
    ErrorRule(NotEntitled, (403, 451)),
    ErrorRule(Rejected, at="code", matches="."),
    ErrorRule(Rejected, at="msg", matches="."),
)


class Candle(TypedDict):
    """A finished candle; `t` is its first millisecond."""

    s: str
    t: int
    o: NumberText
    h: NumberText
    l: NumberText  # noqa: E741 -- the vendor's name
    c: NumberText
    v: NumberText
    n: int


class Trade(TypedDict):
    """A trade; `m` says that the buyer was the maker."""

    s: str
    T: int
    t: int
    p: NumberText
    q: NumberText
    m: bool


class Ticker(TypedDict):
    """Best bid and offer; no instant."""

    s: str
    b: NumberText
    B: NumberText
    a: NumberText
    A: NumberText


class Level(TypedDict):
    """One price level of a book's snapshot."""

    symbol: str
    side: str
    level: int
    price: NumberText
    quantity: NumberText
    update: int


def subscribe(suffix: Callable[[Question], str]) -> Callable[[Question], Subscription]:
    """Asks for the stream of each symbol; each frame is acknowledged by its number."""

    def ask(question: Question) -> Subscription:
        names = [f"{symbol.lower()}@{suffix(question)}" for symbol in question.symbols]
        parts = [names[at : at + _A_FRAME] for at in range(0, len(names), _A_FRAME)]
        frames = tuple({"method": "SUBSCRIBE", "params": part, "id": place} for place, part in enumerate(parts, start=1))
        return Subscription(frames, frozenset(str(frame["id"]) for frame in frames))

    return ask


def control(message: Any) -> Control | None:
    """What a reply to one of our frames says; None for a message of a stream."""
    if "stream" in message:
        return Control(Says.LEAVING) if message["stream"] == "!serverShutdown" else None
    if message.get("e") == "serverShutdown":
        return Control(Says.LEAVING)
    if "code" in message or "error" in message:
        return Control(Says.REFUSED)
    if "result" in message:
        return Control(Says.SUBSCRIBED, frozenset({str(message["id"])}))
    raise ValueError(f"a message with {', '.join(map(str, message))[:80]} is not documented")


def finished(message: Any) -> Sequence[Any]:
    """The candle, once it is final."""
    candle = message["data"]["k"]
    final = candle["x"]
    if not isinstance(final, bool):
        raise TypeError("x of a candle is no flag")
    return [candle] if final else []


def data(message: Any) -> Sequence[Any]:
    """The message itself."""
    return [message["data"]]


def levels(message: Any) -> Sequence[Any]:
    """The levels of a snapshot, whose symbol stands in the name of the stream."""
    book, symbol = message["data"], message["stream"].partition("@")[0].upper()
    return [
        {"symbol": symbol, "side": side, "level": level, "price": price, "quantity": quantity, "update": book["lastUpdateId"]}
        for side, found in (("bid", book["bids"]), ("ask", book["asks"]))
        for level, (price, quantity) in enumerate(found, start=1)
    ]


def trade_ids(message: Any) -> Sequence[tuple[str, int]]:
    """The number of a pair's trade."""
    told = message.get("data")
    return [(f"trades of {told['s']}", told["t"])] if told and "t" in told and isinstance(told["t"], int) else []


def bars(records: Sequence[Any], _: Question) -> pl.DataFrame:
    """Candles, labelled by their start."""
    rows = read_rows(records, Candle)
    return rows.select(
        pl.col("s").alias("vendor_symbol"),
        instants(rows["t"], "ms", from_year=2000).alias("timestamp"),
        number("o", "open"),
        number("h", "high"),
        number("l", "low"),
        number("c", "close"),
        number("v", "volume"),
        pl.col("n").alias("trade_count"),
        "line",
    )


def trades(records: Sequence[Any], _: Question) -> pl.DataFrame:
    """Trades; the taker sold where the buyer was the maker."""
    rows = read_rows(records, Trade)
    return rows.select(
        pl.col("s").alias("vendor_symbol"),
        instants(rows["T"], "ms", from_year=2000).alias("timestamp"),
        number("p", "price"),
        number("q", "quantity"),
        pl.when("m").then(pl.lit("sell")).otherwise(pl.lit("buy")).alias("side"),
        pl.col("t").cast(pl.String).alias("trade_id"),
        "line",
    )


def quotes(records: Sequence[Any], _: Question) -> pl.DataFrame:
    """Best bids and offers, without an instant."""
    rows = read_rows(records, Ticker)
    prices = (number("b", "bid_price"), number("B", "bid_size"), number("a", "ask_price"), number("A", "ask_size"))
    return rows.select(pl.col("s").alias("vendor_symbol"), *prices, "line")


def books(records: Sequence[Any], _: Question) -> pl.DataFrame:
    """Levels of snapshots, without an instant."""
    rows = read_rows(records, Level)
    return rows.select(
        pl.col("symbol").alias("vendor_symbol"),
        "side",
        "level",
        number("price", "price"),
        number("quantity", "quantity"),
        pl.col("update").cast(pl.String).alias("update_id"),
        "line",
    )


def _stream(name: str, kind: Data, table: Table, suffix: Callable[[Question], str], pick: Any, rows: Any, **more: Any) -> Stream:
    return Stream(
        name=name,
        data=kind,
        asset_class="crypto",
        base_url="wss://data-stream.binance.vision",
        path="/stream",
        table=table,
        subscribe=subscribe(suffix),
        control=control,
        pick=pick,
        rows=rows,
        errors=ERRORS,
        messages=("error.msg", "msg"),
        symbols=1024,
        frames_per_second=4.0,
        lifetime=_A_DAY,
        hosts={"us": "wss://stream.binance.us:9443"},
        tape=lambda options: "binance_us" if options.get("venue") == "us" else "binance",
        **more,
    )


_LENGTHS = ("1m", "5m", "15m", "30m", "1h", "4h", "12h", "1d")
STREAMS = (
    _stream("bars", Data.BARS, RAW_BARS, lambda asked: f"kline_{asked.length.name}", finished, bars, timeframes=_LENGTHS, silence=300.0),
    _stream("trades", Data.TRADES, RAW_TRADES, lambda _: "trade", data, trades, series=trade_ids),
    _stream("quotes", Data.QUOTES, RAW_QUOTES, lambda _: "bookTicker", data, quotes),
    _stream("order_books", Data.ORDER_BOOKS, RAW_ORDER_BOOKS, lambda _: "depth20@100ms", levels, books, silence=300.0),
)
