"""Reported figures as they became known: one row a figure and filing, restatements beside what they restate."""

from __future__ import annotations

import polars as pl

from marketdata_assets.schemas.table import Table, TableModel, UtcMicroseconds, column


class Fundamentals(TableModel):
    """One figure of one filing, with the instant and the session from which it could be used."""

    symbol: pl.String = column("canonical symbol of the filer's first listing; null where none is known", nullable=True)
    entity: pl.String = column("the filer's CIK, ten digits")
    taxonomy: pl.String = column("taxonomy of the concept")
    concept: pl.String = column("name of the concept")
    unit: pl.String = column("unit of the value")
    period_start: pl.Date = column("first day of the period; null for an instant", nullable=True)
    period_end: pl.Date = column("last day of the period, or the instant")
    value: pl.Float64 = column("the figure as reported, in `unit`; per-share figures and share counts on the basis of their filing")
    accession: pl.String = column("number of the filing")
    form: pl.String = column("form of the filing", nullable=True)
    fiscal_year: pl.Int64 = column("of the filing, not of the figure", nullable=True)
    fiscal_period: pl.String = column("of the filing, not of the figure", nullable=True)
    filed_on: pl.Date = column("filing date")
    accepted_at: UtcMicroseconds = column(
        "when the filing was accepted, as it says; null where only its date is known", unit="UTC", nullable=True
    )
    public_at: UtcMicroseconds = column(
        "when it was public for certain: its acceptance, read so that it cannot be too early, or the end of its filing date", unit="UTC"
    )
    usable_from: pl.Date = column("first session at whose close it can be used: accepted after a close, the next one")
    version: pl.Int32 = column("how many filings, this one included, had told the figure by then", ge=1)
    restated: pl.Boolean = column("whether the value differs from that of the filing before")
    known_at: UtcMicroseconds = column("when the payload was received", unit="UTC")
    payload_sha256: pl.String = column("hash of the archived payload the row was read from")
    line: pl.Int64 = column("row within the payload, from 1")


_KEY = ("entity", "taxonomy", "concept", "unit", "period_end", "period_start", "accession")
FUNDAMENTALS = Table(
    "fundamentals",
    "Reported figures with the instant from which they were known",
    "entity x concept x period x filing",
    Fundamentals,
    _KEY,
    _KEY,
    "filed_on",
)
