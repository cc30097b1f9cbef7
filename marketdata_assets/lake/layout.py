"""Where a partition lies: table path and key to file path and back, without a second spelling."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from marketdata_assets.core.faults import PartitionFault
from marketdata_assets.core.periods import period_window
from marketdata_assets.core.symbols import is_canonical, require_canonical

SUFFIX = ".parquet"
PAYLOADS = "payloads"
_TABLE_SEGMENT = re.compile(r"[a-z][a-z0-9_]{0,63}")


class PartitionKey(NamedTuple):
    """One partition: a date key (`2024`, `2024-01`, `2024-01-31`) and, where the table is cut by symbol, a canonical symbol.

    Both are None for the only file of an unpartitioned table.
    """

    period: str | None
    symbol: str | None = None

    def __str__(self) -> str:
        return "|".join(part for part in self if part is not None) or "all"


@lru_cache(maxsize=4096)
def require_table_path(table_path: str) -> str:
    """`table_path` itself when it is lower-case words joined by `/`; otherwise `PartitionFault`."""
    segments = table_path.split("/")
    if segments[0] == PAYLOADS or len(segments) > 8 or not all(_TABLE_SEGMENT.fullmatch(s) for s in segments):
        raise PartitionFault(
            "naming a table", f"{table_path[:80]!r} is not a table path", "use lower-case words, e.g. us_equities/raw_bars_1d/tiingo"
        )
    return table_path


def path_of(table_path: str, key: PartitionKey) -> str:
    """The file of one partition, relative to the root. `PartitionFault` or `SymbolFault` for a key that is not canonical."""
    require_table_path(table_path)
    if key.period is None:
        if key.symbol is not None:
            raise PartitionFault("naming a partition", f"symbol {key.symbol[:40]!r} without a period", "give the period too")
        return table_path + SUFFIX
    if not is_period(key.period):
        raise PartitionFault("naming a partition", f"{key.period[:40]!r} is not a date key", "write 2024, 2024-01 or 2024-01-31")
    if key.symbol is None:
        return f"{table_path}/{key.period}{SUFFIX}"
    return f"{table_path}/{key.period}/{require_canonical(key.symbol)}{SUFFIX}"


def key_of(path: str) -> tuple[str, PartitionKey] | None:
    """The table path and key that `path` is the file of; None when it is the file of no partition."""
    if not path.endswith(SUFFIX):
        return None
    *folders, stem = path.removesuffix(SUFFIX).split("/")
    if len(folders) > 1 and is_period(folders[-1]):
        found = "/".join(folders[:-1]), PartitionKey(folders[-1], stem)
    elif folders and is_period(stem):
        found = "/".join(folders), PartitionKey(stem)
    else:
        found = "/".join([*folders, stem]), PartitionKey(None)
    named = found[1].symbol is None or is_canonical(found[1].symbol)
    return found if named and _is_table_path(found[0]) else None


@lru_cache(maxsize=4096)
def is_period(text: str) -> bool:
    """Whether `text` is a date key."""
    try:
        period_window(text)
    except PartitionFault:
        return False
    return True


@lru_cache(maxsize=4096)
def _is_table_path(text: str) -> bool:
    try:
        require_table_path(text)
    except PartitionFault:
        return False
    return True
