"""Whether a frame says what an answer told: the same rows, whatever their order, to the last digit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime

import polars as pl

from marketdata_tests.conformance.sources.case import Told

_RECEIPT = ("line", "known_at", "payload_sha256")


def differences(frame: pl.DataFrame, told: Sequence[Told]) -> list[str]:
    """Rows that stand in only one of the two, in the columns that are told; none when they agree."""
    if frame.height != len(told):
        return [f"{frame.height} rows were read, the answer holds {len(told)}"]
    names = sorted({name for row in told for name in row})
    read = Counter(tuple(_plain(row[name]) for name in names) for row in frame.select(names).to_dicts()) if names else Counter()
    dtypes = frame.schema
    written = Counter(tuple(_expected(row.get(name), dtypes[name]) for name in names) for row in told) if names else Counter()
    return [f"only read: {row}" for row in (read - written)][:3] + [f"only told: {row}" for row in (written - read)][:3]


def content(frame: pl.DataFrame) -> Counter[tuple[object, ...]]:
    """The rows without their place in the payload and its receipt, as a multiset."""
    return Counter(frame.drop(*_RECEIPT, strict=False).rows())


def _plain(value: object) -> object:
    return value.replace(tzinfo=None) if isinstance(value, datetime) else value


def _expected(value: object, dtype: pl.DataType) -> object:
    if value is None or isinstance(value, bool):
        return value
    if dtype == pl.Float64:
        return float(str(value))
    if dtype == pl.Int64:
        return int(float(str(value)))
    if isinstance(value, datetime):
        return value.replace(tzinfo=None)
    return value if isinstance(value, date) else str(value)
