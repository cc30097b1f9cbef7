"""Tickers and the filers behind them: those listed today, and no others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl

from marketdata_assets.sources.question import Question
from marketdata_assets.sources.request import Request
from marketdata_assets.sources.row_models import read_rows
from marketdata_assets.sources.vendors.sec import api
from marketdata_assets.sources.vendors.sec.rows import PlainTicker, Ticker


def ask_listings(_: Question) -> Sequence[Request]:
    """One request for all tickers with their exchanges."""
    return [api.TICKERS_EXCHANGE.request()]


def read_listings(document: Any, _: Question) -> pl.DataFrame:
    """Every ticker of today with its exchange and its filer's CIK; a filer may have several."""
    rows = [dict(zip(document["fields"], row, strict=True)) for row in document["data"]]
    return _shaped(read_rows(rows, Ticker).rename({"ticker": "vendor_symbol"}), "exchange")


def ask_by_size(_: Question) -> Sequence[Request]:
    """One request for all tickers, largest companies first."""
    return [api.TICKERS.request()]


def read_by_size(document: Any, _: Question) -> pl.DataFrame:
    """Every ticker of today with its filer's CIK, in the file's order: roughly by market value."""
    told = read_rows(list(document.values()), PlainTicker)
    return _shaped(told.rename({"ticker": "vendor_symbol", "title": "name", "cik_str": "cik"}))


def _shaped(told: pl.DataFrame, *more: str) -> pl.DataFrame:
    cik = pl.concat_str(pl.lit("cik="), pl.col("cik").cast(pl.String).str.zfill(10)).alias("identifiers")
    return told.select("vendor_symbol", "name", *more, pl.lit(value=True).alias("active"), cik, "line")
