"""What Alpaca's answers are made of, and how rows under their symbols become one frame."""

from __future__ import annotations

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


def under_symbols(document: Any, wrapper: str, model: type) -> pl.DataFrame:
    """The rows of every symbol of `{wrapper: {SYMBOL: [row, ...]}}` with `vendor_symbol` and `line`; a null stands for no rows.

    `latest` answers, which have one row in place of the list, are read alike.
    """
    in_dollars(document)
    return flat(document[wrapper] or {}, model)


def flat(rows_by_symbol: dict[str, Any], model: type) -> pl.DataFrame:
    """The rows of every symbol one after another, with `vendor_symbol` and `line`."""
    lists = {symbol: found if isinstance(found, list) else [found] for symbol, found in rows_by_symbol.items() if found is not None}
    frame = read_rows([row for rows in lists.values() for row in rows], model)
    names = [symbol for symbol, rows in lists.items() for _ in rows]
    return frame.with_columns(pl.Series("vendor_symbol", names, pl.String))


def in_dollars(document: Any) -> None:
    """`SchemaChanged` for prices in another currency than the dollars that are always asked for."""
    if (currency := document.get("currency") or "USD") != "USD":
        raise SchemaChanged("reading Alpaca's prices", f"they are in {currency}, dollars were asked for")


def instant(column: str) -> pl.Expr:
    """An RFC-3339 text in UTC as an instant; nanoseconds are cut to microseconds."""
    return pl.col(column).str.to_datetime("%Y-%m-%dT%H:%M:%S%.fZ", time_unit="us", time_zone="UTC")
