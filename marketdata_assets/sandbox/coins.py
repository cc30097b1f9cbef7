"""Hourly bars of the simulated pairs, round the clock, as two venues saw them."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import polars as pl

from marketdata_assets.sandbox.companies import Coin
from marketdata_assets.sandbox.draws import extremes, innovations, stream, ticked, volatility


def hourly_bars(seed: int, coin: Coin, start: datetime, end: datetime) -> pl.DataFrame:
    """One row for each hour of `[start, end)` (UTC): timestamp, open, high, low, close, volume, trade_count.

    Each hour opens where the last one closed. An hour without a trade has trade_count and volume 0 and is flat.
    """
    hours = pl.datetime_range(start, end, "1h", closed="left", time_unit="us", time_zone="UTC", eager=True)
    n = len(hours)
    level = volatility(stream(seed, "coins", "volatility"), n, persistence=0.995, spread=0.4)
    count = stream(seed, coin.symbol, "trades").poisson(coin.rate * level)
    sigma = np.where(count > 0, coin.sigma * level, 1e-12)
    shared = innovations(stream(seed, "coins", "returns"), n)
    own = innovations(stream(seed, coin.symbol, "returns"), n)
    closes = np.log(coin.price) + np.cumsum(sigma * (0.75 * shared + 0.66 * own))
    opens = np.concatenate([[np.log(coin.price)], closes[:-1]])
    highs, lows = extremes(stream(seed, coin.symbol, "extremes"), opens, closes, sigma)
    mood = np.exp(0.4 * stream(seed, coin.symbol, "volume").standard_normal(n))
    frame = pl.DataFrame(
        {
            "timestamp": hours,
            "open": np.exp(opens),
            "high": np.exp(highs),
            "low": np.exp(lows),
            "close": np.exp(closes),
            "volume": np.where(count > 0, coin.volume * level * mood, 0.0),
            "trade_count": count.astype(np.int64),
        }
    )
    flat = pl.col("trade_count") == 0
    bars = ticked(frame, coin.tick).with_columns(pl.col("volume").round(5))
    return bars.with_columns(pl.when(flat).then(pl.col("open")).otherwise(pl.col(name)).alias(name) for name in ("high", "low", "close"))


def elsewhere(seed: int, coin: Coin, bars: pl.DataFrame, venue: str, share: float) -> pl.DataFrame:
    """The same hours on another venue: prices a few basis points off, `share` of the volume and trades, none where there is none."""
    noise = stream(seed, coin.symbol, venue).standard_normal((bars.height, 2))
    off = 1 + 0.0002 * noise[:, 0]
    part = share * np.exp(0.15 * noise[:, 1])
    moved = bars.with_columns(
        *(pl.col(name) * pl.Series(off) for name in ("open", "high", "low", "close")),
        volume=(pl.col("volume") * pl.Series(part)).round(8),
        trade_count=(pl.col("trade_count") * pl.Series(part)).ceil().cast(pl.Int64),
    )
    return ticked(moved, coin.tick)
