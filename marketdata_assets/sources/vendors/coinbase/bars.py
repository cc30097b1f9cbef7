"""Coinbase's candles as raw bars."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl

from marketdata_assets.sources.question import Question
from marketdata_assets.sources.request import Request
from marketdata_assets.sources.row_models import read_rows
from marketdata_assets.sources.vendors.coinbase.api import ADVANCED_BARS, ADVANCED_CANDLES, CANDLES, EXCHANGE_CANDLES
from marketdata_assets.sources.vendors.coinbase.rows import AdvancedCandle, Candle
from marketdata_assets.sources.windows import chunks, epoch, instants, last_instant, rfc3339

EXCHANGE_LENGTHS = ("1m", "5m", "15m", "1h", "1d")
ADVANCED_LENGTHS = {
    "1m": "ONE_MINUTE",
    "5m": "FIVE_MINUTE",
    "15m": "FIFTEEN_MINUTE",
    "30m": "THIRTY_MINUTE",
    "1h": "ONE_HOUR",
    "4h": "FOUR_HOUR",
    "1d": "ONE_DAY",
}
_NUMBERS = ("open", "high", "low", "close", "volume")


def ask_exchange_bars(question: Question) -> Sequence[Request]:
    """The candles of the window, 300 a request, which is all Exchange answers at a time; its bounds are both inclusive."""
    seconds = int(question.length.duration.total_seconds())
    return [
        EXCHANGE_CANDLES.request(
            {"granularity": seconds, "start": rfc3339(part.start), "end": rfc3339(last_instant(part))}, product_id=question.symbol
        )
        for part in chunks(question.span, question.length, CANDLES)
    ]


def read_exchange_bars(document: Any, question: Question) -> pl.DataFrame:
    """The candles of one answer in its order, newest first; volume in coins of the base. An interval without a trade has none."""
    rows = read_rows(_listed(document), Candle)
    return rows.select(
        pl.lit(question.symbol).alias("vendor_symbol"), instants(rows["starts"], "s", from_year=2012).alias("timestamp"), *_NUMBERS, "line"
    )


def ask_advanced_bars(question: Question) -> Sequence[Request]:
    """The candles of the window, 349 a request: 350 are refused by some accounts of it."""
    return [
        ADVANCED_BARS.request(
            {
                "start": epoch(part.start, "s"),
                "end": epoch(last_instant(part), "s"),
                "granularity": ADVANCED_LENGTHS[question.length.name],
            },
            product_id=question.symbol,
        )
        for part in chunks(question.span, question.length, ADVANCED_CANDLES)
    ]


def read_advanced_bars(document: Any, question: Question) -> pl.DataFrame:
    """The candles of one answer in its order, newest first; volume in coins of the base."""
    rows = read_rows(_listed(document["candles"]), AdvancedCandle)
    return rows.select(
        pl.lit(question.symbol).alias("vendor_symbol"),
        instants(rows["start"].cast(pl.Int64), "s", from_year=2012).alias("timestamp"),
        pl.col(*_NUMBERS).cast(pl.Float64),
        "line",
    )


def _listed(found: Any) -> list[Any]:
    if not isinstance(found, list):
        raise TypeError(f"a list of candles was expected, not {type(found).__name__}")
    return found
