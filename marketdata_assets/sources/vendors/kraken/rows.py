"""The shapes of Kraken's answers; prices and amounts are texts, counts and instants numbers."""

from __future__ import annotations

from typing import Literal, NamedTuple, NotRequired, TypedDict

from marketdata_assets.sources.row_models import NumberText


class Candle(NamedTuple):
    """One candle; `starts` is in seconds."""

    starts: int
    open: NumberText
    high: NumberText
    low: NumberText
    close: NumberText
    vwap: NumberText
    volume: NumberText
    trades: int


class Trade(NamedTuple):
    """One trade; `at` is in seconds with a fraction, `side` the taker's, `id` is missing in answers from before 2022."""

    price: NumberText
    quantity: NumberText
    at: float
    side: Literal["b", "s"]
    order_type: str
    misc: str
    id: int | None


class Level(NamedTuple):
    """One price of the book; `at` is when the level last changed, in seconds."""

    price: NumberText
    quantity: NumberText
    at: int


class Pair(TypedDict):
    """A pair of `AssetPairs`; the dark books of 2021 had no `wsname`, and no pair had `tick_size` and `status` then."""

    altname: str
    wsname: NotRequired[str]
    aclass_base: str
    base: str
    quote: str
    pair_decimals: int
    lot_decimals: int
    tick_size: NotRequired[NumberText]
    status: NotRequired[str]
    key: str


class Tick(TypedDict):
    """The state of a pair, its lists laid flat; the day began at midnight UTC."""

    key: str
    last_price: NumberText
    last_size: NumberText
    bid_price: NumberText
    bid_size: NumberText
    ask_price: NumberText
    ask_size: NumberText
    open: NumberText
    high: NumberText
    low: NumberText
    volume: NumberText
