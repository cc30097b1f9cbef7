"""What became of every expected bar: received, refused, or missing and why. It adds up, row by row."""

from __future__ import annotations

from datetime import date

import polars as pl

from marketdata_assets.core.timeframes import Timeframe
from marketdata_assets.schemas.audit import COVERAGE, CoverageState
from marketdata_assets.transforms.stretches import bare_stretches, within_spans

_DAY = ["symbol", "date"]


def coverage(
    validated: pl.DataFrame,
    quarantine: pl.DataFrame,
    *,
    sessions: pl.DataFrame,
    symbols: pl.DataFrame,
    spans: pl.DataFrame,
    window: tuple[date, date],
    timeframe: Timeframe,
    halts: pl.DataFrame | None = None,
    kept: pl.DataFrame | None = None,
    failures: pl.DataFrame | None = None,
    gap_minutes: int = 10,
) -> pl.DataFrame:
    """COVERAGE of each listed symbol on each session of the half-open `window`: expected = received + quarantined + missing.

    `expected` is 1 a session for daily bars and the bars that the regular hours have room for otherwise, never less than what came
    (vendors cut the hours of a long bar differently); bars before the open and after the close are extras and not counted.
    `received` counts validated bars, `quarantined` the bars of which every row was refused; an unreadable row counts where its day
    has room left. A day on which the market was closed has a row only when a bar came and was refused: it is expected and quarantined.

    States, the first that fits: closed; no_trade (a daily bar without volume); complete; quarantined (a bar is lacking and one was
    refused); halted (`halts`: symbol, date); no_trade (some bars of the session came; nothing traded in between, and the reason
    lists stretches of `gap_minutes` and more, UTC); vendor_absent (`spans`, symbol, source, first, last, cover the day, and no
    bar of it came, or only adjusted ones: `kept`, what the audit let pass); not_fetched (no payload covers the day; `failures`, like
    `spans` with a reason, say what became of asking for it).
    `symbols`: symbol, listed_on, delisted_on (the first day it is no more); `sessions`: session, open, close, minutes.
    """
    hours = sessions.filter(pl.col("session").is_between(*window, closed="left")).rename({"session": "date"})
    inside = pl.col("date").is_between(*window, closed="left")
    came = _in_hours(validated.rename({"session": "date"}).filter(inside), hours, timeframe)
    refused = _refused(quarantine.rename({"filed_under": "date"}).filter(inside), validated, hours, timeframe)
    days = _tally(_expected(symbols, hours, timeframe), came, refused)
    judged = _with_failures(_with_absence(days, hours, spans, halts, kept), failures)
    stretches = bare_stretches(_wanting(came, judged), timeframe.duration, gap_minutes) if timeframe.intraday else _no_stretches()
    told = judged.join(stretches, on=_DAY, how="left") if stretches.height else judged.with_columns(stretches=pl.lit(None, pl.String))
    return COVERAGE.conform(told.with_columns(_state().alias("state")).with_columns(_reason().alias("reason")))


def _in_hours(bars: pl.DataFrame, hours: pl.DataFrame, timeframe: Timeframe) -> pl.DataFrame:
    """Bars (any row with symbol, date, timestamp); of intraday ones those that overlap regular hours, with `opens` and `closes`."""
    if not timeframe.intraday:
        return bars
    placed = bars.join(hours.select("date", opens="open", closes="close"), on="date")
    return placed.filter(pl.col("timestamp") < pl.col("closes"), pl.col("timestamp") + timeframe.duration > pl.col("opens"))


def _wanting(came: pl.DataFrame, judged: pl.DataFrame) -> pl.DataFrame:
    """Bars of the days of which some came and some did not."""
    return came.join(judged.filter(pl.col("missing") > 0, pl.col("received") > 0).select(_DAY), on=_DAY, how="semi")


def _no_stretches() -> pl.DataFrame:
    return pl.DataFrame(schema={"symbol": pl.String, "date": pl.Date, "stretches": pl.String})


