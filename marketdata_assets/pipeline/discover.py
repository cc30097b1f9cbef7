"""Symbols that a landing folder holds and the instruments file does not know yet."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from marketdata_assets.core.faults import ConfigFault, Fault, SymbolFault
from marketdata_assets.core.instruments import Instrument, format_instruments, guess_canonical, parse_instruments
from marketdata_assets.pipeline.folder import landed_files, read_landed
from marketdata_assets.pipeline.inventory import source_settings
from marketdata_assets.pipeline.platform import Platform
from marketdata_assets.sources.landing.read import read_payload


class Discovered(NamedTuple):
    """What a landing folder holds: instruments to add, spellings that follow no pattern, and files that could not be read, with reasons."""

    instruments: list[Instrument]
    unclear: dict[str, str]
    refused: dict[str, str]


def discover(platform: Platform, source: str, progress: Callable[[int, int], None] | None = None) -> Discovered:
    """An instrument for every vendor symbol in the folder that no instrument answers to.

    It gets the canonical form of its spelling, the calendar and currency of the asset class (the quote for a crypto pair), and neither
    sector nor listing dates: a file's first bar is not a listing. Nothing is written; `add_instruments` does.
    """
    config = source_settings(platform, source)
    found: dict[str, Instrument] = {}
    unclear: dict[str, str] = {}
    refused: dict[str, str] = {}
    files = landed_files(config.folder)
    for done, file in enumerate(files, start=1):
        try:
            data = read_landed(config.folder, file.path)
            reading = read_payload(file.path, data, format=config.landing_format(), asset_class=config.asset_class)
        except Fault as fault:
            refused[file.path] = str(fault)
            continue
        for spelling in sorted({series.vendor_symbol for series in reading.series}):
            _note(platform, source, spelling, found, unclear)
        if progress:
            progress(done, len(files))
    return Discovered([found[symbol] for symbol in sorted(found)], unclear, refused)


def add_instruments(path: Path, found: list[Instrument]) -> int:
    """The number of instruments added at the end of the file; `ConfigFault` when one is there already or it is not writable."""
    text = path.read_text(encoding="utf-8") if path.exists() else format_instruments([])
    rows = format_instruments(found).split("\n", 1)[1]
    merged = text + ("" if text.endswith("\n") else "\n") + rows
    parse_instruments(merged, str(path))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(merged, encoding="utf-8")
    except OSError as error:
        raise ConfigFault(f"adding to {path.name}", error.strerror or str(error), "make the file writable", path=path) from None
    return len(found)


def _note(platform: Platform, source: str, spelling: str, found: dict[str, Instrument], unclear: dict[str, str]) -> None:
    asset_class = source_settings(platform, source).asset_class
    if any(holder.symbol for holder in platform.instruments.holders(source, spelling, asset_class)):
        return
    try:
        symbol = guess_canonical(spelling, asset_class)
    except SymbolFault as fault:
        unclear[spelling] = fault.found
        return
    if symbol in platform.instruments:
        unclear[spelling] = f"{symbol} is already an instrument of another asset class"
        return
    config = platform.settings.asset_classes[asset_class]
    crypto = asset_class == "crypto"
    currency = symbol.rsplit("-", 1)[-1] if crypto and "-" in symbol else config.currency
    found[symbol] = Instrument(symbol, asset_class, "CRYPTO" if crypto else config.calendar, currency)
