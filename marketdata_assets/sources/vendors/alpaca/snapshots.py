"""Alpaca's snapshots: what stands now of stocks and coins in one row each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NotRequired, TypedDict

import polars as pl

from marketdata_assets.sources.question import Question
from marketdata_assets.sources.row_models import read_rows
from marketdata_assets.sources.vendors.alpaca.rows import instant, parts

_FIELDS = {
    "latestTrade": {"t": "trade_at", "p": "last_price", "s": "last_size"},
    "latestQuote": {"t": "quote_at", "bp": "bid_price", "bs": "bid_size", "ap": "ask_price", "as": "ask_size"},
    "minuteBar": {"t": "minute_at"},
    "dailyBar": {"o": "open", "h": "high", "l": "low", "v": "volume"},
    "prevDailyBar": {"c": "previous_close"},
}
_INSTANTS = ("trade_at", "quote_at", "minute_at")


class Snapshot(TypedDict):
    """A snapshot without its levels; parts may be missing."""

    vendor_symbol: str
    trade_at: NotRequired[str | None]
    quote_at: NotRequired[str | None]
    minute_at: NotRequired[str | None]
    last_price: NotRequired[float | None]
    last_size: NotRequired[float | None]
    bid_price: NotRequired[float | None]
    bid_size: NotRequired[float | None]
    ask_price: NotRequired[float | None]
    ask_size: NotRequired[float | None]
    open: NotRequired[float | None]
    high: NotRequired[float | None]
    low: NotRequired[float | None]
    volume: NotRequired[float | None]
    previous_close: NotRequired[float | None]


def read_stock_snapshots(document: Any, question: Question) -> pl.DataFrame:  # noqa: ARG001 (the shape of every reader)
    """A row a stock, last trade, quote and day; a symbol that the vendor does not know is left out. Its map of symbols has no wrapper."""
    return _snapshots(document)


def read_coin_snapshots(document: Any, question: Question) -> pl.DataFrame:  # noqa: ARG001 (the shape of every reader)
    """A row a pair: last trade, quote, and the day of its venue, which need not begin at midnight UTC."""
    return _snapshots(document["snapshots"] or {})


def _snapshots(told: Mapping[str, Any]) -> pl.DataFrame:
    rows = read_rows([{"vendor_symbol": symbol, **parts(one, _FIELDS)} for symbol, one in told.items() if one is not None], Snapshot)
    bid, ask = pl.col("bid_price") != 0, pl.col("ask_price") != 0
    return rows.with_columns(
        pl.max_horizontal(instant(name) for name in _INSTANTS).alias("timestamp"),
        pl.when(bid).then(pl.col("bid_price", "bid_size")),
        pl.when(ask).then(pl.col("ask_price", "ask_size")),
    ).drop(_INSTANTS)
