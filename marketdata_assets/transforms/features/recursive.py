"""Features that carry a state from session to session, from the symbol's first bar in the store on: ATR, RSI, MACD.

Prices stand on the basis of the symbol's first bar: times every split ratio since, none of them later than the session. A missing bar,
or a split whose ratio nobody knows, ends the series; it begins anew behind it.
"""

from __future__ import annotations

import numpy as np

from marketdata_assets.transforms.features.arrays import Floats, Ints
from marketdata_assets.transforms.features.compiled import compiled

RECURSIVE = ("f_atr_14", "f_rsi_14", "f_macd_hist")
"""What `recursive` writes, in order."""


@compiled
def average_true_range(high: Floats, low: Floats, close: Floats, out: Floats) -> None:
    """Wilder's ATR(14) over the close."""
    seen, mean = 0, 0.0
    for t in range(1, close.size):
        true = max(high[t] - low[t], abs(high[t] - close[t - 1]), abs(low[t] - close[t - 1]))
        if np.isnan(high[t] + low[t] + close[t] + close[t - 1]):
            seen, mean = 0, 0.0
            continue
        seen += 1
        if seen < 14:
            mean += true
        elif seen == 14:
            mean = (mean + true) / 14.0
        else:
            mean = (13.0 * mean + true) / 14.0
        if seen >= 14:
            out[t] = mean / close[t]


@compiled
def relative_strength(close: Floats, out: Floats) -> None:
    """Wilder's RSI(14), 0 to 100; NaN where nothing was gained and nothing lost."""
    seen, gain, loss = 0, 0.0, 0.0
    for t in range(1, close.size):
        change = close[t] - close[t - 1]
        if np.isnan(change):
            seen, gain, loss = 0, 0.0, 0.0
            continue
        seen += 1
        up, down = max(change, 0.0), max(-change, 0.0)
        if seen <= 14:
            gain, loss = gain + up, loss + down
            if seen == 14:
                gain, loss = gain / 14.0, loss / 14.0
        else:
            gain, loss = (13.0 * gain + up) / 14.0, (13.0 * loss + down) / 14.0
        if seen >= 14:
            out[t] = 100.0 * (gain / (gain + loss))


@compiled
def convergence(close: Floats, out: Floats) -> None:
    """Histogram of MACD(12, 26, 9) over the close; the EMA of 12 starts at the mean of sessions 15 to 26."""
    seen, fast, slow, signal = 0, 0.0, 0.0, 0.0
    for t in range(close.size):
        if np.isnan(close[t]):
            seen, fast, slow, signal = 0, 0.0, 0.0, 0.0
            continue
        seen += 1
        if seen <= 26:
            slow += close[t]
            if seen > 14:
                fast += close[t]
            if seen < 26:
                continue
            fast, slow = fast / 12.0, slow / 26.0
        else:
            fast += 2.0 / 13.0 * (close[t] - fast)
            slow += 2.0 / 27.0 * (close[t] - slow)
        difference = fast - slow
        if seen < 34:
            signal += difference
        elif seen == 34:
            signal = (signal + difference) / 9.0
        else:
            signal += 0.2 * (difference - signal)
        if seen >= 34:
            out[t] = (difference - signal) / close[t]


@compiled
def known_end(step: Floats, at: int, end: int) -> int:
    """The first bar after `at` that a split of unknown ratio cuts off, `end` when none does."""
    b = at + 1
    while b < end and not np.isnan(step[b]):
        b += 1
    return b


@compiled
def states(bars: Floats, step: Floats, at: int, stop: int) -> Floats:
    """Every recursive feature of the bars [at, stop), which are one series."""
    based = np.empty((3, stop - at))
    ratio = 1.0
    for b in range(at, stop):
        if b > at and step[b] != 1.0:
            ratio *= step[b]
        for i in range(3):
            based[i, b - at] = bars[i + 1, b] * ratio
    values = np.full((len(RECURSIVE), stop - at), np.nan)
    average_true_range(based[0], based[1], based[2], values[0])
    relative_strength(based[2], values[1])
    convergence(based[2], values[2])
    return values


@compiled
def recursive(bars: Floats, step: Floats, offsets: Ints, spans: Ints, rows: Ints, out: Floats) -> None:
    """Every recursive feature of the bars in `spans`, one (first, end) a symbol, into row `rows[bar]` of `out`, one line a feature.

    `bars` and `step` as `rolling.windows` takes them; the series runs from the symbol's first bar whatever the span.
    """
    for k in range(spans.shape[0]):
        at, end = offsets[k], spans[k, 1]
        while spans[k, 0] < end and at < end:
            stop = known_end(step, at, end)
            values = states(bars, step, at, stop)
            for b in range(max(at, spans[k, 0]), stop):
                if rows[b] >= 0:
                    for i in range(len(RECURSIVE)):
                        value = values[i, b - at]
                        out[i, rows[b]] = value if np.isfinite(value) else np.nan
            at = stop
