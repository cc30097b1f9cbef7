"""The usage ledger: what every run may ask of a vendor in a month, reserved before it asks and booked when it has asked.

The ledger of a vendor is `usage/<vendor>`, a partition a month. Bookings are appended on the condition that nobody else appended in
between, and the budget is judged in the same stroke, so that runs on several machines together stay within it.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from types import TracebackType
from typing import Self

import polars as pl

from marketdata_assets.core import clock
from marketdata_assets.core.faults import BudgetFault
from marketdata_assets.core.periods import PeriodKind, period_key, period_window
from marketdata_assets.lake.lake import Lake
from marketdata_assets.lake.layout import PartitionKey
from marketdata_assets.pipeline.budgets import Terms, ledger_path, require_room, standing, terms_of
from marketdata_assets.pipeline.platform import Platform
from marketdata_assets.schemas.usage import USAGE, UsageState
from marketdata_assets.sources.usage import Tally, Usage

LEASE = timedelta(minutes=30)
"""How long a reservation stands without a sign of life; a request waits 15 minutes for its turn at most."""
BOOK_AFTER = timedelta(minutes=10)
BOOK_EVERY = 1000  # requests; what a killed run has sent since its last booking is in no ledger
_EXTENSION = 10  # a run that needs more takes a tenth of what it had


class Reservation(Usage):
    """The requests that one run of a source may send; give it to the clients of the source as their `usage`.

    Each request is counted before it leaves. One that was not reserved extends the reservation first, and `BudgetFault` stops it where the
    month has no room. Bookings and renewals happen on the way, within `sent`; the end of the `with` block settles. A month that ends
    under way is settled, and what is left reserved anew in the next one.
    """

    def __init__(self, lake: Lake, terms: Terms, requests: int) -> None:
        super().__init__()
        self._lake, self.terms = lake, terms
        self._sent, self._granted = 0, 0
        self._booked: dict[str, Tally] = {}
        self._open(clock.now(), requests)

    @property
    def left(self) -> int:
        """Reserved requests that have not been sent."""
        return self._granted - self._sent

    def sent(self, endpoint: str, cost: int) -> None:
        """Counts a request that leaves now; `BudgetFault` instead when the month has no room for it."""
        self._turn_month()
        if self.left < 1:
            self._extend_by(max(1, self._granted // _EXTENSION))
        elif clock.now() - self._booked_at >= BOOK_AFTER or self._sent - self._booked_requests >= BOOK_EVERY:
            self._book(self.left)
        super().sent(endpoint, cost)
        self._sent += 1

    def extend(self, requests: int) -> None:
        """Reserves so many more; `BudgetFault`, and nothing changed, when the month has no room for all of them."""
        self._turn_month()
        self._book(self.left + requests)
        self._granted += requests

    def settle(self) -> None:
        """Books what was sent and gives back what was not; it is booked even where it exceeds the budget, because it happened."""
        self._book(0, ends=True)
        self._granted = self._sent

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.settle()

    def _open(self, now: datetime, requests: int) -> None:
        self.month, self.id, self._entry = period_key(now, PeriodKind.MONTH), uuid.uuid4().hex, 0
        self._book(requests)
        self._granted = self._sent + requests

    def _turn_month(self) -> None:
        now = clock.now()
        if period_key(now, PeriodKind.MONTH) != self.month:
            left = self.left
            self.settle()
            self._open(now, left)

    def _extend_by(self, requests: int) -> None:
        try:
            self.extend(requests)
        except BudgetFault:
            if requests == 1:
                raise
            self.extend(1)

    def _book(self, remaining: int, *, ends: bool = False) -> None:
        now, tallies = clock.now(), {name: replace(tally) for name, tally in self.by_endpoint().items()}
        rows = self._rows(now, tallies, remaining, ends=ends)

        def merge(there: pl.DataFrame) -> pl.DataFrame:
            if there.filter(pl.col("reservation") == self.id, pl.col("entry") == self._entry).height:
                return there  # booked before an answer of the store was lost
            if not ends:
                others = there.filter((pl.col("reservation") != self.id) | (pl.col("state") == UsageState.SPENT))
                require_room(standing(pl.concat([others, rows]), self.terms, self.month, now), remaining)
            return pl.concat([there, rows])

        self._lake.append(ledger_path(self.terms.vendor), USAGE, PartitionKey(self.month), merge)
        self._entry, self._booked, self._booked_at, self._booked_requests = self._entry + 1, tallies, now, self._sent

    def _rows(self, now: datetime, tallies: Mapping[str, Tally], remaining: int, *, ends: bool) -> pl.DataFrame:
        """What was sent since the last booking, an endpoint a row, and what may still be."""
        window = period_window(self.month)
        day = min(now, window.end - timedelta(microseconds=1)).date()  # what was sent before midnight is settled after it
        same = {
            "day": day,
            "source": self.terms.source,
            "plan": self.terms.plan,
            "reservation": self.id,
            "entry": self._entry,
            "known_at": now,
        }
        rows: list[dict[str, object]] = [
            {
                **same,
                "endpoint": "",
                "state": UsageState.RESERVED,
                "requests": remaining,
                "weight": 0,
                "wire_bytes": 0,
                "micro_usd": self.terms.price(remaining),
                "expires_at": now if ends else now + LEASE,
            }
        ]
        for name, tally in tallies.items():
            before = self._booked.get(name, Tally())
            requests, weight, size = tally.requests - before.requests, tally.cost - before.cost, tally.wire_bytes - before.wire_bytes
            if requests or size:
                spent = {"requests": requests, "weight": weight, "wire_bytes": size, "micro_usd": self.terms.price(requests)}
                rows.append({**same, "endpoint": name, "state": UsageState.SPENT, **spent, "expires_at": None})
        return USAGE.conform(pl.DataFrame(rows, schema=USAGE.polars_schema))


def reserve(platform: Platform, source: str, requests: int) -> Reservation:
    """Room for `requests` requests of a configured source in this month (UTC), taken before anything is asked.

    `BudgetFault` when what is spent, what other runs have reserved and this plan together exceed the source's monthly requests or dollars,
    or the plan's allowance. A reservation that its run does not renew lapses after half an hour.
    """
    return Reservation(platform.lake, terms_of(platform.settings, source), requests)
