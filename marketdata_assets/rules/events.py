"""Share-count events that the sources themselves report, beside those handed over."""

from __future__ import annotations

import polars as pl

EVENTS_SCHEMA = pl.Schema({"symbol": pl.String(), "ex_date": pl.Date(), "ratio": pl.Float64()})


def known_events(rows: pl.DataFrame, told: pl.DataFrame | None) -> pl.DataFrame:
    """(symbol, ex_date, ratio = new shares / old shares), distinct, from any source's split column and from `told`.

    Ratios that differ for one symbol and date all stay; whoever uses them asks whether any fits.
    """
    reported = rows.filter(pl.col("split_ratio") > 0, pl.col("split_ratio") != 1).select(
        "symbol", pl.col("session").alias("ex_date"), pl.col("split_ratio").alias("ratio")
    )
    given = (told if told is not None else EVENTS_SCHEMA.to_frame()).select(pl.col(c).cast(t) for c, t in EVENTS_SCHEMA.items())
    return pl.concat([reported, given]).unique().sort("symbol", "ex_date", "ratio")
