"""Finnhub's quotes, candles and company news."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import polars as pl

from marketdata_assets.sources.question import Question
from marketdata_assets.sources.request import Request
from marketdata_assets.sources.row_models import read_rows
from marketdata_assets.sources.vendors.finnhub import api
from marketdata_assets.sources.vendors.finnhub.rows import Article, Candle, Quote, candle_rows
from marketdata_assets.sources.windows import epoch, last_instant, session_midnight, spans

RESOLUTIONS = {"1m": "1", "5m": "5", "15m": "15", "30m": "30", "1h": "60", "1d": "D"}
NEWS_AT_ONCE = timedelta(days=365)
_DAY = 86_400


def ask_quote(question: Question) -> Sequence[Request]:
    """One request a symbol."""
    return [api.QUOTE.request({"symbol": symbol}) for symbol in question.symbols]


def read_quote(document: Any, question: Question) -> pl.DataFrame:
    """What stands now, at the instant the vendor states."""
    return read_rows([document], Quote).select(
        pl.lit(question.symbol).alias("vendor_symbol"),
        _instant("t").alias("timestamp"),
        pl.col("c").alias("last_price"),
        pl.col("o").alias("open"),
        pl.col("h").alias("high"),
        pl.col("l").alias("low"),
        pl.col("pc").alias("previous_close"),
        "line",
    )


def ask_candles(question: Question) -> Sequence[Request]:
    """One request for the window; the vendor's end is inclusive."""
    window = question.span
    times = {"from": epoch(window.start, "s"), "to": epoch(last_instant(window), "s")}
    return [api.CANDLES.request({"symbol": question.symbol, "resolution": RESOLUTIONS[question.length.name], **times})]


def read_candles(document: Any, question: Question) -> pl.DataFrame:
    """Bars by the start of each, adjusted for later splits; none where the vendor has no data.

    A day is stamped with midnight, now of New York (in the documentation's example), now of UTC (by what clients say): either is its date.
    """
    at = _instant("t") if question.length.intraday else _session("t")
    return read_rows(candle_rows(document), Candle).select(
        pl.lit(question.symbol).alias("vendor_symbol"),
        at.alias("timestamp"),
        pl.col("o").alias("open"),
        pl.col("h").alias("high"),
        pl.col("l").alias("low"),
        pl.col("c").alias("close"),
        pl.col("v").alias("volume"),
        "line",
    )


def ask_news(question: Question) -> Sequence[Request]:
    """One request a year at most; the vendor takes whole days, both inclusive, so articles of the days at both ends come whole."""
    return [
        api.NEWS.request({"symbol": question.symbol, "from": str(window.start.date()), "to": str(last_instant(window).date())})
        for window in spans(question.span, NEWS_AT_ONCE)
    ]


def read_news(document: Any, question: Question) -> pl.DataFrame:
    """Articles about one company."""
    return read_rows(document, Article).select(
        pl.lit(question.symbol).alias("vendor_symbol"),
        pl.col("id").cast(pl.String).alias("article_id"),
        _instant("datetime").alias("published_at"),
        "headline",
        "summary",
        pl.col("source").alias("publisher"),
        "url",
        pl.col("related").alias("symbols"),
        "line",
    )


def _instant(name: str) -> pl.Expr:
    return pl.from_epoch(name, time_unit="s").cast(pl.Datetime("us")).dt.replace_time_zone("UTC")


def _session(name: str) -> pl.Expr:
    return pl.when(pl.col(name) % _DAY == 0).then(_instant(name)).otherwise(session_midnight(_instant(name)))
