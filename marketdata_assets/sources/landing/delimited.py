"""Delimited text to rows: a column parser for the good lines, each bad line set aside with its reason."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from marketdata_assets.core.faults import PayloadFault
from marketdata_assets.sources.landing.evidence import evidence
from marketdata_assets.sources.landing.format import LandingFormat
from marketdata_assets.sources.landing.limits import Limits, over
from marketdata_assets.sources.landing.lines import Lines, index_lines
from marketdata_assets.sources.landing.rows import TORN, Rows

BOM = b"\xef\xbb\xbf"


class _Layout(NamedTuple):
    """Our column -> position in the line, how many fields a line has, and where the first data row begins."""

    positions: dict[str, int]
    width: int
    start: int


def read_delimited(path: str, data: bytes, layout: LandingFormat, limits: Limits) -> Rows:
    """The rows of a csv payload as texts. Blank lines are no rows; a last line without a line end is one when it is complete.

    `PayloadFault` when the header lacks a mapped column.
    """
    found = _layout(path, data, layout, limits)
    lines = index_lines(path, data, found.start, layout.delimiter, limits)
    readable = _readable(data, lines)
    good = (lines.fields == found.width) & ~lines.open_quote & ~lines.blank & readable
    cells = _cells(path, data, lines, good, found, layout)
    bad = np.flatnonzero(~good & ~lines.blank)
    notes = (
        []
        if not len(data) or data.endswith(b"\n")
        else ["the last line has no line end; if the file was cut there, its last cell is short"]
    )
    return Rows(cells, _torn(data, lines, bad, readable, found, layout), lambda numbers: _text(data, lines, numbers), notes)


def first_line(data: bytes) -> tuple[str, int]:
    """The first line of a text without its line end or byte order mark, and where the next line starts."""
    start = len(BOM) if data.startswith(BOM) else 0
    stop = data.find(b"\n", start)
    stop = len(data) if stop < 0 else stop
    return data[start:stop].decode("utf-8", errors="backslashreplace").rstrip("\r"), min(stop + 1, len(data))


def split_line(line: str, delimiter: str) -> list[str]:
    """The fields of one line, quotes taken off; a stray carriage return is a blank."""
    if '"' not in line:
        return line.split(delimiter) if line else []
    return next(csv.reader([line.replace("\r", " ").replace("\n", " ")], delimiter=delimiter), [])


def has_header(layout: LandingFormat, line: str) -> bool:
    """Whether a file's first line names its columns: said by the format, or told by whether the line begins with a digit."""
    return layout.header if layout.header is not None else not line.lstrip()[:1].isdigit()


def _layout(path: str, data: bytes, layout: LandingFormat, limits: Limits) -> _Layout:
    line, start = first_line(data)
    if len(line) > limits.max_line:
        raise over(path, f"a line of {len(line):,} characters")
    if has_header(layout, line):
        names = [name.strip() for name in split_line(line, layout.delimiter)]
    else:
        names, start = list(layout.names), len(BOM) if data.startswith(BOM) else 0
    return _Layout(positions(path, names, layout), len(names), start)


def positions(path: str, names: Sequence[str], layout: LandingFormat) -> dict[str, int]:
    """Where each of our mapped columns stands among a file's column names.

    A layout that the format lists in `headers` may lack a column, which is then null; any other header must have them all.
    """
    folded = [name.casefold() for name in names]
    found: dict[str, int] = {}
    for ours in layout.columns:
        spellings = [name.casefold() for name in layout.spellings(ours)]
        places = [place for place, name in enumerate(folded) if name in spellings]
        if len(places) == 1:
            found[ours] = places[0]
        elif places or layout.delimiter.join(folded) not in [header.casefold() for header in layout.headers]:
            has = "more than one column" if places else "no column"
            raise PayloadFault(
                f"reading {path} as {layout.name}",
                f"its header {evidence(layout.delimiter.join(names).encode())!r} has {has} {' or '.join(layout.spellings(ours))!r}",
                f"map `{ours}` to the right column in the source's `format:` in marketdata.yaml",
                path=path,
            )
    return found


