"""Stretches of time: of a session in which no bar starts, and of days that payloads cover."""

from __future__ import annotations

from datetime import timedelta

import polars as pl

_DAY = ["symbol", "date"]
_LISTED = 5


def bare_stretches(bars: pl.DataFrame, length: timedelta, gap_minutes: int) -> pl.DataFrame:
    """`stretches` of each symbol and date: where bars start `gap_minutes` and more apart, as `13:34-13:49, 19:00-20:00`, UTC.

    From a bar's start to the next one's, from `opens` to the first bar and from the last one's start to `closes`; at most five,
    then how many more. Days without such a stretch have no row. `bars` (symbol, date, timestamp, opens, closes) of any order.
    """
    ordered = bars.sort(*_DAY, "timestamp")
    first, last = (pl.any_horizontal(pl.col(c).ne_missing(pl.col(c).shift(d)) for c in _DAY) for d in (1, -1))
    at_head = ordered.filter(first | (pl.int_range(pl.len()) == 0)).select(*_DAY, start="opens", end="timestamp", slack=pl.lit(0))
    at_tail = ordered.filter(last | (pl.int_range(pl.len()) == pl.len() - 1)).select(
        *_DAY, start="timestamp", end="closes", slack=pl.lit(1)
    )
    between = ordered.select(*_DAY, start=pl.when(~first).then(pl.col("timestamp").shift(1)), end="timestamp", slack=pl.lit(2))
    apart = pl.col("end") - pl.col("start")
    wide = pl.concat([at_head, between.filter(pl.col("start").is_not_null()), at_tail], how="vertical_relaxed").filter(
        apart >= timedelta(minutes=gap_minutes),
        apart >= pl.col("slack") * pl.lit(length),
        # A bar that runs up to the close leaves nothing bare after it.
        (pl.col("slack") != 1) | (apart >= pl.lit(length + timedelta(minutes=gap_minutes))),
    )
    shown = pl.concat_str(*(pl.col(c).dt.to_string("%H:%M") for c in ("start", "end")), separator="-")
    listed = wide.sort(*_DAY, "start").group_by(_DAY, maintain_order=True).agg(shown.head(_LISTED).str.join(", "), pl.len().alias("n"))
    more = pl.when(pl.col("n") > _LISTED).then(pl.concat_str(pl.lit(" and "), pl.col("n") - _LISTED, pl.lit(" more"))).otherwise(pl.lit(""))
    return listed.select(*_DAY, stretches=pl.concat_str("start", more))


def within_spans(days: pl.DataFrame, spans: pl.DataFrame) -> pl.DataFrame:
    """`days` with `covered_by`: a source with a span (first and last day inclusive) over the day, null when no span does."""
    reach = (
        spans.select("symbol", "source", pl.col("first", "last").cast(pl.Date))
        .drop_nulls()
        .sort("symbol", "first", "last", "source")
        .with_columns(until=pl.col("last").cum_max().over("symbol"))
    )
    # Spans of one symbol may overlap: the days up to the farthest end so far count as one stretch.
    fresh = (pl.col("first") > pl.col("until").shift(1) + timedelta(days=1)) | pl.col("symbol").ne_missing(pl.col("symbol").shift(1))
    islands = reach.with_columns(island=fresh.fill_null(value=True).cum_sum()).group_by("symbol", "island", maintain_order=True)
    merged = islands.agg(pl.col("first").min().alias("begins"), pl.col("until").max(), pl.col("source").unique().sort().str.join(", "))
    placed = days.sort("date").join_asof(
        merged.drop("island").sort("begins"), left_on="date", right_on="begins", by="symbol", strategy="backward", check_sortedness=False
    )
    covered = pl.when(pl.col("date") <= pl.col("until")).then(pl.col("source"))
    return placed.with_columns(covered_by=covered).drop("begins", "until", "source", strict=False)
