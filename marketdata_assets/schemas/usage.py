"""What was asked of vendors and what it cost: the books by which monthly budgets are kept."""

from __future__ import annotations

from enum import StrEnum

import polars as pl

from marketdata_assets.schemas.table import Table, TableModel, UtcMicroseconds, column


class UsageState(StrEnum):
    """What a row of the usage ledger says of its requests."""

    RESERVED = "reserved"
    SPENT = "spent"


class Usage(TableModel):
    """Requests that a run sent, and those that it still may send.

    Spent rows add up. Of the reserved rows of a reservation the one with the highest entry counts, until it expires; its amounts are
    what the run may still ask for, 0 once it has ended.
    """

    day: pl.Date = column("UTC day on which the requests count; its month is the budget's")
    source: pl.String = column("configured source that asked")
    plan: pl.String = column("the vendor's plan it asked under")
    endpoint: pl.String = column("endpoint asked; empty for a reservation, which is about all of them")
    state: pl.String = column("spent (sent, answered or not) or reserved (may still be sent)", isin=[s.value for s in UsageState])
    requests: pl.Int64 = column("requests, retries and redirects included", unit="requests", ge=0)
    weight: pl.Int64 = column("what the vendor counts them as; 0 for a reservation", unit="the vendor's own units", ge=0)
    wire_bytes: pl.Int64 = column("bytes that came back, as they came over the wire; 0 for a reservation", unit="bytes", ge=0)
    micro_usd: pl.Int64 = column("price of the requests under the plan, rounded up", unit="millionths of a US dollar", ge=0)
    reservation: pl.String = column("run that asks, one name a run and month")
    entry: pl.Int64 = column("number of the booking within the reservation, from 0", ge=0)
    expires_at: UtcMicroseconds = column("when a reservation lapses unless renewed; null for what is spent", unit="UTC", nullable=True)
    known_at: UtcMicroseconds = column("when it was booked", unit="UTC")


USAGE = Table(
    "usage",
    "Requests sent to vendors and reserved for running fetches, with their cost",
    "booking x endpoint",
    Usage,
    ("reservation", "entry", "state", "endpoint"),
    ("day", "known_at", "reservation", "entry", "state", "endpoint"),
    "day",
)
