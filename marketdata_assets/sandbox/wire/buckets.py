"""How some vendors count requests: a bucket that fills up at once and drains slowly."""

from __future__ import annotations

from collections.abc import Callable

from aiohttp import web

from marketdata_assets.sandbox.wire.limits import Verdict, Window


class Bucket:
    """At most `burst` requests at once, `per_second` more as time goes by, counted apart for each `key` of a request."""

    def __init__(self, burst: int, per_second: float, key: Callable[[web.Request], str] = lambda _: "") -> None:
        self._burst = burst
        self._per_second = per_second
        self._key = key
        self._level: dict[str, tuple[float, float]] = {}

    def take(self, request: web.Request, now: float) -> Verdict:
        """See `limits.Meter`."""
        key = self._key(request)
        level, since = self._level.get(key, (0.0, now))
        level = max(0.0, level - (now - since) * self._per_second)
        good = level + 1 <= self._burst + 1e-9
        level += good
        self._level[key] = (level, now)
        wait = max(0.0, (level + 1 - self._burst) / self._per_second)
        window = Window(self._burst, self._burst / self._per_second)
        return Verdict(good, window, max(0, int(self._burst - level)), wait, round(level))
