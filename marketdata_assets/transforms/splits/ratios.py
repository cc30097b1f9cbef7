"""Ratios in which shares are split, and how vendors write them."""

from __future__ import annotations

from fractions import Fraction

import polars as pl

_ROUNDING = 3e-4
"""Vendors write 1.333, 0.3333, 1.499999 and 7.00000700001; factor files are off by more, up to 2 in 10,000."""


def with_declared(rows: pl.DataFrame, column: str = "ratio") -> pl.DataFrame:
    """`rows` with `declared`: the ratio a company would declare of which `column` is a rounding; null where it is none.

    Declared are whole numbers to 100 and their inverses, fractions of halves, thirds, quarters and fifths, and stock dividends of whole
    percents up to 25. A spin-off in a split column is a quotient of two prices (1.324, 1.046) and near none of them.
    """
    known = pl.DataFrame({"declared": _declared()}).with_columns(log=pl.col("declared").log()).sort("log")
    placed = rows.with_row_index("row_number").with_columns(log=pl.when(pl.col(column) > 0).then(pl.col(column).log()))
    near = placed.filter(pl.col("log").is_not_null()).sort("log").join_asof(known, on="log", strategy="nearest")
    fits = near.filter((pl.col(column) / pl.col("declared") - 1).abs() <= _ROUNDING).select("row_number", "declared")
    return placed.join(fits, on="row_number", how="left", maintain_order="left").drop("row_number", "log")


def _declared() -> list[float]:
    whole = [Fraction(n) for n in range(2, 101)]
    parts = [Fraction(a, b) for b in range(2, 6) for a in range(b + 1, 5 * b)]
    percents = [Fraction(100 + n, 100) for n in range(1, 26)]
    both = {f for r in (*whole, *parts) for f in (r, 1 / r)} | set(percents)
    return sorted(float(f) for f in both)
