"""Polygon's snapshots: what stands now, of many tickers in one shape, or of one stock in more detail."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NotRequired, TypedDict

import polars as pl

from marketdata_assets.sources.question import Question
from marketdata_assets.sources.request import Request
from marketdata_assets.sources.row_models import read_rows
from marketdata_assets.sources.vendors.polygon.api import SNAPSHOTS, STOCK_SNAPSHOT
from marketdata_assets.sources.vendors.polygon.rows import instant, results, sided

Fields = Mapping[str, Mapping[str, str]]
_DAY = {name: name for name in ("open", "high", "low", "volume", "previous_close")}
_UNIVERSAL: Fields = {
    "last_trade": {"price": "last_price", "size": "last_size", "sip_timestamp": "trade_at", "last_updated": "trade_at"},
    "last_quote": {"bid": "bid_price", "bid_size": "bid_size", "ask": "ask_price", "ask_size": "ask_size", "last_updated": "quote_at"},
    "session": _DAY,
}
_STOCK: Fields = {
    "lastTrade": {"p": "last_price", "s": "last_size", "t": "trade_at"},
    "lastQuote": {"p": "bid_price", "s": "bid_size", "P": "ask_price", "S": "ask_size", "t": "quote_at"},
    "day": {"o": "open", "h": "high", "l": "low", "v": "volume"},
    "prevDay": {"c": "previous_close"},
}
_INSTANTS = ("trade_at", "quote_at")
_MAY_LACK = {"sip_timestamp", "last_updated", "volume"}


class Snapshot(TypedDict):
    """A snapshot without its levels; what the plan leaves out is missing."""

    vendor_symbol: str
    trade_at: NotRequired[int | None]
    quote_at: NotRequired[int | None]
    last_price: NotRequired[float | None]
    last_size: NotRequired[float | None]
    bid_price: NotRequired[float | None]
    bid_size: NotRequired[float | None]
    ask_price: NotRequired[float | None]
    ask_size: NotRequired[float | None]
    open: NotRequired[float | None]
    high: NotRequired[float | None]
    low: NotRequired[float | None]
    volume: NotRequired[float | None]
    previous_close: NotRequired[float | None]


def ask_snapshots(question: Question) -> Sequence[Request]:
    """One request for the state of all tickers asked for, of any kind."""
    return [SNAPSHOTS.request({"ticker.any_of": ",".join(question.symbols)})]


def read_snapshots(document: Any, question: Question) -> pl.DataFrame:  # noqa: ARG001 (the shape of every reader)
    """A row a ticker; one that the vendor does not know has an error in its place, and is left out."""
    return _read([{"vendor_symbol": one["ticker"], **level(one, _UNIVERSAL)} for one in results(document) if "error" not in one])


def ask_stock_snapshot(question: Question) -> Sequence[Request]:
    """One request for the state of one stock."""
    return [STOCK_SNAPSHOT.request(ticker=question.symbol)]


def read_stock_snapshot(document: Any, question: Question) -> pl.DataFrame:  # noqa: ARG001 (the shape of every reader)
    """One row: last trade, quote and the day so far; sizes of the quote count round lots."""
    one = document["ticker"]
    return _read([{"vendor_symbol": one["ticker"], **level(one, _STOCK)}])


def level(document: Mapping[str, Any], fields: Fields) -> dict[str, Any]:
    """Values out of the parts of a snapshot under our names: `fields` is part -> the vendor's name -> ours.

    A part that is missing or null gives nothing. A part without one of its fields is a `KeyError`, but for times and volumes, which the
    vendor may leave out.
    """
    found: dict[str, Any] = {}
    for name, wanted in fields.items():
        part = document.get(name) or {}
        found |= {ours: part[theirs] for theirs, ours in wanted.items() if part and (theirs in part or theirs not in _MAY_LACK)}
    return found


def _read(states: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    rows = read_rows(states, Snapshot)
    return sided(rows.with_columns(pl.max_horizontal(instant(name, "ns") for name in _INSTANTS).alias("timestamp"))).drop(_INSTANTS)
