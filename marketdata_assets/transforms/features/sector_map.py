"""Which sector a symbol belonged to on a date, as it was known at the close of that date."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl

from marketdata_assets.transforms.features.arrays import Ints

NO_SECTOR = -1


def known_spells(sectors: pl.DataFrame, closes: pl.DataFrame | None) -> pl.DataFrame:
    """Spells of (symbol, sector) in which both hold: the symbol was in it, and the map said so by then; `begin` and `end`, half-open.

    `sectors`: symbol, from (null: always), to (the first day in it no more; null: still in), sector, known_at. A row replaces an earlier
    known one with the same symbol and `from`. It is known on the first date whose close is not before `known_at`: `closes` (date, close)
    of the calendar; without it a date ends with its UTC day. Where spells overlap, the one that begins later wins: rows come in that
    order, by symbol and `from`.
    """
    told = sectors.select(
        "symbol", "sector", "known_at", begin=pl.coalesce("from", pl.lit(date.min)), end=pl.coalesce("to", pl.lit(date.max))
    )
    seen = told.with_columns(known_on=pl.col("known_at").dt.date())
    if closes is not None and closes.height:
        days = closes.select(known_on="date", close="close").sort("close")
        seen = (
            told.sort("known_at")
            .join_asof(days, left_on="known_at", right_on="close", strategy="forward", check_sortedness=False)
            .with_columns(pl.coalesce("known_on", pl.lit(date.max)))
        )
    ordered = seen.sort("symbol", "begin", "known_at", "sector")
    replaced = pl.col("known_on").shift(-1).over("symbol", "begin").fill_null(date.max)
    return ordered.select("symbol", "sector", begin=pl.max_horizontal("begin", "known_on"), end=pl.min_horizontal("end", replaced)).filter(
        pl.col("begin") < pl.col("end")
    )


def sector_codes(rows: pl.DataFrame, sectors: pl.DataFrame, closes: pl.DataFrame | None = None) -> Ints:
    """A number for the sector of each row (date, symbol), NO_SECTOR where none is known. Equal numbers mean equal sectors."""
    spells = known_spells(sectors, closes)
    names = sectors.get_column("sector").drop_nulls().unique().sort()
    if not names.len() or not rows.height:
        return np.full(rows.height, NO_SECTOR, np.int32)
    coded = spells.with_columns(
        code=pl.col("sector").replace_strict(names, pl.int_range(names.len(), dtype=pl.Int32, eager=True), default=None)
    )
    # A spell's end says that nothing is known any more, unless another one goes on: both become marks on the symbol's time line.
    marks = _marks(coded)
    placed = (
        rows.select("date", "symbol")
        .with_row_index("place")
        .sort("date")
        .join_asof(marks, left_on="date", right_on="mark", by="symbol", strategy="backward", check_sortedness=False)
        .sort("place")
    )
    return np.array(placed.get_column("code").fill_null(NO_SECTOR).to_numpy(), dtype=np.int32)


def _marks(spells: pl.DataFrame) -> pl.DataFrame:
    """The days on which a symbol's sector changes, each with the sector from then on (null: none is known)."""
    days = pl.concat([spells.select("symbol", mark="begin"), spells.select("symbol", mark="end")]).unique()
    held = days.join(spells.with_row_index("order"), on="symbol").filter(pl.col("begin") <= pl.col("mark"), pl.col("mark") < pl.col("end"))
    winning = held.sort("order").group_by("symbol", "mark", maintain_order=True).agg(pl.col("code").last())
    return days.join(winning, on=["symbol", "mark"], how="left").sort("mark", "symbol")
