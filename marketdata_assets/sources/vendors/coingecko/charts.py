"""CoinGecko's samples of price, market value and volume."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import polars as pl

from marketdata_assets.sources.question import Question
from marketdata_assets.sources.request import Request
from marketdata_assets.sources.row_models import read_rows
from marketdata_assets.sources.vendors.coingecko.api import MARKET_CHART, MARKET_CHART_RANGE
from marketdata_assets.sources.vendors.coingecko.rows import Point
from marketdata_assets.sources.windows import epoch, instants, last_instant, spans

# Longer ranges are answered with one sample a day.
HOURLY = timedelta(days=90)


def _currency(question: Question) -> str:
    return question.options.get("currency", "usd")


def ask_charts(question: Question) -> Sequence[Request]:
    """The samples of the window, 90 days a request, which keeps them hourly."""
    return [
        MARKET_CHART_RANGE.request(
            {
                "vs_currency": _currency(question),
                "from": epoch(part.start, "s"),
                "to": epoch(last_instant(part), "s"),
                "precision": "full",
            },
            id=question.symbol,
        )
        for part in spans(question.span, HOURLY)
    ]


def ask_latest_charts(question: Question) -> Sequence[Request]:
    """The samples of the last day, five minutes apart."""
    return [MARKET_CHART.request({"vs_currency": _currency(question), "days": 1, "precision": "full"}, id=question.symbol)]


def read_charts(document: Any, question: Question) -> pl.DataFrame:
    """A row an instant, in the order of the prices; instants are as sent, near an hour or five minutes rather than on it.

    A daily sample at midnight is the state at that instant; the last sample is that of the moment of asking. Volume is that of the 24 hours
    before each sample, so a sum over samples means nothing.
    """
    lists = {
        name: read_rows(document.get(key, []) if key != "prices" else document[key], Point)
        for name, key in (("price", "prices"), ("market_cap", "market_caps"), ("volume", "total_volumes"))
    }
    rows = lists["price"].select("at", pl.col("value").alias("price"))
    for name in ("market_cap", "volume"):
        more = lists[name].select("at", pl.col("value").alias(name))
        rows = rows.join(more, on="at", how="full", coalesce=True, maintain_order="left_right")
    return rows.select(
        pl.lit(question.symbol).alias("vendor_symbol"),
        instants(rows["at"], "ms", from_year=2009).alias("timestamp"),
        "price",
        "market_cap",
        "volume",
        pl.lit(_currency(question).upper()).alias("currency"),
        pl.int_range(1, pl.len() + 1, dtype=pl.Int64).alias("line"),
    )
