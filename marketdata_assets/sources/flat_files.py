"""What a vendor's flat files are: whole days of a market as files on a server, beside the interface that is asked by symbol."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from pydantic import SecretStr

from marketdata_assets.core.periods import Window
from marketdata_assets.sources.usage import Usage


@dataclass(frozen=True)
class FlatFile:
    """One day's file: where it is, the session it holds, and its state; a file that is published again has another `etag`."""

    key: str
    session: date
    size: int
    etag: str
    published_at: datetime


class FlatFiles(Protocol):
    """A vendor's server of flat files, opened under a customer's keys; requests are counted in the usage it was opened with."""

    @property
    def timeframes(self) -> tuple[str, ...]:
        """The bar lengths that it has files of."""

    def listed(self, timeframe: str, window: Window) -> list[FlatFile]:
        """The files of the sessions in a half-open window, the oldest first; days without a session, or too young, have none."""

    def fetch(self, key: str) -> bytes:
        """The bytes of a file as stored, whole; `NotFound`, `NotEntitled`, `Truncated` or `Oversized` where that file cannot be had."""


OpenFlatFiles = Callable[[Mapping[str, SecretStr], str | None, Usage], FlatFiles]
"""Opens the server with the source's credentials, at an address (None: the vendor's own); `BadCredentials` without the right keys."""
