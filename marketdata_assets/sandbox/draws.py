"""Random paths: seeded streams, volatility that clusters, and highs and lows that fit an open and a close."""

from __future__ import annotations

import hashlib
import math
from typing import TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]


def stream(seed: int, *names: str) -> np.random.Generator:
    """The generator of one named quantity; no other name, and no longer span, changes what it draws."""
    digest = hashlib.sha256("/".join(names).encode()).digest()
    return np.random.default_rng([seed, int.from_bytes(digest[:8], "big")])


def innovations(rng: np.random.Generator, n: int) -> Floats:
    """Draws of unit variance with fat tails (Student's t, 5 degrees of freedom), cut at six."""
    drawn: Floats = np.clip(rng.standard_t(5, n) * np.sqrt(3 / 5), -6, 6)
    return drawn


def volatility(rng: np.random.Generator, n: int, persistence: float = 0.97, spread: float = 0.35) -> Floats:
    """Factors around 1 that stay high or low for a while: the exponential of an autoregression.

    `spread` is the standard deviation of their logarithm, `persistence` its correlation from one step to the next.
    """
    shocks = rng.standard_normal(n)
    scale = np.sqrt((1 - persistence) / (1 + persistence))
    shocks[:1] *= scale
    noise = pl.Series(shocks).ewm_mean(alpha=1 - persistence, adjust=False).to_numpy()
    level: Floats = np.exp(spread * noise / scale - spread**2 / 2)
    return level


def extremes(rng: np.random.Generator, start: Floats, end: Floats, sigma: Floats) -> tuple[Floats, Floats]:
    """Highest and lowest log price of a Brownian path from `start` to `end` with standard deviation `sigma`.

    The laws of the maximum and the minimum of a bridge are exact, each for itself; they are drawn independently.
    """
    move = end - start
    up, down = rng.random((len(move), 2)).T
    high = (move + np.sqrt(move**2 - 2 * sigma**2 * np.log1p(-up))) / 2
    low = (move - np.sqrt(move**2 - 2 * sigma**2 * np.log1p(-down))) / 2
    return start + high, start + low


def ticked(frame: pl.DataFrame, tick: float) -> pl.DataFrame:
    """`frame` with open, high, low, close on the price grid `tick` (a power of ten), high and low still enclosing open and close."""
    decimals = round(-math.log10(tick))
    snapped = frame.with_columns(
        pl.max_horizontal(pl.col(name).round(decimals), pl.lit(tick)).alias(name) for name in ("open", "high", "low", "close")
    )
    return snapped.with_columns(
        high=pl.max_horizontal("open", "high", "close"),
        low=pl.min_horizontal("open", "low", "close"),
    )
