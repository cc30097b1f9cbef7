"""What Alpaca's answers are made of, and how rows under their symbols become one frame."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NotRequired, TypedDict

import polars as pl

from marketdata_assets.sources.errors import SchemaChanged
from marketdata_assets.sources.row_models import read_rows


class Bar(TypedDict):
    """A bar: start, prices, volume, and as the vendor has them trades and volume-weighted price."""

    t: str
    o: float
    h: float
    l: float  # noqa: E741 -- the vendor's name
    c: float
    v: float
    n: NotRequired[int | None]
    vw: NotRequired[float | None]


class StockTrade(TypedDict):
    """A trade: time, venue, price, shares, conditions, id, and `u` when it was canceled or corrected later."""

    t: str
    x: str
    p: float
    s: float
    c: NotRequired[list[str] | None]
    i: NotRequired[int | None]
    u: NotRequired[str | None]


class AuctionPrint(TypedDict):
    """A print of an auction: time, venue, price, one condition, and mostly shares."""

    t: str
    x: str
    p: float
    s: NotRequired[float | None]
    c: str


class OptionTrade(TypedDict):
    """A trade of an option: its one condition is a text."""

    t: str
    x: str
    p: float
    s: float
    c: str


class CoinTrade(TypedDict):
    """A trade of a coin; `tks` says whether the taker bought (B) or sold (S)."""

    t: str
    p: float
    s: float
    i: NotRequired[int | None]
    tks: NotRequired[str | None]


# `as` is a Python word, which a class statement cannot hold.
StockQuote = TypedDict(
    "StockQuote", {"t": str, "ax": str, "ap": float, "as": float, "bx": str, "bp": float, "bs": float, "c": NotRequired[list[str] | None]}
)
OptionQuote = TypedDict("OptionQuote", {"t": str, "ap": float, "as": float, "bp": float, "bs": float})
CoinQuote = TypedDict("CoinQuote", {"t": str, "ap": float, "as": float, "bp": float, "bs": float})


def under_symbols(document: Any, wrapper: str, model: type) -> pl.DataFrame:
    """The rows of every symbol of `{wrapper: {SYMBOL: [row, ...]}}` one after another, with `vendor_symbol` and `line`.

    A null in place of the map, or of a symbol's rows, is no rows. The one row that `latest` answers have in place of the list is read
    alike. `SchemaChanged` for prices in another currency than the dollars that are always asked for.
    """
    if (currency := document.get("currency") or "USD") != "USD":
        raise SchemaChanged("reading Alpaca's prices", f"they are in {currency}, dollars were asked for")
    told: Mapping[str, Any] = document[wrapper] or {}
    lists = {symbol: found if isinstance(found, list) else [found] for symbol, found in told.items() if found is not None}
    frame = read_rows([row for rows in lists.values() for row in rows], model)
    names = [symbol for symbol, rows in lists.items() for _ in rows]
    return frame.with_columns(pl.Series("vendor_symbol", names, pl.String))


def instant(column: str) -> pl.Expr:
    """An RFC-3339 text in UTC as an instant; nanoseconds are cut to microseconds."""
    return pl.col(column).str.to_datetime("%Y-%m-%dT%H:%M:%S%.fZ", time_unit="us", time_zone="UTC")


def joined(column: str) -> pl.Expr:
    """A list of texts as one, comma separated; null for null."""
    return pl.col(column).cast(pl.List(pl.String)).list.join(",")


def parts(document: Mapping[str, Any], fields: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    """Values out of the parts of a snapshot under our names: `fields` is part -> the vendor's name -> ours.

    A part that is missing or null gives nothing; a part without one of its fields is a `KeyError`.
    """
    return {ours: part[theirs] for name, wanted in fields.items() if (part := document.get(name)) for theirs, ours in wanted.items()}
