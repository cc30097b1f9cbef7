"""Two panels up to a day, compared to the bit."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl

KEY = ["date", "symbol"]
ROW = "(row)"
DIFFERENCES_SCHEMA = pl.Schema(
    {"column": pl.String(), "rows": pl.Int64(), "date": pl.Date(), "symbol": pl.String(), "was": pl.String(), "now": pl.String()}
)
"""One column that differs: in how many rows, and the first of them with both values; `(row)` counts rows that only one panel has."""


def differences(panel: pl.DataFrame, other: pl.DataFrame, until: date) -> pl.DataFrame:
    """DIFFERENCES between the rows dated up to `until`, both ways; none when they are equal to the bit.

    -0.0 is not 0.0 here, and a null is no number. A column that only one panel has differs in every row.
    """
    mine, theirs = (frame.filter(pl.col("date") <= until).sort(KEY, maintain_order=True) for frame in (panel, other))
    found = [_rows(mine, theirs)]
    if found[0]:
        shared = mine.select(KEY).join(theirs.select(KEY), on=KEY, how="semi", maintain_order="left").unique(maintain_order=True)
        mine, theirs = (shared.join(frame, on=KEY, how="left", maintain_order="left") for frame in (mine, theirs))
    if mine.height == theirs.height:
        names = [*(name for name in mine.columns if name not in KEY), *(name for name in theirs.columns if name not in mine.columns)]
        found += [_column(mine, theirs, name) for name in names]
    return pl.DataFrame([row for row in found if row], schema=DIFFERENCES_SCHEMA, orient="row")


def _rows(mine: pl.DataFrame, theirs: pl.DataFrame) -> tuple[object, ...] | None:
    if mine.height == theirs.height and mine.select(KEY).equals(theirs.select(KEY)):
        return None
    gone, new = mine.join(theirs, on=KEY, how="anti"), theirs.join(mine, on=KEY, how="anti")
    told = [
        *((*key, "there", "gone") for key in gone.select(KEY).rows()),
        *((*key, "not there", "there") for key in new.select(KEY).rows()),
    ]
    if not told:  # the same keys, not as often
        told = [(mine["date"][0], mine["symbol"][0], f"{mine.height} rows", f"{theirs.height} rows")]
    return (ROW, len(told), *min(told))


def _column(mine: pl.DataFrame, theirs: pl.DataFrame, name: str) -> tuple[object, ...] | None:
    if name not in mine.columns or name not in theirs.columns:
        where = ("there", "gone") if name in mine.columns else ("not there", "there")
        return (name, mine.height, mine["date"].min(), mine["symbol"].min(), *where) if mine.height else None
    a, b = mine[name], theirs[name]
    if a.dtype != b.dtype:
        return (name, mine.height, mine["date"].min(), mine["symbol"].min(), str(a.dtype), str(b.dtype)) if mine.height else None
    unlike = _unlike(a, b)
    if not unlike.any():
        return None
    at = int(unlike.argmax())
    return (name, int(unlike.sum()), mine["date"][at], mine["symbol"][at], repr(a[at]), repr(b[at]))


def _unlike(a: pl.Series, b: pl.Series) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    nulls = a.is_null().to_numpy() != b.is_null().to_numpy()
    if a.dtype == pl.Float64:
        bits = [series.fill_null(0.0).to_numpy().view(np.uint64) for series in (a, b)]
        return np.asarray(nulls | (bits[0] != bits[1]))
    return np.asarray(nulls | (a != b).fill_null(value=False).to_numpy())
