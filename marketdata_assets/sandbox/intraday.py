"""Minute and hour bars that add up to a daily bar: same open, high, low and close."""

from __future__ import annotations

import numpy as np
import polars as pl

from marketdata_assets.sandbox.draws import Floats

STEPS = 4
# Part of a day's volume that trades within the session; the rest are auctions and off-hours trades that minute files lack.
WITHIN = 0.95


def shorter_bars(
    rng: np.random.Generator,
    bar: dict[str, float],
    start: pl.Series,
    sigma: float,
    tick: float,
    *,
    lot: float = 1.0,
    within: float = WITHIN,
) -> pl.DataFrame:
    """The bars that start at the instants `start` and whose aggregate is `bar`'s open, high, low and close, to the tick.

    Their volumes, whole lots, sum to the part `within` of the bar's, more at both ends; a trade_count is shared out alike.
    A bar without volume has no row. `sigma` is the standard deviation of the log price over the whole of `bar`.
    """
    n = len(start)
    path = _path(rng, bar, n * STEPS, sigma)
    grid = round(1 / tick)
    points = np.round(path * grid) / grid
    blocks = np.lib.stride_tricks.sliding_window_view(points, STEPS + 1)[::STEPS]
    smile = 1 + 1.5 * np.abs(np.linspace(-1, 1, n)) ** 3
    weights = smile * rng.gamma(4.0, 0.25, n)
    weights /= weights.sum()
    lots = rng.multinomial(round(bar["volume"] * within / lot), weights)
    columns = {
        "timestamp": start,
        "open": blocks[:, 0],
        "high": blocks.max(axis=1),
        "low": blocks.min(axis=1),
        "close": blocks[:, -1],
        "volume": lots if lot == 1.0 else np.round(lots * lot, 8),
    }
    if "trade_count" in bar:
        columns["trade_count"] = rng.multinomial(int(bar["trade_count"]), weights)
    return pl.DataFrame(columns).filter(pl.col("volume") > 0)


def aggregate(bars: pl.DataFrame, every: str) -> pl.DataFrame:
    """Longer bars on the UTC clock from shorter ones: first open, highest high, lowest low, last close, sums of the rest."""
    sums = [name for name in ("volume", "trade_count", "quote_volume") if name in bars.columns]
    return (
        bars.sort("timestamp")
        .group_by(pl.col("timestamp").dt.truncate(every), maintain_order=True)
        .agg(pl.first("open"), pl.max("high"), pl.min("low"), pl.last("close"), *(pl.sum(name) for name in sums))
    )


def _path(rng: np.random.Generator, bar: dict[str, float], steps: int, sigma: float) -> Floats:
    """Prices at `steps + 1` instants from open to close, that touch high and low and never pass them."""
    free = np.concatenate([[0.0], np.cumsum(rng.standard_normal(steps))]) * sigma / np.sqrt(steps)
    bridge = free - np.linspace(0, 1, steps + 1) * free[-1]
    line = np.linspace(np.log(bar["open"]), np.log(bar["close"]), steps + 1)
    path = np.exp(line + bridge)
    top, bottom = max(bar["open"], bar["close"]), min(bar["open"], bar["close"])
    path = _stretch(path, top, bar["high"], above=True)
    path = _stretch(path, bottom, bar["low"], above=False)
    path[0], path[-1] = bar["open"], bar["close"]
    return path


def _stretch(path: Floats, edge: float, goal: float, *, above: bool) -> Floats:
    """The part of the path beyond `edge` scaled so that its farthest point is `goal`."""
    sign = 1.0 if above else -1.0
    beyond = np.maximum(sign * (path - edge), 0.0)
    inner = beyond[1:-1]
    if inner.max() <= 0:
        at = 1 + int(np.argmax(sign * path[1:-1]))
        path = path.copy()
        path[at] = goal
        return path
    scaled: Floats = np.where(beyond > 0, edge + sign * beyond * (sign * (goal - edge)) / inner.max(), path)
    return scaled
