"""CoinGecko's candles as raw bars: samples of an index over many venues, without volume, stamped with their end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import polars as pl

from marketdata_assets.core.faults import ConfigFault
from marketdata_assets.sources.errors import NotFound
from marketdata_assets.sources.question import Question
from marketdata_assets.sources.request import Request
from marketdata_assets.sources.row_models import read_rows
from marketdata_assets.sources.vendors.coingecko.api import OHLC, OHLC_RANGE
from marketdata_assets.sources.vendors.coingecko.rows import Candle
from marketdata_assets.sources.windows import epoch, instants, spans

_DAY = timedelta(days=1)
# The number of days decides the length of the candles: up to 2 gives 30 minutes, up to 30 four hours, more gives four days.
DAYS = {"30m": 1, "4h": 30}
# What a paid request for a range may span at most.
RANGES = {"1h": ("hourly", 31 * _DAY), "1d": ("daily", 180 * _DAY)}


def in_dollars(options: Mapping[str, str]) -> None:
    """`ConfigFault` when another currency than the dollar is chosen: our name of what is asked for ends in it."""
    if (chosen := options.get("currency", "usd")) != "usd":
        raise ConfigFault(
            "asking coingecko for prices of pairs with USD", f"the option currency is {chosen!r}", "leave it out; market charts take it"
        )


def ask_recent_bars(question: Question) -> Sequence[Request]:
    """One request for the candles of the last day (30 minutes) or the last 30 days (four hours); it takes neither start nor end."""
    in_dollars(question.options)
    window = question.span
    if window.end == window.start:
        return []
    return [OHLC.request({"vs_currency": "usd", "days": DAYS[question.length.name], "precision": "full"}, id=question.symbol)]


def ask_range_bars(question: Question) -> Sequence[Request]:
    """The candles of the window for customers who pay: 31 days of hours or 180 days of days a request."""
    in_dollars(question.options)
    interval, longest = RANGES[question.length.name]
    length = question.length.duration
    # Candles are stamped with their end, so those that start in the window end in it or one length later.
    return [
        OHLC_RANGE.request(
            {"vs_currency": "usd", "from": epoch(part.start + length, "s"), "to": epoch(part.end, "s"), "interval": interval},
            id=question.symbol,
        )
        for part in spans(question.span, longest - length)
    ]


def read_range_bars(document: Any, question: Question) -> pl.DataFrame:
    """The candles in their order, each at its start, that is its stamp less its length. They have no volume.

    A last candle whose stamp is no multiple of its length still runs, and is left out.
    """
    if not isinstance(document, list):
        raise TypeError(f"a list of candles was expected, not {type(document).__name__}")
    rows = read_rows(document, Candle)
    length = question.length.duration // timedelta(milliseconds=1)
    odd = rows.filter(pl.col("ends") % length != 0)
    if odd.height > 1 or (odd.height and odd["line"][0] != rows.height):
        raise ValueError(f"candle {odd['line'][0]} of {rows.height} does not end on a multiple of {question.length.name}")
    rows = rows.filter(pl.col("ends") % length == 0)
    ends = rows["ends"].unique().sort()
    apart = ends.diff().min()
    if ends.len() > 2 and apart != length:
        raise ValueError(f"the candles are {apart!r} ms apart, not {question.length.name}")
    return rows.select(
        pl.lit(question.symbol).alias("vendor_symbol"),
        instants(rows["ends"] - length, "ms", from_year=2009).alias("timestamp"),
        "open",
        "high",
        "low",
        "close",
        "line",
    )


def read_recent_bars(document: Any, question: Question) -> pl.DataFrame:
    """The candles of the last days, as `read_range_bars` gives them.

    `NotFound` when they span all days that are served and start after the window does: what is missing is out of reach.
    """
    frame = read_range_bars(document, question)
    first, last, length = frame["timestamp"].min(), frame["timestamp"].max(), question.length.duration
    if not isinstance(first, datetime) or not isinstance(last, datetime):
        return frame
    served = DAYS[question.length.name] * _DAY
    if last - first >= served - 2 * length and first - question.span.start >= length:
        raise NotFound(
            f"asking coingecko for {question.length.name} bars of {question.symbol} from {question.span.start:%Y-%m-%d %H:%M}",
            f"the last {served.days} days are served, they begin at {first:%Y-%m-%d %H:%M} UTC",
            "start the window later, or take a paid plan and bars of an hour or a day",
        )
    return frame
