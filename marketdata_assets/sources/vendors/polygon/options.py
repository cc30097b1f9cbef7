"""Polygon's options: which contracts there are, and how a chain stands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, NotRequired, TypedDict

import polars as pl

from marketdata_assets.sources.question import Question
from marketdata_assets.sources.request import Param, Request
from marketdata_assets.sources.row_models import read_rows
from marketdata_assets.sources.vendors.polygon.api import CHAIN, CONTRACTS
from marketdata_assets.sources.vendors.polygon.rows import instant, results, sided
from marketdata_assets.sources.vendors.polygon.snapshots import level
from marketdata_assets.sources.windows import last_instant

_FIELDS = {
    "details": {"ticker": "vendor_symbol"},
    "underlying_asset": {"ticker": "underlying"},
    "last_quote": {"bid": "bid_price", "bid_size": "bid_size", "ask": "ask_price", "ask_size": "ask_size", "last_updated": "quote_at"},
    "last_trade": {"price": "last_price", "sip_timestamp": "trade_at"},
    "day": {"volume": "volume", "last_updated": "day_at"},
    "greeks": {name: name for name in ("delta", "gamma", "theta", "vega")},
}
_INSTANTS = ("quote_at", "trade_at", "day_at")


class Contract(TypedDict):
    """A contract; `other` is the vendor's word for what is neither call nor put."""

    ticker: str
    underlying_ticker: str
    contract_type: Literal["call", "put", "other"]
    exercise_style: NotRequired[str | None]
    expiration_date: str
    strike_price: float
    shares_per_contract: NotRequired[float | None]


class OptionState(TypedDict):
    """The state of a contract without its levels; what the plan leaves out is missing."""

    vendor_symbol: str
    underlying: NotRequired[str | None]
    quote_at: NotRequired[int | None]
    trade_at: NotRequired[int | None]
    day_at: NotRequired[int | None]
    bid_price: NotRequired[float | None]
    bid_size: NotRequired[float | None]
    ask_price: NotRequired[float | None]
    ask_size: NotRequired[float | None]
    last_price: NotRequired[float | None]
    volume: NotRequired[float | None]
    open_interest: NotRequired[float | None]
    implied_volatility: NotRequired[float | None]
    delta: NotRequired[float | None]
    gamma: NotRequired[float | None]
    theta: NotRequired[float | None]
    vega: NotRequired[float | None]


def ask_contracts(question: Question) -> Sequence[Request]:
    """Contracts on one underlying: without a window those that have not expired; with one those that expire in it, expired ones too."""
    underlying = {"underlying_ticker": question.symbol}
    if question.window is None:
        return [CONTRACTS.request({**underlying, "expired": False})]
    return [CONTRACTS.request({**underlying, "expired": expired, **_expiring(question)}) for expired in (False, True)]


def read_contracts(document: Any, question: Question) -> pl.DataFrame:  # noqa: ARG001 (the shape of every reader)
    """A row a contract under the vendor's name, `O:` and its OSI name."""
    return read_rows(results(document), Contract).select(
        pl.col("ticker").alias("vendor_symbol"),
        pl.col("underlying_ticker").alias("underlying"),
        pl.col("contract_type").alias("kind"),
        pl.col("exercise_style").alias("style"),
        pl.col("strike_price").alias("strike"),
        pl.col("expiration_date").str.to_date("%Y-%m-%d").alias("expires_on"),
        pl.col("shares_per_contract").alias("multiplier"),
        "line",
    )


def ask_chain(question: Question) -> Sequence[Request]:
    """One request for the whole chain of one underlying, or for what of it expires within the window."""
    return [CHAIN.request(_expiring(question), underlying=question.symbol)]


def read_chain(document: Any, question: Question) -> pl.DataFrame:  # noqa: ARG001 (the shape of every reader)
    """A row a contract: last quote and trade, volume, open interest, the vendor's volatility and greeks, each null where it is missing."""
    told = [
        {"open_interest": one.get("open_interest"), "implied_volatility": one.get("implied_volatility"), **level(one, _FIELDS)}
        for one in results(document)
    ]
    rows = read_rows(told, OptionState)
    return sided(rows.with_columns(pl.max_horizontal(instant(name, "ns") for name in _INSTANTS).alias("timestamp"))).drop(_INSTANTS)


def _expiring(question: Question) -> dict[str, Param]:
    if question.window is None:
        return {}
    first, last = question.window.start.date(), last_instant(question.window).date()
    return {"expiration_date.gte": first.isoformat(), "expiration_date.lte": last.isoformat()}
