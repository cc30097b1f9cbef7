"""A vendor's flat files brought into a landing folder: those it lacks, and those that were published again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from marketdata_assets.core import clock
from marketdata_assets.core.faults import ConfigFault, Fault
from marketdata_assets.core.periods import Window
from marketdata_assets.pipeline.connection import secrets_of
from marketdata_assets.pipeline.downloaded import Downloaded
from marketdata_assets.pipeline.inventory import source_settings
from marketdata_assets.pipeline.platform import Platform
from marketdata_assets.pipeline.usage import reserve
from marketdata_assets.sources.api import LOOPBACK
from marketdata_assets.sources.errors import NotEntitled, NotFound, Oversized, Truncated
from marketdata_assets.sources.flat_files import FlatFile, OpenFlatFiles

_OF_ONE_FILE = (NotFound, NotEntitled, Truncated, Oversized)
"""Faults that speak of one file; any other ends the run."""


class Arrival(NamedTuple):
    """A file that was fetched, and why: new, published again, differs, asked for again."""

    file: FlatFile
    why: str


class Downloads(NamedTuple):
    """What a run did: files that came, files that were there already, and files that could not be had, by their path."""

    came: list[Arrival]
    there: list[FlatFile]
    failed: dict[str, Fault]


def download(
    platform: Platform,
    source: str,
    target: str,
    timeframe: str,
    window: Window,
    *,
    again: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Downloads:
    """Brings the flat files of `source`'s vendor for the sessions in `window` into the landing folder of `target`, the oldest first.

    Fetched are files that the folder lacks or that were published again since, with `again` all of them. Each appears whole or not at all,
    so that a run which was cut off is taken up by the next. Requests are reserved and counted in the usage ledger: `BudgetFault` before
    the first file when the month has no room for all of them. `BadCredentials`, `Unavailable` and the like end the run; a file that is
    missing, torn or beyond the plan is told in `failed`. `ConfigFault` when the two sources do not fit together.
    """
    opening, address = _server(platform, source)
    folder = _folder(platform, source, target, timeframe)
    until = Window(min(window.start, clock.now()), min(window.end, clock.now()))
    done = Downloads([], [], {})
    with Downloaded(folder) as kept, reserve(platform, source, 1) as usage:
        files = opening(secrets_of(platform, source_settings(platform, source).source()), address, usage)
        if timeframe not in files.timeframes:
            raise ConfigFault(f"downloading from {source}", f"it has no files of {timeframe}", f"it has {', '.join(files.timeframes)}")
        due: list[Arrival] = []
        for file in files.listed(timeframe, until) if until.start < until.end else []:
            why = "asked for again" if again else kept.lacks(file)
            if why is None:
                done.there.append(file)
            else:
                due.append(Arrival(file, why))
        usage.extend(max(0, len(due) - usage.left))
        for at, arrival in enumerate(due, start=1):
            try:
                kept.keep(arrival.file, files.fetch(arrival.file.key))
                done.came.append(arrival)
            except _OF_ONE_FILE as fault:
                done.failed[arrival.file.key] = fault
            if progress:
                progress(at, len(due))
    return done


def _server(platform: Platform, source: str) -> tuple[OpenFlatFiles, str | None]:
    """How to open the vendor's server, and where it is when not at the vendor; `ConfigFault` when there is none to be asked."""
    config, tried = source_settings(platform, source), f"downloading from {source}"
    vendor = config.source()
    if vendor.flat_files is None:
        raise ConfigFault(tried, f"{vendor.title} publishes no flat files", "ask it for bars with `marketdata backfill`")
    url = urlsplit(config.files_url or "")
    if config.files_url and url.scheme != "https" and url.hostname not in LOOPBACK:
        raise ConfigFault(tried, "its files_url is neither https nor on this machine", "give an https address")
    if platform.settings.market == "simulated" and url.hostname not in LOOPBACK:
        raise ConfigFault(tried, "the simulated market asks nobody outside this machine", "set `market: real` in marketdata.yaml")
    if platform.address(config) is not None and config.files_url is None:
        raise ConfigFault(tried, "it is served at a base_url, which has no flat files", "set files_url of the source, or remove base_url")
    return vendor.flat_files, config.files_url


def _folder(platform: Platform, source: str, target: str, timeframe: str) -> Path:
    """The landing folder that takes files of this bar length; `ConfigFault` when its source would refuse them."""
    asked, config = source_settings(platform, source), source_settings(platform, target)
    tried = f"downloading {timeframe} files of {source} into the folder of {target}"
    if config.asset_class != asked.asset_class:
        raise ConfigFault(tried, f"{target} is a source of {config.asset_class}", f"name a landing source of {asked.asset_class}")
    if timeframe not in config.timeframes:
        found = f"{target} is configured for {', '.join(config.timeframes)}"
        raise ConfigFault(tried, found, f"add {timeframe} to timeframes of the source and its asset class in marketdata.yaml")
    return config.folder
