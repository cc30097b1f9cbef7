"""Windowed features of one symbol after another, each window summed afresh from its oldest value to its newest.

A sum is not carried from one session to the next, so a number depends on the values in its window and on nothing before them. The loops
run over sessions inside and over the places of a window outside: processors add several sessions at once, each in the same order.

Prices stand on the basis of the session that asks: a stretch between two splits is computed with the sessions before it divided by
the ratios in between, which later splits cannot move. NaN stands for what is missing; it spreads through its window and no farther.
"""

from __future__ import annotations

import numpy as np

from marketdata_assets.transforms.features.arrays import Floats, Ints
from marketdata_assets.transforms.features.compiled import compiled

LOOK_BACK = 252
"""Sessions before its own that a windowed feature looks at."""
MARKET_LOOK_BACK = 125
"""The same for features against the market: 63 residuals, each with a beta over 63 sessions."""

WINDOWS = (
    *("f_ret_1d", "f_ret_5d", "f_ret_21d", "f_mom_126_21", "f_mom_252_21", "f_reversal_5d", "f_vol_5d", "f_vol_21d", "f_vol_63d"),
    *("f_bb_pos_20", "f_dist_52w_high", "f_gap_overnight", "f_volume_surprise", "f_volume_chg_1d", "f_dollar_volume_21d", "f_amihud_21d"),
    *("f_turnover_5_63", "f_vpt_21d", "f_obv_slope_21d", "f_volume_cv_21d", "f_volume_ret_corr_21d", "f_mfi_14"),
)
"""What `windows` writes, in order."""
MARKET = ("f_beta_63d", "f_res_ret_market", "f_res_mom_market_21d", "f_res_idio_vol_63d")
"""What `market` writes, in order."""

_PRICE, _VOLUME = 0, 12
"""Where the price features and the volume features begin in WINDOWS."""
_UNCHANGED = 1e-12
"""A typical price that moved by less than this share stood still: the sums of cents agree and the last binary digit does not."""


@compiled
def returns(close: Floats, step: Floats, offsets: Ints) -> Floats:
    """The return of every bar: close over the close before it on the bar's own basis, less 1; NaN on a symbol's first bar."""
    out = np.full(close.size, np.nan)
    for k in range(offsets.size - 1):
        for b in range(offsets[k] + 1, offsets[k + 1]):
            if step[b] == 1.0:
                out[b] = close[b] / close[b - 1] - 1.0
            else:
                out[b] = close[b] / (close[b - 1] / step[b]) - 1.0
    return out


@compiled
def sums(x: Floats, n: int, first: int, out: Floats) -> None:
    """The sum of the last n values at every place from `first` on, added from the oldest to the newest."""
    start = min(max(n - 1, first), x.size)
    total = out[start:]
    total[:] = x[start - n + 1 : x.size - n + 1]
    for k in range(n - 2, -1, -1):
        lagged = x[start - k : x.size - k]
        for t in range(total.size):
            total[t] += lagged[t]


@compiled
def centre(x: Floats, n: int, first: int, mean: Floats) -> None:
    """The mean of the last n values less the newest of them, which is exactly 0 in a flat window."""
    start = min(max(n - 1, first), x.size)
    total, newest = mean[start:], x[start:]
    total[:] = 0.0
    for k in range(n - 1, -1, -1):
        lagged = x[start - k : x.size - k]
        for t in range(total.size):
            total[t] += lagged[t] - newest[t]
    for t in range(total.size):
        total[t] /= n


@compiled
def spread(x: Floats, n: int, ddof: int, first: int, mean: Floats, out: Floats) -> None:
    """Standard deviation of the last n values, and their mean less the newest one; of a flat window exactly 0, both."""
    centre(x, n, first, mean)
    products(x, x, n, first, mean, mean, out)
    for t in range(min(max(n - 1, first), x.size), x.size):
        out[t] = np.sqrt(out[t] / (n - ddof))


@compiled
def products(x: Floats, y: Floats, n: int, first: int, mean_x: Floats, mean_y: Floats, out: Floats) -> None:
    """Sum of the products of the deviations of the last n pairs from their means, which `centre` gave."""
    start = min(max(n - 1, first), x.size)
    # Slices: an index that counts up from 0 is one that the compiler knows not to be negative, and takes several of at once.
    total, newest_x, newest_y, centre_x, centre_y = out[start:], x[start:], y[start:], mean_x[start:], mean_y[start:]
    total[:] = 0.0
    for k in range(n - 1, -1, -1):
        lagged_x, lagged_y = x[start - k : x.size - k], y[start - k : x.size - k]
        for t in range(total.size):
            total[t] += ((lagged_x[t] - newest_x[t]) - centre_x[t]) * ((lagged_y[t] - newest_y[t]) - centre_y[t])


