"""Daily bars of made-up symbols that walk at random, with splits, distributions, news and wrong ticks planted by hand."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime

import numpy as np
import polars as pl

from marketdata_assets.core.sessions import calendar
from marketdata_assets.schemas.splits import REPORTED_EVENTS

START, END = date(2018, 1, 2), date(2018, 12, 31)
SESSIONS = calendar("XNYS").sessions(START, END)
DAYS: list[date] = SESSIONS["session"].to_list()
KNOWN = datetime(2026, 1, 1, tzinfo=UTC)


def walk(symbol: str, seed: int, price: float = 80.0, *, daily: float = 0.01) -> pl.DataFrame:
    """One symbol's raw bars of 2018: about 1 % a day, a third of it overnight, about a million shares."""
    rng = np.random.default_rng(seed)
    overnight, intraday = rng.normal(0, daily / 3, len(DAYS)), rng.normal(0, daily, len(DAYS))
    opens, closes, before = [], [], price
    for up, on in zip(overnight, intraday, strict=True):
        opens.append(before * float(np.exp(up)))
        closes.append(opens[-1] * float(np.exp(on)))
        before = closes[-1]
    return pl.DataFrame(
        {
            "symbol": symbol,
            "session": DAYS,
            "open": opens,
            "close": closes,
            "volume": np.round(1e6 * np.exp(rng.normal(0, 0.25, len(DAYS)))),
            "volume_basis": "raw",
            "known_at": pl.Series([KNOWN] * len(DAYS), dtype=pl.Datetime("us", "UTC")),
        }
    ).with_columns(high=pl.max_horizontal("open", "close") * 1.003, low=pl.min_horizontal("open", "close") * 0.997)


def market(symbols: int = 15, first_seed: int = 100) -> pl.DataFrame:
    """Bars of quiet symbols S00, S01, ... beside which something happens."""
    return pl.concat([walk(f"S{i:02}", first_seed + i) for i in range(symbols)])


def scaled(bars: pl.DataFrame, since: date, prices: float, volume: float = 1.0) -> pl.DataFrame:
    """`bars` whose prices and volume are multiplied from `since` on."""
    later = pl.col("session") >= since
    return bars.with_columns(
        *(pl.when(later).then(pl.col(c) * prices).otherwise(pl.col(c)).alias(c) for c in ("open", "high", "low", "close")),
        pl.when(later).then(pl.col("volume") * volume).otherwise(pl.col("volume")).alias("volume"),
    )


def split(bars: pl.DataFrame, ex_date: date, ratio: float) -> pl.DataFrame:
    """`bars` after a split: as they would be traded and counted."""
    return scaled(bars, ex_date, 1 / ratio, ratio)


def one_day(bars: pl.DataFrame, day: date, prices: float = 1.0, volume: float = 1.0) -> pl.DataFrame:
    """`bars` of which one is multiplied."""
    return scaled(scaled(bars, day, prices, volume), DAYS[DAYS.index(day) + 1], 1 / prices, 1 / volume)


def reports(*told: tuple[str, date, float, str], kind: str = "split", known_at: datetime = KNOWN, **more: object) -> pl.DataFrame:
    """REPORTED_EVENTS of (symbol, ex_date, ratio or amount, source)."""
    value = "amount" if kind == "cash_dividend" else "ratio"
    rows: list[Mapping[str, object]] = [
        {"symbol": s, "ex_date": d, value: r, "source": by, "kind": kind, "known_at": known_at, "payload_sha256": "f" * 64, **more}
        for s, d, r, by in told
    ]
    return REPORTED_EVENTS.conform(pl.DataFrame(rows)) if rows else REPORTED_EVENTS.empty()
