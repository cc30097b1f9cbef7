"""The reference files on disk: instruments.csv and calendar_overrides.csv. Reading and writing them, nothing about their meaning."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

from marketdata_assets.core.faults import ConfigFault
from marketdata_assets.core.instruments import Instrument, Instruments, format_instruments, parse_instruments
from marketdata_assets.core.overrides import Override, parse_overrides
from marketdata_assets.transforms.membership_names import TickerChange, parse_ticker_changes


def load_instruments(path: Path | str) -> Instruments:
    """The instruments of the file at `path`; `ConfigFault` with file and line for any mistake in it."""
    return parse_instruments(_text(Path(path)), str(path))


def save_instruments(path: Path | str, instruments: Iterable[Instrument]) -> None:
    """Writes the instruments to `path`, whole or not at all; what would not read back is refused as `load_instruments` would."""
    path = Path(path)
    text = format_instruments(instruments)
    parse_instruments(text, str(path))
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", newline="", dir=path.parent, prefix=path.name, delete=False) as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())
    Path(out.name).chmod(0o644)
    Path(out.name).replace(path)


def load_overrides(path: Path | str) -> list[Override]:
    """The closures and early closes that the calendar library lacks; none when there is no such file."""
    path = Path(path)
    return parse_overrides(_text(path), str(path)) if path.exists() else []


def load_ticker_changes(path: Path | str) -> list[TickerChange]:
    """The documented ticker changes beyond the instruments' own aliases; none when there is no such file."""
    path = Path(path)
    return parse_ticker_changes(_text(path), str(path)) if path.exists() else []


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        raise ConfigFault(
            f"reading {path}", "there is no such file", "point the reference folder in marketdata.yaml at it", path=path
        ) from None
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        raise ConfigFault(
            f"reading {path}, line {line}", f"it is not UTF-8: {error.reason}", "save it as UTF-8", path=path, line=line
        ) from None
