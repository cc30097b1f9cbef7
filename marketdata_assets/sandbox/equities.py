"""Daily bars of the simulated companies as they were traded, with the share counts and events behind them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

import numpy as np
import polars as pl

from marketdata_assets.sandbox.companies import Company, session_at
from marketdata_assets.sandbox.draws import Floats, extremes, innovations, stream, ticked, volatility

# Parts of a day's variance: the night before the open, and the session itself.
NIGHT, DAY = 0.3, 0.7
TURNOVER = 0.004
QUARTER = 63


class Factors(NamedTuple):
    """What all companies share: log returns of the market by night and by day, volatility factors, and each sector's own part."""

    night: Floats
    day: Floats
    volatility: Floats
    sectors: dict[str, tuple[Floats, Floats]]


def factors(seed: int, sectors: Sequence[str], n: int) -> Factors:
    """The common factors over n sessions: a market of some 15% a year, volatility in clusters."""
    level = volatility(stream(seed, "market", "volatility"), n)

    def returns(name: str, sigma: float) -> tuple[Floats, Floats]:
        night = np.sqrt(NIGHT) * sigma * level * innovations(stream(seed, name, "night"), n)
        day = np.sqrt(DAY) * sigma * level * innovations(stream(seed, name, "day"), n)
        return night, day

    night, day = returns("market", 0.0085)
    drift = 0.0003
    return Factors(night, day + drift, level, {name: returns(name, 0.0045) for name in sectors})


def daily_bars(seed: int, company: Company, common: Factors, sessions: pl.DataFrame) -> pl.DataFrame:
    """One row a session on which the company traded, as traded (raw prices and volumes), ascending.

    Columns: symbol, session, timestamp (midnight UTC of the session), open, high, low, close, volume, split_ratio (new/old, 1 for
    none), dividend (on its ex-date), shares (outstanding, in force that day). A split takes effect at the open of its
    ex-date; a halted session, and any before listing or after delisting, has no row.
    """
    days = sessions["session"].to_list()
    n = len(days)
    ratio = np.ones(n)
    for place, new_per_old in company.splits:
        ratio[days.index(session_at(days, place))] = new_per_old
    trades = _trading(company, days)
    noise = volatility(stream(seed, company.symbol, "volatility"), n) * company.sigma
    night, day = (
        np.where(trades, company.beta * market + sector + np.sqrt(part) * noise * innovations(stream(seed, company.symbol, name), n), 0.0)
        for market, sector, part, name in zip(
            (common.night, common.day), common.sectors[company.sector], (NIGHT, DAY), ("night", "day"), strict=True
        )
    )
    pays = trades & (np.arange(n) % QUARTER == QUARTER // 2) & (company.dividend_yield > 0)
    night = night + np.where(pays, np.log1p(-company.dividend_yield / 4), 0.0)
    if company.shock:
        night[days.index(session_at(days, company.shock[0]))] += np.log(company.shock[1])
    closes = np.log(company.price) + np.cumsum(night + day)
    opens = closes - day
    half = np.sqrt(sessions["minutes"].to_numpy() / 390)
    sigma = half * np.sqrt(DAY * (noise**2 + (company.beta * 0.0085 * common.volatility) ** 2))
    highs, lows = extremes(stream(seed, company.symbol, "extremes"), opens, closes, sigma)
    count = np.cumprod(ratio)
    frame = pl.DataFrame(
        {
            "session": sessions["session"],
            "open": np.exp(opens) / count,
            "high": np.exp(highs) / count,
            "low": np.exp(lows) / count,
            "close": np.exp(closes) / count,
            "volume": _volumes(seed, company, night + day, sigma, half**2) * count,
            "split_ratio": ratio,
            "yield": np.where(pays, company.dividend_yield / 4, 0.0),
            "shares": company.shares * count,
            "trades": trades,
        }
    )
    return _finished(company.symbol, ticked(frame, 0.01))


def _finished(symbol: str, frame: pl.DataFrame) -> pl.DataFrame:
    return (
        frame.with_columns(dividend=(pl.col("yield") * pl.col("close").shift(1, fill_value=0.0)).round(2))
        .filter("trades")
        .with_columns(
            volume=pl.col("volume").round().cast(pl.Int64),
            shares=pl.col("shares").round().cast(pl.Int64),
            timestamp=pl.col("session").cast(pl.Datetime("us")).dt.replace_time_zone("UTC"),
            symbol=pl.lit(symbol),
        )
        .select("symbol", "session", "timestamp", "open", "high", "low", "close", "volume", "split_ratio", "dividend", "shares")
    )


def _trading(company: Company, days: Sequence[date]) -> np.ndarray:
    trades = np.ones(len(days), dtype=bool)
    if company.listed is not None:
        trades[: days.index(session_at(days, company.listed))] = False
    if company.delisted is not None:
        trades[days.index(session_at(days, company.delisted)) :] = False
    if company.halted is not None:
        trades[days.index(session_at(days, company.halted))] = False
    return trades


def _volumes(seed: int, company: Company, returns: Floats, sigma: Floats, length: Floats) -> Floats:
    mood = stream(seed, company.symbol, "volume").standard_normal(len(returns))
    return company.shares * TURNOVER * length * np.exp(0.3 * mood + 0.35 * np.minimum(np.abs(returns) / sigma, 4.0))
