"""Polygon's corporate actions: splits, dividends, and the tickers a company had."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NotRequired, TypedDict

import polars as pl

from marketdata_assets.core.periods import Window
from marketdata_assets.sources.api import Endpoint
from marketdata_assets.sources.dataset import Ask
from marketdata_assets.sources.question import Question
from marketdata_assets.sources.request import Request
from marketdata_assets.sources.row_models import read_rows
from marketdata_assets.sources.vendors.polygon.api import EVENTS
from marketdata_assets.sources.vendors.polygon.rows import results
from marketdata_assets.sources.windows import last_instant

_KINDS = {"stock_dividend": "stock_dividend"}
_DIVIDEND_DATES = {
    "declaration_date": "declared_on",
    "ex_dividend_date": "ex_date",
    "record_date": "record_date",
    "pay_date": "payable_date",
}


class Split(TypedDict):
    """A split: `split_to` shares for `split_from`; the kind and the id are missing in older answers."""

    ticker: str
    execution_date: str
    split_from: float
    split_to: float
    id: NotRequired[str | None]
    adjustment_type: NotRequired[str | None]


class Dividend(TypedDict):
    """A dividend as it was declared, not adjusted for later splits."""

    ticker: str
    cash_amount: float
    ex_dividend_date: str
    currency: NotRequired[str | None]
    declaration_date: NotRequired[str | None]
    record_date: NotRequired[str | None]
    pay_date: NotRequired[str | None]
    frequency: NotRequired[int | None]
    dividend_type: NotRequired[str | None]
    distribution_type: NotRequired[str | None]
    id: NotRequired[str | None]


class Rename(TypedDict):
    """A day from which the company had a ticker, with the one it had before."""

    date: str
    type: str
    ticker: str
    before: NotRequired[str | None]


def events_by(endpoint: Endpoint, date: str) -> Ask:
    """Asks for the events of all tickers whose `date` lies in the window, the oldest first; without tickers for those of all."""

    def ask(question: Question) -> Sequence[Request]:
        first, last = _dates(question.span)
        return [endpoint.request({"ticker.any_of": ",".join(question.symbols) or None, f"{date}.gte": first, f"{date}.lte": last})]

    return ask


def read_splits(document: Any, question: Question) -> pl.DataFrame:  # noqa: ARG001 (the shape of every reader)
    """A row a split; trading is on the new basis from the execution date on, before the open included."""
    rows = read_rows(results(document), Split)
    word = pl.col("adjustment_type")
    return rows.select(
        pl.col("ticker").alias("vendor_symbol"),
        word.replace_strict(_KINDS, default="split", return_dtype=pl.String).alias("kind"),
        word.alias("vendor_kind"),
        pl.col("execution_date").str.to_date("%Y-%m-%d").alias("ex_date"),
        (pl.col("split_to") / pl.col("split_from")).alias("ratio"),
        pl.col("id").alias("event_id"),
        "line",
    )


def read_dividends(document: Any, question: Question) -> pl.DataFrame:  # noqa: ARG001 (the shape of every reader)
    """A row a dividend, its amount as declared; `note` is how often a year it is paid (0: once)."""
    rows = read_rows(results(document), Dividend)
    return rows.select(
        pl.col("ticker").alias("vendor_symbol"),
        pl.lit("cash_dividend").alias("kind"),
        pl.coalesce("distribution_type", "dividend_type").alias("vendor_kind"),
        *(pl.col(theirs).str.to_date("%Y-%m-%d").alias(ours) for theirs, ours in _DIVIDEND_DATES.items()),
        pl.col("cash_amount").alias("amount"),
        "currency",
        pl.concat_str(pl.lit("frequency="), pl.col("frequency").cast(pl.String)).alias("note"),
        pl.col("id").alias("event_id"),
        "line",
    )


def ask_events(question: Question) -> Sequence[Request]:
    """One request for every ticker of the company that has this one today."""
    return [EVENTS.request(ticker=question.symbol)]


def read_events(document: Any, question: Question) -> pl.DataFrame:
    """A row a ticker the company had, in the vendor's order: a rename from the ticker before it, or a listing where it is the first.

    All stand under the ticker asked for. The date is the first day under the new ticker; the vendor's own documents disagree about some.
    """
    told = [
        {"date": event["date"], "type": event["type"], "ticker": event["ticker_change"]["ticker"]}
        for event in document["results"].get("events") or []
    ]
    oldest_first = sorted(told, key=lambda event: event["date"])
    for before, event in pairwise(oldest_first):
        event["before"] = before["ticker"]
    rows = read_rows(told, Rename)
    return rows.select(
        pl.lit(question.symbol).alias("vendor_symbol"),
        pl.when(pl.col("before").is_null()).then(pl.lit("listing")).otherwise(pl.lit("rename")).alias("kind"),
        pl.col("type").alias("vendor_kind"),
        pl.col("date").str.to_date("%Y-%m-%d").alias("ex_date"),
        pl.col("before").alias("old_symbol"),
        pl.col("ticker").alias("new_symbol"),
        "line",
    )


def _dates(window: Window) -> tuple[str, str]:
    return window.start.date().isoformat(), last_instant(window).date().isoformat()
