"""Split events: what sources report, what prices show, and what the platform makes of it."""

from __future__ import annotations

import polars as pl

from marketdata_assets.core.symbols import SYMBOL_PATTERN
from marketdata_assets.schemas.table import Table, TableModel, UtcMicroseconds, column

_SYMBOL = f"^{SYMBOL_PATTERN}$"
REPORTED_KINDS = ("split", "stock_dividend", "spin_off", "cash_dividend")
VERDICTS = ("applied", "refused", "proposed")
VENDOR_ERRORS = (
    "spin_off_in_split_column",
    "phantom_split",
    "late_split",
    "missing_split",
    "prices_already_adjusted",
    "split_with_distribution",
    "wrong_ratio",
)


class ReportedEvents(TableModel):
    """What a source says about a symbol's shares or cash on an ex-date: one row a statement, whatever it was read from."""

    symbol: pl.String = column("canonical symbol", str_matches=_SYMBOL)
    ex_date: pl.Date = column("session from whose open prices are on the new basis")
    kind: pl.String = column("what it is", isin=REPORTED_KINDS)
    ratio: pl.Float64 = column("new shares / old shares, as written by the source; null for cash", nullable=True)
    amount: pl.Float64 = column("cash paid out, per share of the ex-date", unit="currency per share", nullable=True)
    source: pl.String = column("who reports it")
    announced_on: pl.Date = column("when the company announced it, if the source says so", nullable=True)
    known_at: UtcMicroseconds = column("when the statement was first received", unit="UTC")
    payload_sha256: pl.String = column("hash of the archived payload it was read from")


class SplitEvents(TableModel):
    """One split, or what looks like one, of one symbol on one day, with the evidence for and against it and what became of it."""

    symbol: pl.String = column("canonical symbol", str_matches=_SYMBOL)
    ex_date: pl.Date = column("session from whose open prices are on the new basis")
    ratio: pl.Float64 = column("new shares / old shares; null where reports contradict each other or a gap hides it", nullable=True)
    verdict: pl.String = column("what the adjusted views do: applied, refused or proposed to a person", isin=VERDICTS)
    reason: pl.String = column("why, in words")
    reported_by: pl.String = column("sources that report a change of the shares, sorted, comma separated; empty for none")
    reported_ratios: pl.String = column("what each of them says: source ratio; source ratio")
    detected: pl.Boolean = column("whether the prices alone show a split of a listed ratio")
    detected_ratio: pl.Float64 = column("which one", nullable=True)
    confirmed: pl.Boolean = column("whether the price bears the report out; null where there is none or no bars to ask", nullable=True)
    conflicting: pl.Boolean = column("whether sources report different ratios for this day")
    hidden_in_gap: pl.Boolean = column("the price jumps across missing sessions: nothing is inferred, adjusted values before are missing")
    vendor_errors: pl.String = column("errors of vendors, `name: source`, sorted, separated by semicolons; empty for none")
    confidence: pl.Float64 = column("probability that this split happened on this day", nullable=True, ge=0, le=1)
    overnight_ratio: pl.Float64 = column("close before over the open", nullable=True)
    market_move: pl.Float64 = column("median over the symbols of open over close before, less 1", nullable=True)
    usual_move: pl.Float64 = column("the symbol's usual move overnight beside the market's, one standard deviation", nullable=True)
    volume_ratio: pl.Float64 = column("volume of the day over the usual one", nullable=True)
    level_ratio: pl.Float64 = column("median close before over the median close from the day on", nullable=True)
    missing_sessions: pl.Int64 = column("sessions without a bar just before the day", nullable=True)
    decided_on: pl.Date = column("session at whose close the evidence was complete; null while it is not", nullable=True)
    known_at: UtcMicroseconds = column("newest of the bars, reports and decisions that the row rests on", unit="UTC")


REPORTED_EVENTS = Table(
    "reported_events",
    "Splits and dividends as each source reports them",
    "statement",
    ReportedEvents,
    ("symbol", "ex_date", "kind", "source", "known_at", "ratio", "amount", "payload_sha256"),
    ("symbol", "ex_date", "kind", "source", "known_at", "ratio", "amount", "payload_sha256"),
    "ex_date",
)
SPLIT_EVENTS = Table(
    "split_events",
    "Splits reported and splits seen, weighed against each other",
    "symbol x ex-date",
    SplitEvents,
    ("symbol", "ex_date"),
    ("symbol", "ex_date"),
    "ex_date",
)
