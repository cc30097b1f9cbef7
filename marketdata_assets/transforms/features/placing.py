"""Where bars and rows of the panel meet: which bar a member's row reads, which bars a symbol needs, what splits made of a price."""

from __future__ import annotations

import numpy as np

from marketdata_assets.transforms.features.arrays import Floats, Ints
from marketdata_assets.transforms.features.compiled import compiled


@compiled
def bars_of_members(day: Ints, offsets: Ints, member_day: Ints, member_code: Ints) -> Ints:
    """The bar of each (day, symbol code), -1 where there is none; members in order of day, bars by symbol and day."""
    out = np.full(member_day.size, -1, np.int32)
    cursor = offsets.copy()
    for p in range(member_day.size):
        k = member_code[p]
        if k < 0:
            continue
        while cursor[k] < offsets[k + 1] and day[cursor[k]] < member_day[p]:
            cursor[k] += 1
        if cursor[k] < offsets[k + 1] and day[cursor[k]] == member_day[p]:
            out[p] = cursor[k]
    return out


@compiled
def rows_and_spans(bars: Ints, codes: Ints, rows: Ints, spans: Ints) -> None:
    """Fill `rows[bar]` with the row of the panel that reads it, and `spans[symbol]` with the first such bar and the one after the last."""
    for p in range(bars.size):
        b = bars[p]
        if b >= 0:
            rows[b] = p
            k = codes[p]
            if spans[k, 0] == spans[k, 1]:
                spans[k, 0] = b
            spans[k, 1] = b + 1


@compiled
def gathered(values: Floats, bars: Ints) -> Floats:
    """The value of each bar, NaN where there is no bar or the value is not finite."""
    out = np.full(bars.size, np.nan)
    for p in range(bars.size):
        if bars[p] >= 0 and np.isfinite(values[bars[p]]):
            out[p] = values[bars[p]]
    return out


@compiled
def ratios_since_first(step: Floats, offsets: Ints) -> Floats:
    """The product of every split ratio since the symbol's first bar; NaN on the bar of an unknown one, behind which it starts at 1."""
    out = np.ones(step.size)
    for k in range(offsets.size - 1):
        product = 1.0
        for b in range(offsets[k] + 1, offsets[k + 1]):
            if np.isnan(step[b]):
                product, out[b] = 1.0, np.nan
            else:
                product *= step[b]
                out[b] = product
    return out
