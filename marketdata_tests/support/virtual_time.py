"""An event loop whose timers cost no time: when every task waits for a timer, and nothing is on the wire, the clock jumps to the next one.

Sockets are real. Time stands still while bytes move or a thread works, so that a vendor on loopback answers in no time at all, a
deadline of thirty seconds passes in an instant, and rates are measured exactly.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

T = TypeVar("T")
SETTLE = 0.002  # real seconds without any event until the wire counts as silent


class _JumpingSelector(selectors.DefaultSelector):
    loop: VirtualLoop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        events = super().select(0)
        if events or timeout == 0:
            return events
        events = super().select(SETTLE if timeout is not None and timeout < 1 else 5 * SETTLE)
        while not events and self.loop.in_threads:
            events = super().select(0.05)
        if events:
            return events
        if timeout is None:
            return super().select(1.0)
        self.loop.jump(max(0.0, timeout))
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """`time()` starts at 1,000 seconds and passes by jumps."""

    def __init__(self) -> None:
        selector = _JumpingSelector()
        selector.loop = self
        self._now, self.in_threads = 1_000.0, 0
        super().__init__(selector)

    def time(self) -> float:
        return self._now

    def jump(self, seconds: float) -> None:
        self._now += seconds

    def run_in_executor(self, executor: Any, func: Any, *args: Any) -> Any:
        self.in_threads += 1
        future = super().run_in_executor(executor, func, *args)
        future.add_done_callback(self._back)
        return future

    def _back(self, _: object) -> None:
        self.in_threads -= 1


class VirtualTime:
    """The loop's clock for limiters and retries; `naps` lists what was slept."""

    def __init__(self, wall: datetime = datetime(2025, 11, 21, 12, 0, tzinfo=UTC)) -> None:
        self._wall, self.at, self.naps = wall, 1_000.0, list[float]()

    def monotonic(self) -> float:
        self.at = asyncio.get_running_loop().time()
        return self.at

    def wall(self) -> datetime:
        return self._wall + timedelta(seconds=self.monotonic() - 1_000.0)

    async def sleep(self, seconds: float) -> None:
        self.naps.append(seconds)
        await asyncio.sleep(seconds)


def run(scene: Coroutine[Any, Any, T]) -> T:
    """The result of `scene`, played on a virtual loop."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(scene)
