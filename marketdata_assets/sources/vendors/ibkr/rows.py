"""Rows of the documents into which TWS's answers are written."""

from __future__ import annotations

from typing import TypedDict


class Day(TypedDict):
    """One daily bar; `date` is `20191004`."""

    date: str
    open: float
    high: float
    low: float
    close: float
    volume: float
    average: float
    barCount: int


class Bar(TypedDict):
    """One shorter bar; `date` is its start in Unix seconds."""

    date: int
    open: float
    high: float
    low: float
    close: float
    volume: float
    average: float
    barCount: int


class Trade(TypedDict):
    """One trade, dated by the second."""

    time: int
    price: float
    size: float
    exchange: str
    specialConditions: str


class Quote(TypedDict):
    """One state of bid and ask, dated by the second."""

    time: int
    priceBid: float
    priceAsk: float
    sizeBid: float
    sizeAsk: float
