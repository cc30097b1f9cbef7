"""Reported figures joined with the acceptance of their filings, and what was known of them at a date, consistent across splits."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Literal

import polars as pl

from marketdata_assets.schemas.fundamentals import FUNDAMENTALS

NEW_YORK = "America/New_York"
Acceptance = Literal["later", "utc", "new_york"]
FIGURE = ["entity", "taxonomy", "concept", "unit", "period_start", "period_end"]
PER_SHARE, SHARES = "/shares", "shares"
SPLITS = pl.Schema([("ex_date", pl.Date), ("ratio", pl.Float64)])


def as_filed(
    facts: pl.DataFrame, filings: pl.DataFrame, sessions: pl.DataFrame, symbols: pl.DataFrame, acceptance: Acceptance = "later"
) -> pl.DataFrame:
    """Rows of `fundamentals`: each figure of each filing once, its newest value, from the first payload that told it.

    `facts`, `filings`: rows of FACTS and FILINGS; `sessions`: (session, close) of the exchange; `symbols`: (entity, symbol). A figure
    accepted up to the close of a session is usable at that close, later ones at the next; of a filing whose acceptance is not known, at
    the close of the session after its filing date. `acceptance` says what its clock means: `utc`, `new_york` (older ones are New York's
    times marked as UTC), or the later of the two, which is never early.
    """
    key = [*FIGURE, "accession"]
    told = facts.sort("known_at", "payload_sha256", "line").unique([*key, "value"], keep="first", maintain_order=True)
    newest = told.unique(key, keep="last", maintain_order=True).drop("accepted_at", "symbol")
    times = filings.sort("known_at", "line").unique(["entity", "accession"], keep="last").select("entity", "accession", "accepted_at")
    rows = newest.join(times, on=["entity", "accession"], how="left")
    rows = rows.join(symbols.unique("entity", keep="first", maintain_order=True), on="entity", how="left")
    rows = rows.with_columns(pl.coalesce(_accepted(acceptance), _end_of_day("filed_on")).cast(pl.Datetime("us", "UTC")).alias("public_at"))
    return FUNDAMENTALS.conform(_versions(_usable(rows, sessions)))


def as_known(rows: pl.DataFrame, as_of: date | datetime) -> pl.DataFrame:
    """The newest version of every figure that was known: at an instant, or by the close of a date.

    Where only the filing's date is known, it counts as known on that date and not at any instant of it.
    """
    if isinstance(as_of, datetime):
        seen = rows.filter(pl.col("public_at") <= as_of)
    else:
        seen = rows.filter((pl.col("usable_from") <= as_of) | (pl.col("accepted_at").is_null() & (pl.col("filed_on") <= as_of)))
    newest = seen.sort("public_at", "accession").unique(FIGURE, keep="last", maintain_order=True)
    return newest.sort(FIGURE)


def on_basis(rows: pl.DataFrame, splits: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """`rows` with `basis_value`: per-share figures and share counts as if told on the share basis of `as_of`, others as they are.

    `splits`: (ex_date, ratio), ratio = new / old shares. A filing's figures are on the basis of its filing date, a cover page's count of
    shares (taxonomy dei) on that of its own date; only splits after that and up to `as_of` count: -4.92 a share is -0.984 after 5:1.
    """
    known = splits.filter(pl.col("ex_date") <= as_of).unique(maintain_order=True).sort("ex_date")
    basis = pl.when((pl.col("taxonomy") == "dei") & pl.col("period_start").is_null()).then("period_end").otherwise("filed_on")
    factor = pl.lit(1.0)
    for ex_date, ratio in known.select("ex_date", "ratio").iter_rows():
        factor = factor * pl.when(basis < ex_date).then(pl.lit(ratio)).otherwise(pl.lit(1.0))
    per_share, shares = pl.col("unit").str.ends_with(PER_SHARE), pl.col("unit") == SHARES
    value = pl.when(per_share).then(pl.col("value") / factor).when(shares).then(pl.col("value") * factor).otherwise("value")
    return rows.with_columns(value.alias("basis_value"))


def conflicting(facts: pl.DataFrame) -> pl.DataFrame:
    """Figures that one payload tells twice for one filing, with different values: those in a list, and what names the figure."""
    told = facts.group_by(*FIGURE, "accession", "payload_sha256").agg(pl.col("value").unique().sort().alias("values"))
    return (
        told.filter(pl.col("values").list.len() > 1)
        .select("entity", "concept", "unit", "period_end", "accession", "values")
        .sort("entity", "concept", "unit", "period_end", "accession")
    )


def without_acceptance(facts: pl.DataFrame, filings: pl.DataFrame) -> pl.DataFrame:
    """(entity, accession, filed_on) of each filing that has figures and no acceptance time."""
    named = facts.select("entity", "accession", "filed_on").unique(["entity", "accession"], keep="first", maintain_order=True)
    return named.join(filings, on=["entity", "accession"], how="anti").sort("entity", "filed_on", "accession")


def _accepted(acceptance: Acceptance) -> pl.Expr:
    utc = pl.col("accepted_at")
    local = (
        utc.dt.replace_time_zone(None).dt.replace_time_zone(NEW_YORK, ambiguous="latest", non_existent="null").dt.convert_time_zone("UTC")
    )
    return {"utc": utc, "new_york": local, "later": pl.max_horizontal(utc, local)}[acceptance]


def _end_of_day(column: str) -> pl.Expr:
    midnight = (pl.col(column) + timedelta(days=1)).cast(pl.Datetime("us"))
    return midnight.dt.replace_time_zone(NEW_YORK).dt.convert_time_zone("UTC")


def _usable(rows: pl.DataFrame, sessions: pl.DataFrame) -> pl.DataFrame:
    closes = sessions.select(pl.col("close").cast(pl.Datetime("us", "UTC")).alias("_close"), pl.col("session").alias("usable_from")).sort(
        "_close"
    )
    return rows.sort("public_at").join_asof(closes, left_on="public_at", right_on="_close", strategy="forward")


def _versions(rows: pl.DataFrame) -> pl.DataFrame:
    ordered = rows.sort([*FIGURE, "public_at", "accession"])
    before = pl.col("value").shift(1).over(FIGURE)
    return ordered.with_columns(
        pl.int_range(1, pl.len() + 1, dtype=pl.Int32).over(FIGURE).alias("version"),
        (before.is_not_null() & (before != pl.col("value"))).alias("restated"),
    )
