"""What a client has asked for so far: the raw material of the usage ledger."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass


@dataclass
class Tally:
    """Requests sent to one endpoint (retries and redirects included, answered or not), their weight, and the bytes that came back."""

    requests: int = 0
    cost: int = 0
    wire_bytes: int = 0


class Usage:
    """One tally an endpoint."""

    def __init__(self) -> None:
        self._tallies: defaultdict[str, Tally] = defaultdict(Tally)

    def sent(self, endpoint: str, cost: int) -> None:
        """Counts a request that leaves now."""
        tally = self._tallies[endpoint]
        tally.requests += 1
        tally.cost += cost

    def received(self, endpoint: str, wire_bytes: int) -> None:
        """Counts the bytes of an answer."""
        self._tallies[endpoint].wire_bytes += wire_bytes

    def by_endpoint(self) -> dict[str, Tally]:
        """The tallies so far, by the endpoint's name."""
        return dict(sorted(self._tallies.items()))