@compiled
def highest(x: Floats, n: int, first: int, out: Floats) -> None:
    """The largest of the last n values, NaN when one of them is: of two halves, of two halves, and so on."""
    peak = np.where(np.isnan(x), np.inf, x)
    reach = 1
    while 2 * reach <= n:
        lower = peak[: max(x.size - reach, 0)].copy()
        upper = peak[min(reach, x.size) :]
        for t in range(upper.size):
            upper[t] = max(upper[t], lower[t])
        reach *= 2
    for t in range(max(n - 1, first), x.size):
        top = max(peak[t], peak[t - (n - reach)])
        out[t] = np.nan if top == np.inf else top


@compiled
def _price_windows(opened: Floats, high: Floats, close: Floats, r: Floats, first: int, out: Floats) -> None:
    size = close.size
    for t in range(first, size):
        out[0, t] = r[t]
        if t >= 1:
            out[11, t] = opened[t] / close[t - 1] - 1.0
        if t >= 5:
            out[1, t] = close[t] / close[t - 5] - 1.0
        if t >= 21:
            out[2, t] = close[t] / close[t - 21] - 1.0
        if t >= 126:
            out[3, t] = close[t - 21] / close[t - 126] - 1.0
        if t >= 252:
            out[4, t] = close[t - 21] / close[t - 252] - 1.0
    mean = np.full(size, np.nan)
    spread(r, 5, 1, first, mean, out[6])
    spread(r, 21, 1, first, mean, out[7])
    spread(r, 63, 1, first, mean, out[8])
    spread(close, 20, 0, first, mean, out[9])
    highest(high, 252, first, out[10])
    for t in range(first, size):
        out[5, t] = -out[1, t] / (out[7, t] * np.sqrt(5.0))
        out[9, t] = -mean[t] / (2.0 * out[9, t])
        out[10, t] = close[t] / out[10, t] - 1.0


@compiled
def _volume_windows(volume: Floats, dollars: Floats, r: Floats, first: int, out: Floats) -> None:
    size = volume.size
    one, two = np.full(size, np.nan), np.full(size, np.nan)
    illiquidity, trend, flow, log = np.empty(size), np.empty(size), np.empty(size), np.empty(size)
    for t in range(size):
        illiquidity[t] = abs(r[t]) / dollars[t]
        trend[t] = volume[t] * r[t]
        flow[t] = np.sign(r[t]) * volume[t]
        log[t] = np.log(volume[t])
    sums(volume, 21, max(first - 1, 0), one)
    for t in range(max(first, 1), size):
        out[0, t] = volume[t] / (one[t - 1] / 21.0) - 1.0
        out[1, t] = volume[t] / volume[t - 1] - 1.0
    sums(dollars, 21, first, out[2])
    sums(illiquidity, 21, first, out[3])
    sums(volume, 5, first, two)
    sums(volume, 63, first, out[4])
    sums(trend, 21, first, out[5])
    sums(flow, 21, first, out[6])
    for t in range(first, size):
        out[2, t] = np.log(out[2, t] / 21.0)
        out[3, t] = out[3, t] / 21.0 * 1e6
        out[4, t] = (two[t] / 5.0) / (out[4, t] / 63.0)
        out[5, t] = out[5, t] / one[t]
        out[6, t] = out[6, t] / one[t]
    spread(volume, 21, 1, first, two, out[7])
    for t in range(first, size):
        out[7, t] = out[7, t] / (one[t] / 21.0)
    _correlation(r, log, 21, first, out[8])


@compiled
def _correlation(x: Floats, y: Floats, n: int, first: int, out: Floats) -> None:
    size = x.size
    mean_x, mean_y = np.full(size, np.nan), np.full(size, np.nan)
    spread_x, spread_y = np.full(size, np.nan), np.full(size, np.nan)
    spread(x, n, 1, first, mean_x, spread_x)
    spread(y, n, 1, first, mean_y, spread_y)
    products(x, y, n, first, mean_x, mean_y, out)
    for t in range(max(first, n - 1), size):
        value = out[t] / (n - 1) / (spread_x[t] * spread_y[t])
        out[t] = min(max(value, -1.0), 1.0) if np.isfinite(value) else np.nan


@compiled
def _money_flow(typical: Floats, volume: Floats, first: int, out: Floats) -> None:
    size = typical.size
    rose, fell = np.full(size, np.nan), np.full(size, np.nan)
    pos, neg = np.full(size, np.nan), np.full(size, np.nan)
    for t in range(1, size):
        change = typical[t] - typical[t - 1]
        money = typical[t] * volume[t]
        if not np.isnan(change + money):
            least = _UNCHANGED * typical[t]
            rose[t] = money if change > least else 0.0
            fell[t] = money if change < -least else 0.0
    sums(rose, 14, first, pos)
    sums(fell, 14, first, neg)
    for t in range(first, size):
        out[t] = 100.0 * (pos[t] / (pos[t] + neg[t]))


