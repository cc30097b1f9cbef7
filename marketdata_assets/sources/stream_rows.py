"""From received frames to rows of a table: many frames at a time, every row with its receipt, running bars held back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import polars as pl

from marketdata_assets.sources.errors import SchemaChanged, reading
from marketdata_assets.sources.question import Question
from marketdata_assets.sources.stream import Stream
from marketdata_assets.sources.stream_log import Entry, Frame, Gap, entries_of

_UTC = pl.Datetime("us", "UTC")


@dataclass(frozen=True)
class Told:
    """What a run of entries says: rows of the stream's table, how many rows were about symbols that nobody asked for, the frames
    that cannot be read (each with the complaint), how many could be, and the frames whose bars are still running.
    """

    rows: pl.DataFrame
    strangers: int
    unread: tuple[tuple[Frame, str], ...]
    readable: int
    running: tuple[Frame, ...]


def rows_told(stream: Stream, question: Question, entries: Sequence[Entry], payload_sha256: str) -> Told:
    """The rows of a run of frames, in the table's order; `known_at` is the receipt of what made the row final.

    A frame that does not fit the stream's row model is left out and told, whole. A running bar waits for a later bar of its symbol; a
    gap in between ends the wait without a row, because what the bar became is then unknown.
    """
    parsed, unread = _parsed(stream, entries)
    rows, failed = _readable(stream, question, parsed)
    unread += failed
    if rows.height and stream.finality == "succession":
        rows, running = _finished(rows, [p.frame for p in parsed], sum(isinstance(e, Gap) for e in entries))
    else:
        running = ()
    readable = sum(1 for p in parsed if p.records) - len(failed)
    asked = rows.filter(pl.col("vendor_symbol").is_in(question.symbols))
    shaped = _shaped(stream, question, asked, payload_sha256)
    return Told(shaped, rows.height - asked.height, tuple(unread), readable, running)


def read_again(stream: Stream, question: Question, payload: bytes, payload_sha256: str) -> pl.DataFrame:
    """The rows that an archived payload says: those that were told when it was received."""
    return rows_told(stream, question, entries_of(payload), payload_sha256).rows


@dataclass(frozen=True)
class _Parsed:
    """A data frame with its records and the number of gaps before it."""

    frame: Frame
    records: tuple[object, ...]
    era: int


def _parsed(stream: Stream, entries: Sequence[Entry]) -> tuple[list[_Parsed], list[tuple[Frame, str]]]:
    parsed: list[_Parsed] = []
    unread: list[tuple[Frame, str]] = []
    era = 0
    for entry in entries:
        if isinstance(entry, Gap):
            era += 1
        elif entry.complaint:
            unread.append((entry, entry.complaint))
        else:
            try:
                with reading(f"a frame of {stream.name}"):
                    records = tuple(r for m in entry.messages if stream.control(m) is None for r in stream.pick(m))
            except SchemaChanged as fault:
                unread.append((entry, fault.found))
            else:
                parsed.append(_Parsed(entry, records, era))
    return parsed, unread


def _readable(stream: Stream, question: Question, parsed: list[_Parsed]) -> tuple[pl.DataFrame, list[tuple[Frame, str]]]:
    """Columns of all records with `_at`, `_era` and `_frame`; where they do not fit together, those of the frames that fit alone."""
    try:
        return _columns(stream, question, list(enumerate(parsed))), []
    except SchemaChanged:
        good, failed = [], []
        for place, each in enumerate(parsed):
            try:
                _columns(stream, question, [(place, each)])
            except SchemaChanged as fault:
                failed.append((each.frame, fault.found))
            else:
                good.append((place, each))
        return _columns(stream, question, good), failed


def _columns(stream: Stream, question: Question, parsed: list[tuple[int, _Parsed]]) -> pl.DataFrame:
    records = [record for _, each in parsed for record in each.records]
    with reading(f"frames of {stream.name}"):
        rows = stream.rows(records, question)
        if rows.height != len(records):
            raise ValueError(f"{len(records)} records became {rows.height} rows")
        if rows["vendor_symbol"].null_count():
            raise ValueError("a row names no symbol")
    owners = [(place, each) for place, each in parsed for _ in each.records]
    frame = rows.with_columns(
        pl.Series("_frame", [place for place, _ in owners], pl.Int64),
        pl.Series("_at", [each.frame.at for _, each in owners], _UTC),
        pl.Series("_era", [each.era for _, each in owners], pl.Int64),
    )
    if "timestamp" not in frame.columns:
        frame = frame.with_columns(pl.col("_at").alias("timestamp"))
    return _held_only(frame.with_columns(pl.coalesce("timestamp", "_at").cast(_UTC).alias("timestamp")), parsed)


def _held_only(rows: pl.DataFrame, parsed: list[tuple[int, _Parsed]]) -> pl.DataFrame:
    """Of frames that stand here again, only the newest row of each symbol they are held for."""
    held = [(place, symbol) for place, each in parsed if each.frame.held is not None for symbol in each.frame.held]
    again = [place for place, each in parsed if each.frame.held is not None]
    if not again:
        return rows
    wanted = pl.DataFrame(held, schema={"_frame": pl.Int64, "vendor_symbol": pl.String}, orient="row").with_columns(
        _wanted=pl.lit(value=True)
    )
    newest = pl.col("timestamp") == pl.col("timestamp").max().over("_frame", "vendor_symbol")
    return (
        rows.join(wanted, on=["_frame", "vendor_symbol"], how="left", maintain_order="left")
        .filter(~pl.col("_frame").is_in(again) | (pl.col("_wanted").is_not_null() & newest))
        .drop("_wanted")
    )


def _finished(rows: pl.DataFrame, frames: list[Frame], last_era: int) -> tuple[pl.DataFrame, tuple[Frame, ...]]:
    """The last version of every bar that a later one follows, and the frames with the versions that nothing follows yet."""
    series = ["_era", "vendor_symbol"]
    follower = (
        rows.group_by([*series, "timestamp"])
        .agg(pl.col("_at").min().alias("_first"))
        .sort("timestamp", descending=True)
        .with_columns(pl.col("_first").cum_min().shift(1).over(series).alias("_followed"))
        .drop("_first")
    )
    last = rows.filter(pl.col("line") == pl.col("line").max().over([*series, "timestamp"]))
    judged = last.join(follower, on=[*series, "timestamp"], how="left", maintain_order="left")
    finished = judged.filter(pl.col("_followed").is_not_null()).with_columns(pl.max_horizontal("_at", "_followed").alias("_at"))
    waiting = judged.filter(pl.col("_followed").is_null() & (pl.col("_era") == last_era))
    held = waiting.group_by("_frame", maintain_order=True).agg("vendor_symbol").sort("_frame")
    again = tuple(replace(frames[place], held=frozenset(symbols)) for place, symbols in held.iter_rows())
    return finished.drop("_followed"), again


def _shaped(stream: Stream, question: Question, rows: pl.DataFrame, payload_sha256: str) -> pl.DataFrame:
    """The rows in the table's own columns and order."""
    promised = {"tape": stream.tape_of(question.options), "price_basis": "raw", "volume_basis": "raw", "payload_sha256": payload_sha256}
    given = [
        pl.lit(value).alias(name) for name, value in promised.items() if name in stream.table.polars_schema and name not in rows.columns
    ]
    names = pl.col("vendor_symbol").replace_strict(question.names, default=None, return_dtype=pl.String)
    return stream.table.conform(rows.with_columns(*given, names.alias("symbol"), pl.col("_at").alias("known_at")))


def receipts(frames: Sequence[Entry]) -> datetime:
    """When the last of these was here."""
    return max(entry.at if isinstance(entry, Frame) else entry.end for entry in frames)
