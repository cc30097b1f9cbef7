"""The shapes of CoinGecko's answers; all numbers are JSON numbers, instants in milliseconds."""

from __future__ import annotations

from typing import NamedTuple, NotRequired, TypedDict


class Candle(NamedTuple):
    """One candle, stamped with its end."""

    ends: int
    open: float
    high: float
    low: float
    close: float


class Point(NamedTuple):
    """One number at an instant; young coins have none."""

    at: int
    value: float | None


class Coin(TypedDict):
    """A coin of the list; only `id` is unique."""

    id: str
    symbol: str
    name: str


class Price(TypedDict):
    """The price of a coin, and when it was last computed, in seconds."""

    id: str
    usd: NotRequired[float | None]
    last_updated_at: NotRequired[int | None]


class Market(TypedDict):
    """A coin's place in the market."""

    id: str
    current_price: float | None
    last_updated: str | None
