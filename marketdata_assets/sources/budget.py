"""How much a vendor lets us ask: windows with their limits, as values, and where its answers tell what is left."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from marketdata_assets.core.faults import ConfigFault
from marketdata_assets.sources.wait import reset_wait, whole_number

Unit = Literal["requests", "weight"]


@dataclass(frozen=True)
class Reported:
    """The response headers in which a vendor tells how a window stands; leave out those it does not send.

    `reset_as` says what the reset header holds: epoch seconds, epoch milliseconds, or seconds from now.
    """

    limit: str | None = None
    remaining: str | None = None
    used: str | None = None
    reset: str | None = None
    reset_as: Literal["epoch_s", "epoch_ms", "seconds"] = "epoch_s"


@dataclass(frozen=True)
class Standing:
    """What one answer says of a window: units allowed and used in it, and seconds to wait when nothing is left; None where it is silent."""

    limit: int | None = None
    used: int | None = None
    wait: float | None = None


@dataclass(frozen=True)
class Quota:
    """At most `limit` units in any `per` seconds.

    The units are spread evenly, `burst` of them may go at once: 1 (the default) keeps even a second's share of the limit,
    a small daily allowance wants the whole limit. A unit is a request, or a request's weight where the vendor weighs them.
    """

    limit: int
    per: float
    unit: Unit = "requests"
    burst: int = 1
    reported: Reported | None = None

    def __post_init__(self) -> None:
        if self.limit < 1 or self.per <= 0 or not 1 <= self.burst <= self.limit:
            raise ConfigFault(
                "reading a quota", f"{self.limit} in {self.per} s, burst {self.burst}", "give a limit >= burst >= 1 in a span above zero"
            )

    def cost(self, weight: int) -> int:
        """How many units a request of this weight takes."""
        return weight if self.unit == "weight" else 1

    def standing(self, headers: Mapping[str, str], now: datetime) -> Standing | None:
        """What an answer's headers say of this window; None where they say nothing that can be read."""
        names = self.reported
        if names is None:
            return None
        limit, remaining, used = (whole_number(headers.get(name)) if name else None for name in (names.limit, names.remaining, names.used))
        if used is None and remaining is not None:
            used = max(0, (limit or self.limit) - remaining)
        wait = None
        if remaining == 0 and names.reset:
            wait = reset_wait(headers.get(names.reset), names.reset_as, now)
        if limit is None and used is None and wait is None:
            return None
        return Standing(limit, used, wait)


@dataclass(frozen=True)
class Budget:
    """All windows that count together, and whom the vendor counts: the key, or the address of this machine.

    `headroom` is the share of each limit that is really used: requests that leave evenly arrive a little less so. `penalty`
    is the first pause, in seconds, after a refusal that names none; it doubles while refusals go on.
    """

    quotas: tuple[Quota, ...] = ()
    scope: Literal["key", "address"] = "key"
    headroom: float = 0.98
    penalty: float = 1.0

    def __post_init__(self) -> None:
        if not 0 < self.headroom <= 1 or self.penalty <= 0:
            raise ConfigFault(
                "reading a budget", f"headroom {self.headroom}, penalty {self.penalty}", "give a share in (0, 1] and seconds above zero"
            )


UNLIMITED = Budget()
