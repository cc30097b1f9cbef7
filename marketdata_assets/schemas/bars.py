"""Bars at their three stages: as the vendor sent them, in one shape, and audited."""

from __future__ import annotations

import polars as pl

from marketdata_assets.core.basis import PriceBasis
from marketdata_assets.core.symbols import SYMBOL_PATTERN
from marketdata_assets.schemas.table import Table, TableModel, UtcMicroseconds, column

_SYMBOL = f"^{SYMBOL_PATTERN}$"
_BASES = [basis.value for basis in PriceBasis]


class RawBars(TableModel):
    """The vendor's numbers, typed and untouched; every version of a bar, each with the instant it became known."""

    symbol: pl.String = column("canonical symbol", str_matches=_SYMBOL)
    vendor_symbol: pl.String = column("the vendor's own spelling")
    timestamp: UtcMicroseconds = column("start of the bar; for a daily bar midnight UTC of its session date", unit="UTC")
    open: pl.Float64 = column("first price", unit="currency per share or coin", nullable=True)
    high: pl.Float64 = column("highest price", unit="currency per share or coin", nullable=True)
    low: pl.Float64 = column("lowest price", unit="currency per share or coin", nullable=True)
    close: pl.Float64 = column("last price", unit="currency per share or coin", nullable=True)
    volume: pl.Float64 = column("amount traded", unit="shares or coins", nullable=True)
    vwap: pl.Float64 = column("volume-weighted mean price", unit="currency per share or coin", nullable=True)
    trade_count: pl.Int64 = column("number of trades", unit="trades", nullable=True)
    adj_close: pl.Float64 = column(
        "the vendor's own adjusted close, as of the download; look-ahead, for comparison only",
        unit="currency per share",
        nullable=True,
    )
    dividend: pl.Float64 = column("the vendor's dividend on its ex-date", unit="currency per share", nullable=True)
    split_ratio: pl.Float64 = column("the vendor's split column: new shares / old shares, 1 for none", nullable=True)
    price_basis: pl.String = column("what the prices were adjusted for before they came", isin=_BASES)
    volume_basis: pl.String = column("what the volume was adjusted for before it came", isin=_BASES)
    tape: pl.String = column("where the trades were seen: consolidated, a venue, a feed")
    known_at: UtcMicroseconds = column("when the payload was received", unit="UTC")
    payload_sha256: pl.String = column("hash of the archived payload the row was read from")
    line: pl.Int64 = column("data row within the payload, from 1")


class NormalizedBars(TableModel):
    """The newest version of every bar of every source, in one shape; nothing dropped, nothing repaired."""

    symbol: pl.String = column("canonical symbol", str_matches=_SYMBOL)
    timestamp: UtcMicroseconds = column("start of the bar; for a daily bar midnight UTC of its session date", unit="UTC")
    session: pl.Date = column("session the bar belongs to, on the exchange's calendar; the UTC day for crypto")
    open: pl.Float64 = column("first price", unit="currency per share or coin", nullable=True)
    high: pl.Float64 = column("highest price", unit="currency per share or coin", nullable=True)
    low: pl.Float64 = column("lowest price", unit="currency per share or coin", nullable=True)
    close: pl.Float64 = column("last price", unit="currency per share or coin", nullable=True)
    volume: pl.Float64 = column("amount traded", unit="shares or coins", nullable=True)
    vwap: pl.Float64 = column("volume-weighted mean price", unit="currency per share or coin", nullable=True)
    trade_count: pl.Int64 = column("number of trades", unit="trades", nullable=True)
    adj_close: pl.Float64 = column("the vendor's own adjusted close, for comparison only", unit="currency per share", nullable=True)
    dividend: pl.Float64 = column("the vendor's dividend on its ex-date", unit="currency per share", nullable=True)
    split_ratio: pl.Float64 = column("the vendor's split column: new shares / old shares, 1 for none", nullable=True)
    price_basis: pl.String = column("what the prices were adjusted for before they came", isin=_BASES)
    volume_basis: pl.String = column("what the volume was adjusted for before it came", isin=_BASES)
    source: pl.String = column("name of the source")
    tape: pl.String = column("where the trades were seen: consolidated, a venue, a feed")
    currency: pl.String = column("currency of the prices")
    known_at: UtcMicroseconds = column("when this version was received", unit="UTC")
    payload_sha256: pl.String = column("hash of the archived payload the row was read from")
    line: pl.Int64 = column("data row within the payload, from 1")


class ValidatedBars(TableModel):
    """One audited bar: raw prices as traded, chosen between the sources, with what speaks for and against it."""

    symbol: pl.String = column("canonical symbol", str_matches=_SYMBOL)
    timestamp: UtcMicroseconds = column("start of the bar; for a daily bar midnight UTC of its session date", unit="UTC")
    session: pl.Date = column("session the bar belongs to")
    open: pl.Float64 = column("first price, as traded", unit="currency per share or coin", gt=0)
    high: pl.Float64 = column("highest price, as traded", unit="currency per share or coin", gt=0)
    low: pl.Float64 = column("lowest price, as traded", unit="currency per share or coin", gt=0)
    close: pl.Float64 = column("last price, as traded", unit="currency per share or coin", gt=0)
    volume: pl.Float64 = column("amount traded, unadjusted where the source says so", unit="shares or coins", ge=0)
    vwap: pl.Float64 = column("volume-weighted mean price", unit="currency per share or coin", nullable=True)
    trade_count: pl.Int64 = column("number of trades", unit="trades", nullable=True)
    volume_basis: pl.String = column("what the volume was adjusted for before it came", isin=_BASES)
    source: pl.String = column("source the bar was taken from")
    tape: pl.String = column("where the trades were seen")
    currency: pl.String = column("currency of the prices")
    known_at: UtcMicroseconds = column("when the chosen version was received", unit="UTC")
    n_sources: pl.Int32 = column("sources that had a bar which passed the row rules", ge=1)
    n_agreeing: pl.Int32 = column("sources whose close lies within the tolerance of the chosen one, itself included", ge=1)
    max_deviation_bps: pl.Float64 = column("largest distance of another source's close", unit="basis points of the chosen close")
    quality_flags: pl.String = column("names of the rules that flagged the bar, sorted, comma separated; empty when clean")
    quality_score: pl.Float64 = column("100 less the weight of every flag", unit="points, 0..100", ge=0, le=100)
    payload_sha256: pl.String = column("hash of the archived payload the row was read from")


RAW_BARS = Table(
    "raw_bars",
    "Bars as the vendor sent them, every version",
    "bar x known_at x payload row",
    RawBars,
    ("symbol", "timestamp", "known_at", "payload_sha256", "line"),
    ("symbol", "timestamp", "known_at", "payload_sha256", "line"),
    "timestamp",
)
NORMALIZED_BARS = Table(
    "normalized_bars",
    "The newest version of every bar of every source, in one shape",
    "bar x source (x payload row where the vendor said two things)",
    NormalizedBars,
    ("symbol", "timestamp", "source", "payload_sha256", "line"),
    ("symbol", "timestamp", "source", "payload_sha256", "line"),
    "timestamp",
)
VALIDATED_BARS = Table(
    "validated_bars",
    "One audited bar per symbol and time",
    "bar",
    ValidatedBars,
    ("symbol", "timestamp"),
    ("symbol", "timestamp"),
    "timestamp",
)
