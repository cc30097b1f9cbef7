"""What Coinbase lists, and what stands now."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl

from marketdata_assets.sources.question import Question
from marketdata_assets.sources.request import Request
from marketdata_assets.sources.row_models import read_rows
from marketdata_assets.sources.vendors.coinbase.api import ADVANCED_PRODUCTS, EXCHANGE_PRODUCTS, EXCHANGE_TICKER
from marketdata_assets.sources.vendors.coinbase.rows import AdvancedProduct, Product, Ticker
from marketdata_assets.sources.vendors.coinbase.ticks import stamp


def ask_products(question: Question) -> Sequence[Request]:  # noqa: ARG001 - all products come at once
    """All products of Exchange, which come in one answer."""
    return [EXCHANGE_PRODUCTS.request()]


def read_products(document: Any, question: Question) -> pl.DataFrame:  # noqa: ARG001 - all products come at once
    """A product a row; it trades when it is online and trading is not disabled. No listing date is told."""
    if not isinstance(document, list):
        raise TypeError(f"a list of products was expected, not {type(document).__name__}")
    rows = read_rows(document, Product).with_columns(pl.lit("pair").alias("kind"))
    return _listings(
        rows.rename({"id": "vendor_symbol", "base_currency": "base", "quote_currency": "currency", "quote_increment": "tick_size"})
    )


def ask_advanced_products(question: Question) -> Sequence[Request]:
    """The spot products of Advanced Trade: those that were asked for, otherwise all."""
    return [ADVANCED_PRODUCTS.request({"product_ids": question.symbols[0] if len(question.symbols) == 1 else None})]


def read_advanced_products(document: Any, question: Question) -> pl.DataFrame:  # noqa: ARG001 - the rows name themselves
    """A product a row, of the list or of the answer about a single one; another product of the same book is an identifier, `alias`."""
    rows = read_rows(document.get("products", [document]), AdvancedProduct)
    named = rows.rename(
        {"product_id": "vendor_symbol", "base_currency_id": "base", "quote_currency_id": "currency", "price_increment": "tick_size"}
    ).with_columns(
        pl.col("product_type").str.to_lowercase().alias("kind"),
        (pl.col("trading_disabled") | pl.col("is_disabled")).alias("trading_disabled"),
        pl.when(pl.col("alias") != "").then(pl.lit("alias=") + pl.col("alias")).alias("identifiers"),
    )
    return _listings(named, "identifiers")


def ask_ticker(question: Question) -> Sequence[Request]:
    """The last trade and the best prices of a product."""
    return [EXCHANGE_TICKER.request(product_id=question.symbol)]


def read_ticker(document: Any, question: Question) -> pl.DataFrame:
    """One row. Its volume of 24 hours is left out: a day is none of them."""
    return read_rows([document], Ticker).select(
        pl.lit(question.symbol).alias("vendor_symbol"),
        stamp("time").alias("timestamp"),
        pl.col("price").cast(pl.Float64).alias("last_price"),
        pl.col("size").cast(pl.Float64).alias("last_size"),
        pl.col("bid").cast(pl.Float64).alias("bid_price"),
        pl.col("ask").cast(pl.Float64).alias("ask_price"),
        "line",
    )


def _listings(rows: pl.DataFrame, *more: str) -> pl.DataFrame:
    return rows.select(
        "vendor_symbol",
        pl.col("display_name").alias("name"),
        "kind",
        "base",
        "currency",
        ((pl.col("status") == "online") & ~pl.col("trading_disabled")).alias("active"),
        pl.col("tick_size").cast(pl.Float64),
        pl.col("base_increment").cast(pl.Float64).alias("lot_size"),
        *more,
        "line",
    )
