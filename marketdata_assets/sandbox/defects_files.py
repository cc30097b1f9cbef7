"""Files that are wrong as files: a footnote among the rows, an error body named .csv, a header without rows."""

from __future__ import annotations

from collections.abc import Iterable

from marketdata_assets.sandbox.truth import Defect
from marketdata_assets.sandbox.vendors import alphavantage
from marketdata_assets.sandbox.vendors.file import File

FOOTNOTE, ERROR_BODY, EMPTY = "LUMARO", "NORVEX", "FERNOX"
_NOTE = "*Close price adjusted for splits.**Adjusted close price adjusted for both dividends and splits."


def plant_files(files: Iterable[File]) -> tuple[list[File], list[Defect]]:
    """The files with the damaged ones in their places, and what was done to them."""
    damaged = {alphavantage.path(symbol): (symbol, *change) for symbol, change in _CHANGES.items()}
    out: list[File] = []
    defects: list[Defect] = []
    for file in files:
        if file.source == alphavantage.SOURCE and file.path in damaged:
            symbol, kind, rule, rows, detail = damaged[file.path]
            file = file._replace(data=_damaged(symbol, file.data))
            defects.append(Defect(kind, rule, file.source, "1d", symbol, file.path, None, None, rows, detail))
        out.append(file)
    return out, defects


_CHANGES = {
    FOOTNOTE: ("footnote", "unreadable_time", 1, "the last row is a footnote, repeated in every cell"),
    ERROR_BODY: ("json_error", "refused_file", 0, "the vendor's JSON error, saved as .csv"),
    EMPTY: ("empty_file", "no_rows", 0, "a header without rows"),
}


def _damaged(symbol: str, data: bytes) -> bytes:
    if symbol == ERROR_BODY:
        return alphavantage.error_body(symbol)
    header = data[: data.index(b"\n") + 1]
    return header if symbol == EMPTY else data + ",".join([_NOTE] * 6).encode() + b"\n"
