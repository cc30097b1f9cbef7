"""What is wrong in the intraday share files and in the crypto files, on purpose."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta

import polars as pl

from marketdata_assets.core.timeframes import timeframe
from marketdata_assets.sandbox import changes
from marketdata_assets.sandbox.intraday import aggregate
from marketdata_assets.sandbox.planting import Feeds, Planting, Series, plant
from marketdata_assets.sandbox.truth import Defect
from marketdata_assets.sandbox.vendors import binance_vision, kraken, lean

HOUR = timedelta(hours=1)
_PAIR = "SIMA-USDT"


def plant_minutes(feeds: Feeds, sessions: pl.DataFrame) -> Iterator[Defect]:
    """Damages the minute frames in place; `sessions` are those that have minutes."""
    late = sessions.row(0, named=True)
    one = _minute("ALDERA", "night_bars", "outside_session", changes.invented, "trades after 21:00 in New York, when no venue is open")
    at = [late["open"].replace(hour=0, minute=0) + timedelta(days=1, hours=2, minutes=n) for n in (10, 55)]
    yield plant(feeds, one, at, lean.minutes_path("ALDERA", late["session"]))

    one = _minute("LUMARO", "shifted_hour", "shifted_series", changes.moved("-1h"), "every bar one hour early", length=0)
    yield plant(feeds, one, [], lean.minutes_path("LUMARO", late["session"]))

    sick = sessions.row(1, named=True)
    one = _minute("BRAVEN", "negative_price", "price_not_positive", changes.negative_low, "the low with a minus sign")
    yield plant(feeds, one, [sick["open"] + timedelta(minutes=100)], lean.minutes_path("BRAVEN", sick["session"]))

    shut = closed_session(sessions["session"].to_list())
    if shut is not None:
        one = _minute(
            "BRAVEN", "closed_day", "outside_session", changes.invented, "half an hour of trades on a day the exchange was closed"
        )
        at = [datetime.combine(shut, time(15), tzinfo=UTC) + timedelta(minutes=n) for n in range(30)]
        yield plant(feeds, one, at, lean.minutes_path("BRAVEN", shut))

    gone = sessions.row(2, named=True)
    one = _minute("JUNARO", "gap_everywhere", "missing_sessions", changes.missing, "a whole session without a file")
    minutes = [gone["open"] + timedelta(minutes=n) for n in range(gone["minutes"])]
    yield plant(feeds, one, minutes, lean.minutes_path("JUNARO", gone["session"]))


def plant_coins(feeds: Feeds) -> Iterator[Defect]:
    """Damages the hourly frames of the pairs in place; the daily ones stay whole."""
    whole = feeds[Series(binance_vision.SOURCE, "1h", _PAIR)]
    for source, place, length, kind, rule, change, detail in (
        (binance_vision.SOURCE, 0.20, 4, "gap", "session_gap", changes.missing, "four hours that this venue lacks"),
        (binance_vision.SOURCE, 0.45, 2, "gap_everywhere", "session_gap", changes.missing, "two hours that every venue lacks"),
        (kraken.SOURCE, 0.45, 2, "gap_everywhere", "session_gap", changes.missing, "two hours that every venue lacks"),
        (binance_vision.SOURCE, 0.70, 1, "high_below_low", "high_below_body", changes.high_below_low, "high and low exchanged"),
    ):
        series = Series(source, "1h", _PAIR)
        at = _hours(whole, place, length)
        path = kraken.path(_PAIR, HOUR) if source == kraken.SOURCE else binance_vision.path(_PAIR, "1h", f"{at[0]:%Y-%m}")
        yield plant(feeds, Planting(kind, rule, series, place, length, change, detail), at, path)


def unfinished(feeds: Feeds, received: datetime) -> Iterator[Defect]:
    """Cuts the venue that writes its files at any moment off at `received`: its last hour and day are half made.

    The hour under way has half its trades and has reached half of its move; the day under way is made of the hours so far.
    """
    for series in [series for series in feeds if series.source == kraken.SOURCE and series.timeframe == "1h"]:
        begun = feeds[series].filter(pl.col("timestamp") < received)
        hours = half_made(begun, pl.col("timestamp") + HOUR > received)
        day = series._replace(timeframe="1d")
        today = received.replace(hour=0, minute=0)
        days = feeds[day].filter(pl.col("timestamp") < today)
        current = aggregate(hours.filter(pl.col("timestamp") >= today), "1d").cast(days.schema).select(days.columns)
        feeds[series], feeds[day] = hours, pl.concat([days, current])
        yield from _forming(hours, series, HOUR, received)
        yield from _forming(feeds[day], day, 24 * HOUR, received)


def finished(feeds: Feeds, received: datetime) -> None:
    """Leaves that venue's files with the bars that had ended by `received`."""
    for series, bars in feeds.items():
        if series.source == kraken.SOURCE:
            feeds[series] = bars.filter(pl.col("timestamp") + timeframe(series.timeframe).duration <= received)


def half_made(bars: pl.DataFrame, under_way: pl.Expr) -> pl.DataFrame:
    """`bars` with those that are `under_way` at half their move, half their volume and half their trades."""
    middle = ((pl.col("open") + pl.col("close")) / 2).round(4)
    values = {
        "close": middle,
        "high": pl.max_horizontal(pl.min_horizontal("high", middle), "open", middle),
        "low": pl.min_horizontal(pl.max_horizontal("low", middle), "open", middle),
        "volume": (pl.col("volume") / 2).round(8).cast(bars.schema["volume"]),
        "trade_count": (pl.col("trade_count") + 1) // 2,
    }
    return bars.with_columns(
        pl.when(under_way).then(value).otherwise(pl.col(name)).alias(name) for name, value in values.items() if name in bars.columns
    )


def _forming(bars: pl.DataFrame, series: Series, length: timedelta, received: datetime) -> Iterator[Defect]:
    for at in bars.filter(pl.col("timestamp") + length > received)["timestamp"]:
        detail = f"received before it ended at {at + length:%Y-%m-%d %H:%M}"
        yield Defect("forming_bar", "not_final", *series, kraken.path(series.symbol, length), at, at, 1, detail)


def closed_session(days: Sequence[date]) -> date | None:
    """A weekday between the first and the last of `days` that is none of them."""
    span = (days[0] + timedelta(days=n) for n in range((days[-1] - days[0]).days))
    return next((day for day in span if day.weekday() < 5 and day not in set(days)), None)


def _minute(symbol: str, kind: str, rule: str, change: changes.Change, detail: str, length: int = 1) -> Planting:
    return Planting(kind, rule, Series(lean.SOURCE, "1m", symbol), 0.0, length, change, detail)


def _hours(bars: pl.DataFrame, place: float, length: int) -> list[datetime]:
    start = bars["timestamp"][int(place * bars.height)]
    return [start + n * HOUR for n in range(length)]