def _refused(quarantine: pl.DataFrame, validated: pl.DataFrame, hours: pl.DataFrame, timeframe: Timeframe) -> pl.DataFrame:
    """By symbol and date: refused bars that no other source made up for, unreadable rows, and the rules that refused them."""
    typed = quarantine.filter(pl.col("timestamp").is_not_null())
    if not timeframe.intraday:
        # A day has one bar, whatever hour a row of it was stamped with.
        typed = typed.with_columns(timestamp=pl.col("date").cast(quarantine.schema["timestamp"]))
    lost = typed.join(validated.select("symbol", "timestamp"), on=["symbol", "timestamp"], how="anti")
    closed = lost.join(hours.select("date"), on="date", how="anti")
    bars = pl.concat([_in_hours(lost, hours, timeframe).select(lost.columns), closed]).unique(["symbol", "timestamp", "rule"])
    counted = bars.group_by(_DAY).agg(pl.col("timestamp").n_unique().alias("refused"), pl.col("rule").unique().alias("rules"))
    unread = (
        quarantine.filter(pl.col("timestamp").is_null())
        .group_by(_DAY)
        .agg(pl.len().alias("unread"), pl.col("rule").unique().alias("unread_rules"))
    )
    both = counted.join(unread, on=_DAY, how="full", coalesce=True)
    names = pl.concat_list(pl.col("rules").fill_null([]), pl.col("unread_rules").fill_null([])).list.unique().list.sort().list.join(", ")
    return both.select(*_DAY, pl.col("refused", "unread").fill_null(0), rules=names)


def _expected(symbols: pl.DataFrame, hours: pl.DataFrame, timeframe: Timeframe) -> pl.DataFrame:
    """The room of every session that each symbol was listed on."""
    length = timeframe.duration.total_seconds() / 60
    room = (pl.col("minutes") / length).ceil().cast(pl.Int32) if timeframe.intraday else pl.lit(1, pl.Int32)
    grid = symbols.select("symbol", pl.col("listed_on", "delisted_on").cast(pl.Date)).join(hours.select("date", room=room), how="cross")
    listed = pl.col("listed_on").is_null() | (pl.col("date") >= pl.col("listed_on"))
    return grid.filter(listed, pl.col("delisted_on").is_null() | (pl.col("date") < pl.col("delisted_on"))).select(*_DAY, "room")


def _tally(expected: pl.DataFrame, came: pl.DataFrame, refused: pl.DataFrame) -> pl.DataFrame:
    """Every expected day, and every other one on which a bar came, with the counts that add up."""
    parts = [
        expected,
        came.select(*_DAY, received=pl.lit(1, pl.Int32), traded=(pl.col("volume") > 0).cast(pl.Int32)),
        refused.select(*_DAY, pl.col("refused", "unread").cast(pl.Int32)),
    ]
    counts = ("room", "received", "traded", "refused", "unread")
    summed = pl.concat(parts, how="diagonal").group_by(_DAY).agg(pl.col(*counts).sum())
    left = (pl.col("room") - pl.col("received") - pl.col("refused")).clip(0)
    counted = summed.with_columns(quarantined=pl.col("refused") + pl.min_horizontal("unread", left))
    known = counted.with_columns(expected=pl.max_horizontal("room", pl.col("received") + pl.col("quarantined")))
    days = known.with_columns(missing=pl.col("expected") - pl.col("received") - pl.col("quarantined"))
    # An unreadable row on a day that expects nothing, or has all it expects, is told in quarantine and makes no day of its own.
    return days.filter(pl.col("expected") > 0).join(refused.select(*_DAY, "rules"), on=_DAY, how="left")


