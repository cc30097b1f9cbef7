"""What the crypto venues' protocols share: the trades of a pair with the venue's own numbers, bars of any length, and numbers as text."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import polars as pl

from marketdata_assets.sandbox.intraday import aggregate
from marketdata_assets.sandbox.planting import midnight
from marketdata_assets.sandbox.wire import prints
from marketdata_assets.sandbox.wire.book import BARS, Book
from marketdata_assets.sandbox.wire.damage import damaged

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
NUMBERED = pl.Schema({"id": pl.Int64(), **{name: kind for name, kind in prints.SCHEMA.items() if name != "number"}})
_ALL = 1 << 40


class Tapes:
    """Every trade that a venue knows of its pairs, numbered from 1 without a gap, as venues number them."""

    def __init__(self, book: Book, vendor: str) -> None:
        self._book = book
        self.vendor = vendor
        self._at = book.at
        self._known: dict[str, pl.DataFrame] = {}

    def of(self, symbol: str) -> pl.DataFrame:
        """NUMBERED, in time; what was traded keeps its number when the book moves on."""
        if self._at != self._book.at:
            self._known, self._at = {}, self._book.at
        if symbol not in self._known:
            made = self._book.trades(self.vendor, symbol, limit=_ALL).drop("number")
            numbered = made.sort("timestamp", maintain_order=True).with_row_index("id", offset=1)
            self._known[symbol] = numbered.cast(NUMBERED)
        return self._known[symbol]

    def between(self, symbol: str, start: datetime | None, end: datetime | None) -> pl.DataFrame:
        """NUMBERED of `[start, end)`; None leaves a side open."""
        tape = self.of(symbol)
        first = 0 if start is None else tape["timestamp"].search_sorted(start)
        last = tape.height if end is None else tape["timestamp"].search_sorted(end)
        return tape[first : max(first, last)]

    def last_price(self, symbol: str, before: datetime | None = None) -> float | None:
        """The price of the newest trade (before an instant); None where there is none."""
        tape = self.between(symbol, None, before)
        return float(tape["price"][-1]) if tape.height else None


def newest(book: Book) -> datetime:
    """The last instant that the venues know: now, or the end of the simulated span, after which nothing trades."""
    return min(book.at, midnight(book.market.spec.end)) - MICROSECOND


def candles(book: Book, tapes: Tapes, symbol: str, every: str, start: datetime, end: datetime) -> pl.DataFrame:
    """The venue's bars of `[start, end)` as BARS, none where nothing traded when they are made of trades.

    A length that neither the market nor the book has is made of the venue's trades, and counts those. The fault of the request at hand,
    if it is about bars, is in them.
    """
    return damaged(whole_candles(book, tapes, symbol, every, start, end), (), start, end)


def whole_candles(book: Book, tapes: Tapes, symbol: str, every: str, start: datetime, end: datetime) -> pl.DataFrame:
    """The same bars without the fault of the request at hand."""
    known = book.all_bars(tapes.vendor, symbol, every) if not every.endswith("s") else BARS.to_frame()
    if known.height:
        return known.filter(pl.col("timestamp").is_between(start, end, closed="left"))
    return made_of(tapes.between(symbol, start, end), every)


def made_of(trades: pl.DataFrame, every: str) -> pl.DataFrame:
    """BARS of length `every`, on the UTC clock, of NUMBERED trades: none where nothing traded."""
    worth = pl.col("price") * pl.col("quantity")
    bars = trades.group_by(pl.col("timestamp").dt.truncate(every), maintain_order=True).agg(
        pl.first("price").alias("open"),
        pl.max("price").alias("high"),
        pl.min("price").alias("low"),
        pl.last("price").alias("close"),
        pl.sum("quantity").round(8).alias("volume"),
        (worth.sum() / pl.sum("quantity")).round(6).alias("vwap"),
        pl.len().alias("trade_count"),
        split_ratio=pl.lit(1.0),
        dividend=pl.lit(0.0),
    )
    return bars.select(pl.col(name).cast(kind) for name, kind in BARS.items())


def regrouped(bars: pl.DataFrame, every: str, ahead: timedelta = timedelta(0)) -> pl.DataFrame:
    """BARS of length `every` made of shorter ones, on a clock that is `ahead` of UTC."""
    worth = bars.with_columns(quote_volume=pl.col("vwap") * pl.col("volume"), timestamp=pl.col("timestamp") + ahead)
    long = aggregate(worth, every)
    vwap = pl.when(pl.col("volume") > 0).then((pl.col("quote_volume") / pl.col("volume")).round(6)).otherwise("close")
    named = long.with_columns(vwap.alias("vwap"), pl.col("timestamp") - ahead, split_ratio=pl.lit(1.0), dividend=pl.lit(0.0))
    return named.select(pl.col(name).cast(kind) for name, kind in BARS.items())


def filled(bars: pl.DataFrame, stamps: pl.Series, before: float | None) -> pl.DataFrame:
    """BARS at each of `stamps`: where there is none, a flat one at the last close, and none before there was a price.

    `before` is the price before the first stamp.
    """
    grid = stamps.alias("timestamp").to_frame().join(bars, on="timestamp", how="left", maintain_order="left")
    close = pl.col("close").forward_fill().fill_null(pl.lit(before, pl.Float64))
    flat = [pl.col(name).fill_null(close).alias(name) for name in ("open", "high", "low", "close")]
    none = [pl.col(name).fill_null(0) for name in ("volume", "vwap", "trade_count")]
    return grid.with_columns(*flat, *none).filter(pl.col("close").is_not_null())


def price_decimals(book: Book, symbol: str) -> int:
    """How many decimals a pair's prices have."""
    return round(-math.log10(book.grid(symbol).tick))


def fixed(value: float, decimals: int = 8) -> str:
    """A number as text with so many decimals."""
    return f"{value:.{decimals}f}"


def short(value: float, decimals: int = 8) -> str:
    """A number as text with at most so many decimals, and no zero at the end."""
    text = f"{value:.{decimals}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def micros(at: datetime) -> int:
    """Microseconds since the epoch."""
    return (at - EPOCH) // MICROSECOND


def floored(at: datetime, length: timedelta) -> datetime:
    """The start of the interval of the epoch's clock that an instant is in."""
    return EPOCH + (at - EPOCH) // length * length


def floored_up(at: datetime, length: timedelta) -> datetime:
    """The first start of an interval of the epoch's clock that is not before an instant."""
    return floored(at + length - MICROSECOND, length)


def seconds(at: datetime) -> int:
    """Whole seconds since the epoch."""
    return micros(at) // 1_000_000


def halves(pair: str) -> tuple[str, str]:
    """Base and quote of a canonical symbol."""
    base, _, quote = pair.partition("-")
    return base, quote
