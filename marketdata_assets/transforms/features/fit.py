"""What a least-squares fit over the members of one date leaves over, by Householder's QR."""

from __future__ import annotations

import numpy as np

from marketdata_assets.transforms.features.arrays import Floats, Ints
from marketdata_assets.transforms.features.compiled import compiled

_DEPENDENT = 1e-10
"""A column of which less than this share stands out of the ones before it adds nothing to the fit."""


@compiled
def fit_residuals(y: Floats, on: Floats, bounds: Ints, first: int, last: int, order: Ints, counts: Ints, least: int, out: Floats) -> None:
    """Of each date in [first, last): y less its fit on a constant and the lines of `on`, over the rows that have all of them.

    Rows enter in ascending order of y, which `order` and `counts` give. Dates with fewer than `least` such rows keep NaN.
    """
    width = on.shape[0] + 1
    for k in range(first, last):
        at, n = bounds[k], 0
        rows = np.empty(counts[k], np.int64)
        for i in range(counts[k]):
            p = order[at + i]
            whole = True
            for j in range(width - 1):
                whole = whole and not np.isnan(on[j, p])
            if whole:
                rows[n] = p
                n += 1
        if n < least or n < width:
            continue
        design, target = np.ones((width, n)), np.empty(n)
        for i in range(n):
            target[i] = y[rows[i]]
            for j in range(width - 1):
                design[j + 1, i] = on[j, rows[i]]
        leave_over(design, target)
        for i in range(n):
            out[rows[i]] = target[i]


@compiled
def leave_over(design: Floats, target: Floats) -> None:
    """`target` less its projection on the lines of `design`, in place; `design` is used up."""
    width, n = design.shape
    scales = np.empty(width)
    depth = 0
    for j in range(width):
        whole = 0.0
        for i in range(n):
            whole += design[j, i] * design[j, i]
        scales[j] = np.sqrt(whole)
    mirrors = np.zeros((width, n))
    for j in range(width):
        rest = 0.0
        for i in range(depth, n):
            rest += design[j, i] * design[j, i]
        norm = np.sqrt(rest)
        if norm <= _DEPENDENT * scales[j]:
            continue
        for i in range(depth, n):
            mirrors[depth, i] = design[j, i]
        mirrors[depth, depth] += norm if design[j, depth] >= 0.0 else -norm
        for after in range(j, width):
            reflect(mirrors[depth], depth, design[after])
        reflect(mirrors[depth], depth, target)
        depth += 1
    for i in range(depth):
        target[i] = 0.0
    for d in range(depth - 1, -1, -1):
        reflect(mirrors[d], d, target)


@compiled
def reflect(mirror: Floats, start: int, x: Floats) -> None:
    """`x` mirrored at the plane that stands upright on `mirror`, from place `start` on."""
    length, along = 0.0, 0.0
    for i in range(start, x.size):
        length += mirror[i] * mirror[i]
        along += mirror[i] * x[i]
    factor = 2.0 * along / length
    for i in range(start, x.size):
        x[i] -= factor * mirror[i]