def _with_absence(
    days: pl.DataFrame, hours: pl.DataFrame, spans: pl.DataFrame, halts: pl.DataFrame | None, kept: pl.DataFrame | None
) -> pl.DataFrame:
    """What is known about days of which nothing came: a source whose payloads cover it, a halt, an adjusted bar; closed days."""
    closed = days.select("date").unique().join(hours.select("date"), on="date", how="anti").get_column("date")
    marked = days.with_columns(closed=pl.col("date").is_in(closed.implode()))
    halted = days.clear() if halts is None else halts
    adjusted = days.clear() if kept is None else kept.select("symbol", date="session")
    bare = pl.col("missing") > 0
    told = (
        within_spans(marked.filter(bare), spans)
        .join(halted.select(*_DAY, halted=pl.lit(value=True)).unique(), on=_DAY, how="left")
        .join(adjusted.select(*_DAY, came_adjusted=pl.lit(value=True)).unique(), on=_DAY, how="left")
    )
    return pl.concat([marked.filter(~bare), told], how="diagonal").with_columns(pl.col("halted", "came_adjusted").fill_null(value=False))


def _with_failures(days: pl.DataFrame, failures: pl.DataFrame | None) -> pl.DataFrame:
    """`days` with `failed`: which sources were asked for the day in vain, and why; null when none was."""
    if failures is None or not failures.height:
        return days.with_columns(failed=pl.lit(None, pl.String))
    said = failures.with_columns(source=pl.concat_str("source", pl.lit(": "), "reason"))
    told = within_spans(days.select("symbol", "date"), said).select(*_DAY, failed="covered_by")
    return days.join(told, on=_DAY, how="left", maintain_order="left")


def _state() -> pl.Expr:
    whole = pl.col("received") == pl.col("expected")
    one_idle = whole & (pl.col("expected") == 1) & (pl.col("traded") == 0)
    return (
        pl.when("closed")
        .then(pl.lit(CoverageState.CLOSED.value))
        .when(one_idle)
        .then(pl.lit(CoverageState.NO_TRADE.value))
        .when(whole)
        .then(pl.lit(CoverageState.COMPLETE.value))
        .when(pl.col("quarantined") > 0)
        .then(pl.lit(CoverageState.QUARANTINED.value))
        .when(pl.col("halted"))
        .then(pl.lit(CoverageState.HALTED.value))
        .when(pl.col("received") > 0)
        .then(pl.lit(CoverageState.NO_TRADE.value))
        .when(pl.col("covered_by").is_not_null())
        .then(pl.lit(CoverageState.VENDOR_ABSENT.value))
        .otherwise(pl.lit(CoverageState.NOT_FETCHED.value))
    )


def _reason() -> pl.Expr:
    state, rules = pl.col("state"), pl.concat_str(pl.lit("refused by "), pl.col("rules").fill_null(""))
    missing = pl.concat_str(
        "missing", pl.lit(" bars absent"), pl.concat_str(pl.lit(", none starts within "), "stretches"), ignore_nulls=True
    )
    nothing = pl.when(pl.col("came_adjusted")).then(pl.lit("only adjusted prices came, from ")).otherwise(pl.lit("nothing came from "))
    return (
        pl.when(state == CoverageState.CLOSED.value)
        .then(pl.concat_str(pl.lit("came on a closed day, "), rules))
        .when(state == CoverageState.QUARANTINED.value)
        .then(rules)
        .when(state == CoverageState.HALTED.value)
        .then(pl.lit("trading was halted"))
        .when((state == CoverageState.NO_TRADE.value) & (pl.col("missing") == 0))
        .then(pl.lit("the bar has no volume"))
        .when(state == CoverageState.NO_TRADE.value)
        .then(missing)
        .when(state == CoverageState.VENDOR_ABSENT.value)
        .then(pl.concat_str(nothing, "covered_by"))
        .when(state == CoverageState.NOT_FETCHED.value)
        .then(pl.coalesce(pl.concat_str(pl.lit("asked in vain: "), "failed"), pl.lit("no payload covers the day")))
        .otherwise(pl.lit(""))
    )
