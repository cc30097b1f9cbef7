"""What a fault does to bars before a vendor writes them: the frame puts the request's rule here, the book obeys it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime, timedelta

import polars as pl

from marketdata_assets.sandbox import changes
from marketdata_assets.sandbox.wire.adjusting import split_adjusted
from marketdata_assets.sandbox.wire.faults import IN_THE_BARS, FaultRule

_hurt: ContextVar[FaultRule | None] = ContextVar("damage", default=None)


@contextmanager
def hurting(rule: FaultRule | None) -> Iterator[None]:
    """Within the block, bars come out damaged as the rule says."""
    token = _hurt.set(rule)
    try:
        yield
    finally:
        _hurt.reset(token)


def now() -> str:
    """What is done to the answer at hand; empty for nothing."""
    rule = _hurt.get()
    return rule.what if rule else ""


def damaged(bars: pl.DataFrame, splits: Sequence[tuple[date, float]], start: datetime | None, end: datetime | None) -> pl.DataFrame:
    """The bars of `[start, end)` under the fault of the request at hand."""
    rule = _hurt.get()
    if rule is None or rule.what not in IN_THE_BARS or not bars.height:
        return bars
    if rule.what == "empty":
        return bars.clear()
    if rule.what == "cut_rows":
        return bars.head((bars.height + 1) // 2)
    if rule.what == "adjusted":
        return split_adjusted(bars, splits)
    if rule.what == "unordered":
        return bars.reverse()
    if rule.what == "out_of_window":
        by = (end - start) if start and end else timedelta(days=366)
        return pl.concat([bars, bars.tail(1).with_columns(pl.col("timestamp") + max(by, timedelta(days=1)))])
    at = [bars["timestamp"][bars.height // 2]]
    return _CHANGES[rule.what](bars, at)


def _stale(bars: pl.DataFrame, at: Sequence[datetime]) -> pl.DataFrame:
    return changes.stale(bars, bars.filter(pl.col("timestamp") >= at[0])["timestamp"].head(6).to_list()) if bars.height > 1 else bars


def _negative(bars: pl.DataFrame, at: Sequence[datetime]) -> pl.DataFrame:
    here = pl.col("timestamp").is_in(list(at))
    return bars.with_columns(pl.when(here).then(-pl.col("volume") - 1).otherwise("volume").alias("volume"))


_CHANGES: dict[str, changes.Change] = {
    "restate": changes.close_off(1.01),
    "x100": changes.row_x100,
    "high_below_low": changes.high_below_low,
    "negative_price": changes.negative_low,
    "zero_price": changes.zero_low,
    "negative_volume": _negative,
    "stale": _stale,
    "repeated_rows": changes.repeated,
    "conflicting_rows": changes.contradicted,
}
