"""Universes by date: members of an index session by session, and the most traded symbols by a rule that never looks at its own day."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import Literal

import polars as pl

from marketdata_assets.core.basis import PriceBasis
from marketdata_assets.schemas.universe import UNIVERSE

RULE = "rule"
STALE = 5
"""Sessions after which a symbol without a bar is not trading any more, for all that a rule can know."""


@dataclass(frozen=True)
class Rule:
    """The `top` symbols by mean dollar volume over `window` sessions, with a floor on price and age, chosen anew every period."""

    top: int
    window: int
    min_price: float = 0.0
    listed_days: int = 0
    rebalance: Literal["monthly", "quarterly", "yearly"] = "monthly"


def member_days(spells: pl.DataFrame, sessions: pl.DataFrame, tickers: pl.DataFrame) -> pl.DataFrame:
    """Rows of `universe` for every session of `sessions` (column session) and spell of `index_membership` that holds at its open.

    `tickers`: (symbol, ticker, named_from, named_to), what instruments were called while they were not called by their symbol.
    """
    held = sessions.select(pl.col("session").alias("date")).join_where(
        spells.with_columns(pl.col("effective_to").fill_null(date.max).alias("_end")),
        pl.col("date") >= pl.col("effective_from"),
        pl.col("date") < pl.col("_end"),
    )
    return _finished(held.rename({"effective_from": "member_since"}), tickers)


def rebalances(sessions: Sequence[date], how: Literal["monthly", "quarterly", "yearly"]) -> list[date]:
    """The first session of every month, quarter or year among `sessions`, the very first one left out unless its period begins there."""
    months = {"monthly": 1, "quarterly": 3, "yearly": 12}[how]
    period = [(day.year * 12 + day.month - 1) // months for day in sessions]
    return [sessions[at] for at in range(1, len(sessions)) if period[at] != period[at - 1]]


def most_traded(bars: pl.DataFrame, lives: pl.DataFrame, sessions: Sequence[date], rule: Rule, index: str) -> pl.DataFrame:
    """Rows of `universe` by the rule, without tickers: from each rebalance to the session before the next.

    `bars`: validated daily bars (symbol, session, close, volume, volume_basis, known_at), raw; `lives`: (symbol, listed_on,
    delisted_on), null where unknown. A choice uses sessions before its date alone: dollar volume is close times volume over the
    window, a session without a bar counts zero, bars with adjusted volume are left out; ties go by symbol. A symbol leaves on its
    delisting.
    """
    chosen_on = rebalances(sessions, rule.rebalance)
    edges = [*chosen_on, (sessions[-1] if sessions else date.min) + timedelta(days=1)]
    parts = [pl.DataFrame(schema=UNIVERSE.polars_schema).drop("ticker")]
    first_bars = bars.group_by("symbol").agg(pl.col("session").min().alias("first_bar"))
    born = first_bars.join(lives, on="symbol", how="left").with_columns(pl.coalesce("listed_on", "first_bar").alias("born"))
    raw = bars.filter(pl.col("volume_basis") == PriceBasis.RAW.value).sort("session", maintain_order=True)
    for start, end in pairwise(edges):
        at, until = bisect_left(sessions, start), bisect_left(sessions, end)
        chosen = _chosen(raw, born, sessions[max(0, at - rule.window) : at], start, rule)
        days = pl.DataFrame({"date": sessions[at:until]}, schema={"date": pl.Date})
        rows = days.join(chosen, how="cross").filter(pl.col("delisted_on").is_null() | (pl.col("date") < pl.col("delisted_on")))
        said = (pl.lit(index).alias("index"), pl.lit(start).alias("member_since"), pl.lit(RULE).alias("source"))
        parts.append(rows.with_columns(*said).select(parts[0].columns).cast(parts[0].schema))
    return pl.concat(parts).sort("date", "index", "symbol")


def with_tickers(rows: pl.DataFrame, tickers: pl.DataFrame) -> pl.DataFrame:
    """The rows of a universe with what each symbol was called on the exchange on that day."""
    return _finished(rows, tickers)


def delistings(lives: pl.DataFrame, events: pl.DataFrame, bars: pl.DataFrame, start: date, end: date) -> pl.DataFrame:
    """Everyone who stopped trading on `[start, end)`: symbol, delisted_on, reason, source, last_session, last_price.

    `lives` as in `most_traded`; `events`: (symbol, ex_date, kind, vendor_kind, source) of kinds delisting and merger, of which the
    one nearest to the delisting, at most ten days away, gives the reason; an event of somebody whose life is not known dates the
    delisting itself.
    """
    known = lives.filter(pl.col("delisted_on").is_not_null()).select("symbol", "delisted_on")
    told = events.filter(pl.col("kind").is_in(["delisting", "merger"]), pl.col("symbol").is_not_null(), pl.col("ex_date").is_not_null())
    told = told.with_columns(pl.coalesce("vendor_kind", "kind").alias("reason")).sort("symbol", "ex_date", "source")
    near = known.join(told, on="symbol").with_columns(away=(pl.col("ex_date") - pl.col("delisted_on")).dt.total_days().abs())
    near = near.filter(pl.col("away") <= 10).sort("symbol", "away", "source").unique("symbol", keep="first", maintain_order=True)
    sure = known.join(near.select("symbol", "reason", "source"), on="symbol", how="left").with_columns(
        pl.col("reason").fill_null(""), pl.col("source").fill_null("instruments")
    )
    strangers = told.join(known, on="symbol", how="anti").unique("symbol", keep="last", maintain_order=True)
    every = pl.concat([sure, strangers.select("symbol", pl.col("ex_date").alias("delisted_on"), "reason", "source")])
    every = every.filter(pl.col("delisted_on").is_between(start, end, closed="left"))
    last = every.join(bars.select("symbol", "session", "close"), on="symbol", how="inner").filter(pl.col("session") < pl.col("delisted_on"))
    last = last.sort("symbol", "session").unique("symbol", keep="last", maintain_order=True)
    return every.join(
        last.select("symbol", pl.col("session").alias("last_session"), pl.col("close").alias("last_price")), on="symbol", how="left"
    )


def _chosen(bars: pl.DataFrame, born: pl.DataFrame, window: Sequence[date], on: date, rule: Rule) -> pl.DataFrame:
    if not window:
        return pl.DataFrame(
            schema={
                "symbol": pl.String,
                "delisted_on": pl.Date,
                "rank": pl.Int32,
                "dollar_volume": pl.Float64,
                "known_at": pl.Datetime("us", "UTC"),
            }
        )
    first, last = (int(bars["session"].search_sorted(day, side="left")) for day in (window[0], on))
    seen = bars.slice(first, last - first)
    traded = (
        seen.group_by("symbol", maintain_order=True)
        .agg(
            (pl.col("close") * pl.col("volume")).alias("_dollars"),
            pl.col("close").last().alias("_price"),
            pl.col("session").last().alias("_last"),
            pl.col("known_at").max(),
        )
        .with_columns((pl.col("_dollars").list.sum() / float(rule.window)).alias("dollar_volume"))
    )
    fresh = window[-STALE:][0]
    able = traded.join(born, on="symbol", how="left").filter(
        pl.col("_price") >= rule.min_price,
        pl.col("_last") >= fresh,
        pl.col("born") <= on - timedelta(days=rule.listed_days),
        pl.col("delisted_on").is_null() | (pl.col("delisted_on") > on),
        pl.col("dollar_volume") > 0,
    )
    best = able.sort(["dollar_volume", "symbol"], descending=[True, False]).head(rule.top)
    ranked = best.with_columns(pl.int_range(1, pl.len() + 1, dtype=pl.Int32).alias("rank"))
    return ranked.select("symbol", "delisted_on", "rank", "dollar_volume", "known_at")


def _finished(rows: pl.DataFrame, tickers: pl.DataFrame) -> pl.DataFrame:
    named = (
        rows.select("date", "symbol")
        .join(tickers, on="symbol", how="inner")
        .filter(
            pl.col("named_from").is_null() | (pl.col("named_from") <= pl.col("date")),
            pl.col("named_to").is_null() | (pl.col("date") < pl.col("named_to")),
        )
    )
    called = named.select("date", "symbol", "ticker").unique(["date", "symbol"], keep="first", maintain_order=True)
    joined = rows.join(called, on=["date", "symbol"], how="left").with_columns(pl.coalesce("ticker", "symbol").alias("ticker"))
    return UNIVERSE.conform(joined)
