"""Kraken's trades and books."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import polars as pl

from marketdata_assets.sources.question import Question
from marketdata_assets.sources.request import Request
from marketdata_assets.sources.row_models import read_rows
from marketdata_assets.sources.vendors.kraken.api import DEPTH_BOOK, RECENT_TRADES, TRADES
from marketdata_assets.sources.vendors.kraken.pairs import one_answered, one_pair
from marketdata_assets.sources.vendors.kraken.rows import Level, Trade
from marketdata_assets.sources.windows import epoch, instants

_CELLS = 7


def ask_trades(question: Question) -> Sequence[Request]:
    """The trades from the window's start on; Kraken takes no end, so the pages end at the first that reaches it."""
    window = question.span
    if window.end == window.start:
        return []
    # Whether `since` is inclusive is not documented; the nanosecond before the start does for both.
    request = TRADES.request({"pair": question.symbol, "since": epoch(window.start, "ns") - 1})
    return [replace(request, until=epoch(window.end, "ns"))]


def ask_recent_trades(question: Question) -> Sequence[Request]:
    """The newest thousand trades."""
    return [RECENT_TRADES.request({"pair": question.symbol})]


def read_trades(document: Any, question: Question) -> pl.DataFrame:
    """The trades of one page, oldest first, `side` the taker's. Instants are cut to the microsecond; ids are null before 2022."""
    symbol, answered = one_pair(document, question)
    rows = read_rows([[*row, None] if len(row) == _CELLS - 1 else row for row in answered], Trade)
    # The text of the number is what Kraken wrote; a product with a double would move some instants by a microsecond.
    micros = [int(Decimal(repr(at)) * 1_000_000) for at in rows["at"].to_list()]
    return rows.select(
        pl.lit(symbol).alias("vendor_symbol"),
        instants(pl.Series(micros, dtype=pl.Int64), "us", from_year=2011).alias("timestamp"),
        pl.col("price").cast(pl.Float64),
        pl.col("quantity").cast(pl.Float64),
        pl.when(pl.col("side") == "b").then(pl.lit("buy")).otherwise(pl.lit("sell")).alias("side"),
        pl.col("id").cast(pl.String).alias("trade_id"),
        "line",
    )


def ask_book(question: Question) -> Sequence[Request]:
    """The best five hundred prices of each side."""
    return [DEPTH_BOOK.request({"pair": question.symbol})]


def read_book(document: Any, question: Question) -> pl.DataFrame:
    """A level a row, bids from the best down, then asks from the best up.

    Kraken tells when each level last changed, which is left out, and not when the book stood.
    """
    symbol, book = one_answered(document, question)
    parts = [
        read_rows(book[key], Level).with_columns(pl.lit(side).alias("side"), pl.col("line").alias("level"))
        for side, key in (("bid", "bids"), ("ask", "asks"))
        if book
    ]
    rows = pl.concat(parts) if parts else read_rows([], Level).with_columns(pl.lit("").alias("side"), pl.col("line").alias("level"))
    return rows.select(
        pl.lit(symbol).alias("vendor_symbol"),
        pl.lit(None, dtype=pl.Datetime("us", "UTC")).alias("timestamp"),
        "side",
        "level",
        pl.col("price", "quantity").cast(pl.Float64),
        pl.int_range(1, pl.len() + 1, dtype=pl.Int64).alias("line"),
    )
