"""Series that may be one series under two symbols: found in the inventory by fingerprints, so that an audit can look at both."""

from __future__ import annotations

from collections.abc import Collection
from hashlib import blake2b

import polars as pl

from marketdata_assets.core.periods import PeriodKind, period_expr
from marketdata_assets.core.timeframes import Timeframe
from marketdata_assets.schemas.audit import LandingState

_DISTINCT = 10
"""A stretch with fewer different closes says nothing: a pegged coin, a week of one price."""


def fingerprints(bars: pl.DataFrame, timeframe: Timeframe) -> str:
    """`2023-01:1a2b3c4d 2023-02:...`: a short hash of the closes of each calendar month (each day of intraday bars), in time order.

    Equal closes at equal times have equal fingerprints; the converse is likely and not certain, so they only say where to look.
    """
    kind = PeriodKind.DAY if timeframe.intraday else PeriodKind.MONTH
    if bars.height < _DISTINCT:
        return ""
    told = bars.select("timestamp", "close", stretch=period_expr("timestamp", kind)).drop_nulls().sort("timestamp")
    if not told.height:
        return ""
    text = pl.concat_str(pl.col("timestamp").dt.epoch("us"), pl.col("close"), separator="=")
    stretches = (
        told.with_columns(text=text)
        .group_by("stretch", maintain_order=True)
        .agg(pl.col("text").str.join(" "), distinct=pl.col("close").n_unique())
        .filter(pl.col("distinct") >= _DISTINCT)
    )
    return " ".join(f"{stretch}:{_short(joined)}" for stretch, joined in stretches.select("stretch", "text").iter_rows())


def twins(files: pl.DataFrame, timeframe: str, symbols: Collection[str]) -> dict[str, set[str]]:
    """The other symbols of one source that share a fingerprint with each of `symbols`; those without any are left out.

    `files`: LANDING_FILES of the source.
    """
    landed = files.filter(pl.col("state") == LandingState.LANDED, pl.col("timeframe") == timeframe, pl.col("fingerprints") != "")
    marks = landed.select("symbol", pl.col("fingerprints").str.split(" ").alias("mark")).explode("mark").unique()
    shared = marks.filter(pl.col("mark").is_duplicated())
    pairs = shared.join(shared, on="mark", suffix="_other").filter(
        pl.col("symbol") != pl.col("symbol_other"), pl.col("symbol").is_in(list(symbols))
    )
    found: dict[str, set[str]] = {}
    for symbol, other in pairs.select("symbol", "symbol_other").unique().iter_rows():
        found.setdefault(symbol, set()).add(other)
    return found


def _short(text: str) -> str:
    return blake2b(text.encode(), digest_size=4).hexdigest()
