"""A process that asks as fast as a shared budget allows; its arguments are STATE LOG COUNT LIMIT PER WIDTH.

It appends one line a request to LOG: the monotonic second at which the budget let it pass, read while the budget was locked.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from marketdata_assets.sources.budget import Budget, Quota
from marketdata_assets.sources.throttle import Throttle
from marketdata_assets.sources.timekeeper import SystemTime


class Noting(SystemTime):
    """Remembers the time it last told."""

    last = 0.0

    def monotonic(self) -> float:
        self.last = super().monotonic()
        return self.last


async def ask(state: Path, log: int, count: int, quota: Quota, width: int) -> None:
    time = Noting()
    gate = Throttle("toy", "default", Budget((quota,)), folder=state, time=time)
    numbers = iter(range(count))

    async def one() -> None:
        for _ in numbers:
            await gate.admit(1)
            os.write(log, f"{time.last!r}\n".encode())

    await asyncio.gather(*(one() for _ in range(width)))


def main(state: str, log: str, count: str, limit: str, per: str, width: str) -> None:
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    asyncio.run(ask(Path(state), descriptor, int(count), Quota(int(limit), float(per)), int(width)))


if __name__ == "__main__":
    main(*sys.argv[1:])
