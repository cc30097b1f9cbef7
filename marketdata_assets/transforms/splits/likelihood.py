"""Densities of what a day shows, as expressions; logarithms throughout."""

from __future__ import annotations

import math

import polars as pl

_HEAVY = 3.0
_MODERATE = 5.0


def heavy(value: pl.Expr, scale: pl.Expr) -> pl.Expr:
    """Log density of Student's t with three degrees of freedom: price moves, whose outliers are common."""
    return _student(value / scale, _HEAVY) - scale.log()


def moderate(value: pl.Expr, scale: pl.Expr) -> pl.Expr:
    """Log density of Student's t with five degrees of freedom: logarithms of volumes."""
    return _student(value / scale, _MODERATE) - scale.log()


def rising(value: pl.Expr, mean: float) -> pl.Expr:
    """Log density of the exponential with that mean; minus infinity below zero."""
    return pl.when(value >= 0).then(-value / mean - math.log(mean)).otherwise(-math.inf)


def either(first: pl.Expr, second: pl.Expr, share: float | pl.Expr) -> pl.Expr:
    """Log density of a mixture: `share` of the second."""
    weight = share if isinstance(share, pl.Expr) else pl.lit(share)
    top = pl.max_horizontal(first, second)
    return top + ((1 - weight) * (first - top).exp() + weight * (second - top).exp()).log()


def _student(z: pl.Expr, degrees: float) -> pl.Expr:
    constant = math.lgamma((degrees + 1) / 2) - math.lgamma(degrees / 2) - 0.5 * math.log(degrees * math.pi)
    return constant - (degrees + 1) / 2 * (1 + z * z / degrees).log()
