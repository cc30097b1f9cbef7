"""The opened platform: settings, lake, instruments and calendars in one value that every step takes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from threading import Lock

import polars as pl

from marketdata_assets.core.faults import ConfigFault
from marketdata_assets.core.instruments import Instruments
from marketdata_assets.core.sessions import Calendar, calendar
from marketdata_assets.lake.lake import Lake, open_lake
from marketdata_assets.lake.s3_options import S3Options
from marketdata_assets.reference import load_instruments, load_overrides
from marketdata_assets.schemas.table import Table
from marketdata_assets.settings import Settings, SourceSettings
from marketdata_assets.sources.landing.read import Reading

_READINGS_KEPT_BYTES = 256 * 1024 * 1024


class ReadingShelf:
    """The latest payloads as they were read, up to a bound of payload bytes, so that one run reads a file once."""

    def __init__(self, limit: int = _READINGS_KEPT_BYTES) -> None:
        self._limit, self._used, self._lock = limit, 0, Lock()
        self._kept: OrderedDict[tuple[str, str], tuple[int, Reading]] = OrderedDict()

    def find(self, payload: str, path: str) -> Reading | None:
        """The reading of this payload under this path, if it is still on the shelf."""
        with self._lock:
            kept = self._kept.get((payload, path))
            return kept[1] if kept else None

    def keep(self, payload: str, path: str, size: int, reading: Reading) -> None:
        """Put a reading on the shelf; the oldest ones leave when the bound is passed."""
        with self._lock:
            if size > self._limit or (payload, path) in self._kept:
                return
            self._kept[payload, path] = (size, reading)
            self._used += size
            while self._used > self._limit:
                self._used -= self._kept.popitem(last=False)[1][0]

    def clear(self) -> None:
        """Take everything off the shelf."""
        with self._lock:
            self._kept.clear()
            self._used = 0


Addresses = Callable[[SourceSettings], str | None]
"""Where a networked source is served, when not at its configured address or at the vendor."""


def as_configured(source: SourceSettings) -> str | None:
    """The configured address of a networked source; None: the vendor's own."""
    return source.base_url


@dataclass
class Platform:
    """What every step of the graph works on. Symbols, calendars and table paths are asked here, nowhere else.

    `address` tells where a networked source is served; a sandbox puts its own in here. `announcements` are the pages of corporate actions
    that were read before, by payload and question: a process reads each once.
    """

    settings: Settings
    lake: Lake
    instruments: Instruments
    address: Addresses = as_configured
    readings: ReadingShelf = field(default_factory=ReadingShelf)
    announcements: dict[tuple[str, str], pl.DataFrame] = field(default_factory=dict)
    _calendars: dict[str, Calendar] = field(default_factory=dict)

    def calendar(self, asset_class: str) -> Calendar:
        """The calendar of an asset class, with the local overrides in it."""
        if asset_class not in self._calendars:
            overrides = load_overrides(self.settings.calendar_overrides)
            self._calendars[asset_class] = calendar(self.settings.asset_classes[asset_class].calendar, overrides)  # type: ignore[index]
        return self._calendars[asset_class]

    def symbols(self, asset_class: str) -> list[str]:
        """The canonical symbols of an asset class that are configured, sorted: one partition each."""
        return configured_symbols(self.settings, self.instruments, asset_class)

    def path(self, table: Table, asset_class: str, timeframe: str | None = None, source: str | None = None) -> str:
        """Where a table lives below the lake's root, which is its asset key and its name in queries."""
        return table_path(table.name, asset_class, timeframe, source)


def table_path(name: str, asset_class: str, timeframe: str | None = None, source: str | None = None) -> str:
    """`us_equities/raw_bars_1d/tiingo`: asset class, table, timeframe and source as one path."""
    leaf = name if timeframe is None else f"{name}_{timeframe}"
    return "/".join(part for part in (asset_class, leaf, source) if part)


def configured_symbols(settings: Settings, instruments: Instruments, asset_class: str) -> list[str]:
    """The symbols that `asset_classes.<class>.symbols` selects; `ConfigFault` for one that no instrument has."""
    known = instruments.symbols(asset_class)
    wanted = settings.asset_classes[asset_class].symbols  # type: ignore[index]
    if wanted == "all":
        return known
    strangers = sorted(set(wanted) - set(known))
    if strangers:
        raise ConfigFault(
            f"reading asset_classes.{asset_class}.symbols",
            f"{', '.join(strangers[:5])} not in {Path(settings.instruments).name}",
            "add the instrument there or correct the symbol",
        )
    return sorted(wanted)


def listing_bounds(platform: Platform, symbol: str) -> tuple[date | None, date | None]:
    """First and first-no-more listing date of a symbol, None where unknown or still listed."""
    instrument = platform.instruments.get(symbol)
    return instrument.listed_on, instrument.delisted_on


def open_platform(settings: Settings) -> Platform:
    """The platform for these settings; nothing is created before something is published.

    `ConfigFault` when a reference file holds a mistake or the lake belongs to the other market (simulated numbers and real
    ones never share a lake).
    """
    s3 = settings.s3
    lake = open_lake(settings.lake, s3=S3Options(endpoint_url=s3.endpoint_url, region=s3.region, sse=s3.server_side_encryption))
    return Platform(settings, lake, load_instruments(settings.instruments))
