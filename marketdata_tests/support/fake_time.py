"""A clock that tests move: sleeping takes no time and passes exactly what was asked."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta


class FakeTime:
    """Each `sleep` moves the clock at once. `naps` lists them; whoever sleeps one at a time, as limiters do, sees exact time."""

    def __init__(self, at: float = 1_000.0, wall: datetime = datetime(2025, 11, 21, 12, 0, tzinfo=UTC)) -> None:
        self.at, self.start, self.first = at, wall, at
        self.naps: list[float] = []

    def monotonic(self) -> float:
        return self.at

    def wall(self) -> datetime:
        return self.start + timedelta(seconds=self.at - self.first)

    async def sleep(self, seconds: float) -> None:
        assert seconds >= 0, "nobody sleeps backwards"
        self.naps.append(seconds)
        self.at += seconds
        await asyncio.sleep(0)

    def pass_by(self, seconds: float) -> None:
        self.at += seconds
