"""Corporate actions as vendors announce them."""

from __future__ import annotations

import polars as pl

from marketdata_assets.schemas.table import Table, TableModel, UtcMicroseconds, column


class RawCorporateActions(TableModel):
    """One announced event a row, every version of it."""

    symbol: pl.String = column("canonical symbol; empty where the instruments file knows none", nullable=True)
    vendor_symbol: pl.String = column("the vendor's own spelling; empty where the row is about no symbol", nullable=True)
    kind: pl.String = column("split, stock_dividend, cash_dividend, spin_off, rename, merger, delisting, listing or other")
    vendor_kind: pl.String = column("the vendor's own word for it", nullable=True)
    ex_date: pl.Date = column("session from whose open prices are on the new basis", nullable=True)
    declared_on: pl.Date = column("when it was announced", nullable=True)
    record_date: pl.Date = column("holders of this day take part", nullable=True)
    payable_date: pl.Date = column("when it is paid out", nullable=True)
    process_date: pl.Date = column("when the vendor booked it", nullable=True)
    ratio: pl.Float64 = column("new shares / old shares; shares received per share held", nullable=True)
    amount: pl.Float64 = column("cash paid out", unit="currency per share", nullable=True)
    currency: pl.String = column("currency of the cash", nullable=True)
    old_symbol: pl.String = column("ticker before a rename", nullable=True)
    new_symbol: pl.String = column("ticker after a rename, acquirer of a merger, spun-off company", nullable=True)
    note: pl.String = column("what the vendor says beside it: special, foreign, a sub type", nullable=True)
    event_id: pl.String = column("the vendor's id of the event", nullable=True)
    known_at: UtcMicroseconds = column("when the payload was received", unit="UTC")
    payload_sha256: pl.String = column("hash of the archived payload the row was read from")
    line: pl.Int64 = column("row within the payload, from 1")


RAW_CORPORATE_ACTIONS = Table(
    "corporate_actions",
    "Corporate actions as the vendor announced them",
    "event x known_at",
    RawCorporateActions,
    ("kind", "vendor_symbol", "ex_date", "known_at", "payload_sha256", "line"),
    ("kind", "vendor_symbol", "ex_date", "known_at", "payload_sha256", "line"),
    "known_at",
)
