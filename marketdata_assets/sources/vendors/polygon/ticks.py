"""Polygon's single trades and quotes, of a span or the newest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NotRequired, TypedDict

import polars as pl

from marketdata_assets.sources.api import Endpoint
from marketdata_assets.sources.dataset import Ask
from marketdata_assets.sources.question import Question
from marketdata_assets.sources.request import Request
from marketdata_assets.sources.row_models import read_rows
from marketdata_assets.sources.vendors.polygon.rows import codes, instant, results, sided
from marketdata_assets.sources.windows import epoch


class Trade(TypedDict):
    """A trade: when the tape had it (nanoseconds), price, shares, venue, id, and conditions and correction where there are any."""

    sip_timestamp: int
    price: float
    size: float
    exchange: int
    id: str
    conditions: NotRequired[list[int] | None]
    correction: NotRequired[int | None]


class Quote(TypedDict):
    """Best bid and offer: a price of 0, or none, is no order on that side."""

    sip_timestamp: int
    bid_price: NotRequired[float | None]
    bid_size: NotRequired[float | None]
    bid_exchange: NotRequired[int | None]
    ask_price: NotRequired[float | None]
    ask_size: NotRequired[float | None]
    ask_exchange: NotRequired[int | None]
    conditions: NotRequired[list[int] | None]


class LastTrade(TypedDict):
    """The newest trade in one-letter names."""

    T: str
    t: int
    p: float
    s: float
    x: int
    i: str
    c: NotRequired[list[int] | None]
    e: NotRequired[int | None]


class LastQuote(TypedDict):
    """The newest quote in one-letter names: capitals are the offer."""

    T: str
    t: int
    p: NotRequired[float | None]
    s: NotRequired[float | None]
    x: NotRequired[int | None]
    P: NotRequired[float | None]
    S: NotRequired[float | None]
    X: NotRequired[int | None]
    c: NotRequired[list[int] | None]


def ticks_of(endpoint: Endpoint) -> Ask:
    """Asks for the trades or quotes of one ticker over a span, the oldest first; the vendor takes half-open nanoseconds."""

    def ask(question: Question) -> Sequence[Request]:
        window = question.span
        span = {"timestamp.gte": epoch(window.start, "ns"), "timestamp.lt": epoch(window.end, "ns")}
        return [endpoint.request(span, ticker=question.symbol)]

    return ask


def newest_of(endpoint: Endpoint) -> Ask:
    """Asks for what stands now of one ticker."""
    return lambda question: [endpoint.request(ticker=question.symbol)]


def read_trades(document: Any, question: Question) -> pl.DataFrame:
    """Trades as sent, timed by the tape. A correction stays and says so: `correction=1` after its conditions."""
    rows = read_rows(results(document), Trade).with_columns(pl.lit(question.symbol).alias("vendor_symbol"))
    return _trades(rows.rename({"correction": "e"}))


def read_last_trade(document: Any, question: Question) -> pl.DataFrame:  # noqa: ARG001 (the shape of every reader)
    """The newest trade of one ticker."""
    names = {"T": "vendor_symbol", "t": "sip_timestamp", "p": "price", "s": "size", "x": "exchange", "i": "id", "c": "conditions"}
    return _trades(read_rows([document["results"]], LastTrade).rename(names))


def read_quotes(document: Any, question: Question) -> pl.DataFrame:
    """Best bids and offers as sent, timed by the tape; a side with price 0 has no order, and is null.

    Sizes count round lots, normally of 100 shares, in what is documented; whether they count shares since 2025-11-03, as the tapes do,
    is not: they are left as sent.
    """
    rows = read_rows(results(document), Quote).with_columns(pl.lit(question.symbol).alias("vendor_symbol"))
    return _quotes(rows)


def read_last_quote(document: Any, question: Question) -> pl.DataFrame:  # noqa: ARG001 (the shape of every reader)
    """The newest best bid and offer of one ticker; sizes as in `read_quotes`."""
    bid = {"p": "bid_price", "s": "bid_size", "x": "bid_exchange"}
    ask = {"P": "ask_price", "S": "ask_size", "X": "ask_exchange"}
    rows = read_rows([document["results"]], LastQuote)
    return _quotes(rows.rename({"T": "vendor_symbol", "t": "sip_timestamp", "c": "conditions", **bid, **ask}))


def _trades(rows: pl.DataFrame) -> pl.DataFrame:
    corrected = pl.when(pl.col("e") > 0).then(pl.concat_str(pl.lit("correction="), pl.col("e").cast(pl.String)))
    said = pl.concat_str(codes("conditions"), corrected, separator=",", ignore_nulls=True)
    return rows.select(
        "vendor_symbol",
        instant("sip_timestamp", "ns").alias("timestamp"),
        "price",
        pl.col("size").alias("quantity"),
        pl.col("exchange").cast(pl.String),
        pl.col("id").alias("trade_id"),
        said.alias("conditions"),
        "line",
    )


def _quotes(rows: pl.DataFrame) -> pl.DataFrame:
    return sided(rows).select(
        "vendor_symbol",
        instant("sip_timestamp", "ns").alias("timestamp"),
        *("bid_price", "bid_size", "ask_price", "ask_size"),
        pl.col("bid_exchange", "ask_exchange").cast(pl.String),
        codes("conditions").alias("conditions"),
        "line",
    )
