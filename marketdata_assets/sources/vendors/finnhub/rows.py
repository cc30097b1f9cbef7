"""Finnhub's rows under its one-letter names."""

from __future__ import annotations

from typing import Any, TypedDict

from marketdata_assets.sources.errors import SchemaChanged


class Quote(TypedDict):
    """The last price with the day's range and the close before; `t` in Unix seconds."""

    c: float
    h: float
    l: float  # noqa: E741 - the vendor's name
    o: float
    pc: float
    t: int


class Candle(TypedDict):
    """One bar; `t` is its start in Unix seconds."""

    t: int
    o: float
    h: float
    l: float  # noqa: E741 - the vendor's name
    c: float
    v: float


class Article(TypedDict):
    """One article about a company; `datetime` in Unix seconds."""

    id: int
    datetime: int
    headline: str
    related: str
    source: str | None
    summary: str | None
    url: str | None


def candle_rows(document: Any) -> list[dict[str, Any]]:
    """The rows of parallel columns; none where the vendor says `no_data`. `SchemaChanged` for any other word than `ok`."""
    if document["s"] == "no_data":
        return []
    if document["s"] != "ok":
        raise SchemaChanged("reading candles", f"their state is {str(document['s'])[:40]!r}")
    names = list(Candle.__annotations__)
    return [dict(zip(names, row, strict=True)) for row in zip(*(document[name] for name in names), strict=True)]
