"""Alpaca's reference lists: what is listed, when the market is open, and news about it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NotRequired, TypedDict

import polars as pl

from marketdata_assets.sources.dataset import Ask
from marketdata_assets.sources.question import Question
from marketdata_assets.sources.request import Request
from marketdata_assets.sources.row_models import read_rows
from marketdata_assets.sources.vendors.alpaca.api import ASSETS, CALENDAR, NEWS
from marketdata_assets.sources.vendors.alpaca.asking import dates, listed, tick_span
from marketdata_assets.sources.vendors.alpaca.rows import instant, joined

_NEW_YORK = "America/New_York"


class Asset(TypedDict):
    """A stock or pair as the trading API lists it."""

    id: str
    symbol: str
    name: NotRequired[str | None]
    exchange: NotRequired[str | None]
    status: str
    cusip: NotRequired[str | None]


class Session(TypedDict):
    """A trading day: date, and opening and closing time in New York."""

    date: str
    open: str
    close: str


class Article(TypedDict):
    """An article, without its pictures."""

    id: int
    headline: str
    author: NotRequired[str | None]
    source: NotRequired[str | None]
    created_at: str
    updated_at: NotRequired[str | None]
    summary: NotRequired[str | None]
    url: NotRequired[str | None]
    symbols: list[str]


def listings_of(asset_class: str) -> Ask:
    """Asks for everything of an asset class, delisted instruments included; the vendor answers in one page."""
    return lambda question: [ASSETS.request({"asset_class": asset_class})]  # noqa: ARG005 (the shape of every question)


def read_listings(document: Any, question: Question) -> pl.DataFrame:  # noqa: ARG001 (the shape of every reader)
    """A row an asset; of a pair written `BTC/USD` its coin and currency as well."""
    rows = read_rows(document, Asset)
    kinds = [str(row["class"]) for row in document]
    pair = pl.col("symbol").str.split_exact("/", 1)
    cusip = pl.when(pl.col("cusip") != "").then(pl.concat_str(pl.lit("cusip="), "cusip"))
    ids = pl.concat_str(pl.concat_str(pl.lit("alpaca="), "id"), cusip, separator=",", ignore_nulls=True)
    joint = pl.col("symbol").str.contains("/", literal=True)
    return rows.select(
        pl.col("symbol").alias("vendor_symbol"),
        "name",
        pl.Series("kind", kinds, pl.String),
        "exchange",
        pl.when(joint).then(pair.struct.field("field_1")).alias("currency"),
        pl.when(joint).then(pair.struct.field("field_0")).alias("base"),
        (pl.col("status") == "active").alias("active"),
        ids.alias("identifiers"),
        "line",
    )


def ask_calendar(question: Question) -> Sequence[Request]:
    """One request for the trading days of the window."""
    return [CALENDAR.request(dates(question.span))]


def read_calendar(document: Any, question: Question) -> pl.DataFrame:  # noqa: ARG001 (the shape of every reader)
    """A row a trading day of the New York exchanges with its regular hours, shortened ones included; days without trading are absent."""
    rows = read_rows(document, Session)

    def at(column: str) -> pl.Expr:
        text = pl.concat_str("date", column, separator=" ")
        return text.str.to_datetime("%Y-%m-%d %H:%M", time_unit="us").dt.replace_time_zone(_NEW_YORK).dt.convert_time_zone("UTC")

    return rows.select(
        pl.lit("XNYS").alias("exchange"),
        pl.col("date").str.to_date("%Y-%m-%d").alias("session"),
        at("open").alias("opens_at"),
        at("close").alias("closes_at"),
        "line",
    )


def ask_news(question: Question) -> Sequence[Request]:
    """One request for the articles about all symbols that were changed within the window, the oldest first."""
    return [NEWS.request({"symbols": listed(question) or None, **tick_span(question.span)})]


def read_news(document: Any, question: Question) -> pl.DataFrame:  # noqa: ARG001 (the shape of every reader)
    """A row an article, with every symbol it is about; texts as sent, which holds HTML entities."""
    rows = read_rows(document["news"] or [], Article)
    return rows.select(
        pl.lit(None, pl.String).alias("vendor_symbol"),
        pl.col("id").cast(pl.String).alias("article_id"),
        instant("created_at").alias("published_at"),
        instant("updated_at").alias("updated_at"),
        "headline",
        "summary",
        "author",
        pl.col("source").alias("publisher"),
        "url",
        joined("symbols").alias("symbols"),
        "line",
    )
