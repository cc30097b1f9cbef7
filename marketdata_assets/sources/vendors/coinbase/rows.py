"""The shapes of Coinbase's answers: Exchange writes candles as numbers, everything else and all of Advanced Trade is text."""

from __future__ import annotations

from typing import Literal, NamedTuple, NotRequired, TypedDict

from marketdata_assets.sources.row_models import NumberText


class Candle(NamedTuple):
    """A candle of Exchange; mind the order of the prices. `starts` is in seconds."""

    starts: int
    low: float
    high: float
    open: float
    close: float
    volume: float


class AdvancedCandle(TypedDict):
    """A candle of Advanced Trade; `start` is in seconds."""

    start: NumberText
    low: NumberText
    high: NumberText
    open: NumberText
    close: NumberText
    volume: NumberText


class Trade(TypedDict):
    """A trade of Exchange; `side` is what the order did that waited in the book."""

    trade_id: int
    side: Literal["buy", "sell"]
    size: NumberText
    price: NumberText
    time: str


class AdvancedTrade(TypedDict):
    """A trade of Advanced Trade."""

    trade_id: str
    product_id: str
    side: Literal["BUY", "SELL"]
    size: NumberText
    price: NumberText
    time: str


class Level(NamedTuple):
    """One price of Exchange's book at level 2."""

    price: NumberText
    quantity: NumberText
    orders: int


class AdvancedLevel(TypedDict):
    """One price of Advanced Trade's book."""

    price: NumberText
    size: NumberText


class Ticker(TypedDict):
    """The last trade, the best prices and the amount traded in 24 hours."""

    ask: NumberText
    bid: NumberText
    price: NumberText
    size: NumberText
    time: str


class Product(TypedDict):
    """A product of Exchange."""

    id: str
    display_name: str
    base_currency: str
    quote_currency: str
    quote_increment: NumberText
    base_increment: NumberText
    status: str
    trading_disabled: bool


class AdvancedProduct(TypedDict):
    """A product of Advanced Trade."""

    product_id: str
    display_name: str
    product_type: str
    base_currency_id: str
    quote_currency_id: str
    price_increment: NumberText
    base_increment: NumberText
    status: str
    trading_disabled: bool
    is_disabled: bool
    product_venue: NotRequired[str]
    alias: NotRequired[str]
