"""Stretches over which two sources' figures for one symbol differ by one constant factor, and whose figures were adjusted."""

from __future__ import annotations

import math

import polars as pl

from marketdata_assets.core.agreement import same_bar
from marketdata_assets.core.basis import PriceBasis
from marketdata_assets.rules.scope import Scope

STEADY = 0.005
"""Natural logarithm by which a constant factor may drift from bar to bar; rounding to cents moves it less, trading moves it more."""
_NEAR = 0.05
_FEW = 3

_PAIR = ["symbol", "source", "source_b"]


def price_factors(scope: Scope) -> pl.DataFrame:
    """Stretches of PAIR where the closes of two sources that both promise raw prices differ by a constant factor.

    Grain: symbol x source x source_b x stretch, with `first`, `last` (dates), `n` bars, `factor` (close over close_b) and `adjusted`: the
    name of the source that was adjusted. At the end of a stretch the raw source jumps by the split and the adjusted one does not;
    where no end is in sight, the product of the later known events decides; null when neither tells.
    """
    limit = math.log(scope.context.thresholds.basis_ratio)
    suspects = _often(scope.peers.filter(pl.col("deviation_bps") >= (math.exp(limit) - 1) * 5000), scope)
    stretches = _stretches(_pairs(scope.peers, suspects).with_columns(factor=(pl.col("close") / pl.col("close_b")).log()), scope)
    own = (pl.col(f"{side}_after").log() - pl.col(f"{side}_at_end").log() for side in ("close", "close_b"))
    moved, moved_b = own
    at_end = pl.when((moved - moved_b).abs() >= limit).then(
        pl.when(moved.abs() < moved_b.abs()).then(pl.col("source")).otherwise(pl.col("source_b"))
    )
    return _named(stretches, at_end, sign=-1, scope=scope)


def volume_factors(scope: Scope) -> pl.DataFrame:
    """The same for volumes that both promise to be raw, on bars whose prices agree and that were seen on the same tape.

    `factor` is volume over volume_b. A stretch ends at the split: the price falls by its ratio, and the adjusted volume loses the factor.
    """
    limit = math.log(scope.context.thresholds.basis_ratio)
    honest = scope.peers.filter(pl.col("volume_basis") == PriceBasis.RAW, pl.col("volume") > 0)
    apart = same_bar(1) & ((pl.col("volume") / pl.col("volume").shift(1)).log().abs() >= limit)
    agree = ((pl.col("close") / pl.col("close_b")).log().abs() < 2 * STEADY) & (pl.col("tape") == pl.col("tape_b"))
    pairs = _pairs(honest, _often(honest.filter(apart), scope)).filter(agree)
    stretches = _stretches(pairs.with_columns(factor=(pl.col("volume") / pl.col("volume_b")).log()), scope)
    lost = pl.col("factor") - pl.col("factor_after")
    fell = pl.col("close_near_end").log() - pl.col("close_after").log()
    fits = (lost.abs() >= limit) & ((lost.abs() - fell.abs()).abs() < 0.5 * lost.abs())
    at_end = pl.when(fits).then(pl.when(lost.sign() == fell.sign()).then(pl.col("source")).otherwise(pl.col("source_b")))
    return _named(stretches, at_end, sign=1, scope=scope)


def _often(rows: pl.DataFrame, scope: Scope) -> pl.DataFrame:
    """Symbols that occur on so many bars of `rows` that a stretch could hold them."""
    return rows.group_by("symbol").len().filter(pl.col("len") >= scope.context.thresholds.basis_bars).select("symbol")


def _pairs(peers: pl.DataFrame, symbols: pl.DataFrame) -> pl.DataFrame:
    """Every two sources' rows of a bar beside each other, for `symbols`, sorted by pair and time; each pair once, by name."""
    mine = peers.join(symbols, on="symbol", how="semi").select("symbol", "timestamp", "session", "source", "close", "volume", "tape")
    joined = mine.join(mine, on=["symbol", "timestamp"], suffix="_b").filter(pl.col("source") < pl.col("source_b"))
    return joined.sort(*_PAIR, "timestamp")


def _stretches(pairs: pl.DataFrame, scope: Scope) -> pl.DataFrame:
    """Runs of `basis_bars` and more with a steady `factor` (logarithm), each with the runs of three bars and more around it."""
    same_pair = pl.all_horizontal(pl.col(c) == pl.col(c).shift(1) for c in _PAIR)
    steady = same_pair & ((pl.col("factor") - pl.col("factor").shift(1)).abs() < STEADY)
    runs = pairs.with_columns(run=(~steady.fill_null(value=False)).cum_sum()).group_by(*_PAIR, "run", maintain_order=True)
    found = runs.agg(
        pl.len().alias("n"),
        pl.col("factor").median(),
        (pl.col("factor").max() - pl.col("factor").min()).alias("spread"),
        pl.col("session").first().alias("first"),
        pl.col("session").last().alias("last"),
        *(pl.col(c).first().alias(f"{c}_at_start") for c in ("close", "close_b")),
        *(pl.col(c).last().alias(f"{c}_at_end") for c in ("close", "close_b")),
        # Some vendors scale the volume of the ex-date itself too, so that the price falls one bar before the factor goes.
        pl.col("close").tail(2).first().alias("close_near_end"),
    ).filter(pl.col("n") >= _FEW, pl.col("spread") < 2 * STEADY)
    next_in_pair = pl.all_horizontal(pl.col(c) == pl.col(c).shift(-1) for c in _PAIR)
    prior_in_pair = pl.all_horizontal(pl.col(c) == pl.col(c).shift(1) for c in _PAIR)
    beside = found.with_columns(
        *(pl.when(next_in_pair).then(pl.col(f"{c}_at_start").shift(-1)).alias(f"{c}_after") for c in ("close", "close_b")),
        pl.when(next_in_pair).then(pl.col("factor").shift(-1)).alias("factor_after"),
        pl.when(prior_in_pair).then(pl.col("factor").shift(1)).alias("factor_before"),
    )
    return beside.filter(pl.col("n") >= scope.context.thresholds.basis_bars)


def _named(stretches: pl.DataFrame, at_end: pl.Expr, sign: int, scope: Scope) -> pl.DataFrame:
    """The stretches whose factor is no 1, with the source that was adjusted and the factor as a ratio.

    An adjustment made at the time of a download vanishes towards the end of a file and does not come back: a stretch that follows one
    without a factor is a mistake in some bars, not a basis.
    """
    limit = math.log(scope.context.thresholds.basis_ratio)
    apart = stretches.filter(
        pl.col("factor").abs() >= limit * 0.9, pl.col("factor_before").is_null() | (pl.col("factor_before").abs() >= limit * 0.9)
    )
    later = (
        apart.select(*_PAIR, "run", "last")
        .join(scope.events, on="symbol")
        .filter(pl.col("ex_date") > pl.col("last"))
        .unique([*_PAIR, "run", "ex_date"], keep="first", maintain_order=True)
        .group_by(*_PAIR, "run")
        .agg(pl.col("ratio").log().sum().alias("product"))
    )
    told = apart.join(later, on=[*_PAIR, "run"], how="left", maintain_order="left")
    gain = sign * pl.col("product")
    by_events = pl.when((pl.col("factor") - gain).abs() < _NEAR).then(pl.col("source"))
    by_events_b = pl.when((pl.col("factor") + gain).abs() < _NEAR).then(pl.col("source_b"))
    return told.select(*_PAIR, "first", "last", "n", pl.col("factor").exp(), adjusted=pl.coalesce(at_end, by_events, by_events_b))
