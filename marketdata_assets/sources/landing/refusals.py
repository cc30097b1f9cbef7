"""Rows that are no bars: under which rule, for which reason, filed under which day."""

from __future__ import annotations

from datetime import date

import polars as pl

from marketdata_assets.sources.landing.format import LandingFormat
from marketdata_assets.sources.landing.rows import Rows
from marketdata_assets.sources.landing.stamps import read_stamps, why_unreadable

_NO_PRICE = "no cell of open, high, low and close holds a finite number"


def refused_rows(
    rows: Rows,
    cells: pl.DataFrame,
    starts: pl.Series,
    priced: pl.Series,
    is_bar: pl.Series,
    layout: LandingFormat,
    *,
    daily: bool,
    day: date | None,
) -> pl.DataFrame:
    """Every row of the payload that is no bar: symbol, filed_under, rule, reason, row, line; in the order of lines.

    A row without a readable date or symbol takes that of the row before it, or after it at the head; a torn row keeps its symbol only
    when bars of the payload have it too. The row's text is kept as it came.
    """
    known = cells.select("line", "symbol").with_columns(starts.dt.date().alias("day"), is_bar.alias("bar"))
    bars = known.filter(is_bar)
    whole = known.filter(~is_bar).with_columns(_judged(cells, starts, priced, is_bar, layout, daily=daily, day=day))
    whole = whole.with_columns(pl.when(pl.col("rule") != "repeated_header", pl.col("symbol") != "").then("symbol").alias("symbol"))
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


def _judged(
    cells: pl.DataFrame, starts: pl.Series, priced: pl.Series, is_bar: pl.Series, layout: LandingFormat, *, daily: bool, day: date | None
) -> list[pl.Series]:
    """Rule and reason of the rows in which fields could be told apart and that are no bars all the same."""
    bad = cells.filter(~is_bar)
    why = why_unreadable(bad["timestamp"], layout.stamp, daily=daily, day=day)
    titles = [name.casefold() for name in layout.spellings("timestamp")]
    frame = bad.select(
        pl.col("timestamp").cast(pl.String).str.strip_chars().str.to_lowercase().is_in(titles).fill_null(value=False).alias("title"),
        pl.col("symbol").fill_null("").eq("").alias("nameless"),
    ).with_columns(starts.filter(~is_bar).is_null().alias("timeless"), why["rule"], why["reason"], priced.filter(~is_bar).alias("priced"))
    judged = frame.select(
        pl.when("title")
        .then(pl.lit("repeated_header"))
        .when("timeless")
        .then("rule")
        .when("nameless")
        .then(pl.lit("no_symbol"))
        .otherwise(pl.lit("not_a_bar"))
        .alias("rule"),
        pl.when("title")
        .then(pl.lit("the header again"))
        .when("timeless")
        .then("reason")
        .when("nameless")
        .then(pl.lit("the symbol's cell is empty"))
        .otherwise(pl.lit(_NO_PRICE))
        .alias("reason"),
    )
    return judged.get_columns()
