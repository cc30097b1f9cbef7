"""Coinbase's trades and books."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl

from marketdata_assets.sources.question import Question
from marketdata_assets.sources.request import Request
from marketdata_assets.sources.row_models import read_rows
from marketdata_assets.sources.vendors.coinbase.api import (
    ADVANCED_BOOK,
    ADVANCED_TICKER,
    EXCHANGE_BOOK,
    EXCHANGE_RECENT_TRADES,
    EXCHANGE_TRADES,
)
from marketdata_assets.sources.vendors.coinbase.rows import AdvancedLevel, AdvancedTrade, Level, Trade
from marketdata_assets.sources.vendors.coinbase.tape_search import TapeRequest

# The side of a trade is that of the order which waited; what the aggressor did is the other one.
_AGGRESSOR = {"buy": "sell", "sell": "buy", "BUY": "sell", "SELL": "buy"}
_STAMP = "%Y-%m-%dT%H:%M:%S%.fZ"


def stamp(column: str) -> pl.Expr:
    """The instants of texts like `2024-03-13T11:00:17.710679Z`."""
    return pl.col(column).str.to_datetime(_STAMP, time_unit="us", strict=True).dt.replace_time_zone("UTC")


def ask_trades(question: Question) -> Sequence[Request]:
    """The pages of the tape that lead to the window and through it."""
    window = question.span
    if window.end == window.start:
        return []
    first = EXCHANGE_TRADES.request(product_id=question.symbol)
    return [TapeRequest(first.endpoint, first.template, first.path, first.params, start=window.start, end=window.end)]


def ask_recent_trades(question: Question) -> Sequence[Request]:
    """The newest thousand trades."""
    return [EXCHANGE_RECENT_TRADES.request(product_id=question.symbol)]


def read_trades(document: Any, question: Question) -> pl.DataFrame:
    """The trades of one page of Exchange, newest first; `side` is what the aggressor did, the opposite of what is sent."""
    if not isinstance(document, list):
        raise TypeError(f"a list of trades was expected, not {type(document).__name__}")
    return _trades(read_rows(document, Trade).with_columns(pl.lit(question.symbol).alias("vendor_symbol")))


def ask_advanced_trades(question: Question) -> Sequence[Request]:
    """The newest hundred trades of Advanced Trade."""
    return [ADVANCED_TICKER.request(product_id=question.symbol)]


def read_advanced_trades(document: Any, question: Question) -> pl.DataFrame:  # noqa: ARG001 - the rows name their product
    """The trades of one answer of Advanced Trade, newest first, `side` turned like that of Exchange."""
    return _trades(read_rows(document["trades"], AdvancedTrade).with_columns(pl.col("product_id").alias("vendor_symbol")))


def ask_book(question: Question) -> Sequence[Request]:
    """The whole book, orders at one price taken together."""
    return [EXCHANGE_BOOK.request(product_id=question.symbol)]


def read_book(document: Any, question: Question) -> pl.DataFrame:
    """A level a row with the number of its orders, bids from the best down, then asks from the best up."""
    sides = [("bid", read_rows(document["bids"], Level)), ("ask", read_rows(document["asks"], Level))]
    return _book(sides, question.symbol, document["time"]).with_columns(
        pl.col("orders").alias("order_count"), pl.lit(str(document["sequence"])).alias("update_id")
    ).drop("orders")  # fmt: skip


def ask_advanced_book(question: Question) -> Sequence[Request]:
    """The best thousand prices of each side, as Advanced Trade tells them."""
    return [ADVANCED_BOOK.request({"product_id": question.symbol})]


def read_advanced_book(document: Any, question: Question) -> pl.DataFrame:  # noqa: ARG001 - the book names its product
    """A level a row, bids from the best down, then asks from the best up."""
    book = document["pricebook"]
    sides = [("bid", read_rows(book["bids"], AdvancedLevel)), ("ask", read_rows(book["asks"], AdvancedLevel))]
    return _book([(side, rows.rename({"size": "quantity"})) for side, rows in sides], book["product_id"], book["time"])


def _trades(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select(
        "vendor_symbol",
        stamp("time").alias("timestamp"),
        pl.col("price").cast(pl.Float64),
        pl.col("size").cast(pl.Float64).alias("quantity"),
        pl.col("side").replace_strict(_AGGRESSOR, return_dtype=pl.String),
        pl.col("trade_id").cast(pl.String),
        "line",
    )


def _book(sides: list[tuple[str, pl.DataFrame]], symbol: str, time: str) -> pl.DataFrame:
    parts = [rows.with_columns(pl.lit(side).alias("side"), pl.col("line").alias("level")) for side, rows in sides]
    return (
        pl.concat(parts)
        .drop("line")
        .with_columns(
            pl.lit(symbol).alias("vendor_symbol"),
            pl.lit(time).alias("timestamp"),
            pl.col("price", "quantity").cast(pl.Float64),
            pl.int_range(1, pl.len() + 1, dtype=pl.Int64).alias("line"),
        )
        .with_columns(stamp("timestamp"))
    )
