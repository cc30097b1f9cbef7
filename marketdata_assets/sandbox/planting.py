"""Planting a defect: changing a vendor's frame before it is written, and recording what was done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import NamedTuple, TypeAlias

import polars as pl

from marketdata_assets.sandbox.changes import Change
from marketdata_assets.sandbox.truth import Defect


class Series(NamedTuple):
    """Whose bars a frame holds: a source's, of one bar length, of one canonical symbol."""

    source: str
    timeframe: str
    symbol: str


Feeds: TypeAlias = dict[Series, pl.DataFrame]


@dataclass(frozen=True)
class Planting:
    """A change of a series at a place (0..1) of its span, `length` sessions or bars long; 0 for the whole file.

    `rule` names the rule that must find it.
    """

    kind: str
    rule: str
    series: Series
    place: float
    length: int
    change: Change
    detail: str


def plant(feeds: Feeds, one: Planting, at: Sequence[datetime], path: str) -> Defect:
    """Changes the series at the times `at` in place, and says what was done; `at` may name rows to come into being."""
    before = feeds[one.series]
    after = feeds[one.series] = one.change(before, at)
    touched = after if not one.length else next(rows for frame in (before, after) if (rows := _rows(frame, at)).height)
    return record(one, touched, path)


def record(one: Planting, touched: pl.DataFrame, path: str) -> Defect:
    """The defect that spans the rows `touched`."""
    first, last = touched["timestamp"].min(), touched["timestamp"].max()
    assert isinstance(first, datetime)  # noqa: S101 - a planting touches rows
    assert isinstance(last, datetime)  # noqa: S101
    return Defect(one.kind, one.rule, *one.series, path, first, last, touched.height, one.detail)


def midnight(day: date) -> datetime:
    """The stamp of a daily bar: midnight UTC of its date."""
    return datetime.combine(day, time(), tzinfo=UTC)


def _rows(frame: pl.DataFrame, at: Sequence[datetime]) -> pl.DataFrame:
    return frame.filter(pl.col("timestamp").is_in(list(at)))
