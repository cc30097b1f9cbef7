"""The numbers of the report, all from the panel itself: coverage, distribution, persistence, rank turnover, correlation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

Floats = NDArray[np.float64]
LAGS = (1, 5, 21)
_MONTHS_AT_MOST = 72
_BINS = 24


@dataclass(frozen=True)
class Statistics:
    """What the report shows of a panel; every list and matrix is in the order of `features`.

    `coverage`: share of rows with a value, features x `periods`. `distribution`: a row a feature with mean, deviation, quantiles, mean
    per-date deviation and share of nulls. `histograms`: counts between the 1st and 99th percentile. `persistence`: mean correlation of
    the members' ranks with those so many sessions earlier, features x LAGS. `turnover`: mean change of a member's percentile rank from
    one session to the next. `correlation`: of per-date ranks, pooled. `symbols`: share of nulls of each symbol, the worst first.
    NaN where there is nothing to tell.
    """

    features: list[str]
    periods: list[str]
    coverage: Floats
    distribution: pl.DataFrame
    histograms: Floats
    persistence: Floats
    turnover: Floats
    correlation: Floats
    symbols: pl.DataFrame
    members: pl.DataFrame


def statistics(panel: pl.DataFrame, features: Sequence[str]) -> Statistics:
    """The statistics of a panel (date, symbol, features), nulls where there is no value."""
    listed = list(features)
    periods, covered = _coverage(panel, listed)
    ranked = _ranks(panel, listed)
    cube = _cube(panel, ranked)
    return Statistics(
        listed,
        periods,
        covered,
        _distribution(panel, listed),
        np.array([_histogram(panel[name]) for name in listed]),
        np.array([[_persistence(matrix, lag) for lag in LAGS] for matrix in cube]),
        np.array([_turnover(matrix) for matrix in cube]),
        _correlation(ranked),
        _symbols(panel, listed),
        panel.group_by("date").len("members").sort("date"),
    )


def _coverage(panel: pl.DataFrame, features: list[str]) -> tuple[list[str], Floats]:
    months = panel["date"].dt.strftime("%Y-%m").n_unique()
    form = "%Y-%m" if months <= _MONTHS_AT_MOST else "%Y"
    by_period = panel.group_by(pl.col("date").dt.strftime(form).alias("period")).agg(pl.col(features).is_not_null().mean()).sort("period")
    return by_period["period"].to_list(), by_period.select(features).to_numpy().T.astype(np.float64)


def _distribution(panel: pl.DataFrame, features: list[str]) -> pl.DataFrame:
    within = panel.group_by("date", maintain_order=True).agg(pl.col(features).std()).select(pl.col(features).mean())
    told = {
        "mean": panel.select(pl.col(features).mean()),
        "std": panel.select(pl.col(features).std()),
        "p01": panel.select(pl.col(features).quantile(0.01, "linear")),
        "p25": panel.select(pl.col(features).quantile(0.25, "linear")),
        "p50": panel.select(pl.col(features).median()),
        "p75": panel.select(pl.col(features).quantile(0.75, "linear")),
        "p99": panel.select(pl.col(features).quantile(0.99, "linear")),
        "within": within,
        "null_share": panel.select(pl.col(features).null_count() / float(max(1, panel.height))),
    }
    columns = {name: pl.Series(name, frame.row(0), pl.Float64) for name, frame in told.items()}
    return pl.DataFrame({"feature": features, **columns})


def _histogram(values: pl.Series) -> Floats:
    known = values.drop_nulls().to_numpy()
    if known.size < 2:
        return np.zeros(_BINS)
    low, high = np.quantile(known, [0.01, 0.99])
    if low >= high:
        return np.zeros(_BINS)
    return np.histogram(known, bins=_BINS, range=(low, high))[0].astype(np.float64)


def _ranks(panel: pl.DataFrame, features: list[str]) -> Floats:
    """Percentile ranks within each date, rows x features; NaN for a null."""
    share = [(pl.col(name).rank() / pl.col(name).count()).over("date").alias(name) for name in features]
    return panel.select(share).fill_null(float("nan")).to_numpy().astype(np.float64) if features else np.empty((panel.height, 0))


def _cube(panel: pl.DataFrame, ranked: Floats) -> Floats:
    """Ranks as features x dates x symbols."""
    dates, days = np.unique(panel["date"].to_physical().to_numpy(), return_inverse=True)
    symbols = panel["symbol"].cast(pl.Categorical).to_physical().rank("dense").to_numpy().astype(np.int64) - 1
    cube = np.full((ranked.shape[1], dates.size, int(symbols.max(initial=-1)) + 1), np.nan)
    cube[:, days, symbols] = ranked.T
    return cube


def _persistence(matrix: Floats, lag: int) -> float:
    """The mean over dates of the correlation between ranks and those `lag` dates earlier, over members that have both."""
    if matrix.shape[0] <= lag:
        return float("nan")
    now, then = matrix[lag:], matrix[:-lag]
    both = np.isfinite(now) & np.isfinite(then)
    n = both.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        a, b = np.where(both, now, 0.0), np.where(both, then, 0.0)
        a, b = np.where(both, a - (a.sum(axis=1) / n)[:, None], 0.0), np.where(both, b - (b.sum(axis=1) / n)[:, None], 0.0)
        by_date = (a * b).sum(axis=1) / np.sqrt((a * a).sum(axis=1) * (b * b).sum(axis=1))
    known = by_date[np.isfinite(by_date) & (n > 2)]
    return float(known.mean()) if known.size else float("nan")


def _turnover(matrix: Floats) -> float:
    moved = np.abs(np.diff(matrix, axis=0))
    known = moved[np.isfinite(moved)]
    return float(known.mean()) if known.size else float("nan")


def _correlation(ranked: Floats) -> Floats:
    """Pearson correlation of the per-date ranks of every two features over rows that have both; NaN where they have none."""
    known = np.isfinite(ranked)
    x, m = np.where(known, ranked - 0.5, 0.0), known.astype(np.float64)
    n, products = m.T @ m, x.T @ x
    sums, squares = x.T @ m, (x * x).T @ m
    with np.errstate(invalid="ignore", divide="ignore"):
        covariance = products / n - (sums / n) * (sums.T / n)
        spread = np.sqrt((squares / n - (sums / n) ** 2) * (squares.T / n - (sums.T / n) ** 2))
        return np.asarray(np.clip(np.where(spread > 1e-12, covariance / spread, np.nan), -1.0, 1.0))


def _symbols(panel: pl.DataFrame, features: list[str]) -> pl.DataFrame:
    nulls = pl.sum_horizontal(pl.col(features).is_null()) / float(max(1, len(features)))
    told = panel.group_by("symbol").agg(nulls.mean().alias("null_share"), pl.len().alias("rows"))
    return told.sort(["null_share", "symbol"], descending=[True, False])
