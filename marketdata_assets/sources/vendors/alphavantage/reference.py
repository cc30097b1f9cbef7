"""What Alpha Vantage knows besides bars: the latest quote, companies, splits and dividends, listings of today and of the past."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypedDict

import polars as pl

from marketdata_assets.core.faults import ConfigFault
from marketdata_assets.sources.errors import SchemaChanged
from marketdata_assets.sources.question import Question
from marketdata_assets.sources.request import Request
from marketdata_assets.sources.row_models import NumberText, read_rows
from marketdata_assets.sources.vendors.alphavantage import api
from marketdata_assets.sources.vendors.alphavantage.rows import csv_rows, known, words

STATES = ("active", "delisted", "both")


class Quote(TypedDict):
    """The day so far; the CSV calls two of them otherwise and is not asked for."""

    symbol: str
    open: NumberText
    high: NumberText
    low: NumberText
    price: NumberText
    volume: NumberText
    latest_trading_day: str
    previous_close: NumberText


class Listing(TypedDict):
    """One listing; `null` is written out where a date is missing."""

    symbol: str
    name: str
    exchange: str
    assetType: str
    ipoDate: str
    delistingDate: str
    status: str


class Split(TypedDict):
    """One split or what is booked like one: IBM's spin-off of 2021 stands here as 1.0460."""

    effective_date: str
    split_factor: NumberText


class Dividend(TypedDict):
    """One payment, announced ones included; `None` is written out where a date is not known."""

    ex_dividend_date: str
    declaration_date: str
    record_date: str
    payment_date: str
    amount: NumberText


def ask_quote(question: Question) -> Sequence[Request]:
    """One request a symbol."""
    return [api.QUOTE.request({"symbol": symbol}) for symbol in question.symbols]


def read_quote(document: Any, _: Question) -> pl.DataFrame:
    """What stands now; the vendor dates it by the day alone, so `timestamp` is midnight UTC of that session."""
    row = words(document["Global Quote"])
    return read_rows([row], Quote).select(
        pl.col("symbol").alias("vendor_symbol"),
        pl.col("latest_trading_day").str.to_datetime("%Y-%m-%d", time_unit="us", time_zone="UTC").alias("timestamp"),
        _number("price").alias("last_price"),
        *(_number(name) for name in ("open", "high", "low", "volume", "previous_close")),
        "line",
    )


def ask_profile(question: Question) -> Sequence[Request]:
    """One request a symbol."""
    return [api.OVERVIEW.request({"symbol": symbol}) for symbol in question.symbols]


def read_profile(document: Any, _: Question) -> pl.DataFrame:
    """What the vendor says about a company, a field a row, as the texts it sends; `None` and `-` are null."""
    symbol = document["Symbol"]
    if odd := next((name for name, value in document.items() if not isinstance(value, str)), None):
        raise SchemaChanged(f"reading the profile of {symbol}", f"{odd} is no text")
    return pl.DataFrame({"name": list(document), "value": [known(value) for value in document.values()]}).select(
        pl.lit(symbol).alias("vendor_symbol"), "name", "value", pl.int_range(1, pl.len() + 1, dtype=pl.Int64).alias("line")
    )


def ask_actions(question: Question) -> Sequence[Request]:
    """Two requests a symbol: its splits and its dividends."""
    return [endpoint.request({"symbol": symbol}) for symbol in question.symbols for endpoint in (api.SPLITS, api.DIVIDENDS)]


def read_actions(document: bytes, question: Question) -> pl.DataFrame:
    """Splits (ratio: the vendor's factor, spin-offs among them) or dividends of the symbol asked for: the CSV names none."""
    rows = csv_rows(document)
    header = document.split(b"\n", 1)[0]
    read = _dividends(rows) if b"ex_dividend_date" in header else _splits(rows) if b"split_factor" in header else None
    if read is None:
        raise SchemaChanged(f"reading the actions of {question.symbol}", f"the columns are {header[:120].decode(errors='replace')!r}")
    return read.with_columns(vendor_symbol=pl.lit(question.symbol))


def ask_listings(question: Question) -> Sequence[Request]:
    """One request for the active listings, one for the delisted ones, as the option `state` says; of the day `as_of` where it is given."""
    state, day = question.options.get("state", "both"), question.options.get("as_of", "")
    if state not in STATES:
        raise ConfigFault("asking for listings", f"{state!r} is no state", f"use one of {', '.join(STATES)}")
    wanted = STATES[:2] if state == "both" else (state,)
    return [api.LISTINGS.request({"state": each, "date": day or None}) for each in wanted]


def read_listings(document: bytes, _: Question) -> pl.DataFrame:
    """Every listing as the vendor keeps it, test symbols and re-used tickers included."""
    return read_rows(csv_rows(document), Listing).select(
        pl.col("symbol").alias("vendor_symbol"),
        _known("name").alias("name"),
        pl.col("assetType").alias("kind"),
        _known("exchange").alias("exchange"),
        pl.col("status").replace_strict({"Active": True, "Delisted": False}, return_dtype=pl.Boolean).alias("active"),
        _date("ipoDate").alias("listed_on"),
        _date("delistingDate").alias("delisted_on"),
        "line",
    )


def _splits(rows: list[dict[str, str]]) -> pl.DataFrame:
    return read_rows(rows, Split).select(
        pl.lit("split").alias("kind"),
        pl.lit("split").alias("vendor_kind"),
        _date("effective_date").alias("ex_date"),
        _number("split_factor").alias("ratio"),
        "line",
    )


def _dividends(rows: list[dict[str, str]]) -> pl.DataFrame:
    return read_rows(rows, Dividend).select(
        pl.lit("cash_dividend").alias("kind"),
        pl.lit("dividend").alias("vendor_kind"),
        _date("ex_dividend_date").alias("ex_date"),
        _date("declaration_date").alias("declared_on"),
        _date("record_date").alias("record_date"),
        _date("payment_date").alias("payable_date"),
        _number("amount"),
        "line",
    )


def _number(name: str) -> pl.Expr:
    return pl.col(name).cast(pl.Float64)


def _known(name: str) -> pl.Expr:
    return pl.when(~pl.col(name).is_in(["", "None", "null", "-"])).then(pl.col(name))


def _date(name: str) -> pl.Expr:
    return _known(name).str.to_date("%Y-%m-%d")
