"""How far the closes of several sources lie apart on the same bar, and how many support each other."""

from __future__ import annotations

import polars as pl

_BASIS_POINT = 1e-4


def with_agreement(rows: pl.DataFrame, *, tolerance_bps: float) -> pl.DataFrame:
    """`rows` with, for each, `n_others` (other sources' rows of the bar), `n_supporting` and `deviation_bps`.

    Two closes support each other when they differ by at most `tolerance_bps` basis points of their mean, so support is mutual.
    `deviation_bps` is the largest distance of another source's close in basis points of the row's own close, 0 when alone.
    `rows` holds one row per (symbol, timestamp, source), the rows of a bar side by side; closes are positive.
    """
    sources = rows.get_column("source").n_unique()
    others = [_other(distance) for step in range(1, sources) for distance in (step, -step)]
    close = pl.col("close")
    near = [(close - other).abs() <= tolerance_bps * _BASIS_POINT * (close + other) / 2 for other in others]
    apart = [(other / close - 1).abs() / _BASIS_POINT for other in others]
    return rows.with_columns(
        n_others=_count([other.is_not_null() for other in others]),
        n_supporting=_count(near),
        deviation_bps=pl.max_horizontal(pl.lit(0.0), *apart),
    )


def supported(others: str = "n_others", supporting: str = "n_supporting") -> pl.Expr:
    """Whether at least half of the other sources support the row; a row alone is supported."""
    return pl.col(supporting) * 2 >= pl.col(others)


def same_bar(distance: int) -> pl.Expr:
    """Whether the row `distance` above (below when negative) is of the same bar; false beyond the frame."""
    same = (pl.col(c) == pl.col(c).shift(distance) for c in ("symbol", "timestamp"))
    return pl.all_horizontal(*same).fill_null(value=False)


def _other(distance: int) -> pl.Expr:
    return pl.when(same_bar(distance)).then(pl.col("close").shift(distance))


def _count(truths: list[pl.Expr]) -> pl.Expr:
    return pl.sum_horizontal(pl.lit(0, pl.Int32), *(t.fill_null(value=False).cast(pl.Int32) for t in truths))
