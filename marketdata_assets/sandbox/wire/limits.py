"""How vendors count requests: windows that start anew, and what they say about them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from aiohttp import web


class Window(NamedTuple):
    """At most `limit` units in `per` seconds, counted anew when the window is over."""

    limit: int
    per: float


class Verdict(NamedTuple):
    """Whether a request is within the limit; of the tightest window its limit, what is left of it and the seconds until it starts anew."""

    good: bool
    window: Window
    left: int
    wait: float
    used: int


class Meter(Protocol):
    """Counts requests."""

    def take(self, request: web.Request, now: float) -> Verdict:
        """Counts one request at `now`, seconds on a clock that never goes back; a refused one does not count."""


class Windows:
    """Fixed windows side by side, each starting with the first request after the last one was over. `weigh` says what a request costs."""

    def __init__(self, windows: Sequence[Window], weigh: Callable[[web.Request], int] = lambda _: 1) -> None:
        self._windows = tuple(windows)
        self._weigh = weigh
        self._since = [float("-inf")] * len(self._windows)
        self._used = [0] * len(self._windows)

    def take(self, request: web.Request, now: float) -> Verdict:
        """See `Meter`."""
        cost = self._weigh(request)
        for at, window in enumerate(self._windows):
            if now - self._since[at] >= window.per:
                self._since[at], self._used[at] = now, 0
        over = [at for at, window in enumerate(self._windows) if self._used[at] + cost > window.limit]
        if not over:
            self._used = [used + cost for used in self._used]
        waits = [window.per - (now - since) for window, since in zip(self._windows, self._since, strict=True)]
        tightest = max(over, key=waits.__getitem__) if over else self._fullest()
        window = self._windows[tightest]
        return Verdict(not over, window, max(0, window.limit - self._used[tightest]), waits[tightest], self._used[tightest])

    def _fullest(self) -> int:
        return min(range(len(self._windows)), key=lambda at: self._windows[at].limit - self._used[at])


class ByPlan:
    """Counts the requests of the free plan apart from those of a paid one; `free` says whether a request's key has the free plan."""

    def __init__(self, free: Callable[[web.Request], bool], first: Meter, paid: Meter) -> None:
        self._free = free
        self._first = first
        self._paid = paid

    def take(self, request: web.Request, now: float) -> Verdict:
        """See `Meter`."""
        return (self._first if self._free(request) else self._paid).take(request, now)
