"""Many requests at once, each symbol and window with an outcome of its own: what fails is listed and stops nobody else."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence, Sized
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

from marketdata_assets.core.faults import BudgetFault, Fault
from marketdata_assets.core.periods import Window
from marketdata_assets.sources.breaker import Breaker
from marketdata_assets.sources.errors import CircuitOpen, NotFound, Oversized, Rejected
from marketdata_assets.sources.timekeeper import Timekeeper

T = TypeVar("T", bound=Sized)
_ONE_MAY_SPOIL_ALL = (Rejected, NotFound, Oversized)
_SHORT_PAUSE = 0.05  # seconds between rounds that brought nothing
_PROBES = 5


@dataclass(frozen=True)
class Batch:
    """Symbols (the vendor's spelling) that are asked for together, over one half-open UTC window."""

    symbols: tuple[str, ...]
    window: Window


@dataclass(frozen=True)
class Outcome(Generic[T]):
    """How one requested symbol and window ended: with a value, with the vendor's word that there is nothing, or with a fault."""

    symbol: str
    window: Window
    value: T | None = None
    fault: Fault | None = None

    @property
    def state(self) -> Literal["delivered", "empty", "failed"]:
        """`empty` is a result: the vendor answered, and has nothing."""
        if self.fault is not None:
            return "failed"
        return "delivered" if self.value is not None and len(self.value) > 0 else "empty"


Fetch = Callable[[Batch], Awaitable[Mapping[str, T | None]]]


async def gather(
    batches: Sequence[Batch], fetch: Fetch[T], *, breaker: Breaker, time: Timekeeper, width: int, outage_patience: float
) -> list[Outcome[T]]:
    """One outcome for each symbol of each batch, in the order asked; `fetch` answers a batch with a value a symbol, none for nothing.

    A batch that the vendor refuses as a whole is halved until the symbol that spoils it stands alone. A budget that is used up ends
    all that was not sent. Batches that meet an open circuit wait for it to close, together up to `outage_patience` seconds without any
    answer. Only faults become outcomes; a programming error ends everything.
    """
    done: dict[tuple[str, Window], Outcome[T]] = {}
    pending, waited, spread = list(batches), 0.0, False
    while pending:
        before = len(done)
        put_off = await _round(pending, fetch, done, width)
        pause = max(breaker.retry_in(), 0.0 if len(done) > before else _SHORT_PAUSE)
        waited = pause if len(done) > before and breaker.state == "closed" else waited + pause
        if put_off and waited > outage_patience:
            _settle(put_off, done)
            break
        pending = [batch for batch, _ in put_off]  # those never sent come first, so that everybody has a turn as a probe
        if pending:
            pending, spread = pending if spread else _spread(pending), True
            await time.sleep(pause)
    return [done[symbol, batch.window] for batch in batches for symbol in batch.symbols]


async def _round(
    pending: Sequence[Batch], fetch: Fetch[T], done: dict[tuple[str, Window], Outcome[T]], width: int
) -> list[tuple[Batch, CircuitOpen]]:
    """Tries every batch once; the result are those that were not sent because the circuit is open."""
    queue = list(reversed(pending))
    put_off: list[tuple[Batch, CircuitOpen]] = []

    async def work() -> None:
        while queue:
            batch = queue.pop()
            try:
                values = await fetch(batch)
            except CircuitOpen as fault:
                put_off.append((batch, fault))
            except _ONE_MAY_SPOIL_ALL as fault:
                queue.extend(_halves(batch))
                _settle([(batch, fault)] if len(batch.symbols) == 1 else [], done)
            except BudgetFault as fault:  # there is no room for the others either
                _settle([(batch, fault), *((other, fault) for other in queue)], done)
                queue.clear()
            except Fault as fault:
                _settle([(batch, fault)], done)
            else:
                for symbol in batch.symbols:
                    done[symbol, batch.window] = Outcome(symbol, batch.window, values.get(symbol))

    async with asyncio.TaskGroup() as group:
        for _ in range(min(width, len(pending))):
            group.create_task(work())
    return put_off


def _settle(failed: Sequence[tuple[Batch, Fault]], done: dict[tuple[str, Window], Outcome[T]]) -> None:
    for batch, fault in failed:
        for symbol in batch.symbols:
            done[symbol, batch.window] = Outcome(symbol, batch.window, fault=fault)


def _halves(batch: Batch) -> Iterator[Batch]:
    """Two halves of a batch; none of a single symbol."""
    middle = len(batch.symbols) // 2
    if middle:
        yield Batch(batch.symbols[:middle], batch.window)
        yield Batch(batch.symbols[middle:], batch.window)


def _spread(batches: list[Batch]) -> list[Batch]:
    """The batches in strides, so that the few tried first stand for all of them: neighbours often fail for one reason."""
    stride = -(-len(batches) // _PROBES)
    return [batch for first in range(stride) for batch in batches[first::stride]]
