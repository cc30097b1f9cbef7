"""Filings and reported figures of a filer, and what EDGAR says about it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl

from marketdata_assets.core.faults import ConfigFault
from marketdata_assets.sources.question import Question
from marketdata_assets.sources.request import Request
from marketdata_assets.sources.row_models import read_rows
from marketdata_assets.sources.vendors.sec import api
from marketdata_assets.sources.vendors.sec.rows import Fact, Filing, cik_of, columnar, entity, facts_of

_ABOUT_FILINGS = {"filings"}


def ask_filings(question: Question) -> Sequence[Request]:
    """One request for the newest filings of each filer; its older files follow as pages, unless the option `older` is false."""
    endpoint = api.SUBMISSIONS if question.options.get("older", "true") == "true" else api.NEWEST
    return [endpoint.request(None, file=_file(symbol)) for symbol in question.symbols]


def read_filings(document: Any, question: Question) -> pl.DataFrame:
    """Filings with the instant of their acceptance, from which on they were known; newest first.

    A file of older filings names no filer: there it is the one asked for.
    """
    whole = "filings" in document
    filer = entity(document["cik"], question.symbol) if whole else cik_of(question.symbol)
    told = read_rows(columnar(document["filings"]["recent"] if whole else document), Filing)
    return told.select(
        pl.lit(question.symbol).alias("vendor_symbol"),
        pl.lit(filer).alias("entity"),
        pl.col("accessionNumber").alias("accession"),
        "form",
        _date("filingDate").alias("filed_on"),
        _date("reportDate").alias("report_date"),
        pl.col("acceptanceDateTime").str.to_datetime("%Y-%m-%dT%H:%M:%S%.fZ", time_unit="us", time_zone="UTC").alias("accepted_at"),
        _known("primaryDocument").alias("document"),
        "line",
    )


def ask_profile(question: Question) -> Sequence[Request]:
    """One request a filer."""
    return [api.NEWEST.request(None, file=_file(symbol)) for symbol in question.symbols]


def read_profile(document: Any, question: Question) -> pl.DataFrame:
    """What EDGAR says about a filer, a field a row: texts as they are, lists joined by `; `, addresses and former names by their parts."""
    entity(document["cik"], question.symbol)
    fields = [pair for name, value in document.items() if name not in _ABOUT_FILINGS for pair in _flat(name, value)]
    return pl.DataFrame(
        {"name": [name for name, _ in fields], "value": [value for _, value in fields]}, schema={"name": pl.String, "value": pl.String}
    ).select(pl.lit(question.symbol).alias("vendor_symbol"), "name", "value", pl.int_range(1, pl.len() + 1, dtype=pl.Int64).alias("line"))


def ask_facts(question: Question) -> Sequence[Request]:
    """One request a filer: for all its facts, or for those of the option `concept` (`us-gaap/Assets`)."""
    concept = question.options.get("concept", "")
    if not concept:
        return [api.FACTS.request(None, cik=_padded(symbol)) for symbol in question.symbols]
    taxonomy, _, tag = concept.partition("/")
    if not taxonomy or not tag:
        raise ConfigFault("asking EDGAR for a concept", f"{concept[:60]!r} is none", "write taxonomy and tag: us-gaap/Assets")
    return [api.CONCEPT.request(None, cik=_padded(symbol), taxonomy=taxonomy, tag=tag) for symbol in question.symbols]


def read_facts(document: Any, question: Question) -> pl.DataFrame:
    """Every figure as reported, once for each filing that repeats it; share counts jump at splits.

    `accepted_at` is null, since these files hold filing dates only: join FILINGS by entity and accession for the instant.
    """
    filer = entity(document["cik"], question.symbol)
    return read_rows(list(facts_of(document)), Fact).select(
        pl.lit(question.symbol).alias("vendor_symbol"),
        pl.lit(filer).alias("entity"),
        "taxonomy",
        "concept",
        "unit",
        _date("start").alias("period_start"),
        _date("end").alias("period_end"),
        pl.col("val").alias("value"),
        pl.col("accn").alias("accession"),
        pl.col("fy").alias("fiscal_year"),
        pl.col("fp").alias("fiscal_period"),
        "form",
        _date("filed").alias("filed_on"),
        "line",
    )


def _padded(symbol: str) -> str:
    return f"CIK{cik_of(symbol)}"


def _file(symbol: str) -> str:
    return f"{_padded(symbol)}.json"


def _known(name: str) -> pl.Expr:
    return pl.when(pl.col(name) != "").then(pl.col(name))


def _date(name: str) -> pl.Expr:
    return _known(name).str.to_date("%Y-%m-%d")


def _flat(name: str, value: Any) -> list[tuple[str, str | None]]:
    if isinstance(value, dict):
        return [pair for key, inner in value.items() for pair in _flat(f"{name}.{key}", inner)]
    if isinstance(value, list) and any(isinstance(inner, dict) for inner in value):
        return [pair for at, inner in enumerate(value, 1) for pair in _flat(f"{name}.{at}", inner)]
    text = "; ".join(map(str, value)) if isinstance(value, list) else None if value is None else str(value)
    return [(name, text or None)]
