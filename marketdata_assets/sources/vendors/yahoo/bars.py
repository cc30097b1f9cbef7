"""Yahoo's bars: adjusted for every later split, dividends beside them, null entries and the row that is still alive left out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import polars as pl

from marketdata_assets.core.periods import Window
from marketdata_assets.sources.question import Question
from marketdata_assets.sources.request import Request
from marketdata_assets.sources.row_models import read_rows
from marketdata_assets.sources.vendors.yahoo.api import CHART
from marketdata_assets.sources.vendors.yahoo.rows import Bar, Dividend, Split, bar_rows, chart, event_rows
from marketdata_assets.sources.windows import epoch, last_instant, session_midnight, spans

INTERVALS = {"1m": "1m", "5m": "5m", "15m": "15m", "30m": "30m", "1h": "1h", "1d": "1d"}
MINUTES_AT_ONCE = timedelta(days=7)
_PRICES = ("open", "high", "low", "close")


def ask(question: Question) -> Sequence[Request]:
    """One request; for one-minute bars one for each seven days."""
    interval = INTERVALS[question.length.name]
    windows = spans(question.span, MINUTES_AT_ONCE) if interval == "1m" else [question.span]
    return [_request(question.symbol, interval, window) for window in windows if window.start < window.end]


def read_daily(document: Any, _: Question) -> pl.DataFrame:
    """Daily bars at midnight UTC of their session date, with the dividend (0 for none) and the split (1 for none) of that session.

    Yahoo stamps the session's open; a second row of the newest date is the live price beside the day's own row, and is left out.
    Entries without any price (holidays, halts) are left out as well.
    """
    found, day = _dated(document)
    bars = read_rows(bar_rows(found), Bar)
    newest = bars.select(day.alias("day"))["day"]
    live = bars.height > 1 and newest[-1] == newest[-2]
    kept = (bars.head(bars.height - 1) if live else bars).with_columns(day.alias("at"))
    events = _events(found, "dividends", Dividend, pl.col("amount").sum(), "dividend", day)
    splits = _events(found, "splits", Split, (pl.col("numerator") / pl.col("denominator")).product(), "split_ratio", day)
    dated = kept.join(events, on="at", how="left", maintain_order="left").join(splits, on="at", how="left", maintain_order="left")
    return _shaped(found, dated, pl.col("dividend").fill_null(0.0), pl.col("split_ratio").fill_null(1.0), adj_close="adjclose")


def read_intraday(document: Any, question: Question) -> pl.DataFrame:
    """Bars by the start of each; a last row that does not start on a whole minute is the live price, and is left out.

    Entries without any price are left out as well.
    """
    found = chart(document, INTERVALS[question.length.name])
    bars = read_rows(bar_rows(found), Bar)
    live = bars.height > 0 and bars["timestamp"][-1] % 60 != 0
    kept = bars.head(bars.height - 1) if live else bars
    return _shaped(found, kept.with_columns(_instant().alias("at")))


def read_actions(document: Any, _: Question) -> pl.DataFrame:
    """Dividends (adjusted for later splits) and splits of the window, each by the session from whose open it counts."""
    found, day = _dated(document)
    ex_date = day.dt.date().alias("ex_date")
    paid = _told(found, "dividends", Dividend).select(
        ex_date, amount="amount", kind=pl.lit("cash_dividend"), vendor_kind=pl.lit("dividend"), ratio=pl.lit(None, pl.Float64)
    )
    split = _told(found, "splits", Split).select(
        ex_date,
        amount=pl.lit(None, pl.Float64),
        kind=pl.lit("split"),
        vendor_kind=pl.lit("split"),
        ratio=pl.col("numerator") / pl.col("denominator"),
    )
    currency = found["meta"]["currency"]
    both = pl.concat([paid, split]).with_columns(
        vendor_symbol=pl.lit(found["meta"]["symbol"]), currency=pl.when(pl.col("amount").is_not_null()).then(pl.lit(currency))
    )
    return both.with_columns(pl.int_range(1, pl.len() + 1, dtype=pl.Int64).alias("line"))


def ask_actions(question: Question) -> Sequence[Request]:
    """One request for the window's daily chart, which carries the events."""
    return [_request(question.symbol, "1d", question.span)]


def _request(symbol: str, interval: str, window: Window) -> Request:
    times = {"period1": epoch(window.start, "s"), "period2": epoch(last_instant(window), "s")}
    return CHART.request({"interval": interval, **times}, symbol=symbol)


def _dated(document: Any) -> tuple[dict[str, Any], pl.Expr]:
    """The daily chart, and the session of each `timestamp`: the zone's name decides, since its offset is only today's."""
    found = chart(document, "1d")
    return found, session_midnight(_instant(), str(found["meta"]["exchangeTimezoneName"]))


def _events(found: dict[str, Any], kind: str, model: type, value: pl.Expr, name: str, day: pl.Expr) -> pl.DataFrame:
    return _told(found, kind, model).group_by(day.alias("at"), maintain_order=True).agg(value.alias(name))


def _told(found: dict[str, Any], kind: str, model: type) -> pl.DataFrame:
    return read_rows(event_rows(found, kind), model).rename({"date": "timestamp"})


def _shaped(found: dict[str, Any], dated: pl.DataFrame, *more: pl.Expr, **renamed: str) -> pl.DataFrame:
    priced = dated.filter(pl.any_horizontal(pl.col(name).is_not_null() for name in _PRICES))
    return priced.select(
        pl.lit(str(found["meta"]["symbol"])).alias("vendor_symbol"),
        pl.col("at").alias("timestamp"),
        *_PRICES,
        "volume",
        *more,
        *(pl.col(theirs).alias(ours) for ours, theirs in renamed.items()),
        "line",
    )


def _instant() -> pl.Expr:
    return pl.from_epoch("timestamp", time_unit="s").cast(pl.Datetime("us")).dt.replace_time_zone("UTC")


Reader = Callable[[Any, Question], pl.DataFrame]
