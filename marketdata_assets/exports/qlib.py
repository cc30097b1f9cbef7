"""A feature panel in Qlib's file format: a calendar, the universe as spells, and one binary file a symbol and feature.

The layout is Qlib's own (its documents, "Converting CSV Format into Qlib Format", and `scripts/dump_bin.py`): `calendars/day.txt` has a
date a line; `instruments/NAME.txt` has symbol, first and last date, tab separated, a line a spell; `features/SYMBOL/FIELD.day.bin` holds
little-endian float32 numbers, the first of which is the place in the calendar of the one that follows. Folders and fields are in small
letters, the names that Windows keeps for itself get a prefix. In Qlib the field is `$f_ret_1d`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date

import numpy as np
import polars as pl

from marketdata_assets.core.faults import ConfigFault
from marketdata_assets.core.symbols import require_canonical
from marketdata_assets.exports.lona import ExportFile

_KEPT_BY_WINDOWS = re.compile(r"con|prn|aux|nul|com\d|lpt\d")
_MARKET = re.compile(r"[a-z][a-z0-9_]{0,39}")


def qlib_files(panel: pl.DataFrame, calendar: Sequence[date], universe: str = "all") -> Iterator[ExportFile]:
    """The files of a panel (date, symbol, features), calendar and universe first; paths below Qlib's `provider_uri`.

    `calendar` holds the sessions, ascending, of which every date of the panel is one. A null, and a session without a row between a
    symbol's first and last one, is NaN. Numbers lose what float32 does not hold: seven digits stay. `ConfigFault` for a name of a
    universe that is no plain word and for a date that is no session.
    """
    if not _MARKET.fullmatch(universe):
        raise ConfigFault("naming Qlib's universe", f"{universe[:40]!r} is no plain name", "use small letters, digits and '_'")
    days = pl.DataFrame({"date": list(calendar)}, schema={"date": pl.Date}).with_row_index("at")
    placed = panel.join(days, on="date", how="left").sort("symbol", "date")
    if placed["at"].null_count():
        raise ConfigFault(
            "exporting to Qlib", "the panel has dates that are no session of the calendar", "hand over the panel's own calendar"
        )
    yield ExportFile("calendars/day.txt", "".join(f"{day}\n" for day in days["date"]).encode())
    spells = _spells(placed.select("symbol", "at"), list(calendar))
    names = dict.fromkeys(["all", universe])
    for name in names:
        yield ExportFile(f"instruments/{name}.txt", spells)
    for (symbol,), rows in placed.group_by("symbol", maintain_order=True):
        yield from _symbol_files(str(symbol), rows)


def qlib_folder(symbol: str) -> str:
    """The folder below `features/` of a canonical symbol: in small letters, with Qlib's prefix where Windows would not have the name."""
    name = require_canonical(symbol).lower()
    return f"_qlib_{name}" if _KEPT_BY_WINDOWS.fullmatch(name) else name


def _symbol_files(symbol: str, rows: pl.DataFrame) -> Iterator[ExportFile]:
    at = rows["at"].to_numpy().astype(np.int64)
    first = int(at[0])
    for feature in (name for name in rows.columns if name not in ("date", "symbol", "at")):
        line = np.full(int(at[-1]) - first + 2, np.nan, dtype="<f4")
        line[0] = first
        with np.errstate(over="ignore"):  # what float32 cannot hold is not a number there
            values = rows[feature].cast(pl.Float64).fill_null(float("nan")).to_numpy().astype("<f4")
        line[at - first + 1] = np.where(np.isfinite(values), values, np.nan)
        yield ExportFile(f"features/{qlib_folder(symbol)}/{feature.lower()}.day.bin", line.tobytes())


def _spells(rows: pl.DataFrame, calendar: Sequence[date]) -> bytes:
    """Each unbroken run of sessions of a symbol as a line."""
    lines = []
    for (symbol,), mine in rows.group_by("symbol", maintain_order=True):
        at = mine["at"].to_numpy().astype(np.int64)
        ends = [*(np.flatnonzero(np.diff(at) > 1)), at.size - 1]
        begin = 0
        for end in ends:
            lines.append(f"{symbol}\t{calendar[int(at[begin])]}\t{calendar[int(at[end])]}\n")
            begin = int(end) + 1
    return "".join(lines).encode()
