"""Delimited text as rows of named cells, refused as a whole when a row has another width than its header."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import date

from marketdata_assets.sources.membership.statements import not_membership


def header_of(text: str) -> list[str]:
    """The names in the first line, in small letters, without blanks around them."""
    first = next(csv.reader(io.StringIO(text.split("\n", 1)[0])), [])
    return [name.strip().lower() for name in first]


def rows_of(path: str, text: str) -> Iterator[tuple[int, dict[str, str]]]:
    """(data row from 1, cells by header name) of every row; blank lines are passed over.

    `PayloadFault` for a row of another width: an unquoted comma shifts its cells, and nobody knows from where on.
    """
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    names: list[str] = []
    try:
        for number, cells in enumerate(row for row in reader if row):
            if number == 0:
                names = [name.strip().lower() for name in cells]
            elif len(cells) != len(names):
                raise not_membership(path, f"line {reader.line_num} has {len(cells)} cells, the header has {len(names)}: {cells[:4]}")
            else:
                yield number, dict(zip(names, (cell.strip() for cell in cells), strict=True))
    except csv.Error as error:
        raise not_membership(path, f"line {reader.line_num} is no CSV: {error}") from None


def day_of(path: str, line: int, text: str) -> date:
    """The date in an ISO cell; `PayloadFault` with its line for anything else."""
    try:
        if len(text) == 10:
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise not_membership(path, f"row {line} has the date {text[:20]!r}", "write dates as 2022-06-09")
