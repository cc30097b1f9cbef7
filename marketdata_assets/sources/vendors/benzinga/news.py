"""Benzinga's articles."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypedDict

import polars as pl

from marketdata_assets.sources.question import Question
from marketdata_assets.sources.request import Request
from marketdata_assets.sources.row_models import read_rows
from marketdata_assets.sources.vendors.benzinga import api
from marketdata_assets.sources.windows import last_instant


class Article(TypedDict):
    """One article; times as mail writes them, `Wed, 04 Sep 2024 09:30:00 -0400`."""

    id: int
    author: str | None
    created: str
    updated: str
    title: str
    teaser: str | None
    url: str | None
    symbols: str


def ask_news(question: Question) -> Sequence[Request]:
    """One request for all symbols, its pages not counted; the vendor takes whole days, so those at both ends come whole."""
    window = question.span
    days = {"dateFrom": str(window.start.date()), "dateTo": str(last_instant(window).date())}
    return [api.NEWS.request({"tickers": ",".join(question.symbols) or None, **days, "page": 0})]


def read_news(document: Any, question: Question) -> pl.DataFrame:
    """Articles with the symbols they are about; `vendor_symbol` is the first of them that was asked for."""
    asked = set(question.symbols)
    named = [[str(stock["name"]) for stock in article["stocks"]] for article in document]
    rows = [{**article, "symbols": ",".join(names)} for article, names in zip(document, named, strict=True)]
    first = [next((name for name in names if not asked or name in asked), None) for names in named]
    return read_rows(rows, Article).select(
        pl.Series("vendor_symbol", first, pl.String),
        pl.col("id").cast(pl.String).alias("article_id"),
        _instant("created").alias("published_at"),
        _instant("updated").alias("updated_at"),
        pl.col("title").alias("headline"),
        pl.col("teaser").alias("summary"),
        "author",
        pl.lit("benzinga").alias("publisher"),
        "url",
        "symbols",
        "line",
    )


def _instant(name: str) -> pl.Expr:
    return pl.col(name).str.to_datetime("%a, %d %b %Y %H:%M:%S %z", time_unit="us", time_zone="UTC")
