"""EDGAR's rows: tickers, filings in columns, and facts nested under taxonomy, concept and unit."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NotRequired, TypedDict

from marketdata_assets.core.faults import SymbolFault
from marketdata_assets.sources.errors import SchemaChanged

_CIK = re.compile(r"(?:CIK)?(\d{1,10})")


class Ticker(TypedDict):
    """One ticker of a filer, with its exchange."""

    cik: int
    name: str | None
    ticker: str
    exchange: str | None


class PlainTicker(TypedDict):
    """One ticker of a filer; `cik_str` is a number in spite of its name."""

    cik_str: int
    ticker: str
    title: str | None


class Filing(TypedDict):
    """One filing; what is missing is an empty text."""

    accessionNumber: str
    filingDate: str
    reportDate: str
    acceptanceDateTime: str
    form: str
    primaryDocument: str


class Fact(TypedDict):
    """One reported figure; `fy` and `fp` are of the filing, not of the figure, and `start` is there for spans only."""

    taxonomy: str
    concept: str
    unit: str
    start: NotRequired[str | None]
    end: str
    val: float
    accn: str
    fy: int | None
    fp: str | None
    form: str | None
    filed: str


def cik_of(symbol: str) -> str:
    """The ten digits of a filer asked for as `CIK0000320193` or `320193`; `SymbolFault` for a ticker, since the files know none."""
    match = _CIK.fullmatch(symbol)
    if match is None:
        raise SymbolFault(
            "asking EDGAR about a filer",
            f"{symbol[:40]!r} is no CIK",
            "give its CIK, which the dataset `listings` tells by ticker, or enter `sec:CIK0000320193` among its aliases in instruments.csv",
        )
    return match[1].zfill(10)


def entity(cik: Any, asked: str) -> str:
    """The ten digits of the filer an answer is about, a number here and a text there; `SchemaChanged` when it is not the one `asked`."""
    found = str(cik).zfill(10)
    if found != cik_of(asked):
        raise SchemaChanged(f"reading an answer about {asked}", f"it is about CIK {found[:20]!r}")
    return found


def columnar(columns: dict[str, list[Any]]) -> list[dict[str, Any]]:
    """The rows of parallel columns; `ValueError` when one is shorter than the others."""
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def facts_of(document: Any) -> Iterator[dict[str, Any]]:
    """Every fact of a filer, or of one concept of it, under its taxonomy, concept and unit."""
    if "facts" in document:
        concepts = [(taxonomy, tag, about) for taxonomy, tags in document["facts"].items() for tag, about in tags.items()]
    else:
        concepts = [(document["taxonomy"], document["tag"], document)]
    for taxonomy, tag, about in concepts:
        for unit, facts in about["units"].items():
            for fact in facts:
                yield {"taxonomy": taxonomy, "concept": tag, "unit": unit, **fact}
