"""What sources report about a symbol's shares and cash, in one shape."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from marketdata_assets.schemas.splits import REPORTED_EVENTS

KINDS = ("split", "stock_dividend", "spin_off", "cash_dividend")
_STATEMENT = ["symbol", "ex_date", "kind", "source", "ratio", "amount"]


def of_actions(actions: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """REPORTED_EVENTS of corporate actions as announced (RAW_CORPORATE_ACTIONS or CORPORATE_ACTIONS), by source.

    Only splits, stock dividends, spin-offs and cash dividends with an ex-date and a known symbol are kept. Of statements alike in all but
    the time of receipt the first counts.
    """
    parts = [
        rows.filter(pl.col("kind").is_in(KINDS), pl.col("ex_date").is_not_null(), pl.col("symbol").str.len_chars() > 0).select(
            "symbol",
            "ex_date",
            "kind",
            pl.when(pl.col("kind") != "cash_dividend").then(pl.col("ratio")).alias("ratio"),
            pl.when(pl.col("kind") == "cash_dividend").then(pl.col("amount")).alias("amount"),
            pl.lit(source).alias("source"),
            pl.col("declared_on").alias("announced_on"),
            "known_at",
            "payload_sha256",
        )
        for source, rows in actions.items()
    ]
    return _first(parts)


def of_bars(normalized: pl.DataFrame) -> pl.DataFrame:
    """REPORTED_EVENTS of the split and dividend columns that daily bars (NORMALIZED_BARS) came with.

    A ratio of 1 or 0 and a dividend of 0 say that there was nothing.
    """
    split = normalized.filter(pl.col("split_ratio") > 0, pl.col("split_ratio") != 1).with_columns(
        kind=pl.lit("split"), ratio=pl.col("split_ratio"), amount=pl.lit(None, pl.Float64)
    )
    paid = normalized.filter(pl.col("dividend") > 0).with_columns(
        kind=pl.lit("cash_dividend"), ratio=pl.lit(None, pl.Float64), amount=pl.col("dividend")
    )
    chosen = ("symbol", pl.col("session").alias("ex_date"), "kind", "ratio", "amount", "source", "known_at", "payload_sha256")
    return _first([part.select(*chosen) for part in (split, paid)])


def covering_of_bars(normalized: pl.DataFrame) -> pl.DataFrame:
    """(symbol, source, first, last): over which days a source's bars have a split column, so that its silence means something."""
    told = normalized.filter(pl.col("split_ratio").is_not_null())
    return (
        told.group_by("symbol", "source")
        .agg(pl.col("session").min().alias("first"), pl.col("session").max().alias("last"))
        .sort("symbol", "source")
    )


def _first(parts: list[pl.DataFrame]) -> pl.DataFrame:
    rows = pl.concat([REPORTED_EVENTS.conform(part) for part in parts]) if parts else REPORTED_EVENTS.empty()
    ordered = rows.sort(*_STATEMENT, "known_at", "payload_sha256")
    return REPORTED_EVENTS.conform(ordered.unique(_STATEMENT, keep="first", maintain_order=True))
