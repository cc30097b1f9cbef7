"""What is wrong in the intraday share files and in the crypto files, on purpose."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta

import polars as pl

from marketdata_assets.sandbox import changes
from marketdata_assets.sandbox.planting import Feeds, Planting, Series, plant
from marketdata_assets.sandbox.truth import Defect
from marketdata_assets.sandbox.vendors import binance_vision, kraken, lean

HOUR = timedelta(hours=1)


def plant_minutes(feeds: Feeds, sessions: pl.DataFrame) -> Iterator[Defect]:
    """Damages the minute frames in place; `sessions` are those that have minutes, the half day among them where there is one."""
    late = sessions.sort("minutes", "session").row(0, named=True)
    one = _minute("ALDERA", "outside_session", "outside_session", changes.invented, "trades after the close")
    at = [late["close"] + timedelta(minutes=70), late["close"] + timedelta(minutes=145)]
    yield plant(feeds, one, at, lean.minutes_path("ALDERA", late["session"]))

    sick = sessions.row(1, named=True)
    one = _minute("BRAVEN", "negative_price", "price_positive", changes.negative_low, "the low with a minus sign")
    yield plant(feeds, one, [sick["open"] + timedelta(minutes=100)], lean.minutes_path("BRAVEN", sick["session"]))

    shut = closed_session(sessions["session"].to_list())
    if shut is not None:
        one = _minute(
            "BRAVEN", "closed_day", "outside_session", changes.invented, "half an hour of trades on a day the exchange was closed"
        )
        at = [datetime.combine(shut, time(15), tzinfo=UTC) + timedelta(minutes=n) for n in range(30)]
        yield plant(feeds, one, at, lean.minutes_path("BRAVEN", shut))

    gone = sessions.row(2, named=True)
    one = _minute("JUNARO", "gap_everywhere", "gap", changes.missing, "a whole session without a file")
    minutes = [gone["open"] + timedelta(minutes=n) for n in range(gone["minutes"])]
    yield plant(feeds, one, minutes, lean.minutes_path("JUNARO", gone["session"]))


def plant_coins(feeds: Feeds) -> Iterator[Defect]:
    """Damages the hourly frames of the pairs in place; the daily ones stay whole."""
    whole = feeds[Series(binance_vision.SOURCE, "1h", "SIMA-USDT")]
    for source, symbol, place, length, kind, rule, change, detail in (
        (binance_vision.SOURCE, "SIMA-USDT", 0.20, 4, "gap", "gap", changes.missing, "four hours that this venue lacks"),
        (binance_vision.SOURCE, "SIMA-USDT", 0.45, 2, "gap_everywhere", "gap", changes.missing, "two hours that every venue lacks"),
        (kraken.SOURCE, "SIMA-USDT", 0.45, 2, "gap_everywhere", "gap", changes.missing, "two hours that every venue lacks"),
        (binance_vision.SOURCE, "SIMA-USDT", 0.70, 1, "high_below_low", "high_low", changes.high_below_low, "high and low exchanged"),
        (kraken.SOURCE, "SIMB-USDT", 0.0, 0, "shifted_hour", "shifted", changes.moved("1h"), "every bar one hour late"),
    ):
        series = Series(source, "1h", symbol)
        at = _hours(whole, place, length)
        path = kraken.path(symbol, HOUR) if source == kraken.SOURCE else binance_vision.path(symbol, "1h", f"{at[0]:%Y-%m}")
        yield plant(feeds, Planting(kind, rule, series, place, length, change, detail), at if length else [], path)


def still_forming(bars: pl.DataFrame, series: Series, length: timedelta, received: datetime, path: str) -> Iterator[Defect]:
    """The last bar of a file written before that bar had ended."""
    last = bars["timestamp"][-1]
    if last + length > received:
        yield Defect(
            "forming_bar", "forming", *series, path, last, last, 1, f"received before it ended; ends {last + length:%Y-%m-%d %H:%M}"
        )


def closed_session(days: Sequence[date]) -> date | None:
    """A weekday between the first and the last of `days` that is none of them."""
    span = (days[0] + timedelta(days=n) for n in range((days[-1] - days[0]).days))
    return next((day for day in span if day.weekday() < 5 and day not in set(days)), None)


def _minute(symbol: str, kind: str, rule: str, change: changes.Change, detail: str) -> Planting:
    return Planting(kind, rule, Series(lean.SOURCE, "1m", symbol), 0.0, 1, change, detail)


def _hours(bars: pl.DataFrame, place: float, length: int) -> list[datetime]:
    start = bars["timestamp"][int(place * bars.height)]
    return [start + n * HOUR for n in range(max(length, 1))]
