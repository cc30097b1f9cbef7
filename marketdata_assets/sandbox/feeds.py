"""What each vendor would send if nothing went wrong: the simulated market's bars as every source sees them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta

import polars as pl

from marketdata_assets.sandbox.coins import elsewhere, hourly_bars
from marketdata_assets.sandbox.companies import COINS, INTRADAY, Coin, Company, session_at
from marketdata_assets.sandbox.draws import stream
from marketdata_assets.sandbox.intraday import aggregate, shorter_bars
from marketdata_assets.sandbox.planting import Feeds, Series, midnight
from marketdata_assets.sandbox.spec import Spec
from marketdata_assets.sandbox.vendors import alphavantage, binance_vision, kraken, lean, tiingo

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
# A pair with less than a trade a minute has no minute file.
MINUTE_RATE = 1_000
REGULAR = 390
HALT = ("BRAVEN", 3, 95, 45)
LATE = ("ALDERA", (35, 70, 145))


def daily_feeds(seed: int, daily: dict[str, pl.DataFrame], cast: Iterable[Company], days: Sequence[date]) -> Feeds:
    """The two daily sources. The first sends a flat row without volume for a halted session, the second no row and 2% less volume."""
    feeds: Feeds = {}
    for company in cast:
        bars = daily[company.symbol].drop("session", "shares", "symbol")
        halted = [session_at(days, company.halted)] if company.halted is not None else []
        feeds[Series(tiingo.SOURCE, "1d", company.symbol)] = _with_flat(bars, halted)
        rng = stream(seed, company.symbol, alphavantage.SOURCE)
        part = pl.Series(0.98 + 0.005 * rng.standard_normal(bars.height))
        feeds[Series(alphavantage.SOURCE, "1d", company.symbol)] = bars.with_columns((pl.col("volume") * part).round().cast(pl.Int64))
    return feeds


def minute_window(sessions: pl.DataFrame, months: int) -> pl.DataFrame:
    """The sessions of `months` calendar months up to that of the last half day of the span, or of its last whole month without one."""
    month = pl.col("session").dt.truncate("1mo")
    half = sessions.filter(pl.col("minutes") < REGULAR)
    last: date = half["session"][-1] if half.height else sessions["session"][-1].replace(day=1) - timedelta(days=1)
    end = pl.lit(last).dt.truncate("1mo")
    return sessions.filter(month <= end, month > end.dt.offset_by(f"-{months}mo"))


def minute_feeds(seed: int, daily: dict[str, pl.DataFrame], window: pl.DataFrame) -> Feeds:
    """Regular-hours minutes of the sessions in `window`; a halt leaves some minutes of one company without rows,
    and another one trades on after the half day's close.
    """
    feeds: Feeds = {}
    for symbol in INTRADAY:
        parts = [_inside(seed, symbol, bar, MINUTE) for bar in _joined(daily[symbol], window)]
        bars = pl.concat(parts)
        if symbol == HALT[0]:
            first, last = halt(window)
            bars = bars.filter(~pl.col("timestamp").is_between(first, last, closed="left"))
        if symbol == LATE[0]:
            bars = pl.concat([bars, _late_trades(bars, after_hours(window))]).sort("timestamp")
        feeds[Series(lean.SOURCE, "1m", symbol)] = bars
    return feeds


def hour_feeds(seed: int, daily: dict[str, pl.DataFrame], sessions: pl.DataFrame, minutes: Feeds) -> Feeds:
    """Clock hours of every session; where minutes exist, the hours are made of them."""
    feeds: Feeds = {}
    for symbol in INTRADAY:
        fine = minutes.get(Series(lean.SOURCE, "1m", symbol))
        made = aggregate(fine, "1h") if fine is not None else None
        done = set(fine["timestamp"].dt.date().unique()) if fine is not None else set()
        parts = [_inside(seed, symbol, bar, HOUR) for bar in _joined(daily[symbol], sessions) if bar["session"] not in done]
        feeds[Series(lean.SOURCE, "1h", symbol)] = pl.concat([*parts, *([made] if made is not None else [])]).sort("timestamp")
    return feeds


def halt(window: pl.DataFrame) -> tuple[datetime, datetime]:
    """The half-open span of the intraday halt: its session is counted from the window's start."""
    _, session, after, length = HALT
    opening: datetime = window["open"][min(session, window.height - 1)]
    return opening + after * MINUTE, opening + (after + length) * MINUTE


