"""The market as every protocol asks it: bars, trades, quotes, depth, events and listings as a vendor knows them at an instant."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from marketdata_assets.core.instruments import Instrument
from marketdata_assets.core.sessions import calendar
from marketdata_assets.sandbox.companies import COINS
from marketdata_assets.sandbox.draws import stream
from marketdata_assets.sandbox.intraday import aggregate
from marketdata_assets.sandbox.market import Market
from marketdata_assets.sandbox.planting import Series
from marketdata_assets.sandbox.standing import NEW_YORK
from marketdata_assets.sandbox.wire import happened, prints
from marketdata_assets.sandbox.wire.damage import damaged
from marketdata_assets.sandbox.wire.protocol import Tape

BARS = pl.Schema(
    {
        "timestamp": pl.Datetime("us", "UTC"),
        **{name: pl.Float64() for name in ("open", "high", "low", "close", "volume", "vwap")},
        "trade_count": pl.Int64(),
        "split_ratio": pl.Float64(),
        "dividend": pl.Float64(),
    }
)
SHORTEST = {"1m": 60, "1h": 3600, "1d": 86400}
_SERIES = 512
_CHUNK = 256


class Held(NamedTuple):
    """A series' bars (BARS) and their stamps in microseconds, for cutting."""

    bars: pl.DataFrame
    stamps: NDArray[np.int64]


