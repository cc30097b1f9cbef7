"""One page of a vendor's answer to rows: the vendor's reader, then what every vendor's rows have to go through."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl

from marketdata_assets.core.periods import Window
from marketdata_assets.schemas.bars import RAW_BARS
from marketdata_assets.schemas.table import Table
from marketdata_assets.sources.dataset import Dataset
from marketdata_assets.sources.errors import SchemaChanged, reading
from marketdata_assets.sources.landing.shape import BARS, REFUSED, Series
from marketdata_assets.sources.question import Question

OTHER_SYMBOL, OUTSIDE_REQUEST = "other_symbol", "outside_request"
_ALWAYS_THERE = ("vendor_symbol", "timestamp", "open", "high", "low", "close", "line")
_ADDED = {"symbol", "tape", "price_basis", "volume_basis", "known_at", "payload_sha256"}
_COUNTED_IN_ANOTHER_UNIT, _FAR = datetime(1970, 3, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
_KEPT, _REASON = "_kept", "_reason"


def page_series(dataset: Dataset, question: Question, document: Any, forming_from: datetime) -> list[Series]:
    """The bars of one page and its refused rows, a series a symbol, in the order of appearance; none for a page without rows.

    Bars that start at or after `forming_from` had not ended when the page was received: they are left out, and come with a later
    answer. A row of a symbol that was not asked for, or of a time outside the window, is refused (`other_symbol`, `outside_request`);
    the former stands under the first symbol asked for. `SchemaChanged` when the page is not what the dataset's reader expects.
    """
    rows = _judged(dataset, question, _bars(dataset, question, document), forming_from)
    asked = question.symbols
    holder = pl.when(pl.col("vendor_symbol").is_in(asked)).then("vendor_symbol").otherwise(pl.lit(asked[0] if asked else ""))
    parts = rows.with_columns(holder.alias("_holder")).partition_by("_holder", as_dict=True, maintain_order=True, include_key=False)
    return [
        Series(str(symbol), question.length.name, _shaped(part.filter(_KEPT)), _refused(part.filter(~pl.col(_KEPT)), question.span))
        for (symbol,), part in parts.items()
    ]


def page_rows(dataset: Dataset, question: Question, document: Any, received_at: datetime, payload_sha256: str) -> pl.DataFrame:
    """The rows of one page as its table has them, in the page's order, `symbol` ours where the question named it.

    A state whose instant the vendor does not tell stood when it was received, where the table wants an instant. Rows of dated tables
    outside the window are left out. `SchemaChanged` when the page is not what the dataset's reader expects.
    """
    table = dataset.table
    with reading(f"a page of {dataset.name}", payload_sha256=payload_sha256):
        told = dataset.read(document, question)
        _require(told, [c.name for c in table.columns if not c.nullable and c.name not in _ADDED])
        frame = _table_shaped(table, told, dataset, question).with_columns(
            pl.lit(received_at).cast(pl.Datetime("us", "UTC")).alias("known_at"), pl.lit(payload_sha256).alias("payload_sha256")
        )
        if any(c.name == "timestamp" and not c.nullable for c in table.columns) and dataset.latest:
            frame = frame.with_columns(pl.col("timestamp").fill_null(pl.col("known_at")))
        if "symbol" in frame.columns:
            names = pl.col("vendor_symbol").replace_strict(_names(question), default=None, return_dtype=pl.String)
            frame = frame.with_columns(pl.coalesce(names, "symbol").alias("symbol"))
    if question.window is not None and table.dated_by == "timestamp":
        _require_documented_unit(frame["timestamp"], question.window, dataset)
        frame = frame.filter(pl.col("timestamp").is_between(question.window.start, question.window.end, closed="left"))
    return frame


def _names(question: Question) -> Mapping[str, str]:
    return question.names if question.canonical else {}


def _bars(dataset: Dataset, question: Question, document: Any) -> pl.DataFrame:
    with reading(f"a page of {dataset.name}"):
        told = dataset.read(document, question)
        _require(told, _ALWAYS_THERE)
        if told["timestamp"].null_count() or told["vendor_symbol"].null_count():
            raise SchemaChanged(f"reading a page of {dataset.name}", "a bar has no time or no symbol")
        _require_documented_unit(told["timestamp"], question.span, dataset)
        return _table_shaped(RAW_BARS, told, dataset, question)


def _table_shaped(table: Table, told: pl.DataFrame, dataset: Dataset, question: Question) -> pl.DataFrame:
    """The reader's columns in the table's order and types, those it lacks null or as the dataset promises them."""
    promised = {
        "tape": dataset.tape_of(question.options),
        "price_basis": dataset.price_basis.value,
        "volume_basis": dataset.volume_basis.value,
    }
    if strays := set(told.columns) - set(table.polars_schema):
        raise SchemaChanged(f"reading a page of {dataset.name}", f"its reader gives columns the table lacks: {sorted(strays)}")
    return told.select(
        (pl.col(name) if name in told.columns else pl.lit(promised.get(name))).cast(dtype).alias(name)
        for name, dtype in table.polars_schema.items()
    )


def _require(told: pl.DataFrame, names: list[str] | tuple[str, ...]) -> None:
    if lacking := [name for name in names if name not in told.columns]:
        raise KeyError(f"the reader gives no {', '.join(lacking)}")


def _require_documented_unit(stamps: pl.Series, window: Window, dataset: Dataset) -> None:
    """`SchemaChanged` for instants that only a count in another unit gives: seconds read as milliseconds are all of January 1970."""
    strange = stamps.filter(~stamps.is_between(_COUNTED_IN_ANOTHER_UNIT, _FAR, closed="left"))
    if strange.len() and window.start >= _COUNTED_IN_ANOTHER_UNIT:
        raise SchemaChanged(
            f"reading a page of {dataset.name}", f"a row is of {strange.dt.epoch('s')[0]} seconds since 1970: another unit than documented"
        )


def _judged(dataset: Dataset, question: Question, rows: pl.DataFrame, forming_from: datetime) -> pl.DataFrame:
    """The page's rows without those still forming, each with whether it is kept and why not."""
    window, at = question.span, pl.col("timestamp")
    inside = at.is_between(window.start, window.end, closed="left")
    known = pl.col("vendor_symbol").is_in(question.symbols) if question.symbols else pl.lit(value=True)
    rows = rows.filter(at < forming_from)
    if dataset.answers_more:
        rows = rows.filter(inside)
    reason = pl.when(~known).then(pl.lit(OTHER_SYMBOL)).when(~inside).then(pl.lit(OUTSIDE_REQUEST))
    return rows.with_columns(reason.alias(_REASON)).with_columns(pl.col(_REASON).is_null().alias(_KEPT))


def _shaped(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select(BARS.names())


def _refused(rows: pl.DataFrame, window: Window) -> pl.DataFrame:
    """Refused rows under their day, or the nearest one asked for: a partition that nobody asked for is not read."""
    if not rows.height:
        return pl.DataFrame(schema=REFUSED)
    told = pl.struct("vendor_symbol", "timestamp", "open", "high", "low", "close", "volume").struct.json_encode()
    said = pl.concat_str(
        pl.lit("the row is about "),
        "vendor_symbol",
        pl.lit(" at "),
        pl.col("timestamp").dt.strftime("%Y-%m-%dT%H:%M:%SZ"),
        pl.lit(", which was not asked for"),
    )
    day = pl.col("timestamp").dt.date().clip(window.start.date(), (window.end - timedelta(microseconds=1)).date())
    return rows.select(day.alias("filed_under"), pl.col(_REASON).alias("rule"), said.alias("reason"), told.alias("row"), "line").cast(
        REFUSED
    )
