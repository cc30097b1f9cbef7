"""The shapes of Binance's answers; prices and amounts are texts, ids and instants whole numbers."""

from __future__ import annotations

from typing import NamedTuple, TypedDict

from marketdata_assets.sources.row_models import NumberText


class Kline(NamedTuple):
    """One candle of `/api/v3/klines`; `closes` is the last millisecond that belongs to it."""

    opens: int
    open: NumberText
    high: NumberText
    low: NumberText
    close: NumberText
    volume: NumberText
    closes: int
    quote_volume: NumberText
    trades: int
    taker_base: NumberText
    taker_quote: NumberText
    unused: str


class AggTrade(TypedDict):
    """What one taker order filled at one price: `a` id, `p` price, `q` amount, `T` instant, `m` the buyer was waiting in the book."""

    a: int
    p: NumberText
    q: NumberText
    T: int
    m: bool


class Trade(TypedDict):
    """One fill."""

    id: int
    price: NumberText
    qty: NumberText
    time: int
    isBuyerMaker: bool


class Level(NamedTuple):
    """One price of the book; an amount of nothing is not sent."""

    price: NumberText
    quantity: NumberText


class BookTicker(TypedDict):
    """Best bid and offer of a symbol; no instant is told."""

    symbol: str
    bidPrice: NumberText
    bidQty: NumberText
    askPrice: NumberText
    askQty: NumberText


class PriceTicker(TypedDict):
    """The last price of a symbol; no instant is told."""

    symbol: str
    price: NumberText


class Listed(TypedDict):
    """A pair of `/api/v3/exchangeInfo`, its filters laid flat."""

    symbol: str
    status: str
    baseAsset: str
    quoteAsset: str
    tickSize: NumberText | None
    stepSize: NumberText | None
