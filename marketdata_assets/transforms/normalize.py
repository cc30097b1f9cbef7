"""Raw versions of one source become bars in one shape: the newest known version, the session it belongs to, nothing repaired."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

import polars as pl

from marketdata_assets.core.periods import PeriodKind, period_expr
from marketdata_assets.schemas.bars import NORMALIZED_BARS, RAW_BARS
from marketdata_assets.transforms.restate import VALUE_COLUMNS

ROUND_THE_CLOCK_MINUTES = 1440
_EXCHANGE_ZONE = "America/New_York"
MERGED_SCHEMA = pl.Schema({"symbol": pl.String(), "period": pl.String(), "n": pl.Int64()})


class Normalized(NamedTuple):
    """Bars of NORMALIZED_BARS, and how many identical duplicates were merged (symbol, period, n)."""

    bars: pl.DataFrame
    merged_duplicates: pl.DataFrame


def normalize(
    raw: pl.DataFrame,
    *,
    source: str,
    currency: str,
    sessions: pl.DataFrame,
    intraday: bool,
    as_of: datetime | None = None,
    zone: str | None = None,
) -> Normalized:
    """What `source` is known to say about each bar, as of an instant: grain bar, or payload row where it said two things at once.

    Of the rows of RAW_BARS with `known_at <= as_of` (None: all of them) the newest `known_at` of each (symbol, timestamp) counts.
    Identical duplicates within it, equal in every value, merge to the first by (payload_sha256, line) and are counted; differing
    ones all stay, for the rules to refuse. The session of a daily bar is the date of its stamp. The session of an intraday bar is
    its date in `zone`, so bars before the open and after the close belong to their day; None means UTC where every one of
    `sessions` lasts around the clock and New York otherwise.
    """
    known = raw if as_of is None else raw.filter(pl.col("known_at") <= as_of)
    newest = _newest(RAW_BARS.conform(known))
    merged = newest.unique(("symbol", "timestamp", *VALUE_COLUMNS), keep="first", maintain_order=True) if _repeats(newest) else newest
    session = pl.col("timestamp").dt.convert_time_zone(zone or session_zone(sessions)) if intraday else pl.col("timestamp")
    bars = merged.with_columns(session.dt.date().alias("session"), source=pl.lit(source), currency=pl.lit(currency))
    return Normalized(NORMALIZED_BARS.conform(bars), _merged(newest, merged, PeriodKind.MONTH if intraday else PeriodKind.YEAR))


def session_zone(sessions: pl.DataFrame) -> str:
    """The zone whose dates name `sessions`: UTC where they last around the clock, the New York exchanges' otherwise."""
    around_the_clock = sessions.height > 0 and sessions.select((pl.col("minutes") == ROUND_THE_CLOCK_MINUTES).all()).item()
    return "UTC" if around_the_clock else _EXCHANGE_ZONE


def _newest(raw: pl.DataFrame) -> pl.DataFrame:
    """Rows of the newest version of each bar; `raw` is sorted by symbol, timestamp, known_at."""
    if not _repeats(raw):
        return raw
    last = pl.any_horizontal(pl.col(c).ne_missing(pl.col(c).shift(-1)) for c in ("symbol", "timestamp")) | (
        pl.int_range(pl.len()) == pl.len() - 1
    )
    return raw.filter(pl.col("known_at") == pl.when(last).then(pl.col("known_at")).backward_fill())


def _repeats(rows: pl.DataFrame) -> bool:
    same = pl.all_horizontal(pl.col(c) == pl.col(c).shift(1) for c in ("symbol", "timestamp"))
    return bool(rows.select(same.any()).item())


def _merged(before: pl.DataFrame, after: pl.DataFrame, kind: PeriodKind) -> pl.DataFrame:
    if before.height == after.height:
        return MERGED_SCHEMA.to_frame()
    gone = before.join(
        after.select("payload_sha256", "line", "symbol", "timestamp"), on=["payload_sha256", "line", "symbol", "timestamp"], how="anti"
    )
    counted = gone.group_by("symbol", period_expr("timestamp", kind).alias("period")).agg(pl.len().cast(pl.Int64).alias("n"))
    return counted.sort("symbol", "period")