def _cells(path: str, data: bytes, lines: Lines, good: NDArray[np.bool_], found: _Layout, layout: LandingFormat) -> pl.DataFrame:
    wanted = sorted(set(found.positions.values()))
    numbers = np.flatnonzero(good) + 1
    body = data[found.start :] if good.all() else b"".join(data[low:high] for low, high in _runs(data, lines, good))
    if not numbers.size:
        return pl.DataFrame(schema={"line": pl.Int64, **dict.fromkeys(found.positions, pl.String)})
    frame = _parse(path, body, layout.delimiter, wanted)
    if frame.height != numbers.size or frame.width != len(wanted):
        raise PayloadFault(f"reading {path}", f"its {numbers.size:,} lines parse to {frame.height:,} rows", "check its quotes", path=path)
    series = dict(zip(wanted, frame.get_columns(), strict=True))
    return pl.DataFrame([pl.Series("line", numbers, pl.Int64), *(series[place].alias(ours) for ours, place in found.positions.items())])


def _parse(path: str, body: bytes, delimiter: str, wanted: list[int]) -> pl.DataFrame:
    if b'"' not in body:
        return pl.read_csv(body, has_header=False, separator=delimiter, quote_char=None, infer_schema=False, columns=wanted)
    # A column selection would hide a line that the parser's quote rules split into more fields than ours.
    try:
        frame = pl.read_csv(body, has_header=False, separator=delimiter, quote_char='"', infer_schema=False)
    except pl.exceptions.ComputeError as error:
        found = f"its quotes cannot be followed ({str(error).splitlines()[0]})"
        raise PayloadFault(f"reading {path}", found, "quote whole fields, or none", path=path) from None
    return frame[:, wanted]


def _runs(data: bytes, lines: Lines, good: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Byte spans of consecutive good lines, line ends included."""
    edges = np.flatnonzero(np.diff(good.astype(np.int8), prepend=0, append=0)).reshape(-1, 2)
    following = np.append(lines.starts[1:], len(data))
    return [(int(lines.starts[first]), int(following[last - 1])) for first, last in edges]


def _readable(data: bytes, lines: Lines) -> NDArray[np.bool_]:
    """Which lines are UTF-8; only lines with a byte beyond ASCII are looked at one by one."""
    readable = np.ones(lines.starts.size, np.bool_)
    if data.isascii():
        return readable
    high = np.flatnonzero(np.frombuffer(data, np.uint8) >= 0x80)
    for index in np.unique(np.searchsorted(lines.starts, high, side="right") - 1):
        if index >= 0:
            try:
                data[lines.starts[index] : lines.ends[index]].decode("utf-8")
            except UnicodeDecodeError:
                readable[index] = False
    return readable


def _torn(
    data: bytes, lines: Lines, bad: NDArray[np.int64], readable: NDArray[np.bool_], found: _Layout, layout: LandingFormat
) -> pl.DataFrame:
    rows: list[tuple[int, str, str, str | None, str | None]] = []
    for index, text in zip(bad.tolist(), _text(data, lines, (bad + 1).tolist()), strict=True):
        if not readable[index]:
            rule, reason = "not_utf8", "holds bytes that are not UTF-8 text"
        elif lines.open_quote[index]:
            rule, reason = "open_quote", "a quote opens and does not close on its line"
        else:
            rule, reason = "wrong_width", f"{lines.fields[index]} fields where {found.width} are due"
        fields = split_line(text, layout.delimiter)
        stamp, symbol = (
            fields[p] if (p := found.positions.get(key)) is not None and p < len(fields) else None for key in ("timestamp", "symbol")
        )
        rows.append((index + 1, rule, reason, stamp, symbol))
    return pl.DataFrame(rows, schema=TORN.schema, orient="row") if rows else TORN


def _text(data: bytes, lines: Lines, numbers: Sequence[int]) -> list[str]:
    spans = ((int(lines.starts[n - 1]), int(lines.ends[n - 1])) for n in numbers)
    return [data[low:high].decode("utf-8", errors="backslashreplace") for low, high in spans]
