"""Series of symbols that nobody configured: left out of a file of a whole market before its rows are parted, and counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection

import polars as pl

Known = Callable[[Collection[str]], Collection[str]]
"""Which of some vendor symbols mean an instrument."""
_SAID = "left out: "
_NAMED = 3


def apart(bars: pl.DataFrame, refused: pl.DataFrame | None, known: Known) -> tuple[pl.DataFrame, pl.DataFrame | None, Counter[str]]:
    """Bars and refused rows of the symbols that are known, and how many rows of either kind each of the others has."""
    counts = bars["vendor_symbol"].value_counts(name="rows").rename({"vendor_symbol": "symbol"})
    if refused is not None:
        counts = pl.concat([counts, refused["symbol"].value_counts(name="rows")]).group_by("symbol").agg(pl.col("rows").sum())
    familiar = list(known(counts["symbol"].to_list()))
    left = Counter(dict(counts.filter(~pl.col("symbol").is_in(familiar)).rows()))
    if not left:
        return bars, refused, left
    kept = None if refused is None else refused.filter(pl.col("symbol").is_in(familiar))
    return bars.filter(pl.col("vendor_symbol").is_in(familiar)), kept, left


def left_out_note(left: Counter[str], where: str = "of symbols nobody configured") -> list[str]:
    """A note with the number of series and rows left out, and the first few symbols; none when nothing was."""
    if not left:
        return []
    names = sorted(left)[:_NAMED]
    more = " ..." if len(left) > _NAMED else ""
    return [f"{_SAID}{len(left):,} series ({left.total():,} rows) {where}: {', '.join(name[:40] for name in names)}{more}"]


def some_left_out(reason: str = "reason") -> pl.Expr:
    """Whether the notes in a column say that series were left out."""
    return pl.col(reason).str.contains(_SAID, literal=True)
