"""Announced events: which rows are news, which versions stand, and what the split and dividend columns of bars announce."""

from __future__ import annotations

import polars as pl

from marketdata_assets.schemas.actions import CORPORATE_ACTIONS, RAW_CORPORATE_ACTIONS

SHARE_KINDS = ("split", "stock_dividend")
"""Kinds of events that multiply the shares of everybody who holds some."""

_ORIGIN = ("known_at", "payload_sha256", "line")
_FACTS = [name for name in RAW_CORPORATE_ACTIONS.polars_schema if name not in _ORIGIN]
_EVENT = ("kind", "vendor_symbol", "_named")
_DATES = ("ex_date", "process_date", "payable_date", "record_date", "declared_on")


def dated(rows: pl.DataFrame) -> pl.DataFrame:
    """RAW_CORPORATE_ACTIONS as CORPORATE_ACTIONS: each row with the day whose year is its partition."""
    day = pl.coalesce(*_DATES, pl.col("known_at").dt.date())
    return CORPORATE_ACTIONS.conform(rows.with_columns(dated_on=day))


def versions(rows: pl.DataFrame) -> pl.DataFrame:
    """Announced events without repetitions: of one event, what became known at an instant stays when it differs from what was known.

    `rows` are CORPORATE_ACTIONS of one source, in any order and any number of times; so is the result. An event is one vendor's id, or
    one kind, spelling and ex-date where there is no id; rows alike in everything but their origin are one. What the vendor said, took
    back and said again is three versions. An event that an answer does not repeat is not taken back by that.
    """
    if not rows.height:
        return rows
    facts = rows.with_columns(_fact=pl.struct(_FACTS).struct.json_encode(), _named=_named())
    alone = facts.sort(*_EVENT, *_ORIGIN).unique([*_EVENT, "known_at", "_fact"], keep="first", maintain_order=True)
    told = alone.group_by(*_EVENT, "known_at").agg(pl.col("_fact").sort()).sort(*_EVENT, "known_at")
    before = pl.col("_fact").shift(1).over(_EVENT)
    news = told.filter(before.is_null() | (before.list.join("\n") != pl.col("_fact").list.join("\n")))
    kept = alone.join(news.select(*_EVENT, "known_at"), on=[*_EVENT, "known_at"], how="semi", nulls_equal=True)
    return CORPORATE_ACTIONS.conform(kept)


def standing(rows: pl.DataFrame) -> pl.DataFrame:
    """The newest version of every event among `rows` (CORPORATE_ACTIONS of one source)."""
    named = rows.with_columns(_named=_named())
    return CORPORATE_ACTIONS.conform(named.filter(pl.col("known_at") == pl.col("known_at").max().over(_EVENT)))


def of_columns(bars: pl.DataFrame) -> pl.DataFrame:
    """What the split and dividend columns of daily raw bars (RAW_BARS) announce, as CORPORATE_ACTIONS, every version.

    A ratio of 1, 0 or nothing is no split, an amount of 0 or nothing no dividend. The ex-date is the bar's session.
    """
    day = pl.col("timestamp").dt.date()
    split = bars.filter(pl.col("split_ratio") > 0, pl.col("split_ratio") != 1).with_columns(
        kind=pl.lit("split"), vendor_kind=pl.lit("split column"), ratio=pl.col("split_ratio"), amount=pl.lit(None, pl.Float64)
    )
    paid = bars.filter(pl.col("dividend") > 0).with_columns(
        kind=pl.lit("cash_dividend"), vendor_kind=pl.lit("dividend column"), ratio=pl.lit(None, pl.Float64), amount=pl.col("dividend")
    )
    both = pl.concat([split, paid]).with_columns(ex_date=day)
    return versions(dated(RAW_CORPORATE_ACTIONS.conform(both)))


def _named() -> pl.Expr:
    """What tells an event from others of its kind and symbol."""
    return pl.coalesce("event_id", pl.col("ex_date").dt.strftime("%Y-%m-%d"), pl.lit(""))
