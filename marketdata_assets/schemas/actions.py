"""Corporate actions as vendors announce them, how they were asked for, and what people decided about splits."""

from __future__ import annotations

import polars as pl

from marketdata_assets.schemas.audit import LandingState
from marketdata_assets.schemas.table import Table, TableModel, UtcMicroseconds, column

DECISIONS = ("accept", "reject", "withdraw")


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


class CorporateActions(RawCorporateActions):
    """The same in the lake, dated so that a year is a partition."""

    dated_on: pl.Date = column("the ex-date, else when it was booked, paid, recorded or announced, else when it was received")


class ActionFetches(TableModel):
    """Everything that was ever asked of a vendor about corporate actions, and how each symbol's window ended."""

    dataset: pl.String = column("the vendor's dataset that was asked for")
    path: pl.String = column("the question and the page of its answer, in words")
    payload_sha256: pl.String = column("hash of the page's bytes; empty when none came")
    known_at: UtcMicroseconds = column("when the whole answer was there, or the question was given up", unit="UTC")
    format: pl.String = column("vendor whose reader reads it")
    state: pl.String = column("landed (events, or the vendor's word that there are none) or refused", isin=[s.value for s in LandingState])
    reason: pl.String = column("why there is no answer; empty when there is one")
    symbol: pl.String = column("canonical symbol the row is about")
    asked_from: UtcMicroseconds = column("start of the window asked for; null where all time is", unit="UTC", nullable=True)
    asked_until: UtcMicroseconds = column("end of the window asked for, not part of it", unit="UTC", nullable=True)
    rows: pl.Int64 = column("events on the page", unit="events")


class SplitDecisions(TableModel):
    """One decision of a person about one symbol and day; the newest one stands."""

    symbol: pl.String = column("canonical symbol")
    ex_date: pl.Date = column("session from whose open prices would be on the new basis")
    decision: pl.String = column("accept, reject, or withdraw (back to what the platform makes of it)", isin=list(DECISIONS))
    ratio: pl.Float64 = column("new shares / old shares that were accepted", nullable=True)
    decided_by: pl.String = column("who decided")
    reason: pl.String = column("why, in the words of whoever decided")
    known_at: UtcMicroseconds = column("when it was decided", unit="UTC")


CORPORATE_ACTIONS = Table(
    "corporate_actions",
    "Corporate actions as the source announced them, every version",
    "event x known_at",
    CorporateActions,
    RAW_CORPORATE_ACTIONS.key,
    ("dated_on", *RAW_CORPORATE_ACTIONS.sort),
    "dated_on",
)
ACTION_FETCHES = Table(
    "action_fetches",
    "What a vendor was asked about corporate actions, and how each symbol's window ended",
    "page of an answer x symbol",
    ActionFetches,
    ("path", "payload_sha256", "symbol", "known_at"),
    ("known_at", "path", "payload_sha256", "symbol"),
    "known_at",
)
SPLIT_DECISIONS = Table(
    "split_decisions",
    "What people decided about splits, every decision",
    "decision",
    SplitDecisions,
    ("symbol", "ex_date", "known_at"),
    ("known_at", "symbol", "ex_date"),
    "known_at",
)
