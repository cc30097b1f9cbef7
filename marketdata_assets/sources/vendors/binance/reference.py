"""Which pairs Binance lists, and their last prices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl

from marketdata_assets.sources.question import Question
from marketdata_assets.sources.request import Request
from marketdata_assets.sources.row_models import read_rows
from marketdata_assets.sources.vendors.binance.api import EXCHANGE_INFO, PRICE_TICKER
from marketdata_assets.sources.vendors.binance.rows import Listed, PriceTicker
from marketdata_assets.sources.vendors.binance.ticks import listed, named

_STEPS = {"tickSize": "PRICE_FILTER", "stepSize": "LOT_SIZE"}


def ask_listings(question: Question) -> Sequence[Request]:
    """The pairs that are asked for, otherwise all."""
    return [EXCHANGE_INFO.request(named(question))]


def read_listings(document: Any, question: Question) -> pl.DataFrame:  # noqa: ARG001 - the rows name themselves
    """A pair a row; it trades when its status is TRADING. Binance tells no listing date: the first candle is of that day."""
    rows = read_rows([{**pair, **_steps(pair["filters"])} for pair in document["symbols"]], Listed)
    return rows.select(
        pl.col("symbol").alias("vendor_symbol"),
        pl.lit("pair").alias("kind"),
        pl.col("quoteAsset").alias("currency"),
        pl.col("baseAsset").alias("base"),
        (pl.col("status") == "TRADING").alias("active"),
        pl.col("tickSize").cast(pl.Float64).alias("tick_size"),
        pl.col("stepSize").cast(pl.Float64).alias("lot_size"),
        "line",
    )


def ask_prices(question: Question) -> Sequence[Request]:
    """The last prices of the symbols."""
    return [PRICE_TICKER.request(named(question))]


def read_prices(document: Any, question: Question) -> pl.DataFrame:  # noqa: ARG001 - the rows name themselves
    """A row a symbol, in the order of the answer. Binance does not tell when the trades were made."""
    rows = read_rows([document] if isinstance(document, dict) else listed(document), PriceTicker)
    return rows.select(pl.col("symbol").alias("vendor_symbol"), pl.col("price").cast(pl.Float64).alias("last_price"), "line")


def _steps(filters: list[dict[str, Any]]) -> dict[str, Any]:
    by_type = {one["filterType"]: one for one in filters}
    return {step: by_type[kind][step] if kind in by_type else None for step, kind in _STEPS.items()}
