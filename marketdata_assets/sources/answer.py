"""One answer of a vendor and the record of how it came."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from marketdata_assets.sources.request import Request
from marketdata_assets.sources.select import Selector, rows_at, select


@dataclass(frozen=True)
class RequestRecord:
    """What was asked and what came back, without secrets: enough to bill it, to date it, and to find its payload.

    `received_at` is the UTC instant at which the last byte was here, `cost` the weight that the request was budgeted with, `wire_bytes`
    the size as received. `scrubbed` says that the vendor repeated a secret in its answer and that it was blotted out before anybody saw it.
    """

    source: str
    endpoint: str
    url: str
    status: int
    received_at: datetime
    cost: int
    wire_bytes: int
    sha256: str
    content_type: str = ""
    scrubbed: bool = False


OnPayload = Callable[[bytes, RequestRecord], Awaitable[None] | None]


@dataclass(frozen=True)
class Answer:
    """A complete and well-formed answer: `data` is the JSON document, or the bytes where the endpoint answers CSV or files."""

    request: Request
    headers: Mapping[str, str]
    data: Any
    record: RequestRecord

    def at(self, selector: Selector) -> Any:
        """What stands at `selector` in the document; None where a step is missing."""
        return select(self.data, selector)

    def rows(self, selector: Selector) -> list[Any]:
        """The rows at `selector`; none where there is no list."""
        return rows_at(self.data, selector)
