"""A landed membership file to its statements: the one door to the readers of this folder."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from marketdata_assets.sources.landing.bounded import members
from marketdata_assets.sources.landing.limits import LIMITS, Limits
from marketdata_assets.sources.membership.cells import header_of
from marketdata_assets.sources.membership.lists import CHANGE_COLUMNS, INTERVAL_COLUMNS, read_changes, read_intervals
from marketdata_assets.sources.membership.snapshots import RUN_COLUMNS, SYMBOL_NAMES, read_runs, read_snapshot
from marketdata_assets.sources.membership.statements import Statements, not_membership
from marketdata_assets.sources.membership.yearly import BASE, read_year

Reader = Callable[[str, str], Statements]
READERS: Mapping[str, Reader] = {
    "intervals": read_intervals,
    "changes": read_changes,
    "snapshots": read_snapshot,
    "snapshot_runs": read_runs,
    "yearly": read_year,
}


def read_membership(path: str, data: bytes, *, format: str | None = None, limits: Limits = LIMITS) -> Statements:  # noqa: A002
    """What a file states about an index's members, gzip or zip of one file unpacked; `format` None recognises it by its header.

    `PayloadFault` when the file as a whole cannot be trusted (torn rows, no date, several files in a zip, not UTF-8, no known header): one
    wrong row shifts everything behind it. Single rows that are no tickers are in `refused`.
    """
    unpacked = list(members(path, data, limits))
    if len(unpacked) != 1:
        raise not_membership(path, f"its zip holds {len(unpacked)} files", "land them one by one")
    try:
        text = unpacked[0].data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise not_membership(path, f"it is not UTF-8: {error.reason} at byte {error.start}") from None
    said = READERS[format or recognised(path, text)](path, text)
    if said.rows.is_empty():
        raise not_membership(path, "it names no member")
    return said


def recognised(path: str, text: str) -> str:
    """The format whose columns the text has; `PayloadFault` when none has."""
    header = set(header_of(text))
    for name, columns in (("intervals", INTERVAL_COLUMNS), ("changes", CHANGE_COLUMNS), ("snapshot_runs", RUN_COLUMNS)):
        if header.issuperset(columns):
            return name
    if header & set(SYMBOL_NAMES) and len(header) > 1:
        return "snapshots"
    if f"{BASE}:" in text:
        return "yearly"
    raise not_membership(path, f"its header {sorted(header)[:6]} is of no known format", f"formats are {', '.join(READERS)}")
