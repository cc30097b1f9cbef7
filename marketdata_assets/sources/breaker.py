"""The circuit breaker of one source: after failures in a row it is left alone, and tried again with few requests."""

from __future__ import annotations

from typing import Literal

from marketdata_assets.core.faults import Fault
from marketdata_assets.sources.errors import CircuitOpen
from marketdata_assets.sources.timekeeper import SYSTEM_TIME, Timekeeper
from marketdata_assets.sources.wait import LONGEST_WAIT

State = Literal["closed", "open", "half_open"]
_CALM = 100  # answers in a row


class Breaker:
    """Opens after `trip_after` attempts in a row without a single answer, for `rest` seconds.

    Then `probes` attempts are let through: one answer closes it, all of them failing opens it for twice as long, up to 15 minutes.
    An answer is whatever shows that the vendor is alive, a refusal included. Each time one closes the circuit, it takes four times as
    many failures to open it, until a hundred answers have come in a row: perhaps only some of what is asked fails.
    """

    def __init__(self, source: str, *, time: Timekeeper = SYSTEM_TIME, trip_after: int = 12, rest: float = 1.0, probes: int = 5) -> None:
        self._source, self._time = source, time
        self._trip_after, self._rest, self._probes = trip_after, rest, probes
        self._patience = 1  # times _trip_after
        self._failures = 0
        self._answers = 0
        self._rests = 0  # how often in a row it has opened
        self._open_until: float | None = None
        self._granted = 0  # probes let through since it was last open
        self._out = 0  # those of them that have not reported
        self._last = ""

    @property
    def state(self) -> State:
        """`closed` lets everything through, `open` nothing, `half_open` a few probes."""
        if self._open_until is None:
            return "closed"
        return "open" if self._time.monotonic() < self._open_until else "half_open"

    def retry_in(self) -> float:
        """Seconds until an attempt may be let through; 0 unless it is open."""
        return max(0.0, (self._open_until or 0.0) - self._time.monotonic())

    def admit(self) -> bool:
        """Lets an attempt through and says whether it is a probe; `CircuitOpen` otherwise. Each one let through must report back once."""
        if self.state == "closed":
            return False
        if self.state == "half_open" and self._granted < self._probes:
            self._granted, self._out = self._granted + 1, self._out + 1
            return True
        raise self._refusal()

    def check(self) -> None:
        """`CircuitOpen` when the circuit has opened; for an attempt that was let through earlier and still waits."""
        if self.state != "closed":
            raise self._refusal()

    def answered(self, probe: bool) -> None:
        """The vendor is alive: the circuit closes."""
        self._report(probe)
        self._answers += 1
        if self._open_until is not None:
            self._patience = min(self._patience * 4, 64)
        elif self._answers >= _CALM:
            self._patience = 1
        self._failures, self._rests, self._granted, self._open_until = 0, 0, 0, None

    def failed(self, probe: bool, fault: Fault) -> None:
        """The vendor did not answer, or says that it is down."""
        self._report(probe)
        self._last = fault.found
        self._failures, self._answers = self._failures + 1, 0
        tripped = self._open_until is None and self._failures >= self._trip_after * self._patience
        if tripped or (probe and self._out == 0 and self.state == "half_open"):
            self._open_until = self._time.monotonic() + min(LONGEST_WAIT, self._rest * 2.0 ** min(self._rests, 30))
            self._rests, self._granted = self._rests + 1, 0

    def abandoned(self, probe: bool) -> None:
        """The attempt was never sent, or its end is unknown; a probe's place is free again."""
        self._report(probe)
        self._granted -= probe

    def _report(self, probe: bool) -> None:
        if probe:
            self._out = max(0, self._out - 1)

    def _refusal(self) -> CircuitOpen:
        return CircuitOpen(
            f"asking {self._source}",
            f"it failed {self._failures} times in a row (last: {self._last})",
            f"try again in {self.retry_in():.0f} s, or use another source",
            final=True,
            source=self._source,
        )
