"""What is wrong in the daily share files, on purpose: which defect, of whom, in whose file, where in the span."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import polars as pl

from marketdata_assets.sandbox import changes
from marketdata_assets.sandbox.changes import Change
from marketdata_assets.sandbox.companies import session_at
from marketdata_assets.sandbox.planting import Feeds, Planting, Series, midnight, plant, record
from marketdata_assets.sandbox.truth import Defect
from marketdata_assets.sandbox.vendors import alphavantage, tiingo

_PATHS = {tiingo.SOURCE: tiingo.path, alphavantage.SOURCE: alphavantage.path}


def _first(symbol: str, place: float, length: int, kind: str, rule: str, change: Change, detail: str) -> Planting:
    return Planting(kind, rule, Series(tiingo.SOURCE, "1d", symbol), place, length, change, detail)


def _second(symbol: str, place: float, length: int, kind: str, rule: str, change: Change, detail: str) -> Planting:
    return Planting(kind, rule, Series(alphavantage.SOURCE, "1d", symbol), place, length, change, detail)


PLANTINGS = (
    _first("CORDEL.B", 0.75, 1, "high_below_low", "high_below_body", changes.high_below_low, "high and low exchanged"),
    _first("DELTOR", 0.25, 1, "negative_price", "price_not_positive", changes.negative_low, "the low with a minus sign"),
    _first("DELTOR", 0.45, 1, "zero_price", "price_not_positive", changes.zero_low, "the low is 0"),
    _first("HELIOX", 0.30, 1, "close_x100", "high_below_body", changes.close_x100, "the close in cents"),
    _first("ELMARK", 0.70, 1, "row_x100", "price_off_scale", changes.row_x100, "all four prices in cents"),
    _first("CORDEL.B", 0.35, 1, "conflicting_duplicate", "key_conflict", changes.contradicted, "two rows for a session, closes 1.5% apart"),
    _first("GALVEN", 0.35, 6, "stale_repeat", "frozen_feed", changes.stale, "prices and volume of the session before, six times over"),
    _first("KELVAN", 0.30, 1, "zero_volume", "zero_volume", changes.zero_volume, "volume 0 though the price moved"),
    _first("JUNARO", 0.42, 3, "gap", "missing_sessions", changes.missing, "three sessions that this source lacks"),
    _first("KELVAN", 0.60, 2, "gap_everywhere", "missing_sessions", changes.missing, "two sessions that every source lacks"),
    _second("KELVAN", 0.60, 2, "gap_everywhere", "missing_sessions", changes.missing, "two sessions that every source lacks"),
    _second("CORDEL.B", 0.55, 1, "exact_duplicate", "merged_duplicates", changes.repeated, "one row twice"),
    _second("JUNARO", 0.65, 1, "disagreement", "cross_source_deviation", changes.close_off(1.03), "close 3% above the other source"),
    _second("JUNARO", 0.72, 2, "disagreement", "cross_source_deviation", changes.close_off(0.97), "close 3% below the other source"),
    _second("JUNARO", 0.80, 1, "disagreement", "cross_source_deviation", changes.close_off(1.03), "close 3% above the other source"),
    _second("ALDERA", 0.0, 0, "already_adjusted", "price_basis_flip", changes.adjusted, "split-adjusted though raw was promised"),
    _second("INDRIS", 0.0, 0, "shifted_day", "shifted_series", changes.moved("-1d"), "every bar one day early"),
)
CLOSED = ("LUMARO", 0.40, 0.75)
IDENTICAL = ("BRAVEN", "MISTRAL")
CORRECTED = ("HELIOX", 5, 1.009)


def plant_daily(feeds: Feeds, days: Sequence[date]) -> Iterator[Defect]:
    """Damages the daily frames in place and tells each defect; `days` are the sessions of the span."""
    for one in PLANTINGS:
        start = days.index(session_at(days, one.place))
        at = [midnight(day) for day in days[start : start + one.length]]
        yield plant(feeds, one, at, _PATHS[one.series.source](one.series.symbol))
    yield from _closed_days(feeds, days)
    original, copy = IDENTICAL
    one = _second(copy, 0.0, 0, "identical_series", "identical_series", changes.missing, f"the bars of {original} under another symbol")
    feeds[one.series] = feeds[one.series._replace(symbol=original)]
    yield record(one, feeds[one.series], alphavantage.path(copy))


def as_first_sent(feeds: Feeds, received: datetime) -> tuple[Feeds, list[Defect]]:
    """The frames as they stood at the first delivery: of one late bar, every source sent a close that was restated afterwards."""
    symbol, _, factor = CORRECTED
    then = dict(feeds)
    found: list[Defect] = []
    for series, bars in feeds.items():
        if series.symbol == symbol and series.timeframe == "1d":
            row = _corrected(bars, received)
            wrong = round(row["close"] * factor, 2)
            detail = f"close first sent as {wrong:.2f}, restated to {row['close']:.2f} in the second delivery"
            one = Planting("late_correction", "", series, 1.0, 1, changes.close_off(factor), detail)
            found.append(plant(then, one, [row["timestamp"]], _PATHS[series.source](symbol)))
    return then, found


def before_correction(feeds: Feeds, received: datetime) -> Feeds:
    """The same frames as `as_first_sent` gives, of any source, without a record of it."""
    symbol, _, factor = CORRECTED
    late = {
        series: changes.close_off(factor)(bars, [_corrected(bars, received)["timestamp"]])
        for series, bars in feeds.items()
        if series.symbol == symbol and series.timeframe == "1d"
    }
    return feeds | late


def _corrected(bars: pl.DataFrame, received: datetime) -> dict[str, Any]:
    return bars.filter(pl.col("timestamp") < received.replace(hour=0, minute=0)).row(-CORRECTED[1], named=True)


def _closed_days(feeds: Feeds, days: Sequence[date]) -> Iterator[Defect]:
    symbol, *places = CLOSED
    open_days = set(days)
    for place, weekend, what in zip(places, (True, False), ("a Saturday", "a holiday"), strict=True):
        start = session_at(days, place)
        ahead = (start + timedelta(days=n) for n in range(366))
        day = next(day for day in ahead if day not in open_days and (day.weekday() == 5) == weekend and day.weekday() != 6)
        one = _first(symbol, place, 1, "closed_day", "outside_session", changes.invented, f"a bar on {what}")
        yield plant(feeds, one, [midnight(day)], tiingo.path(symbol))
