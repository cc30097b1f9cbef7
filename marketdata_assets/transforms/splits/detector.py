"""Splits that raw daily bars show by themselves."""

from __future__ import annotations

import math
from collections.abc import Mapping

import polars as pl

from marketdata_assets.transforms.splits.evidence import evidence
from marketdata_assets.transforms.splits.explain import EXPLANATIONS, weighed
from marketdata_assets.transforms.splits.parameters import DEFAULTS, FORWARD_RATIOS, REVERSE_RATIOS, SplitParameters

_DAY = ["symbol", "session"]
_MEASURED = pl.col("overnight_scale").is_finite() & pl.col("daily_scale").is_finite()
_FARTHEST = 3.0
"""A distribution beside a merger of shares takes at most a share of e to minus this out of the price."""


def detect(bars: pl.DataFrame, sessions: pl.DataFrame, *, parameters: SplitParameters = DEFAULTS) -> pl.DataFrame:
    """Days on which a split of a listed ratio is the likeliest explanation of the jump: one row a symbol and ex-date, sorted.

    `bars` are raw daily bars, one a symbol and session, `sessions` the calendar over their span (see `evidence`). Besides the columns of
    `evidence` a row has `ratio` (new shares / old shares) and `confidence`, the probability of that split among all explanations.
    Vendors' split columns are not looked at. Nothing is inferred across missing sessions, nor where nobody trades. A
    verdict rests on the bars of the window
    after the day; until the last of them is there, `decided_on` is null.
    """
    return detected_among(evidence(bars, sessions, parameters=parameters), parameters=parameters)


def detected_among(seen: pl.DataFrame, *, parameters: SplitParameters = DEFAULTS) -> pl.DataFrame:
    """`detect` on rows of `evidence` that are at hand."""
    # Where nobody trades, a price is somebody's quote and its level says nothing; an unknown volume is another matter.
    traded = ((pl.col("volume") > 0) & (pl.col("usual_volume") > 0)).fill_null(value=True)
    judged = _likeliest(seen.filter(pl.col("missing_sessions") == 0, traded), parameters)
    return judged.filter(pl.col("confidence") >= parameters.detect_at).rename({"session": "ex_date"}).sort("symbol", "ex_date")


def judge_reported(rows: pl.DataFrame, *, parameters: SplitParameters = DEFAULTS) -> pl.DataFrame:
    """Rows of `evidence`, each with the `ratio` reported for it, plus `confidence`: that this split happened on that day.

    The report is believed beforehand to `report_rate`; the price decides. `with_distribution`: a merger of shares is borne out only
    together with a distribution on the same day. Null where the bars do not suffice to say.
    """
    believed = pl.lit(parameters.report_rate / (1 - parameters.report_rate)).log()
    told = weighed(rows.with_columns(prior=believed), parameters)
    weights = [pl.col(f"w_{name}") for name in EXPLANATIONS]
    sole, beside = _share("w_split", weights), _share("w_combined", weights)
    judged = told.with_columns(confidence=(sole + beside).clip(0.0, 1.0), with_distribution=beside > sole)
    return judged.with_columns(pl.when(_MEASURED).then(pl.col(c)) for c in ("confidence", "with_distribution"))


def _likeliest(seen: pl.DataFrame, parameters: SplitParameters) -> pl.DataFrame:
    """Of each day the ratio that weighs most, with its share of the weight of all ratios and all other explanations."""
    left = pl.col("overnight") - pl.col("market_overnight") + pl.col("ratio").log()
    near = (
        seen.join(_listed(parameters), how="cross")
        .filter((left.abs() <= parameters.reach) | ((pl.col("ratio") < 1) & left.is_between(-_FARTHEST, 0)))
        .with_columns(prior=pl.col("prior") + _price_odds(parameters))
    )
    told = weighed(near, parameters).filter(_MEASURED)
    within = told.with_columns(w_split=pl.when(left.abs() <= parameters.reach).then(pl.col("w_split")).otherwise(-math.inf))
    summed = within.with_columns(_summed("w_split").over(_DAY).alias("all_splits"), _summed("w_combined").over(_DAY).alias("w_combined"))
    weights = [pl.col("all_splits"), *(pl.col(f"w_{name}") for name in EXPLANATIONS[1:])]
    ranked = summed.with_columns(confidence=_share("w_split", weights)).sort(
        *_DAY, "w_split", "ratio", descending=[False, False, True, False]
    )
    return ranked.unique(_DAY, keep="first", maintain_order=True).filter(pl.col("w_split").is_finite())


def _listed(parameters: SplitParameters) -> pl.DataFrame:
    tables: tuple[Mapping[float, float], ...] = (FORWARD_RATIOS, REVERSE_RATIOS)
    pairs = [(ratio, share * parameters.split_rate) for table in tables for ratio, share in table.items()]
    return pl.DataFrame(pairs, schema={"ratio": pl.Float64, "rate": pl.Float64}, orient="row").select("ratio", prior=pl.col("rate").log())


def _price_odds(parameters: SplitParameters) -> pl.Expr:
    """Log odds that a share of that price is split, or merged with others."""
    relative = (pl.col("prior_close") / parameters.cheap).log() * parameters.cheap_power
    signed = pl.when(pl.col("ratio") > 1).then(relative).otherwise(-relative)
    return -(1 + (-signed).exp()).log()


def _summed(column: str) -> pl.Expr:
    """Logarithm of the sum of weights given as logarithms."""
    top = pl.col(column).max()
    return pl.when(top.is_finite()).then((pl.col(column) - top).exp().sum().log() + top).otherwise(-math.inf)


def _share(column: str, weights: list[pl.Expr]) -> pl.Expr:
    top = pl.max_horizontal(weights)
    return (pl.col(column) - top).exp() / pl.sum_horizontal([(w - top).exp() for w in weights])
