"""The one place where a clock is read."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime

_frozen: ContextVar[datetime | None] = ContextVar("frozen_clock", default=None)


def now() -> datetime:
    """The present instant, UTC, microseconds."""
    return _frozen.get() or datetime.now(UTC)


def monotonic() -> float:
    """Seconds on a clock that never goes back and that every process of this machine shares until it restarts; zero means nothing."""
    return time.monotonic()


@contextmanager
def frozen(at: datetime) -> Iterator[None]:
    """Within the block, `now()` answers `at` (an aware datetime): how tests and demonstrations date their deliveries."""
    token = _frozen.set(at.astimezone(UTC))
    try:
        yield
    finally:
        _frozen.reset(token)
