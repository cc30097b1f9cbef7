"""Binance's candles of every interval, chosen as its two times and its limit say."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, NamedTuple

import polars as pl

from marketdata_assets.sandbox.vendors import binance_vision
from marketdata_assets.sandbox.wire.book import BARS, Book
from marketdata_assets.sandbox.wire.damage import damaged
from marketdata_assets.sandbox.wire.pairs import MICROSECOND, Tapes, candles, filled, floored, floored_up, newest, regrouped

UTC_CLOCK = timedelta(0)


class Interval(NamedTuple):
    """A length as Polars writes it; the book's bars that it is made of, None for its own; and its span, None for a calendar month."""

    every: str
    of: str | None
    span: timedelta | None


INTERVALS = {
    "1s": Interval("1s", None, timedelta(seconds=1)),
    **{f"{n}m": Interval(f"{n}m", None, timedelta(minutes=n)) for n in (1, 3, 5, 15, 30)},
    **{f"{n}h": Interval(f"{n}h", "1h", timedelta(hours=n)) for n in (1, 2, 4, 6, 8, 12)},
    **{f"{n}d": Interval(f"{n}d", "1d", timedelta(days=n)) for n in (1, 3)},
    "1w": Interval("1w", "1d", timedelta(days=7)),
    "1M": Interval("1mo", "1d", None),
}


def klines(
    book: Book,
    tapes: Tapes,
    symbol: str,
    interval: str,
    window: tuple[datetime | None, datetime | None],
    limit: int,
    ahead: timedelta = UTC_CLOCK,
) -> pl.DataFrame:
    """BARS, at most `limit`, the running one among them: the oldest that open at `window`'s start or later, or else the newest.

    Both ends of the window are inclusive. `ahead` is how far the clock that days begin on is ahead of UTC.
    """
    start, end = window
    kind = INTERVALS[interval]
    if interval == "1s" or (kind.of is None and not book.all_bars(tapes.vendor, symbol, kind.every).height):
        return _of_trades(book, tapes, symbol, kind, window, limit)
    whole = _whole(book, tapes.vendor, symbol, kind, ahead)
    inside = whole.filter(
        pl.lit(value=True) if start is None else pl.col("timestamp") >= start,
        pl.lit(value=True) if end is None else pl.col("timestamp") <= end,
    )
    page = inside.tail(limit) if start is None else inside.head(limit)
    if not page.height:
        return page
    return damaged(page, (), page["timestamp"][0], page["timestamp"][-1] + MICROSECOND)


def _whole(book: Book, vendor: str, symbol: str, kind: Interval, ahead: timedelta) -> pl.DataFrame:
    """The whole series, without the fault of the request at hand."""
    own = kind.of is None or kind.every == kind.of
    if own and not (ahead and kind.of == "1d"):
        return book.all_bars(vendor, symbol, kind.every)
    shorter = "1h" if ahead and kind.of == "1d" else kind.of or kind.every
    return regrouped(book.all_bars(vendor, symbol, shorter), kind.every, ahead)


def _of_trades(
    book: Book, tapes: Tapes, symbol: str, kind: Interval, window: tuple[datetime | None, datetime | None], limit: int
) -> pl.DataFrame:
    """Candles that the market has none of, made of trades; flat ones where nothing traded."""
    tape = tapes.of(symbol)
    if not tape.height or kind.span is None:
        return BARS.to_frame()
    start, end = window
    running = floored(newest(book), kind.span)
    last = min(floored(end, kind.span), running) if end else running
    oldest = floored(tape["timestamp"][0], kind.span)
    first = max(last - (limit - 1) * kind.span, oldest) if start is None else max(floored_up(start, kind.span), oldest)
    last = min(last, first + (limit - 1) * kind.span)
    if last < first:
        return BARS.to_frame()
    bars = candles(book, tapes, symbol, kind.every, first, last + kind.span)
    stamps = pl.datetime_range(first, last, kind.every, time_unit="us", eager=True)
    return filled(bars, stamps, tapes.last_price(symbol, first))


def written(bars: pl.DataFrame, interval: str, unit: int) -> list[list[Any]]:
    """The rows as Binance sends them; `unit` is the microseconds that its numbers count."""
    ends = bars["timestamp"].dt.offset_by(INTERVALS[interval].every)
    quote, half = binance_vision.quote_volume(), pl.col("volume") / 2
    extra = bars.select(quote.alias("quote"), half.alias("taker"), (quote / 2).alias("taker_quote"))
    texts = [_texts(frame, name) for frame, names in ((bars, _FIRST), (extra, extra.columns)) for name in names]
    opens = (bars["timestamp"].to_physical() // unit).to_list()
    closes = (ends.to_physical() // unit - 1).to_list()
    rows = zip(opens, *texts[:5], closes, texts[5], bars["trade_count"].to_list(), *texts[6:], strict=True)
    return [[*row, "0"] for row in rows]


_FIRST = ("open", "high", "low", "close", "volume")


def _texts(frame: pl.DataFrame, name: str) -> list[str]:
    return [f"{value:.8f}" for value in frame[name].to_list()]
