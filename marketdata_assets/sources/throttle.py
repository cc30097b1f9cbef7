"""The gate in front of one budget: requests pass in the order they came, as fast as the budget allows and no faster."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

from marketdata_assets.core.faults import ConfigFault, StorageFault
from marketdata_assets.sources.budget import Budget, Standing
from marketdata_assets.sources.errors import RateLimited
from marketdata_assets.sources.ledger import Books, Ledger, SharedBooks, books_file
from marketdata_assets.sources.timekeeper import SYSTEM_TIME, Timekeeper
from marketdata_assets.sources.wait import LONGEST_WAIT

T = TypeVar("T")
LOCK_PATIENCE = 10.0  # seconds until a lock that nobody lets go of is a fault


class Throttle:
    """One budget of one vendor and key, shared by all runs on the machine that name the same state folder.

    Without a folder the budget is this object's own. `patience` is the longest a request at the head of the queue waits;
    what would take longer is refused at once.
    """

    def __init__(
        self,
        api: str,
        name: str,
        budget: Budget,
        *,
        owner: str = "",
        folder: Path | None = None,
        patience: float = LONGEST_WAIT,
        time: Timekeeper = SYSTEM_TIME,
    ) -> None:
        self._api, self._budget, self._time, self._patience = api, budget, time, patience
        self._books: Books | SharedBooks
        if folder is None:
            self._books = Books(budget, time)
        else:
            self._books = SharedBooks(books_file(folder, api, name, budget, owner), budget, time)
        self._turn = asyncio.Lock()
        self._struck = False

    async def admit(self, weight: int, gate: Callable[[], None] | None = None) -> None:
        """Returns when a request of `weight` may leave, and counts it.

        `gate` is asked before every look at the budget and may raise instead. `RateLimited`, final, when the wait would exceed the
        patience or the vendor has asked for more than 15 minutes; `ConfigFault` for a request that no window can ever hold.
        """
        self._refuse_overweight(weight)
        async with self._turn:
            while True:
                if gate is not None:
                    gate()
                wait, hard = await self._transact(lambda ledger, now: self._take(ledger, now, weight))
                if wait <= 0:
                    return
                if hard or wait > self._patience:
                    raise self._exhausted(wait)
                await self._time.sleep(wait)

    async def observe(self, headers: Mapping[str, str]) -> None:
        """Takes in what the headers of an answer say of the windows: a lower limit, more used than we knew, nothing left until a reset."""
        wall = self._time.wall()
        standings = [quota.standing(headers, wall) for quota in self._budget.quotas if quota.reported is not None]
        if any(standings):
            reported = iter(standings)
            told = [next(reported) if quota.reported is not None else None for quota in self._budget.quotas]
            await self._transact(lambda ledger, now: _learn(ledger, now, told))

    async def refused(self, asked: float | None) -> float:
        """The vendor says that we ask too much: nobody asks until the pause is over. Its length in seconds, capped at 15 minutes."""
        self._struck = True
        return await self._transact(lambda ledger, now: ledger.pause(now, asked))

    async def served(self) -> None:
        """The vendor answers again: the next refusal starts with a short pause."""
        if self._struck:
            self._struck = await self._transact(_forgive)

    async def left(self) -> list[int]:
        """Units that each window still has room for, in the order of the budget."""
        return await self._transact(lambda ledger, now: [meter.left(now) for meter in ledger.meters])

    def close(self) -> None:
        """Gives the state file back."""
        self._books.close()

    def _take(self, ledger: Ledger, now: float, weight: int) -> tuple[float, bool]:
        self._struck = self._struck or ledger.strikes > 0
        return ledger.take(now, weight), ledger.hard and now < ledger.held_until

    async def _transact(self, change: Callable[[Ledger, float], T]) -> T:
        waited, pause = 0.0, 0.0005
        while (result := self._books.transact(change)) is None:
            if waited > LOCK_PATIENCE:
                raise StorageFault(
                    f"counting a request to {self._api}",
                    f"another process has held the budget's lock for {LOCK_PATIENCE:.0f} s",
                    "look for a stopped run of the same source and end it",
                    source=self._api,
                )
            await asyncio.sleep(pause)  # the lock is held by a real process, whatever clock the limiter lives by
            waited, pause = waited + pause, min(0.02, pause * 1.5)
        return result

    def _refuse_overweight(self, weight: int) -> None:
        for quota in self._budget.quotas:
            if quota.cost(weight) > quota.limit:
                raise ConfigFault(
                    f"budgeting a request to {self._api}",
                    f"it weighs {weight}, the window allows {quota.limit}",
                    "correct the weight of the endpoint or the limit of the quota",
                    source=self._api,
                )

    def _exhausted(self, wait: float) -> RateLimited:
        at = (self._time.wall() + timedelta(seconds=wait)).isoformat(timespec="seconds")
        return RateLimited(
            f"asking {self._api}",
            f"its budget is used up for another {wait:.0f} s",
            f"try again after {at}, or use another source",
            final=True,
            wait=wait,
            source=self._api,
        )


def _learn(ledger: Ledger, now: float, told: list[Standing | None]) -> bool:
    for meter, standing in zip(ledger.meters, told, strict=True):
        if standing is not None:
            meter.learn(now, standing.limit, standing.used)
            if standing.wait is not None:
                ledger.held_until = max(ledger.held_until, now + min(standing.wait, LONGEST_WAIT))
    return True


def _forgive(ledger: Ledger, now: float) -> bool:
    """Forgets the strikes unless a pause is on; whether strikes remain."""
    if now >= ledger.held_until:
        ledger.strikes = 0
    return ledger.strikes > 0