class Book:
    """What the vendors know at `at` (UTC). Symbols are canonical; windows are half-open, None leaves a side open."""

    def __init__(self, market: Market, tapes: Mapping[str, Tape], at: datetime | None = None) -> None:
        self.market = market
        self._tapes = dict(tapes)
        self._coins = {coin.symbol: coin for coin in COINS}
        self.speed = 60.0  # simulated seconds that real-time feeds play in one of ours
        self.show(at or market.spec.update_received)

    def show(self, at: datetime) -> None:
        """Moves what the vendors know to the instant `at`."""
        self.at = at.astimezone(UTC)
        self._feeds = self.market.feeds(self.at)
        self._held = lru_cache(maxsize=_SERIES)(self._read)
        self._printed = lru_cache(maxsize=_SERIES)(self._printing)

    @property
    def today(self) -> date:
        """The date in New York."""
        return self.at.astimezone(NEW_YORK).date()

    def symbols(self, asset_class: str) -> list[str]:
        """The canonical symbols of an asset class that the market ever had, sorted."""
        return self.market.instruments.symbols(asset_class)

    def instrument(self, symbol: str) -> Instrument:
        """Who that is."""
        return self.market.instruments.get(symbol)

    def bars(self, vendor: str, symbol: str, timeframe: str, start: datetime | None = None, end: datetime | None = None) -> pl.DataFrame:
        """BARS of `[start, end)` as the vendor sends them, in time; none for a symbol or a length that it lacks.

        `timeframe` is a length such as 1m, 5m, 1h, 1d, 1w or 1mo. Days are stamped midnight UTC of their date; prices are raw. The bar
        under way is there, half made. The fault of the request at hand, if it is about bars, is in them.
        """
        held = self._held(vendor, symbol, timeframe)
        first = 0 if start is None else int(np.searchsorted(held.stamps, _micros(start)))
        last = len(held.stamps) if end is None else int(np.searchsorted(held.stamps, _micros(end)))
        return damaged(held.bars[first : max(first, last)], self.splits(symbol), start, end)

    def all_bars(self, vendor: str, symbol: str, timeframe: str) -> pl.DataFrame:
        """BARS of the whole series, without the fault of the request at hand."""
        return self._held(vendor, symbol, timeframe).bars

    def trades(
        self,
        vendor: str,
        symbol: str,
        start: datetime | None = None,
        end: datetime | None = None,
        *,
        limit: int = 50_000,
        newest_first: bool = False,
    ) -> pl.DataFrame:
        """`prints.SCHEMA`: the first `limit` trades of `[start, end)`, in time or from the newest; they add up to the shortest bars."""
        until = min(end, self.at) if end is not None else self.at
        parts, found = [prints.SCHEMA.to_frame()], 0
        inside = pl.col("timestamp") < until
        for bars in self._chunks(vendor, symbol, start, until, newest_first=newest_first):
            made = prints.trades(bars, bars["length"].to_numpy(), int(bars["prints"][0]), self.grid(symbol))
            made = made.filter(inside, pl.lit(value=True) if start is None else pl.col("timestamp") >= start)
            parts.append(made.reverse() if newest_first else made)
            found += made.height
            if found >= limit:
                break
        return pl.concat(parts).head(limit)

    def quotes(
        self,
        vendor: str,
        symbol: str,
        start: datetime | None = None,
        end: datetime | None = None,
        *,
        limit: int = 50_000,
        newest_first: bool = False,
    ) -> pl.DataFrame:
        """The first `limit` best bids and offers of `[start, end)`: one for each trade, a tick apart."""
        return prints.quotes(self.trades(vendor, symbol, start, end, limit=limit, newest_first=newest_first), self.grid(symbol))

    def depth(self, vendor: str, symbol: str, levels: int) -> pl.DataFrame:
        """Side (bid, ask), level (from 1), price, quantity: the book around the last trade, a tick a level; none without a trade."""
        last = self.quotes(vendor, symbol, limit=1, newest_first=True)
        if not last.height:
            return pl.DataFrame(schema={"side": pl.String, "level": pl.Int64, "price": pl.Float64, "quantity": pl.Float64})
        grid, level = self.grid(symbol), np.arange(levels)
        parts = []
        for side, way in (("bid", -1), ("ask", 1)):
            price = np.round(last[f"{side}_price"][0] + way * level * grid.tick, 8)
            size = np.round(last[f"{side}_size"][0] * (1 + level * 3 % 7), 8)
            parts.append(pl.DataFrame({"side": [side] * levels, "level": level + 1, "price": price, "quantity": size}))
        return pl.concat(parts).filter(pl.col("price") > 0)

    def actions(self) -> pl.DataFrame:
        """`happened.ACTIONS` up to the day."""
        return happened.actions(self.market, self.today)

    def splits(self, symbol: str) -> list[tuple[date, float]]:
        """Ex-dates and ratios (new per old) of a company's splits up to the day."""
        return happened.splits(self.market, symbol, self.today)

    def listings(self, on: date | None = None) -> list[Instrument]:
        """The companies that had been listed by a date (the day), delisted ones among them, by symbol."""
        day = on or self.today
        every = (self.instrument(symbol) for symbol in self.symbols("us_equities"))
        return [one for one in every if one.listed_on is None or one.listed_on <= day]

    def sessions(self, start: date, end: date) -> pl.DataFrame:
        """The exchange's sessions of the days `[start, end)`: session, open, close, minutes."""
        first, last = calendar("XNYS").clip(start, end)
        return calendar("XNYS").sessions(first, last)

    def grid(self, symbol: str) -> prints.Grid:
        """On which prices and amounts a symbol trades."""
        coin = self._coins.get(symbol)
        return prints.Grid(coin.tick, 1e-8) if coin else prints.Grid(0.01, 1.0)

    def _read(self, vendor: str, symbol: str, timeframe: str) -> Held:
        bars = self._own(vendor, symbol, timeframe)
        if bars is None:
            bars = self._longer(vendor, symbol, timeframe)
        fill = (pl.lit(1.0).alias("split_ratio"), pl.lit(0.0).alias("dividend"))
        bars = bars.with_columns(column for column in fill if column.meta.output_name() not in bars.columns)
        bars = bars.select(pl.col(name).cast(kind) for name, kind in BARS.items())
        return Held(bars, bars["timestamp"].to_physical().to_numpy())

    def _own(self, vendor: str, symbol: str, timeframe: str) -> pl.DataFrame | None:
        """The series as the simulated market has it, seen by the vendor; None where it has none of that length."""
        tape = self._tapes[vendor]
        source = (tape.coins if symbol in self._coins else tape.shares).get(timeframe)
        bars = self._feeds.get(Series(source, timeframe, symbol)) if source else None
        if bars is None or timeframe not in SHORTEST:
            return None
        if tape.noise or tape.share != 1.0:
            luck = stream(self.market.spec.seed, symbol, vendor, timeframe).standard_normal(bars.height)
            part = pl.Series(tape.share * np.clip(1 + tape.noise * luck, 0.5, 1.5))
            decimals = 8 if symbol in self._coins else 0
            bars = bars.with_columns((pl.col("volume") * part).round(decimals).alias("volume"))
        return prints.measured(bars, self._spans(bars, symbol, timeframe), prints.PRINTS[timeframe], self.grid(symbol))

    def _longer(self, vendor: str, symbol: str, timeframe: str) -> pl.DataFrame:
        """The length made of the longest that is shorter and at hand."""
        unit = timeframe.lstrip("0123456789")
        shorter = {"m": ("1m",), "h": ("1h", "1m")}.get(unit, ("1h", "1m") if timeframe == "1d" else ("1d",))
        for one in (length for length in shorter if length != timeframe):
            bars = self._held(vendor, symbol, one).bars
            if bars.height:
                worth = bars.with_columns(quote_volume=pl.col("vwap") * pl.col("volume"))
                whole = pl.col("volume") > 0
                vwap = pl.when(whole).then((pl.col("quote_volume") / pl.col("volume")).round(6)).otherwise("close")
                return aggregate(worth, timeframe).with_columns(vwap=vwap)
        return BARS.to_frame()

    def _spans(self, bars: pl.DataFrame, symbol: str, timeframe: str) -> NDArray[np.int64]:
        if timeframe != "1d" or symbol in self._coins:
            return np.full(bars.height, SHORTEST[timeframe] * 1_000_000, dtype=np.int64)
        return np.full(bars.height, 390 * 60_000_000, dtype=np.int64)

    def _printing(self, vendor: str, symbol: str) -> Held:
        """The shortest bars of every date, with `length` (microseconds) and `prints`; a share's days start at the open."""
        taken: set[date] = set()
        parts = []
        for timeframe, seconds in SHORTEST.items():
            bars = self._held(vendor, symbol, timeframe).bars if self._own(vendor, symbol, timeframe) is not None else BARS.to_frame()
            days = bars["timestamp"].dt.date()
            bars = bars.filter(~days.is_in(list(taken)))
            taken |= set(days.to_list())
            if timeframe == "1d" and symbol not in self._coins:
                parts.append(self._at_open(bars))
            else:
                span = seconds * 1_000_000
                parts.append(bars.with_columns(pl.lit(span, pl.Int64).alias("length"), pl.lit(prints.PRINTS[timeframe]).alias("prints")))
        whole = pl.concat([part.cast({"prints": pl.Int32}) for part in parts])
        whole = whole.filter(pl.col("volume") > 0).unique("timestamp", keep="first").sort("timestamp")
        return Held(whole, whole["timestamp"].to_physical().to_numpy())

    def _at_open(self, bars: pl.DataFrame) -> pl.DataFrame:
        days = bars["timestamp"].dt.date()
        hours = self.sessions(min(days), max(days) + timedelta(days=1)) if len(days) else self.sessions(self.today, self.today)
        named = bars.with_columns(session=days).join(hours, on="session", how="left", maintain_order="left")
        return named.select(
            pl.coalesce("open_right", "timestamp").alias("timestamp"),
            *(name for name in BARS.names() if name != "timestamp"),
            (pl.col("minutes").fill_null(390).cast(pl.Int64) * 60_000_000).alias("length"),
            pl.lit(prints.PRINTS["1d"]).alias("prints"),
        )

    def _chunks(self, vendor: str, symbol: str, start: datetime | None, until: datetime, *, newest_first: bool) -> Iterator[pl.DataFrame]:
        """Runs of bars that may hold trades of the window, all of a run with as many trades a bar."""
        held = self._printed(vendor, symbol)
        day = 86_400_000_000
        first = 0 if start is None else int(np.searchsorted(held.stamps, _micros(start) - day))
        last = int(np.searchsorted(held.stamps, _micros(until)))
        bars = held.bars[first : max(first, last)]
        if start is not None:
            bars = bars.filter(pl.col("timestamp").to_physical() + pl.col("length") > _micros(start))
        edges = np.flatnonzero(np.diff(bars["prints"].to_numpy())) + 1 if bars.height else np.array([], dtype=int)
        cuts = sorted({0, bars.height, *edges.tolist(), *range(0, bars.height, _CHUNK)})
        runs = list(pairwise(cuts))
        for low, high in reversed(runs) if newest_first else runs:
            yield bars[low:high]


def _micros(at: datetime) -> int:
    return round((at - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(microseconds=1))