@compiled
def on_basis(x: Floats, step: Floats, start: int, at: int, end: int, power: float, out: Floats) -> None:
    """Values of the bars [start, end) on the basis of those from `at` on, within which no split lies; power 1 a price, -1 a volume."""
    for b in range(at, end):
        out[b - start] = x[b]
    ratio = 1.0
    for b in range(at - 1, start - 1, -1):
        if step[b + 1] != 1.0:
            ratio *= step[b + 1]
        out[b - start] = x[b] if ratio == 1.0 else (x[b] / ratio if power > 0.0 else x[b] * ratio)


@compiled
def stretch_end(step: Floats, at: int, end: int) -> int:
    """The first bar after `at` from which on another basis holds, `end` when none does."""
    b = at + 1
    while b < end and step[b] == 1.0:
        b += 1
    return b


@compiled
def _store(values: Floats, start: int, at: int, end: int, rows: Ints, out: Floats) -> None:
    """Values of the bars [at, end) into their rows of the panel; what is not finite is NaN, a bar without a row is dropped."""
    for b in range(at, end):
        if rows[b] >= 0:
            for i in range(values.shape[0]):
                value = values[i, b - start]
                out[i, rows[b]] = value if np.isfinite(value) else np.nan


@compiled
def windows(bars: Floats, step: Floats, r: Floats, offsets: Ints, spans: Ints, rows: Ints, out: Floats) -> None:
    """Every windowed feature of the bars in `spans`, one (first, end) a symbol, into row `rows[bar]` of `out`, one line a feature.

    `bars` holds open, high, low, close and volume as traded, a line each; a symbol's bars lie together, from `offsets` on. `step` is the
    split ratio that took effect since the bar before.
    """
    for k in range(spans.shape[0]):
        at, end = spans[k, 0], spans[k, 1]
        while at < end:
            stop = stretch_end(step, at, end)
            start = max(offsets[k], at - LOOK_BACK)
            size, first = stop - start, at - start
            based = np.empty((5, size))
            typical, dollars = np.empty(size), np.empty(size)
            for i in range(4):
                on_basis(bars[i], step, start, at, stop, 1.0, based[i])
            on_basis(bars[4], step, start, at, stop, -1.0, based[4])
            for t in range(size):
                b = start + t
                typical[t] = (based[1, t] + based[2, t] + based[3, t]) / 3.0
                dollars[t] = bars[3, b] * bars[4, b]
            values = np.full((len(WINDOWS), size), np.nan)
            _price_windows(based[0], based[1], based[3], r[start:stop], first, values[_PRICE:_VOLUME])
            _volume_windows(based[4], dollars, r[start:stop], first, values[_VOLUME : len(WINDOWS) - 1])
            _money_flow(typical, based[4], first, values[len(WINDOWS) - 1])
            _store(values, start, at, stop, rows, out)
            at = stop


@compiled
def market(r: Floats, day: Ints, mean: Floats, origin: int, offsets: Ints, spans: Ints, rows: Ints, out: Floats) -> None:
    """Every feature against the market of the bars in `spans` into row `rows[bar]` of `out`, one line a feature.

    `mean[d]` is the market's return on day `origin + d` (days since 1970), NaN on days without one.
    """
    for k in range(spans.shape[0]):
        at, end = spans[k, 0], spans[k, 1]
        if at == end:
            continue
        start = max(offsets[k], at - MARKET_LOOK_BACK)
        size, first = end - start, at - start
        x, m = r[start:end], np.empty(size)
        for t in range(size):
            m[t] = mean[day[start + t] - origin]
        values = np.full((len(MARKET), size), np.nan)
        mean_x, mean_m = np.full(size, np.nan), np.full(size, np.nan)
        squares, scrap = np.full(size, np.nan), np.full(size, np.nan)
        centre(x, 63, 0, mean_x)
        centre(m, 63, 0, mean_m)
        products(x, m, 63, 0, mean_x, mean_m, values[0])
        products(m, m, 63, 0, mean_m, mean_m, squares)
        for t in range(size):
            beta = values[0, t] / squares[t]
            values[0, t] = beta if np.isfinite(beta) else np.nan
            values[1, t] = x[t] - values[0, t] * m[t]
        sums(values[1], 21, first, values[2])
        spread(values[1], 63, 1, first, scrap, values[3])
        _store(values, start, at, end, rows, out)
