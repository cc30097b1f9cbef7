"""The clock that limiters and retries live by, as a value: real in production, moved by hand in tests."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Protocol

from marketdata_assets.core import clock


class Timekeeper(Protocol):
    """Reads time and passes it."""

    def monotonic(self) -> float:
        """Seconds that never go back, one scale for every process of the machine."""

    def wall(self) -> datetime:
        """The present instant, UTC."""

    async def sleep(self, seconds: float) -> None:
        """Returns when `seconds` have passed."""


class SystemTime:
    """The machine's own clock."""

    def monotonic(self) -> float:
        """Seconds since the machine started, about."""
        return clock.monotonic()

    def wall(self) -> datetime:
        """The present instant, UTC."""
        return clock.now()

    async def sleep(self, seconds: float) -> None:
        """Gives way to other tasks for `seconds`."""
        await asyncio.sleep(seconds)


SYSTEM_TIME = SystemTime()
