"""Alpaca's options: which contracts there are, and how they stand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, NotRequired, TypedDict

import polars as pl

from marketdata_assets.sources.api import Endpoint
from marketdata_assets.sources.dataset import Ask
from marketdata_assets.sources.question import Question
from marketdata_assets.sources.request import Request
from marketdata_assets.sources.row_models import NumberText, read_rows
from marketdata_assets.sources.vendors.alpaca.api import CONTRACTS, OPTION_CHAIN, OPTION_TRADES
from marketdata_assets.sources.vendors.alpaca.asking import OPTION_FEED, chosen, dates, listed, tick_span
from marketdata_assets.sources.vendors.alpaca.rows import OptionQuote, instant, parts, under_symbols

_NO_END = "2100-01-01"  # the vendor hides what expires after the next weekend unless it is given another date
_FIELDS = {
    "latestQuote": {"t": "quote_at", "bp": "bid_price", "bs": "bid_size", "ap": "ask_price", "as": "ask_size"},
    "latestTrade": {"t": "trade_at", "p": "last_price"},
    "dailyBar": {"v": "volume"},
    "greeks": {name: name for name in ("delta", "gamma", "theta", "vega", "rho")},
}


class Contract(TypedDict):
    """A contract; its numbers are texts."""

    symbol: str
    status: str
    expiration_date: str
    underlying_symbol: str
    type: Literal["call", "put"]
    style: NotRequired[str | None]
    strike_price: NumberText
    multiplier: NotRequired[NumberText | None]
    open_interest: NotRequired[NumberText | None]


class OptionState(TypedDict):
    """The state of a contract without its levels; parts may be missing."""

    vendor_symbol: str
    quote_at: NotRequired[str | None]
    trade_at: NotRequired[str | None]
    bid_price: NotRequired[float | None]
    bid_size: NotRequired[float | None]
    ask_price: NotRequired[float | None]
    ask_size: NotRequired[float | None]
    last_price: NotRequired[float | None]
    volume: NotRequired[float | None]
    implied_volatility: NotRequired[float | None]
    delta: NotRequired[float | None]
    gamma: NotRequired[float | None]
    theta: NotRequired[float | None]
    vega: NotRequired[float | None]
    rho: NotRequired[float | None]


def ask_contracts(question: Question) -> Sequence[Request]:
    """Contracts on all symbols asked for: without a window those that trade, whenever they expire; with one those that expire in it.

    A window takes a second request for contracts that trade no more.
    """
    names = {"underlying_symbols": listed(question) or None}
    if question.window is None:
        return [CONTRACTS.request({**names, "status": "active", "expiration_date_lte": _NO_END})]
    span = {f"expiration_date_{bound}": day for bound, day in zip(("gte", "lte"), dates(question.window).values(), strict=True)}
    return [CONTRACTS.request({**names, "status": status, **span}) for status in ("active", "inactive")]


def read_contracts(document: Any, question: Question) -> pl.DataFrame:  # noqa: ARG001 (the shape of every reader)
    """A row a contract under its OSI name. `multiplier` is null where the vendor leaves it out: its `size` is none."""
    rows = read_rows(document["option_contracts"] or [], Contract)
    numbers = {"strike": "strike_price", "multiplier": "multiplier", "open_interest": "open_interest"}
    return rows.select(
        pl.col("symbol").alias("vendor_symbol"),
        pl.col("underlying_symbol").alias("underlying"),
        pl.col("type").alias("kind"),
        "style",
        *(pl.col(theirs).cast(pl.Float64).alias(ours) for ours, theirs in numbers.items()),
        pl.col("expiration_date").str.to_date("%Y-%m-%d").alias("expires_on"),
        (pl.col("status") == "active").alias("active"),
        "line",
    )


def ask_chain(question: Question) -> Sequence[Request]:
    """One request for the whole chain of an underlying, or for what of it expires within the window."""
    span = {} if question.window is None else dates(question.window)
    params = {
        OPTION_FEED.removeprefix("option_"): chosen(question.options, OPTION_FEED),
        "expiration_date_gte": span.get("start"),
        "expiration_date_lte": span.get("end"),
    }
    return [OPTION_CHAIN.request(params, underlying=question.symbol)]


def contracts_now(endpoint: Endpoint) -> Ask:
    """Asks for what stands now of contracts by their OSI names."""
    return lambda question: [endpoint.request({"symbols": listed(question), "feed": chosen(question.options, OPTION_FEED)})]


def ask_option_trades(question: Question) -> Sequence[Request]:
    """One request for the trades of all contracts."""
    return [OPTION_TRADES.request({"symbols": listed(question), **tick_span(question.span)})]


def read_chain(document: Any, question: Question) -> pl.DataFrame:
    """A row a contract of one underlying, as `read_snapshots` has it."""
    return read_snapshots(document, question).with_columns(pl.lit(question.symbol).alias("underlying"))


def read_snapshots(document: Any, question: Question) -> pl.DataFrame:  # noqa: ARG001 (the shape of every reader)
    """A row a contract: last quote and trade, the session's volume, the vendor's volatility and greeks, each null where it is missing."""
    told = document["snapshots"] or {}
    states = [
        {"vendor_symbol": symbol, "implied_volatility": one.get("impliedVolatility"), **parts(one, _FIELDS)} for symbol, one in told.items()
    ]
    rows = read_rows(states, OptionState)
    return _sided(rows.with_columns(pl.max_horizontal(instant("quote_at"), instant("trade_at")).alias("timestamp"))).drop(
        "quote_at", "trade_at"
    )


def read_latest_quotes(document: Any, question: Question) -> pl.DataFrame:  # noqa: ARG001 (the shape of every reader)
    """The last quote of each contract."""
    names = {"bp": "bid_price", "bs": "bid_size", "ap": "ask_price", "as": "ask_size"}
    rows = under_symbols(document, "quotes", OptionQuote)
    return _sided(rows.select("vendor_symbol", instant("t").alias("timestamp"), *names, "line").rename(names))


def _sided(rows: pl.DataFrame) -> pl.DataFrame:
    """The same with null for a side whose price is 0: nobody stands there."""
    bid, ask = pl.col("bid_price") != 0, pl.col("ask_price") != 0
    return rows.with_columns(pl.when(bid).then(pl.col("bid_price", "bid_size")), pl.when(ask).then(pl.col("ask_price", "ask_size")))
