"""The opened platform as Dagster's resource: once per process, and not before something asks for it."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import Protocol

from marketdata_assets.defs.audits import AuditShelf
from marketdata_assets.pipeline.platform import Platform, open_platform
from marketdata_assets.settings import Settings

PLATFORM = "platform"
IO_MANAGER = "io_manager"


class PlatformResource:
    """Settings and lake, opened at the first use and kept: a code location that only lists its assets never touches the lake."""

    def __init__(self, settings: Settings, opener: Callable[[Settings], Platform] = open_platform) -> None:
        self._settings = settings
        self._opener = opener
        self._lock = Lock()
        self._opened: Platform | None = None
        self.audits = AuditShelf()

    @property
    def opened(self) -> Platform:
        """The platform of this process; the faults of `open_platform` on the first call."""
        with self._lock:
            if self._opened is None:
                self._opened = self._opener(self._settings)
            return self._opened


class HasResources(Protocol):
    """A Dagster context of any kind."""

    @property
    def resources(self) -> object:
        """The resources of the step or tick."""
        ...


def platform_of(context: HasResources) -> Platform:
    """The platform a step or a tick works on."""
    resource: PlatformResource = getattr(context.resources, PLATFORM)
    return resource.opened


def audits_of(context: HasResources) -> AuditShelf:
    """The findings of the latest audits of this process."""
    resource: PlatformResource = getattr(context.resources, PLATFORM)
    return resource.audits
