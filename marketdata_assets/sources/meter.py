"""The arithmetic of one quota: what was used when, and how long until more may be used. Pure, the time is an argument."""

from __future__ import annotations

import math
import struct
from array import array

from marketdata_assets.sources.budget import Quota

SLOTS = 256  # a window is remembered in this many slots; a unit counts until the whole of its slot has left the window
EARLY = 0.05  # seconds a request may run ahead of its even pace, so that waking late loses nothing
_HEAD = struct.Struct("<dqq")


class Meter:
    """Units used in the window of one quota.

    Two bounds hold together. Over any `per` seconds at most `limit` units (counted in slots, rounded to the safe side); and the
    units leave evenly: in any shorter span no more than its share of the limit, plus the burst. `now` is monotonic seconds and never
    goes back from call to call.
    """

    def __init__(self, quota: Quota, headroom: float) -> None:
        self._quota = quota
        self._headroom = headroom
        self._width = quota.per / SLOTS
        self._told = 0  # the vendor's own limit where it is the smaller one; 0: as configured
        self._paid_until = 0.0  # the even pace has paid for everything up to here
        self._newest = 0  # slot number of _used[0]; _used[i] is the slot i earlier
        self._used = array("Q", bytes(8 * (SLOTS + 1)))

    @property
    def limit(self) -> int:
        """Units in force: the configured limit, or the vendor's if that is lower."""
        return min(self._quota.limit, self._told) if self._told else self._quota.limit

    def wait(self, now: float, weight: int) -> float:
        """Seconds until a request of `weight` may leave; 0 when it may leave now. One heavier than the limit waits for an idle window."""
        self._advance(now)
        limit = self.limit
        cost = min(self._quota.cost(weight), limit)
        ahead = (min(self._quota.burst, limit) - 1) * self._gap() + min(EARLY, 0.005 * self._quota.per)
        return max(0.0, self._paid_until - ahead - now, self._window_wait(now, limit - cost))

    def charge(self, now: float, weight: int) -> None:
        """Counts a request of `weight` that leaves now."""
        self._advance(now)
        cost = self._quota.cost(weight)
        self._used[0] += cost
        self._paid_until = max(self._paid_until, now) + cost * self._gap()

    def left(self, now: float) -> int:
        """Units that the window still has room for."""
        self._advance(now)
        return max(0, self.limit - sum(self._used))

    def learn(self, now: float, limit: int | None, used: int | None) -> None:
        """Believes the vendor where it allows less, or has counted more, than we knew: others may share the key or the address."""
        self._advance(now)
        if limit is not None and limit > 0:
            self._told = limit if limit < self._quota.limit else 0
        if used is not None:
            self._used[0] += max(0, min(used, self.limit) - sum(self._used))

    def shift(self, seconds: float) -> None:
        """Moves the past by `seconds`, for a clock whose zero has moved; never to where it would count for less."""
        self._paid_until += seconds
        self._newest += math.ceil(seconds / self._width)

    def pack(self) -> bytes:
        """The state as bytes of one length."""
        return _HEAD.pack(self._paid_until, self._newest, self._told) + self._used.tobytes()

    def unpack(self, data: bytes) -> None:
        """Takes over a state that `pack` wrote."""
        self._paid_until, self._newest, self._told = _HEAD.unpack_from(data)
        self._used = array("Q", data[_HEAD.size : PACKED])

    def _gap(self) -> float:
        return self._quota.per / (self.limit * self._headroom)

    def _advance(self, now: float) -> None:
        slot = math.floor(now / self._width)
        fresh = min(slot - self._newest, SLOTS + 1)
        if fresh > 0:
            self._used = array("Q", bytes(8 * fresh)) + self._used[: SLOTS + 1 - fresh]
            self._newest = slot

    def _window_wait(self, now: float, room: int) -> float:
        total = sum(self._used)
        if total <= room:
            return 0.0
        for age in range(SLOTS, -1, -1):
            total -= self._used[age]
            if total <= room:
                return (self._newest - age + SLOTS + 1) * self._width - now
        raise AssertionError("an empty window has room for everything that is cut to its limit")


PACKED = _HEAD.size + 8 * (SLOTS + 1)
