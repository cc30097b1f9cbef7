"""Single trades and quotes that add up to a bar: made of nothing but the bar itself, so that asking twice gives the same."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

PRINTS = {"1m": 8, "1h": 32, "1d": 32}
SCHEMA = pl.Schema(
    {
        "timestamp": pl.Datetime("us", "UTC"),
        "price": pl.Float64(),
        "quantity": pl.Float64(),
        "side": pl.String(),
        "number": pl.Int64(),
    }
)


class Grid(NamedTuple):
    """On which prices and amounts a symbol trades: the tick is a power of ten, the lot the smallest amount."""

    tick: float
    lot: float


class Drawn(NamedTuple):
    """For each of n bars its m trades in time: microseconds since the epoch, prices, whole lots (0: no trade)."""

    at: NDArray[np.int64]
    price: NDArray[np.float64]
    lots: NDArray[np.int64]


def draw(bars: pl.DataFrame, length: NDArray[np.int64], m: int, grid: Grid) -> Drawn:
    """At most `m` trades a bar: the first at its open, the last at its close, its high and low between them, volumes adding up.

    `length` is each bar's span in microseconds. A bar of fewer lots than m has a trade a lot, open and close first.
    """
    start = bars["timestamp"].to_physical().to_numpy().astype(np.int64)
    steps = np.arange(m)
    luck = _luck(start[:, None] * 64 + steps)
    opens, highs, lows, closes = (bars[name].to_numpy().astype(float)[:, None] for name in ("open", "high", "low", "close"))
    falls_first = luck[:, :1] < 0.5
    early, late = np.where(falls_first, lows, highs), np.where(falls_first, highs, lows)
    a = 1 + (luck[:, 1:2] * (m // 2 - 1)).astype(int)
    b = m // 2 + (luck[:, 2:3] * (m // 2 - 1)).astype(int)
    price = np.where(
        steps <= a,
        opens + (early - opens) * steps / a,
        np.where(steps <= b, early + (late - early) * (steps - a) / (b - a), late + (closes - late) * (steps - b) / (m - 1 - b)),
    )
    scale = round(1 / grid.tick)
    price = np.clip(np.round(price * scale) / scale, np.minimum(lows, highs), np.maximum(lows, highs))
    for place, value in ((0, opens), (a, early), (b, late), (m - 1, closes)):
        np.put_along_axis(price, np.broadcast_to(place, (len(start), 1)), value, axis=1)
    at = start[:, None] + ((steps + 0.05 + 0.9 * luck) / m * length[:, None]).astype(np.int64)
    return Drawn(at, price, _lots(bars, luck, a, b, grid.lot))


def _lots(bars: pl.DataFrame, luck: NDArray[np.float64], a: NDArray[Any], b: NDArray[Any], lot: float) -> NDArray[np.int64]:
    n, m = luck.shape
    whole = np.round(bars["volume"].to_numpy().astype(float) / lot).astype(np.int64)[:, None]
    weight = 0.5 + luck
    spread = 1 + np.floor(np.maximum(whole - m, 0) * (weight / weight.sum(axis=1, keepdims=True))).astype(np.int64)
    spread[:, -1:] += whole - spread.sum(axis=1, keepdims=True)
    few = np.zeros((n, m), dtype=np.int64)
    for taken, place in enumerate((0, m - 1, a, b)):
        np.put_along_axis(few, np.broadcast_to(place, (n, 1)), (whole > taken).astype(np.int64), axis=1)
    few[:, :1] += np.maximum(whole - few.sum(axis=1, keepdims=True), 0)
    return np.where(whole >= m, spread, few)


def measured(bars: pl.DataFrame, length: NDArray[np.int64], m: int, grid: Grid) -> pl.DataFrame:
    """`bars` with `vwap`, and with `trade_count` where they have none, of their own trades."""
    drawn = draw(bars, length, m, grid)
    lots = drawn.lots.sum(axis=1)
    worth = (drawn.price * drawn.lots).sum(axis=1)
    vwap = np.divide(worth, lots, out=bars["close"].to_numpy().astype(float).copy(), where=lots > 0)
    named = [pl.Series("vwap", np.round(vwap, 6))]
    if "trade_count" not in bars.columns:
        named.append(pl.Series("trade_count", (drawn.lots > 0).sum(axis=1).astype(np.int64)))
    return bars.with_columns(named)


def trades(bars: pl.DataFrame, length: NDArray[np.int64], m: int, grid: Grid) -> pl.DataFrame:
    """SCHEMA: the trades of the bars in time; `number` grows with time and is the same however much is asked for."""
    drawn = draw(bars, length, m, grid)
    start = bars["timestamp"].to_physical().to_numpy().astype(np.int64)
    number = (start // 60_000_000)[:, None] * 64 + np.arange(m)
    rises = np.diff(drawn.price, axis=1, prepend=drawn.price[:, :1]) >= 0
    some = drawn.lots > 0
    return pl.DataFrame(
        {
            "timestamp": pl.Series(drawn.at[some]).cast(pl.Datetime("us")).dt.replace_time_zone("UTC"),
            "price": drawn.price[some],
            "quantity": np.round(drawn.lots[some] * grid.lot, 8),
            "side": np.where(rises[some], "buy", "sell"),
            "number": number[some],
        },
        schema_overrides=SCHEMA,
    )


def quotes(made: pl.DataFrame, grid: Grid) -> pl.DataFrame:
    """The best bid and offer under which each of the trades `made` happened, a tick apart: bid_price, bid_size, ask_price, ask_size."""
    buys = pl.col("side") == "buy"
    decimals = 8
    size = 100 * grid.lot if grid.lot == 1 else 0.01
    return made.select(
        "timestamp",
        pl.when(buys).then(pl.col("price") - grid.tick).otherwise("price").round(decimals).alias("bid_price"),
        ((pl.col("number") * 7 % 9 + 1) * size).alias("bid_size"),
        pl.when(buys).then("price").otherwise(pl.col("price") + grid.tick).round(decimals).alias("ask_price"),
        ((pl.col("number") * 5 % 9 + 1) * size).alias("ask_size"),
        "number",
    )


def _luck(key: NDArray[np.int64]) -> NDArray[np.float64]:
    """Numbers of [0, 1) that follow from the keys alone (the finalizer of SplitMix64)."""
    with np.errstate(over="ignore"):
        mixed = key.astype(np.uint64) + np.uint64(0x9E3779B97F4A7C15)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        mixed ^= mixed >> np.uint64(31)
    return (mixed >> np.uint64(11)).astype(np.float64) / 2.0**53
