"""What really happened in the simulated market, and what was planted in the files: the answers to check a pipeline against."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import astuple, dataclass, fields
from datetime import date, datetime
from pathlib import Path
from typing import NamedTuple

import polars as pl

_INSTANT = pl.Datetime("us", "UTC")


@dataclass(frozen=True)
class Defect:
    """One thing wrong in one vendor's files, on purpose.

    `kind` says what was done, `rule` which rule must find it: a quality rule, or `refused_file`, `no_rows` and `unreadable_time` of
    reading, or `merged_duplicates` of normalizing; a late correction is found by none, `as_of` shows it. `first` and `last` are the
    UTC starts of the first and last bar it touches (both included, as the file shows them); a file defect has neither. `rows`
    counts the rows touched or left out.
    """

    kind: str
    rule: str
    source: str
    timeframe: str
    symbol: str
    path: str
    first: datetime | None
    last: datetime | None
    rows: int
    detail: str


@dataclass(frozen=True)
class Event:
    """Something that really happened: no defect, and no reason for an alarm once the event is known.

    `value` is the ratio new/old of a split, the cash of a dividend, the minutes of a half day or halt, the factor of a real move;
    `symbol` is empty for the whole market. It took effect on `session`, over `[first, last)` where it has hours.
    """

    kind: str
    symbol: str
    session: date
    first: datetime | None
    last: datetime | None
    value: float | None
    detail: str


class Truth(NamedTuple):
    """`defects` and `events` (one row each), and the undamaged `bars`: timeframe x symbol x timestamp, as traded."""

    defects: pl.DataFrame
    events: pl.DataFrame
    bars: pl.DataFrame


def defects_frame(defects: Iterable[Defect]) -> pl.DataFrame:
    """One row a defect, by source, symbol and time."""
    schema = _schema(Defect, first=_INSTANT, last=_INSTANT, rows=pl.Int64())
    frame = pl.DataFrame([astuple(defect) for defect in defects], schema=schema, orient="row")
    return frame.sort("source", "symbol", "timeframe", "first", "kind", maintain_order=True)


def events_frame(events: Iterable[Event]) -> pl.DataFrame:
    """One row an event, by day and symbol."""
    schema = _schema(Event, session=pl.Date(), first=_INSTANT, last=_INSTANT, value=pl.Float64())
    frame = pl.DataFrame([astuple(event) for event in events], schema=schema, orient="row")
    return frame.sort("session", "symbol", "kind", maintain_order=True)


def write_truth(folder: Path, truth: Truth) -> list[Path]:
    """defects.csv, events.csv and bars.csv in `folder`, which is made; their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{name}.csv" for name in truth._fields]
    for path, frame in zip(paths, truth, strict=True):
        frame.write_csv(path)
    return paths


def _schema(kind: type[Defect | Event], **others: pl.DataType) -> pl.Schema:
    return pl.Schema({field.name: others.get(field.name, pl.String()) for field in fields(kind)})
