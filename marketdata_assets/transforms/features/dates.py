"""What compares the members of one date: order, ranks, z-scores, means, medians of sectors.

Every sum runs over the values in ascending order, so it does not depend on how the members are called or in which order they came.
`bounds` cuts the rows of a panel into dates: date k has the rows from bounds[k] on, up to bounds[k + 1].
"""

from __future__ import annotations

from typing import Any

import numpy as np

from marketdata_assets.transforms.features.arrays import Floats, Ints
from marketdata_assets.transforms.features.compiled import compiled

CLIP = 0.01
"""Share of the members beyond which a value is clipped, at either end, before z-scores are taken."""


@compiled
def ascending(x: Floats, bounds: Ints, first: int, last: int, order: Ints, counts: Ints) -> None:
    """Of each date in [first, last) the rows that have a value, in ascending order of it, ties as they stand, and how many there are.

    They stand in `order` from the date's first row on.
    """
    for k in range(first, last):
        rows = np.empty(bounds[k + 1] - bounds[k], np.int32)
        n = 0
        for p in range(bounds[k], bounds[k + 1]):
            if not np.isnan(x[p]):
                rows[n] = p
                n += 1
        values = np.empty(n)
        for i in range(n):
            # Adding 0 makes -0 and 0 one value.
            values[i] = x[rows[i]] + 0.0
        order[bounds[k] : bounds[k] + n] = by_digits(values.view(np.uint64), rows[:n])
        counts[k] = n


@compiled
def by_digits(keys: Any, rows: Ints) -> Ints:
    """`rows` in ascending order of the numbers whose bits `keys` holds, byte after byte from the lowest; both are used up."""
    top = np.uint64(1 << 63)
    for i in range(keys.size):
        # Of the bits of a negative number all are turned over, of another one the sign: their order is then that of the numbers.
        keys[i] = ~keys[i] if keys[i] & top else keys[i] | top
    other_keys, other_rows = np.empty_like(keys), np.empty_like(rows)
    starts = np.empty(257, np.int64)
    for byte in range(8):
        shift = np.uint64(8 * byte)
        starts[:] = 0
        for i in range(keys.size):
            starts[((keys[i] >> shift) & np.uint64(255)) + np.uint64(1)] += 1
        if starts.max() == keys.size:
            continue
        for digit in range(256):
            starts[digit + 1] += starts[digit]
        for i in range(keys.size):
            digit = (keys[i] >> shift) & np.uint64(255)
            other_keys[starts[digit]] = keys[i]
            other_rows[starts[digit]] = rows[i]
            starts[digit] += 1
        keys, other_keys = other_keys, keys
        rows, other_rows = other_rows, rows
    return rows


@compiled
def ranks(x: Floats, bounds: Ints, first: int, last: int, order: Ints, counts: Ints, out: Floats) -> None:
    """Percentile ranks: the average rank of ties over the count."""
    for k in range(first, last):
        at, n, i = bounds[k], counts[k], 0
        while i < n:
            j = i
            while j + 1 < n and x[order[at + j + 1]] == x[order[at + i]]:
                j += 1
            for tie in range(i, j + 1):
                out[order[at + tie]] = ((i + j) / 2.0 + 1.0) / n
            i = j + 1


@compiled
def quantile(x: Floats, order: Ints, n: int, share: float) -> Any:
    """The quantile of n > 0 values in ascending order, by linear interpolation between the two around it."""
    place = share * (n - 1)
    below = int(np.floor(place))
    low = x[order[below]]
    high = x[order[min(below + 1, n - 1)]]
    return low + (high - low) * (place - below)


@compiled
def zscores(x: Floats, bounds: Ints, first: int, last: int, order: Ints, counts: Ints, out: Floats) -> None:
    """Values clipped to their 1st and 99th percentile, less their mean, over their sample standard deviation."""
    for k in range(first, last):
        at, n = bounds[k], counts[k]
        if n < 2:
            continue
        rows = order[at : at + n]
        low, high = quantile(x, rows, n, CLIP), quantile(x, rows, n, 1.0 - CLIP)
        mean, squares = 0.0, 0.0
        for i in range(n):
            # Less the lowest first, so that members which do not differ have a deviation of exactly 0.
            mean += min(max(x[rows[i]], low), high) - low
        mean /= n
        for i in range(n):
            d = (min(max(x[rows[i]], low), high) - low) - mean
            squares += d * d
        scale = np.sqrt(squares / (n - 1))
        for i in range(n):
            value = ((min(max(x[rows[i]], low), high) - low) - mean) / scale
            out[rows[i]] = value if np.isfinite(value) else np.nan


@compiled
def means(x: Floats, bounds: Ints, first: int, last: int, order: Ints, counts: Ints, out: Floats) -> None:
    """The mean of each date's values into `out[k]`, NaN on a date without one."""
    for k in range(first, last):
        at, n, total = bounds[k], counts[k], 0.0
        for i in range(n):
            total += x[order[at + i]]
        out[k] = total / n if n > 0 else np.nan


@compiled
def above_sector_mean(
    x: Floats, bounds: Ints, first: int, last: int, order: Ints, counts: Ints, sector: Ints, sectors: int, out: Floats
) -> None:
    """Values less the mean of their sector, a number below `sectors`, on the date; rows whose sector is -1 keep NaN."""
    for k in range(first, last):
        at, n = bounds[k], counts[k]
        total, members = np.zeros(sectors + 1), np.zeros(sectors + 1)
        for i in range(n):
            p = order[at + i]
            total[sector[p] + 1] += x[p]
            members[sector[p] + 1] += 1.0
        for i in range(n):
            p = order[at + i]
            if sector[p] >= 0:
                out[p] = x[p] - total[sector[p] + 1] / members[sector[p] + 1]


@compiled
def above_sector_median(
    x: Floats, bounds: Ints, first: int, last: int, order: Ints, counts: Ints, sector: Ints, sectors: int, out: Floats
) -> None:
    """Values less the median of their sector, a number below `sectors`, on the date; rows whose sector is -1 keep NaN."""
    for k in range(first, last):
        at, n = bounds[k], counts[k]
        members, seen = np.zeros(sectors + 1, np.int64), np.zeros(sectors + 1, np.int64)
        low, high = np.zeros(sectors + 1), np.zeros(sectors + 1)
        for i in range(n):
            members[sector[order[at + i]] + 1] += 1
        for i in range(n):
            p = order[at + i]
            s = sector[p] + 1
            if seen[s] == (members[s] - 1) // 2:
                low[s] = x[p]
            if seen[s] == members[s] // 2:
                high[s] = x[p]
            seen[s] += 1
        for i in range(n):
            p = order[at + i]
            s = sector[p] + 1
            if s > 0:
                out[p] = x[p] - (low[s] + high[s]) / 2.0
