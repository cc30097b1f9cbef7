"""Versions of a bar: which arrived rows are news, and which only repeat what was known."""

from __future__ import annotations

import polars as pl

from marketdata_assets.schemas.bars import RAW_BARS

VALUE_COLUMNS = (
    "open",
    "high",
    "low",
    "close",
    "volume",
    "vwap",
    "trade_count",
    "adj_close",
    "dividend",
    "split_ratio",
    "price_basis",
    "volume_basis",
    "tape",
)
"""What a vendor says about a bar. Spelling, payload and line say where it was said; `known_at` says when."""

_BAR = ("symbol", "timestamp")
_ROW = ("symbol", "timestamp", "known_at", "payload_sha256", "line")


def restatements(existing: pl.DataFrame, arrived: pl.DataFrame) -> pl.DataFrame:
    """Raw bars with what arrived folded in: a version stays when it is the bar's first or differs from the one before it.

    A version is every row of one source for one (symbol, timestamp) with one `known_at`; two versions differ when their sets of
    values do. Versions are compared in the order in which they became known, whatever the order in which they are handed over,
    so payload A then B, B then A, and A with B give the same rows, and a payload landed again adds none. A repetition that was
    left out is forgotten: should an older payload turn up later whose values lay between the two, hand over the younger one again
    with it (reading a partition's payloads anew from the archive does). The vendor's adjusted close is a value like any other: a
    download that restates it is a new version of every bar it moved. Both frames are RAW_BARS of one source; so is the result.
    """
    both = RAW_BARS.conform(pl.concat([existing, arrived]))
    if not both.height:
        return both
    seen = both.filter(_differs_from_previous(_ROW))
    if not _any_repeated(seen, (*_BAR, "known_at")):
        return seen.filter(_differs_from_previous(_BAR) | _differs_from_previous(VALUE_COLUMNS))
    versions = seen.group_by(*_BAR, "known_at", maintain_order=True).agg(_value_set())
    news = versions.filter(_differs_from_previous(_BAR) | _differs_from_previous(("values",)))
    return seen.join(news.select(*_BAR, "known_at"), on=[*_BAR, "known_at"], how="semi", maintain_order="left")


def _differs_from_previous(columns: tuple[str, ...]) -> pl.Expr:
    """Whether a row differs in any of `columns` from the row before it; two nulls are equal, and so are two NaN."""
    return pl.any_horizontal(pl.col(c).ne_missing(pl.col(c).shift(1)) for c in columns) | (pl.int_range(pl.len()) == 0)


def _any_repeated(rows: pl.DataFrame, key: tuple[str, ...]) -> bool:
    return bool(rows.select((~_differs_from_previous(key)).any()).item())


def _value_set() -> pl.Expr:
    """The distinct value tuples of a version as one text, in an order of their own."""
    texts = (pl.col(c).cast(pl.String).fill_null("null") for c in VALUE_COLUMNS)
    return pl.concat_str(*texts, separator="|").unique().sort().str.join("\n").alias("values")
