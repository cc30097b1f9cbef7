"""What was refused and what is missing: refused rows, quarantine, coverage and landed files."""

from __future__ import annotations

from enum import StrEnum

import polars as pl

from marketdata_assets.core.symbols import SYMBOL_PATTERN
from marketdata_assets.schemas.table import Table, TableModel, UtcMicroseconds, column

_SYMBOL = f"^{SYMBOL_PATTERN}$"


class CoverageState(StrEnum):
    """What became of one symbol's day."""

    COMPLETE = "complete"
    NO_TRADE = "no_trade"
    HALTED = "halted"
    CLOSED = "closed"
    VENDOR_ABSENT = "vendor_absent"
    NOT_FETCHED = "not_fetched"
    QUARANTINED = "quarantined"


class LandingState(StrEnum):
    """What became of a landed file."""

    LANDED = "landed"
    REFUSED = "refused"


class RefusedRows(TableModel):
    """Rows of a payload that could not be read as a bar at all."""

    symbol: pl.String = column("canonical symbol", str_matches=_SYMBOL)
    filed_under: pl.Date = column(
        "the row's own date, or the last readable one before it in the payload (the first one after, at its head)"
    )
    rule: pl.String = column("which reading rule refused the row")
    reason: pl.String = column("what was found")
    row: pl.String = column("the row as it came")
    known_at: UtcMicroseconds = column("when the payload was received", unit="UTC")
    payload_sha256: pl.String = column("hash of the archived payload")
    line: pl.Int64 = column("data row within the payload, from 1")


class Quarantine(TableModel):
    """Rows kept out of validated bars, each as it came, with the rule that refused it."""

    symbol: pl.String = column("canonical symbol", str_matches=_SYMBOL)
    filed_under: pl.Date = column("session or UTC day the row belongs to, or is filed under when it has no readable date")
    timestamp: UtcMicroseconds = column("start of the bar", unit="UTC", nullable=True)
    source: pl.String = column("source the row came from")
    rule: pl.String = column("the rule that refused the row")
    reason: pl.String = column("what was found, in words with the figures")
    row: pl.String = column("the row as it came (JSON for a typed row)")
    known_at: UtcMicroseconds = column("when the row was received", unit="UTC")
    payload_sha256: pl.String = column("hash of the archived payload")
    line: pl.Int64 = column("data row within the payload, from 1")


class Coverage(TableModel):
    """Each expected symbol day, what came, and why the rest did not: expected = received + quarantined + missing."""

    symbol: pl.String = column("canonical symbol", str_matches=_SYMBOL)
    date: pl.Date = column("session date; the UTC day for crypto")
    expected: pl.Int32 = column("bars the calendar has room for", unit="bars", ge=0)
    received: pl.Int32 = column("validated bars", unit="bars", ge=0)
    quarantined: pl.Int32 = column("bars of which every version of every source was refused", unit="bars", ge=0)
    missing: pl.Int32 = column("bars nobody sent", unit="bars", ge=0)
    state: pl.String = column("what became of the day", isin=[s.value for s in CoverageState])
    reason: pl.String = column("evidence in words; empty when complete")


class LandingFiles(TableModel):
    """Every file that ever landed for a source, by content, and what became of it."""

    path: pl.String = column("path below the source's landing folder")
    payload_sha256: pl.String = column("hash of the file's bytes")
    size: pl.Int64 = column("size of the file", unit="bytes")
    known_at: UtcMicroseconds = column("when this content was first seen", unit="UTC")
    format: pl.String = column("landing format that read it; empty when none did")
    state: pl.String = column("landed or refused", isin=[s.value for s in LandingState])
    reason: pl.String = column("why it was refused; when landed, notes on how it was read and how many series were left out")
    timeframe: pl.String = column("bar length; empty when refused")
    symbol: pl.String = column("canonical symbol of this row's series; empty when refused or without rows")
    first: pl.Date = column("first session or UTC day of the series", nullable=True)
    last: pl.Date = column("last session or UTC day of the series", nullable=True)
    rows: pl.Int64 = column("readable bars of the series", unit="bars")
    refused_rows: pl.Int64 = column("rows of the series that could not be read", unit="rows")
    fingerprints: pl.String = column(
        "short hashes of the closes of each month (day, intraday), by which one series under two symbols shows"
    )


class Fetches(TableModel):
    """Everything that was ever asked of a vendor over the network, and how each symbol's window ended."""

    path: pl.String = column("the question and the page of its answer, in words")
    payload_sha256: pl.String = column("hash of the page's bytes; empty when none came")
    size: pl.Int64 = column("size of the page", unit="bytes")
    known_at: UtcMicroseconds = column("when the whole answer was there, or the question was given up", unit="UTC")
    format: pl.String = column("vendor whose reader reads it")
    state: pl.String = column("landed (rows, or the vendor's word that there are none) or refused", isin=[s.value for s in LandingState])
    reason: pl.String = column("why there is no answer; empty when there is one")
    timeframe: pl.String = column("bar length")
    symbol: pl.String = column("canonical symbol the row is about")
    asked_from: UtcMicroseconds = column("start of the window asked for", unit="UTC")
    asked_until: UtcMicroseconds = column("end of the window asked for, not part of it", unit="UTC")
    first: pl.Date = column("first session or UTC day of the rows", nullable=True)
    last: pl.Date = column("last session or UTC day of the rows", nullable=True)
    rows: pl.Int64 = column("readable bars", unit="bars")
    refused_rows: pl.Int64 = column("rows that could not be taken", unit="rows")
    fingerprints: pl.String = column(
        "short hashes of the closes of each month (day, intraday), by which one series under two symbols shows"
    )


_ROW = ("symbol", "filed_under", "payload_sha256", "line")
REFUSED_ROWS = Table(
    "refused_rows",
    "Payload rows that could not be read as a bar",
    "payload row",
    RefusedRows,
    ("payload_sha256", "symbol", "line"),
    _ROW,
    "filed_under",
)
QUARANTINE = Table(
    "quarantine",
    "Rows kept out of validated bars, with rule and reason",
    "refused row x rule",
    Quarantine,
    ("symbol", "source", "payload_sha256", "line", "rule"),
    ("symbol", "filed_under", "timestamp", "source", "payload_sha256", "line", "rule"),
    "filed_under",
)
COVERAGE = Table(
    "coverage",
    "Expected and received bars of every symbol day",
    "symbol x session or day",
    Coverage,
    ("symbol", "date"),
    ("symbol", "date"),
    "date",
)
LANDING_FILES = Table(
    "landing_files",
    "Files that landed, by content, and what became of each",
    "file content x series",
    LandingFiles,
    ("path", "payload_sha256", "symbol", "timeframe"),
    ("known_at", "path", "payload_sha256", "timeframe", "symbol"),
    "known_at",
)
FETCHES = Table(
    "fetches",
    "What was asked of a vendor, and how each symbol's window ended",
    "page of an answer x symbol",
    Fetches,
    ("path", "payload_sha256", "symbol", "timeframe", "known_at"),
    ("known_at", "path", "payload_sha256", "timeframe", "symbol"),
    "known_at",
)
