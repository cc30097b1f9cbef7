"""How many sessions each feature needs until it no longer depends on where history starts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import polars as pl

from marketdata_assets.transforms.lookahead.compare import KEY
from marketdata_assets.transforms.lookahead.inputs import Build, PanelInputs

CLOSE = 1e-9
WARM_UP_SCHEMA = pl.Schema({"feature": pl.String(), "exact": pl.Int64(), "close": pl.Int64(), "rows": pl.Int64(), "largest": pl.Float64()})
"""For each feature: sessions after which it equals the one of the whole history to the bit (`exact`) and to 1e-9 relative (`close`), the
start's own session being the first; null where it had not settled when the panel ended. `rows` that were compared, and the `largest`
relative distance among those in which it had a value."""


def warm_ups(build: Build, inputs: PanelInputs, starts: Sequence[date]) -> pl.DataFrame:
    """WARM_UP of every feature: the panel of the whole history held against panels whose bars begin on each of `starts`.

    Sessions are those of the calendar since the start: a symbol that pauses settles as much later. A value that only one of the two
    panels has is a difference.
    """
    whole = build(inputs)
    features = [name for name in whole.columns if name not in KEY]
    parts = [_ages(inputs, whole, build(replace(inputs, bars=inputs.bars.filter(pl.col("session") >= start))), start) for start in starts]
    rows = pl.concat(parts) if parts else None
    if rows is None or not rows.height:
        return WARM_UP_SCHEMA.to_frame()
    last = rows.group_by("start").agg(pl.col("age").max().alias("last"))
    rows = rows.join(last, on="start")
    return pl.DataFrame([_settled(rows, name) for name in features], schema=WARM_UP_SCHEMA, orient="row")


def _ages(inputs: PanelInputs, whole: pl.DataFrame, short: pl.DataFrame, start: date) -> pl.DataFrame:
    days = pl.DataFrame({"date": [day for day in inputs.sessions if day >= start]}, schema={"date": pl.Date}).with_row_index("age", 1)
    pair = whole.join(short, on=KEY, how="inner", suffix="__short").join(days.cast({"age": pl.Int64}), on="date", how="inner")
    return pair.with_columns(start=pl.lit(start))


def _settled(rows: pl.DataFrame, name: str) -> tuple[str, int | None, int | None, int, float | None]:
    full, short = pl.col(name), pl.col(f"{name}__short")
    one_only = full.is_null() != short.is_null()
    away = (full - short).abs() / pl.max_horizontal(full.abs(), short.abs(), pl.lit(1e-300))
    told = rows.select(
        "age",
        "last",
        unlike=one_only | (full != short).fill_null(value=False),
        far=one_only | (away > CLOSE).fill_null(value=False),
        away=away,
    )
    return (name, _first_settled(told, "unlike"), _first_settled(told, "far"), told.height, told["away"].max())  # type: ignore[return-value]


def _first_settled(told: pl.DataFrame, differs: str) -> int | None:
    """The first age from which on nothing differs; None when something still does at the very end."""
    bad = told.filter(differs)
    if not bad.height:
        return 1
    latest = int(bad["age"].max())  # type: ignore[arg-type]
    return None if (bad["age"] == bad["last"]).any() else latest + 1
