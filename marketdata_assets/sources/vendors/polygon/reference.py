"""Polygon's reference data: what is listed, what is known of a company, and news about it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any, NotRequired, TypedDict

import polars as pl

from marketdata_assets.sources.question import Question
from marketdata_assets.sources.request import Request
from marketdata_assets.sources.row_models import read_rows
from marketdata_assets.sources.vendors.polygon.api import DETAILS, NEWS, TICKERS
from marketdata_assets.sources.vendors.polygon.rows import codes, results, zulu
from marketdata_assets.sources.windows import last_instant, rfc3339

_IDS = ("cik", "composite_figi", "share_class_figi")


class Ticker(TypedDict):
    """A listed thing; `delisted_utc` only where it is listed no more."""

    ticker: str
    name: NotRequired[str | None]
    type: NotRequired[str | None]
    primary_exchange: NotRequired[str | None]
    currency_name: NotRequired[str | None]
    active: NotRequired[bool | None]
    delisted_utc: NotRequired[str | None]
    cik: NotRequired[str | None]
    composite_figi: NotRequired[str | None]
    share_class_figi: NotRequired[str | None]


class Field(TypedDict):
    """One thing said of a company."""

    name: str
    value: str | None


class Article(TypedDict):
    """An article without its publisher's particulars."""

    id: str
    title: str
    author: NotRequired[str | None]
    published_utc: str
    article_url: NotRequired[str | None]
    description: NotRequired[str | None]
    tickers: list[str]
    publisher: NotRequired[str | None]


def ask_listings(question: Question) -> Sequence[Request]:
    """Two requests: for what is listed and for what was delisted; with a window, as of its last day."""
    day = None if question.window is None else last_instant(question.window).date().isoformat()
    return [TICKERS.request({"active": active, "date": day}) for active in (True, False)]


def read_listings(document: Any, question: Question) -> pl.DataFrame:  # noqa: ARG001 (the shape of every reader)
    """A row a ticker; it was delisted the day after what the vendor calls its last day of trading."""
    rows = read_rows(results(document), Ticker)
    last_day = pl.col("delisted_utc").str.slice(0, 10).str.to_date("%Y-%m-%d")
    ids = [pl.concat_str(pl.lit(f"{name}="), name) for name in _IDS]
    return rows.select(
        pl.col("ticker").alias("vendor_symbol"),
        "name",
        pl.col("type").alias("kind"),
        pl.col("primary_exchange").alias("exchange"),
        pl.col("currency_name").str.to_uppercase().alias("currency"),
        "active",
        (last_day + timedelta(days=1)).alias("delisted_on"),
        pl.concat_str(ids, separator=",", ignore_nulls=True).alias("identifiers"),
        "line",
    )


def ask_profiles(question: Question) -> Sequence[Request]:
    """One request for what is known of one company; with a window, as of its last day."""
    day = None if question.window is None else last_instant(question.window).date().isoformat()
    return [DETAILS.request({"date": day}, ticker=question.symbol)]


def read_profiles(document: Any, question: Question) -> pl.DataFrame:
    """A row a field, its value as text; a field within another is written `address.city`."""
    told = document["results"]
    rows = read_rows([{"name": name, "value": value} for name, value in _leaves(told)], Field)
    return rows.with_columns(pl.lit(told.get("ticker") or question.symbol).alias("vendor_symbol"))


def ask_news(question: Question) -> Sequence[Request]:
    """One request for the articles about one ticker (or any) that were published within the window, the oldest first."""
    window = question.span
    ticker = question.symbol if question.symbols else None
    return [NEWS.request({"ticker": ticker, "published_utc.gte": rfc3339(window.start), "published_utc.lt": rfc3339(window.end)})]


def read_news(document: Any, question: Question) -> pl.DataFrame:  # noqa: ARG001 (the shape of every reader)
    """A row an article, with every ticker it is about."""
    rows = read_rows([{**row, "publisher": (row.get("publisher") or {}).get("name")} for row in results(document)], Article)
    return rows.select(
        pl.lit(None, pl.String).alias("vendor_symbol"),
        pl.col("id").alias("article_id"),
        zulu("published_utc").alias("published_at"),
        pl.col("title").alias("headline"),
        pl.col("description").alias("summary"),
        "author",
        "publisher",
        pl.col("article_url").alias("url"),
        codes("tickers").alias("symbols"),
        "line",
    )


def _leaves(value: Any, name: str = "") -> Iterator[tuple[str, str | None]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(inner, f"{name}.{key}" if name else key)
    elif isinstance(value, bool):
        yield name, "true" if value else "false"
    elif isinstance(value, list):
        yield name, ",".join(str(one) for one in value)
    else:
        yield name, None if value is None else str(value)
