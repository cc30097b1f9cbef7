"""Panels with a leak planted in each, and clean ones: what the proof must catch, and where it must stay silent.

Each is a one-feature panel over `small_market`. `later` says in words what the feature knows too early; None for a clean one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from marketdata_assets.transforms.lookahead.inputs import PanelInputs, announced


@dataclass(frozen=True)
class Planted:
    """One panel of the suite: its name, the panel as a function of its inputs, and what it knows too early (None: nothing)."""

    name: str
    build: Callable[[PanelInputs], pl.DataFrame]
    later: str | None = None


C, R = pl.col("close"), pl.col("r")


def of_rows(rows: pl.DataFrame, feature: pl.Expr) -> pl.DataFrame:
    """`rows` of (session, symbol) as a panel with `feature` in it."""
    told = rows.with_columns(feature.cast(pl.Float64).alias("f")).select(pl.col("session").alias("date"), "symbol", "f")
    return told.sort("date", "symbol")


def adjusted(inputs: PanelInputs) -> pl.DataFrame:
    """Bars by symbol and session, closes divided by every ratio up to then: the basis of the first bar, which no later split moves."""
    ratios = inputs.events.group_by("symbol", "ex_date").agg(pl.col("ratio").first()).rename({"ex_date": "session"})
    joined = inputs.bars.join(ratios, on=["symbol", "session"], how="left").sort("symbol", "session")
    basis = joined.with_columns((C * pl.col("ratio").fill_null(1.0).cum_prod().over("symbol")).alias("close"))
    return basis.with_columns((C / C.shift(1) - 1).over("symbol").alias("r")).drop("ratio")


def per_symbol(feature: pl.Expr) -> Callable[[PanelInputs], pl.DataFrame]:
    """A panel of one expression over each symbol's adjusted bars in session order (columns of bars and `r`)."""
    return lambda inputs: of_rows(adjusted(inputs), feature.over("symbol", order_by="session"))


def per_date(feature: pl.Expr) -> Callable[[PanelInputs], pl.DataFrame]:
    """A panel of one expression over all symbols of each date."""
    return lambda inputs: of_rows(adjusted(inputs).sort("session", "symbol"), feature.over("session"))


def over_all(feature: pl.Expr) -> Callable[[PanelInputs], pl.DataFrame]:
    """A panel of one expression over all rows of the sample at once."""
    return lambda inputs: of_rows(adjusted(inputs).sort("session", "symbol"), feature)


def joined_members(inputs: PanelInputs, rows: pl.DataFrame) -> pl.DataFrame:
    """`rows` of (session, symbol) that are members on their session."""
    spells = inputs.members.rename({"effective_from": "begin", "effective_to": "end"})
    inside = (pl.col("begin") <= pl.col("session")) & (pl.col("end").is_null() | (pl.col("session") < pl.col("end")))
    return rows.join(spells, on="symbol").filter(inside).drop("begin", "end")


def dated_sectors(inputs: PanelInputs, rows: pl.DataFrame) -> pl.DataFrame:
    """`rows` with the sector that was in force on each session."""
    known = inputs.sectors.with_columns(pl.col("effective_from").fill_null(pl.date(1900, 1, 1)).alias("session"))
    kept = known.sort("session").unique(["symbol", "session"], keep="last", maintain_order=True).drop("effective_from")
    return rows.sort("session").join_asof(kept, on="session", by="symbol", check_sortedness=False)


def clean_announced(inputs: PanelInputs) -> pl.DataFrame:
    """Whether a split is announced and still ahead."""
    rows = adjusted(inputs).select("symbol", "session")
    events = inputs.events.with_columns(known=announced(inputs.events)).select("symbol", "known", "ex_date")
    ahead = rows.join(events, on="symbol").filter(pl.col("known") <= pl.col("session"), pl.col("session") < pl.col("ex_date"))
    told = rows.join(ahead.group_by("symbol", "session").len(), on=["symbol", "session"], how="left")
    return of_rows(told, pl.col("len").fill_null(0))


def clean_first_known(inputs: PanelInputs) -> pl.DataFrame:
    """The sum of corrections that had come by each day."""
    rows = adjusted(inputs).select("symbol", "session")
    came = inputs.revisions.select("symbol", "known_on", changed="close")
    known = rows.join(came, on="symbol", how="left").filter(pl.col("known_on") <= pl.col("session"))
    told = (
        known.sort("symbol", "session", "known_on", "changed")
        .group_by("symbol", "session", maintain_order=True)
        .agg(pl.col("changed").last())
    )
    return of_rows(rows.join(told, on=["symbol", "session"], how="left"), pl.col("changed"))


def _market_beta(inputs: PanelInputs) -> pl.DataFrame:
    rows = adjusted(inputs).sort("session", "symbol").with_columns(R.mean().over("session").alias("m")).sort("symbol", "session")
    return of_rows(rows, pl.rolling_corr(R, pl.col("m"), window_size=21).over("symbol"))


CLEAN: tuple[Planted, ...] = (
    Planted("return of the day", per_symbol(R)),
    Planted("momentum over 21 sessions", per_symbol(C / C.shift(21) - 1)),
    Planted("trailing mean", per_symbol(C / C.rolling_mean(10))),
    Planted("trailing volatility", per_symbol(R.rolling_std(21))),
    Planted("expanding maximum", per_symbol(C / C.cum_max())),
    Planted("expanding minimum", per_symbol(C / C.cum_min())),
    Planted("exponential mean", per_symbol(C / C.ewm_mean(span=12, adjust=False))),
    Planted("trailing z-score", per_symbol((C - C.rolling_mean(20)) / C.rolling_std(20))),
    Planted("volume against its past", per_symbol(pl.col("volume") / pl.col("volume").shift(1).rolling_mean(20))),
    Planted("overnight gap against the adjusted close", per_symbol(R.shift(1))),
    Planted("forward filled return", per_symbol(R.forward_fill())),
    Planted("rank within the date", per_date(R.rank() / R.count())),
    Planted("z-score within the date", per_date((R - R.mean()) / R.std())),
    Planted("winsorized within the date", per_date(R.clip(R.quantile(0.05), R.quantile(0.95)))),
    Planted("demeaned by the market of the date", per_date(R - R.mean())),
    Planted("expanding rank of the symbol's own past", per_symbol(R.rolling_quantile(0.5, window_size=15))),
    Planted("correlation with the market", _market_beta),
    Planted(
        "rank among the members of the date",
        lambda i: of_rows(joined_members(i, adjusted(i)).sort("session", "symbol"), R.rank().over("session")),
    ),
    Planted(
        "sector mean by the map of the date",
        lambda i: of_rows(dated_sectors(i, adjusted(i)).sort("session", "symbol"), R - R.mean().over("session", "sector")),
    ),
    Planted("a split that is announced and still ahead", clean_announced),
    Planted("corrections that had come by then", clean_first_known),
    Planted("days since the symbol's first bar", per_symbol(pl.col("session").cum_count())),
)
