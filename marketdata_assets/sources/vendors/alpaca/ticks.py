"""Alpaca's single trades, quotes and order books, of a span or the newest."""

from __future__ import annotations

from typing import Any, TypedDict

import polars as pl

from marketdata_assets.sources.question import Question
from marketdata_assets.sources.row_models import read_rows
from marketdata_assets.sources.vendors.alpaca.rows import (
    AuctionPrint,
    CoinQuote,
    CoinTrade,
    OptionTrade,
    StockQuote,
    StockTrade,
    instant,
    joined,
    under_symbols,
)

_SIDES = {"B": "buy", "S": "sell"}


class Level(TypedDict):
    """A price level of an order book under the names of the table."""

    vendor_symbol: str
    t: str
    side: str
    price: float
    quantity: float


def read_stock_trades(document: Any, question: Question) -> pl.DataFrame:  # noqa: ARG001 (the shape of every reader)
    """Trades as sent. One taken back or corrected later stays, with the vendor's word (`canceled`, `incorrect`) as its last condition."""
    rows = under_symbols(document, "trades", StockTrade)
    said = pl.concat_str([joined("c"), pl.col("u")], separator=",", ignore_nulls=True)
    return rows.select(
        *_trade(),
        pl.col("x").alias("exchange"),
        pl.col("i").cast(pl.String).alias("trade_id"),
        said.alias("conditions"),
        "line",
    )


def read_auctions(document: Any, question: Question) -> pl.DataFrame:  # noqa: ARG001 (the shape of every reader)
    """Prints of opening and closing auctions, day by day, each with its one condition; one without an amount is left out.

    An exchange reports its auction twice, as the print (`O`, `6`) and as its official price (`Q`, `M`): amounts must not be added up.
    """
    told = document["auctions"] or {}
    prints = {
        symbol: [row for day in days or [] for row in (*(day.get("o") or []), *(day.get("c") or []))] for symbol, days in told.items()
    }
    rows = under_symbols({**document, "auctions": prints}, "auctions", AuctionPrint).drop_nulls("s")
    return rows.select(*_trade(), pl.col("x").alias("exchange"), pl.col("c").alias("conditions"), "line")


def read_option_trades(document: Any, question: Question) -> pl.DataFrame:  # noqa: ARG001 (the shape of every reader)
    """Trades of options as sent; the amount counts contracts."""
    rows = under_symbols(document, "trades", OptionTrade)
    return rows.select(*_trade(), pl.col("x").alias("exchange"), pl.col("c").alias("conditions"), "line")


def read_coin_trades(document: Any, question: Question) -> pl.DataFrame:  # noqa: ARG001 (the shape of every reader)
    """Trades of coins as sent, with the side of the taker."""
    rows = under_symbols(document, "trades", CoinTrade)
    side = pl.col("tks").replace_strict(_SIDES, default=None, return_dtype=pl.String)
    return rows.select(*_trade(), side.alias("side"), pl.col("i").cast(pl.String).alias("trade_id"), "line")


def read_stock_quotes(document: Any, question: Question) -> pl.DataFrame:  # noqa: ARG001 (the shape of every reader)
    """Best bids and offers as sent; a side with price 0 has no order, and is null.

    Sizes are shares since 2025-11-03 and round lots before, of how many shares no document says: they are left as sent.
    """
    rows = under_symbols(document, "quotes", StockQuote)
    return rows.select(
        *_quote(),
        pl.col("bx").alias("bid_exchange"),
        pl.col("ax").alias("ask_exchange"),
        joined("c").alias("conditions"),
        "line",
    )


def read_coin_quotes(document: Any, question: Question) -> pl.DataFrame:  # noqa: ARG001 (the shape of every reader)
    """Best bids and offers of coins as sent."""
    return under_symbols(document, "quotes", CoinQuote).select(*_quote(), "line")


def read_coin_books(document: Any, question: Question) -> pl.DataFrame:  # noqa: ARG001 (the shape of every reader)
    """The newest order book of each pair, a row a price level, the best first on either side."""
    told = document["orderbooks"] or {}
    levels = [
        {"vendor_symbol": symbol, "t": book["t"], "side": side, "price": level["p"], "quantity": level["s"]}
        for symbol, book in told.items()
        for side, name in (("bid", "b"), ("ask", "a"))
        for level in sorted(book[name] or [], key=lambda level: level["p"], reverse=side == "bid")
    ]
    rows = read_rows(levels, Level)
    place = pl.int_range(1, pl.len() + 1, dtype=pl.Int64).over("vendor_symbol", "side")
    return rows.select("vendor_symbol", instant("t").alias("timestamp"), "side", place.alias("level"), "price", "quantity", "line")


def _trade() -> list[pl.Expr]:
    names = (pl.col("vendor_symbol"), instant("t").alias("timestamp"))
    return [*names, pl.col("p").alias("price"), pl.col("s").alias("quantity")]


def _quote() -> list[pl.Expr]:
    bid, ask = pl.col("bp") != 0, pl.col("ap") != 0
    return [
        pl.col("vendor_symbol"),
        instant("t").alias("timestamp"),
        pl.when(bid).then("bp").alias("bid_price"),
        pl.when(bid).then("bs").alias("bid_size"),
        pl.when(ask).then("ap").alias("ask_price"),
        pl.when(ask).then("as").alias("ask_size"),
    ]
