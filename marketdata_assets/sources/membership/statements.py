"""What a membership file states, in one shape whatever its format."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import NamedTuple

import polars as pl

from marketdata_assets.core.faults import PayloadFault


class Kind(StrEnum):
    """What one row of a membership file says about a spelling."""

    MEMBER = "member"
    ADDED = "added"
    REMOVED = "removed"
    BASE = "base"
    SEEN = "seen"


STATEMENTS = pl.Schema(
    [("kind", pl.String), ("spelling", pl.String), ("start", pl.Date), ("end", pl.Date), ("partial", pl.Boolean), ("line", pl.Int64)]
)
"""`member`: in on `[start, end)`, null while it is; `added`, `removed`: at the open of `start`; `base`: the whole membership at `start`;
`seen`: in a snapshot on every day of `[start, end)`. A `partial` snapshot has rows that could not be read: who is absent may be there."""
REFUSED = pl.Schema([("line", pl.Int64), ("row", pl.String), ("reason", pl.String)])
_TICKER = re.compile(r"[A-Za-z0-9]{1,6}(?:[./-][A-Za-z0-9]{1,3})?")


class Statements(NamedTuple):
    """Everything a file states, rows that could not be read, and the format it was read by."""

    format: str
    rows: pl.DataFrame
    refused: pl.DataFrame


def is_ticker(text: str) -> bool:
    """Whether a cell can be a ticker at all: a company's name in the symbol column is none."""
    return _TICKER.fullmatch(text) is not None


def statements(name: str, rows: list[tuple[object, ...]], refused: list[tuple[int, str, str]] | None = None) -> Statements:
    """The rows of a reader as frames, in the order of lines."""
    return Statements(
        name,
        pl.DataFrame(rows, schema=STATEMENTS, orient="row").sort("line", maintain_order=True),
        pl.DataFrame(refused or [], schema=REFUSED, orient="row"),
    )


def not_membership(path: str, found: str, remedy: str = "correct the file, or keep it out of the landing folder") -> PayloadFault:
    """The refusal of a whole file."""
    return PayloadFault(f"reading {path} as index membership", found, remedy, path=path)
