"""Binance's trades, quotes and books."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import polars as pl

from marketdata_assets.sources.question import Question
from marketdata_assets.sources.request import Param, Request
from marketdata_assets.sources.row_models import read_rows
from marketdata_assets.sources.vendors.binance.api import AGG_TRADES, BOOK_TICKER, DEPTH_BOOK, HISTORICAL_TRADES, TRADES
from marketdata_assets.sources.vendors.binance.bars import MILLISECOND
from marketdata_assets.sources.vendors.binance.rows import AggTrade, BookTicker, Level, Trade
from marketdata_assets.sources.windows import epoch, instants, last_instant

_NEVER_TOLD = pl.lit(None, dtype=pl.Datetime("us", "UTC"))


def ask_agg_trades(question: Question) -> Sequence[Request]:
    """The trades of the window, a row for what one order took at one price."""
    window = question.span
    if window.end == window.start:
        return []
    params = {"startTime": epoch(window.start, "ms"), "endTime": epoch(last_instant(window, MILLISECOND), "ms")}
    return [AGG_TRADES.request({"symbol": question.symbol, **params})]


def read_agg_trades(document: Any, question: Question) -> pl.DataFrame:
    """The trades of one page, oldest first. The buyer waited in the book where `m` says so: then the aggressor sold."""
    return _trades(
        read_rows(listed(document), AggTrade).rename({"a": "id", "p": "price", "q": "qty", "T": "time", "m": "isBuyerMaker"}), question
    )


def ask_recent_trades(question: Question) -> Sequence[Request]:
    """The newest thousand fills."""
    return [TRADES.request({"symbol": question.symbol})]


def ask_historical_trades(question: Question) -> Sequence[Request]:
    """A thousand fills from the id in the option `from_id` on, the newest ones without it: this interface knows no times."""
    return [HISTORICAL_TRADES.request({"symbol": question.symbol, "fromId": question.options.get("from_id") or None})]


def read_trades(document: Any, question: Question) -> pl.DataFrame:
    """The fills of one answer, oldest first."""
    return _trades(read_rows(listed(document), Trade), question)


def ask_book(question: Question) -> Sequence[Request]:
    """The best thousand prices of each side."""
    return [DEPTH_BOOK.request({"symbol": question.symbol})]


def read_book(document: Any, question: Question) -> pl.DataFrame:
    """A level a row, bids from the best down, then asks from the best up. Binance does not tell when the book stood."""
    parts = [
        read_rows(document[key], Level).with_columns(pl.lit(side).alias("side"), pl.col("line").alias("level"))
        for side, key in (("bid", "bids"), ("ask", "asks"))
    ]
    return pl.concat(parts).select(
        pl.lit(question.symbol).alias("vendor_symbol"),
        _NEVER_TOLD.alias("timestamp"),
        "side",
        "level",
        pl.col("price", "quantity").cast(pl.Float64),
        pl.lit(str(int(document["lastUpdateId"]))).alias("update_id"),
        pl.int_range(1, pl.len() + 1, dtype=pl.Int64).alias("line"),
    )


def ask_quotes(question: Question) -> Sequence[Request]:
    """The best prices of the symbols."""
    return [BOOK_TICKER.request(named(question))]


def read_quotes(document: Any, question: Question) -> pl.DataFrame:  # noqa: ARG001 - the rows name themselves
    """A row a symbol, in the order of the answer. Binance does not tell when they stood."""
    rows = read_rows([document] if isinstance(document, dict) else listed(document), BookTicker)
    return rows.select(
        pl.col("symbol").alias("vendor_symbol"),
        _NEVER_TOLD.alias("timestamp"),
        pl.col("bidPrice").cast(pl.Float64).alias("bid_price"),
        pl.col("bidQty").cast(pl.Float64).alias("bid_size"),
        pl.col("askPrice").cast(pl.Float64).alias("ask_price"),
        pl.col("askQty").cast(pl.Float64).alias("ask_size"),
        "line",
    )


def named(question: Question) -> dict[str, Param]:
    """The parameter that names one symbol, or several, or none for all."""
    if len(question.symbols) == 1:
        return {"symbol": question.symbol}
    return {"symbols": json.dumps(question.symbols, separators=(",", ":"))} if question.symbols else {}


def listed(found: Any) -> list[Any]:
    """The answer, which has to be a list; `TypeError` for anything else."""
    if not isinstance(found, list):
        raise TypeError(f"a list was expected, not {type(found).__name__}")
    return found


def _trades(rows: pl.DataFrame, question: Question) -> pl.DataFrame:
    return rows.select(
        pl.lit(question.symbol).alias("vendor_symbol"),
        instants(rows["time"], "ms", from_year=2017).alias("timestamp"),
        pl.col("price").cast(pl.Float64),
        pl.col("qty").cast(pl.Float64).alias("quantity"),
        pl.when("isBuyerMaker").then(pl.lit("sell")).otherwise(pl.lit("buy")).alias("side"),
        pl.col("id").cast(pl.String).alias("trade_id"),
        "line",
    )
