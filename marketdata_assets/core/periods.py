"""The date dimension of partitions: years, months and days as keys, windows and column expressions."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum

import polars as pl

from marketdata_assets.core.faults import PartitionFault


class PeriodKind(StrEnum):
    """How long one partition of the date dimension is."""

    YEAR = "year"
    MONTH = "month"
    DAY = "day"


_FORMAT = {PeriodKind.YEAR: "%Y", PeriodKind.MONTH: "%Y-%m", PeriodKind.DAY: "%Y-%m-%d"}
_SHAPE = {
    PeriodKind.YEAR: re.compile(r"\d{4}", re.ASCII),
    PeriodKind.MONTH: re.compile(r"\d{4}-\d{2}", re.ASCII),
    PeriodKind.DAY: re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII),
}


@dataclass(frozen=True, order=True)
class Window:
    """A half-open span of time `[start, end)`, both aware and UTC."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.start.tzinfo is None or self.end.tzinfo is None or self.end < self.start:
            raise PartitionFault("forming a window", f"[{self.start}, {self.end})", "give two aware instants, the earlier one first")

    def holds(self, instant: datetime) -> bool:
        """Whether `instant` lies in the window; its end does not."""
        return self.start <= instant < self.end


def period_window(key: str) -> Window:
    """The UTC window of a date key: `2024`, `2024-01` or `2024-01-31`. `PartitionFault` for anything else."""
    kind = period_kind(key)
    try:
        start = datetime.strptime(key, _FORMAT[kind]).replace(tzinfo=UTC)
        return Window(start, _next(start, kind))
    except (ValueError, OverflowError):
        raise _malformed(key) from None


def period_kind(key: str) -> PeriodKind:
    """Whether a date key names a year, a month or a day."""
    for kind, shape in _SHAPE.items():
        if shape.fullmatch(key):
            return kind
    raise _malformed(key)


def period_key(instant: datetime | date, kind: PeriodKind) -> str:
    """The date key of the partition that holds `instant` (UTC, or a session date)."""
    return instant.strftime(_FORMAT[kind])


def period_keys(start: datetime | date, end: datetime | date, kind: PeriodKind) -> list[str]:
    """Every date key that the half-open span `[start, end)` touches, ascending."""
    at, stop = _instant(start), _instant(end)
    keys: list[str] = []
    while at < stop:
        keys.append(period_key(at, kind))
        at = period_window(keys[-1]).end
    return keys


def period_expr(column: str, kind: PeriodKind) -> pl.Expr:
    """The date key of each row, from a Date or UTC Datetime column."""
    return pl.col(column).dt.strftime(_FORMAT[kind])


def _instant(value: datetime | date) -> datetime:
    return value.astimezone(UTC) if isinstance(value, datetime) else datetime(value.year, value.month, value.day, tzinfo=UTC)


def _next(start: datetime, kind: PeriodKind) -> datetime:
    if kind is PeriodKind.YEAR:
        return start.replace(year=start.year + 1)
    if kind is PeriodKind.MONTH:
        return start.replace(year=start.year + start.month // 12, month=start.month % 12 + 1)
    return datetime.fromordinal(start.toordinal() + 1).replace(tzinfo=UTC)


def _malformed(key: str) -> PartitionFault:
    return PartitionFault("reading a date key", f"{key[:40]!r} is neither year, month nor day", "write 2024, 2024-01 or 2024-01-31")