def after_hours(window: pl.DataFrame) -> list[datetime]:
    """Minutes after the earliest close of the window in which one company still trades, as it may."""
    close: datetime = window.sort("minutes", "session")["close"][0]
    return [close + minute * MINUTE for minute in LATE[1]]


def _late_trades(bars: pl.DataFrame, at: list[datetime]) -> pl.DataFrame:
    """A thin bar at each of these minutes, a cent or two from the last close."""
    last: float = bars.filter(pl.col("timestamp") < at[0])["close"][-1]
    steps = pl.Series(range(len(at)), dtype=pl.Int64)
    frame = pl.DataFrame(
        {"timestamp": pl.Series(at, dtype=bars.schema["timestamp"]), "open": last + steps / 100, "volume": 300 + 100 * steps}
    )
    later = {name: (pl.col("open") + cents / 100).round(2) for name, cents in (("high", 2), ("low", -1), ("close", 1))}
    return frame.with_columns(pl.col("open").round(2)).with_columns(**later).select(bars.columns).cast(bars.schema)


def coin_feeds(spec: Spec) -> Feeds:
    """Both venues' daily bars, hourly bars of the last months, and minutes of the last days of the busy pairs."""
    feeds: Feeds = {}
    end = midnight(spec.end)
    for coin in COINS:
        hours = hourly_bars(spec.seed, coin, midnight(spec.crypto_start), end)
        other = elsewhere(spec.seed, coin, hours, kraken.SOURCE, 0.3)
        for source, bars in ((binance_vision.SOURCE, hours), (kraken.SOURCE, other)):
            traded = bars if source == binance_vision.SOURCE else bars.filter(pl.col("trade_count") > 0)
            feeds[Series(source, "1d", coin.symbol)] = aggregate(traded, "1d")
            since = pl.lit(end).dt.offset_by(f"-{spec.crypto_hourly_months}mo").dt.truncate("1mo")
            feeds[Series(source, "1h", coin.symbol)] = traded.filter(pl.col("timestamp") >= since)
        if spec.crypto_minute_days and coin.rate > MINUTE_RATE:
            feeds[Series(binance_vision.SOURCE, "1m", coin.symbol)] = _coin_minutes(spec, coin, hours)
    return feeds


def _coin_minutes(spec: Spec, coin: Coin, hours: pl.DataFrame) -> pl.DataFrame:
    since = midnight(spec.end) - timedelta(days=spec.crypto_minute_days)
    parts = []
    for bar in hours.filter(pl.col("timestamp") >= since).iter_rows(named=True):
        start = pl.datetime_range(bar["timestamp"], bar["timestamp"] + HOUR, "1m", closed="left", time_unit="us", eager=True)
        rng = stream(spec.seed, coin.symbol, bar["timestamp"].isoformat())
        parts.append(shorter_bars(rng, bar, start, coin.sigma, coin.tick, lot=0.00001, within=1.0))
    return pl.concat(parts)


def _inside(seed: int, symbol: str, bar: dict[str, object], length: timedelta) -> pl.DataFrame:
    opening, close = bar["open_at"], bar["close_at"]
    start = pl.datetime_range(opening, close, length, closed="left", time_unit="us", eager=True).dt.truncate(length)  # type: ignore[call-overload]
    rng = stream(seed, symbol, str(bar["session"]), str(length))
    return shorter_bars(rng, bar, start, 0.012, 0.01)  # type: ignore[arg-type]


def _joined(bars: pl.DataFrame, sessions: pl.DataFrame) -> Iterable[dict[str, object]]:
    hours = sessions.select("session", open_at="open", close_at="close")
    return bars.join(hours, on="session", maintain_order="left").iter_rows(named=True)


def _with_flat(bars: pl.DataFrame, days: Sequence[date]) -> pl.DataFrame:
    for day in days:
        at = datetime.combine(day, datetime.min.time(), tzinfo=UTC)
        last = bars.filter(pl.col("timestamp") < at).tail(1)
        flat = last.with_columns(
            *(pl.col("close").alias(name) for name in ("open", "high", "low")),
            timestamp=pl.lit(at, bars.schema["timestamp"]),
            volume=pl.lit(0, pl.Int64),
            split_ratio=pl.lit(1.0),
            dividend=pl.lit(0.0),
        )
        bars = pl.concat([bars, flat]).sort("timestamp")
    return bars
