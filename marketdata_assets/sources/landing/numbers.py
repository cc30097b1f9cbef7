"""Cells to numbers, exactly as `float` reads them; whatever is no finite number becomes null."""

from __future__ import annotations

import polars as pl

from marketdata_assets.sources.landing.format import PRICES, LandingFormat


def read_numbers(cells: pl.DataFrame, layout: LandingFormat) -> pl.DataFrame:
    """The numeric columns of `cells`, prices divided by the format's scale, splits without an event as 1; aligned with `cells`.

    NaN, infinities, 1e400, empty cells and words are null alike; a count of trades must be whole.
    """
    return pl.DataFrame(
        [_column(cells[name], layout) for name in layout.columns if name in cells.columns and name not in ("symbol", "timestamp", "time")]
    )


def missing(cells: pl.DataFrame, numbers: pl.DataFrame) -> list[str]:
    """Notes on prices and volumes that bars lack: how many, and the first one with its line and text."""
    notes: list[str] = []
    for name in (*PRICES, "volume"):
        if name in numbers.columns and numbers[name].null_count():
            gaps = cells.filter(numbers[name].is_null()).select("line", pl.col(name).cast(pl.String).fill_null(""))
            line, text = gaps.row(0)
            notes.append(f"{gaps.height} bars without a finite {name}, the first in line {line} ({text[:40]!r})")
    return notes


def _column(cells: pl.Series, layout: LandingFormat) -> pl.Series:
    if cells.name == "trade_count":
        return cells.cast(pl.Int64, strict=False) if _castable(cells) else _nothing(cells)
    values = _floats(cells, layout.thousands)
    if not values.is_finite().all():
        values = values.to_frame().select(pl.when(pl.col(cells.name).is_finite()).then(pl.col(cells.name)))[cells.name]
    if cells.name in (*PRICES, "vwap") and layout.price_divisor != 1:
        # Polars divides by a single number through its reciprocal, which is off by one unit in the last place; by a column it is exact.
        values = values / pl.repeat(layout.price_divisor, len(values), dtype=pl.Float64, eager=True)
    if cells.name == "split_ratio" and layout.no_split is not None:
        values = values.replace(layout.no_split, 1.0)
    return values


def _floats(cells: pl.Series, thousands: str) -> pl.Series:
    if not _castable(cells):
        return _nothing(cells).cast(pl.Float64)
    values = cells.cast(pl.Float64, strict=False)
    if cells.dtype == pl.String and values.null_count() > cells.null_count():
        texts = cells.str.strip_chars()
        texts = texts.str.replace_all(thousands, "", literal=True) if thousands else texts
        values = texts.cast(pl.Float64, strict=False)
    return values


def _castable(cells: pl.Series) -> bool:
    return cells.dtype == pl.String or cells.dtype.is_numeric()


def _nothing(cells: pl.Series) -> pl.Series:
    return pl.Series(cells.name, [None] * len(cells), pl.Int64)
