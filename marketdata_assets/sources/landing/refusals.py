"""Rows that are no bars: under which rule, for which reason, filed under which day."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

import polars as pl

from marketdata_assets.sources.landing.format import LandingFormat
from marketdata_assets.sources.landing.rows import Rows
from marketdata_assets.sources.landing.stamps import read_stamps, why_unreadable

_NO_SYMBOL = "the symbol's cell is empty or holds no word"
_NO_PRICE = "no cell of open, high, low and close holds a finite number"


class Seen(NamedTuple):
    """Rows whose fields could be told apart, and what reading found in them, aligned: start of the bar, a price, a symbol, all of it."""

    cells: pl.DataFrame
    starts: pl.Series
    priced: pl.Series
    named: pl.Series
    is_bar: pl.Series


def refused_rows(rows: Rows, seen: Seen, layout: LandingFormat, *, daily: bool, day: date | None) -> pl.DataFrame:
    """Every row of the payload that is no bar: symbol, filed_under, rule, reason, row, line; in the order of lines.

    A row without a readable date or symbol takes that of the row before it, or after it at the head; a torn row keeps its symbol only
    when bars of the payload have it too. The row's text is kept as it came.
    """
    known = seen.cells.select("line", pl.when(seen.named).then("symbol").alias("symbol")).with_columns(
        seen.starts.dt.date().alias("day"), seen.is_bar.alias("bar")
    )
    bars = known.filter(seen.is_bar)
    whole = known.filter(~seen.is_bar).with_columns(_judged(seen, layout, daily=daily, day=day))
    whole = whole.with_columns(pl.when(pl.col("rule") != "repeated_header").then("symbol").alias("symbol"))
    own_day = read_stamps(rows.torn["timestamp"], layout.stamp, daily=daily, day=day).instants.dt.date().alias("day")
    torn = rows.torn.with_columns(
        pl.when(pl.col("symbol").is_in(bars["symbol"].unique().to_list())).then("symbol").alias("symbol"), own_day
    )
    every = pl.concat([bars, whole, torn.with_columns(pl.lit(value=False).alias("bar")).drop("timestamp")], how="diagonal").sort("line")
    bad = every.with_columns(pl.col("symbol", "day").forward_fill().backward_fill()).filter(~pl.col("bar"))
    bad = bad.with_columns(pl.Series("row", rows.text(bad["line"].to_list()), pl.String)).rename({"day": "filed_under"})
    return _by_kind(bad, layout).select("symbol", "filed_under", "rule", "reason", "row", "line")


def _by_kind(bad: pl.DataFrame, layout: LandingFormat) -> pl.DataFrame:
    """The kinds of rows that the format expects among bars get rules and reasons of their own."""
    rule, reason = pl.col("rule"), pl.col("reason")
    for kind in layout.other_rows:
        here = rule.is_in(["not_a_bar", "unreadable_time", "wrong_width"]) & pl.col("row").str.contains(kind.pattern)
        bad = bad.with_columns(
            pl.when(here).then(pl.lit(kind.rule)).otherwise(rule).alias("rule"),
            pl.when(here).then(pl.lit(kind.reason)).otherwise(reason).alias("reason"),
        )
    return bad


def _judged(seen: Seen, layout: LandingFormat, *, daily: bool, day: date | None) -> list[pl.Series]:
    """Rule and reason of the rows in which fields could be told apart and that are no bars all the same."""
    bad = seen.cells.filter(~seen.is_bar)
    why = why_unreadable(bad["timestamp"], layout.stamp, daily=daily, day=day)
    titles = [name.casefold() for name in layout.spellings("timestamp")]
    frame = bad.select(
        pl.col("timestamp").cast(pl.String).str.strip_chars().str.to_lowercase().is_in(titles).fill_null(value=False).alias("title"),
        seen.starts.filter(~seen.is_bar).is_null().alias("timeless"),
        (~seen.named.filter(~seen.is_bar)).alias("nameless"),
        why["rule"],
        why["reason"],
    )
    choices = {"rule": ("repeated_header", "no_symbol", "not_a_bar"), "reason": ("the header again", _NO_SYMBOL, _NO_PRICE)}
    return frame.select(
        pl.when("title")
        .then(pl.lit(title))
        .when("timeless")
        .then(name)
        .when("nameless")
        .then(pl.lit(nameless))
        .otherwise(pl.lit(rest))
        .alias(name)
        for name, (title, nameless, rest) in choices.items()
    ).get_columns()
