"""Which coins CoinGecko knows, and what they are worth now."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl

from marketdata_assets.sources.question import Question
from marketdata_assets.sources.request import Request
from marketdata_assets.sources.row_models import read_rows
from marketdata_assets.sources.vendors.coingecko.api import COINS, MARKETS, SIMPLE_PRICE
from marketdata_assets.sources.vendors.coingecko.bars import in_dollars
from marketdata_assets.sources.vendors.coingecko.rows import Coin, Market, Price
from marketdata_assets.sources.windows import instants


def ask_coins(question: Question) -> Sequence[Request]:  # noqa: ARG001 - all coins come at once
    """All coins, which come in one answer."""
    return [COINS.request()]


def read_coins(document: Any, question: Question) -> pl.DataFrame:  # noqa: ARG001 - the rows name themselves
    """A coin a row; its ticker, which it may share with others, is an identifier."""
    rows = read_rows(_listed(document), Coin)
    return rows.select(
        pl.col("id").alias("vendor_symbol"),
        "name",
        pl.lit("coin").alias("kind"),
        (pl.lit("ticker=") + pl.col("symbol")).alias("identifiers"),
        "line",
    )


def ask_prices(question: Question) -> Sequence[Request]:
    """The prices of the coins in US dollars."""
    in_dollars(question.options)
    return [SIMPLE_PRICE.request({"ids": ",".join(question.symbols), "vs_currencies": "usd"})]


def read_prices(document: Any, question: Question) -> pl.DataFrame:  # noqa: ARG001 - the rows name themselves
    """A row a coin; one that CoinGecko does not know, or has no price of, has none."""
    rows = read_rows([{"id": coin, **told} for coin, told in document.items()], Price)
    return rows.filter(pl.col("usd").is_not_null()).select(
        pl.col("id").alias("vendor_symbol"),
        pl.col("last_updated_at")
        .map_batches(lambda at: instants(at, "s", from_year=2009), return_dtype=pl.Datetime("us", "UTC"))
        .alias("timestamp"),
        pl.col("usd").alias("last_price"),
        "line",
    )


def ask_markets(question: Question) -> Sequence[Request]:
    """All coins by market value, 250 a page, or those that are asked for."""
    in_dollars(question.options)
    return [MARKETS.request({"vs_currency": "usd", "ids": ",".join(question.symbols) or None, "page": 1})]


def read_markets(document: Any, question: Question) -> pl.DataFrame:  # noqa: ARG001 - the rows name themselves
    """A row a coin with its price; what is told of the last 24 hours is left out, a day is something else."""
    rows = read_rows(_listed(document), Market)
    return rows.select(
        pl.col("id").alias("vendor_symbol"),
        pl.col("last_updated").str.to_datetime("%Y-%m-%dT%H:%M:%S%.fZ", time_unit="us").dt.replace_time_zone("UTC").alias("timestamp"),
        pl.col("current_price").alias("last_price"),
        "line",
    )


def _listed(found: Any) -> list[Any]:
    if not isinstance(found, list):
        raise TypeError(f"a list of coins was expected, not {type(found).__name__}")
    return found
