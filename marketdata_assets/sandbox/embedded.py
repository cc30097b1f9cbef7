"""The simulated market's vendors within this process: they come to life when the platform first asks one of them."""

from __future__ import annotations

import atexit
import socket
from contextlib import ExitStack
from threading import Lock
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from marketdata_assets.pipeline.platform import Platform, open_platform
from marketdata_assets.settings import Settings, SourceSettings

if TYPE_CHECKING:
    from marketdata_assets.sandbox.wire.server import WireServer

_KNOCK = 0.2  # seconds


class Embedded:
    """Addresses of the simulated vendors: the configured one where somebody serves there already, else a sandbox of this process's own."""

    def __init__(self) -> None:
        self._lock, self._open = Lock(), ExitStack()
        self._server: WireServer | None = None

    def __call__(self, source: SourceSettings) -> str | None:
        """Where the vendor of a networked source answers; the first call that needs one starts the sandbox, which takes a second or two."""
        if source.vendor is None or (source.base_url and _answers(source.base_url)):
            return source.base_url
        with self._lock:
            if self._server is None:
                from marketdata_assets.sandbox.market import simulate
                from marketdata_assets.sandbox.wire.server import serving

                self._server = self._open.enter_context(serving(simulate()))
                atexit.register(self._open.close)
            return self._server.urls.get(source.vendor, source.base_url)


_EMBEDDED = Embedded()


def open_market(settings: Settings) -> Platform:
    """`open_platform`; in the simulated market its vendors are at hand, whether or not `marketdata sandbox` serves them."""
    platform = open_platform(settings)
    if settings.market == "simulated":
        platform.address = _EMBEDDED
    return platform


def _answers(base_url: str) -> bool:
    parts = urlsplit(base_url)
    try:
        with socket.create_connection((str(parts.hostname), parts.port or 443), timeout=_KNOCK):
            return True
    except OSError:
        return False
