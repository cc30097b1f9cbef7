"""The 45 features once more, from their definitions, in plain NumPy, pandas and statsmodels: slow, and nothing shared with the package.

Prices are adjusted as tutorials do it, backwards from the end of the data, which is another basis than the package's: ratios agree.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import statsmodels.api as sm
from numpy.lib.stride_tricks import sliding_window_view

Array = np.ndarray


def back_adjusted(bars: pd.DataFrame, events: pd.DataFrame) -> pd.DataFrame:
    """Bars of one symbol with prices over, and volume times, the product of every later ratio."""
    out = bars.sort_values("session").reset_index(drop=True)
    factor = np.ones(len(out))
    for event in events.itertuples():
        factor[np.array(out["session"] < event.ex_date)] *= event.ratio
    out["dollars"] = out["close"] * out["volume"]
    for name in ("open", "high", "low", "close"):
        out[name] = out[name] / factor
    out["volume"] = out["volume"] * factor
    return out


def lag(x: Array, k: int) -> Array:
    return np.concatenate([np.full(min(k, x.size), np.nan), x[: max(x.size - k, 0)]])


def window(x: Array, n: int, f: Callable[..., Array]) -> Array:
    out = np.full(x.size, np.nan)
    if x.size >= n:
        out[n - 1 :] = f(sliding_window_view(x, n), axis=1)
    return out


def std(x: Array, n: int, ddof: int = 1) -> Array:
    return window(x, n, lambda w, axis: np.std(w, axis=axis, ddof=ddof))


def mean(x: Array, n: int) -> Array:
    return window(x, n, np.mean)


def total(x: Array, n: int) -> Array:
    return window(x, n, np.sum)


def wilder(x: Array, start: int, n: int = 14) -> Array:
    """Smoothing that starts at the mean of x[start : start + n]."""
    out = np.full(x.size, np.nan)
    if x.size >= start + n:
        out[start + n - 1] = x[start : start + n].mean()
        for t in range(start + n, x.size):
            out[t] = ((n - 1) * out[t - 1] + x[t]) / n
    return out


def ema(x: Array, n: int, start: int = 0) -> Array:
    out = np.full(x.size, np.nan)
    if x.size >= start + n:
        out[start + n - 1] = x[start : start + n].mean()
        for t in range(start + n, x.size):
            out[t] = out[t - 1] + 2 / (n + 1) * (x[t] - out[t - 1])
    return out


def correlation(x: Array, y: Array, n: int) -> Array:
    out = np.full(x.size, np.nan)
    for t in range(n - 1, x.size):
        a, b = x[t - n + 1 : t + 1], y[t - n + 1 : t + 1]
        if np.isfinite(a).all() and np.isfinite(b).all():
            out[t] = np.corrcoef(a, b)[0, 1]
    return out


def price_features(bars: pd.DataFrame) -> dict[str, Array]:
    o, h, low, c = (bars[name].to_numpy() for name in ("open", "high", "low", "close"))
    r = c / lag(c, 1) - 1
    true = np.maximum(h - low, np.maximum(np.abs(h - lag(c, 1)), np.abs(low - lag(c, 1))))
    change = np.diff(c, prepend=np.nan)
    gain, loss = wilder(np.maximum(change, 0), 1), wilder(np.maximum(-change, 0), 1)
    macd = ema(c, 12, start=14) - ema(c, 26)
    return {
        "f_ret_1d": r,
        "f_ret_5d": c / lag(c, 5) - 1,
        "f_ret_21d": c / lag(c, 21) - 1,
        "f_mom_126_21": lag(c, 21) / lag(c, 126) - 1,
        "f_mom_252_21": lag(c, 21) / lag(c, 252) - 1,
        "f_reversal_5d": -(c / lag(c, 5) - 1) / (std(r, 21) * np.sqrt(5)),
        "f_vol_5d": std(r, 5),
        "f_vol_21d": std(r, 21),
        "f_vol_63d": std(r, 63),
        "f_atr_14": wilder(true, 1) / c,
        "f_rsi_14": 100 - 100 / (1 + gain / loss),
        "f_macd_hist": (macd - ema(macd, 9, start=25)) / c,
        "f_bb_pos_20": (c - mean(c, 20)) / (2 * std(c, 20, ddof=0)),
        "f_dist_52w_high": c / window(h, 252, np.max) - 1,
        "f_gap_overnight": o / lag(c, 1) - 1,
    }


def volume_features(bars: pd.DataFrame) -> dict[str, Array]:
    h, low, c, v, dollars = (bars[name].to_numpy(dtype=float) for name in ("high", "low", "close", "volume", "dollars"))
    r = c / lag(c, 1) - 1
    typical = (h + low + c) / 3
    moved = np.diff(typical, prepend=np.nan)
    moved[np.abs(moved) <= 1e-12 * typical] = 0.0
    flow = typical * v
    pos = total(np.where(np.isnan(moved), np.nan, np.where(moved > 0, flow, 0)), 14)
    neg = total(np.where(np.isnan(moved), np.nan, np.where(moved < 0, flow, 0)), 14)
    return {
        "f_volume_surprise": v / lag(mean(v, 21), 1) - 1,
        "f_volume_chg_1d": v / lag(v, 1) - 1,
        "f_dollar_volume_21d": np.log(mean(dollars, 21)),
        "f_amihud_21d": mean(np.abs(r) / dollars, 21) * 1e6,
        "f_turnover_5_63": mean(v, 5) / mean(v, 63),
        "f_vpt_21d": total(v * r, 21) / total(v, 21),
        "f_obv_slope_21d": total(np.sign(r) * v, 21) / total(v, 21),
        "f_volume_cv_21d": std(v, 21) / mean(v, 21),
        "f_volume_ret_corr_21d": correlation(r, np.log(v), 21),
        "f_mfi_14": 100 - 100 / (1 + pos / neg),
    }


def of_symbols(bars: pd.DataFrame, events: pd.DataFrame) -> pd.DataFrame:
    """The features of every bar that need no other symbol; bars as traded."""
    parts = []
    with np.errstate(all="ignore"):
        for symbol, own in bars.groupby("symbol"):
            adjusted = back_adjusted(own, events[events["symbol"] == symbol])
            columns = price_features(adjusted) | volume_features(adjusted)
            parts.append(pd.DataFrame({"date": adjusted["session"], "symbol": symbol, **columns}))
    return pd.concat(parts, ignore_index=True).replace([np.inf, -np.inf], np.nan)


def against_market(panel: pd.DataFrame, members: pd.DataFrame) -> pd.DataFrame:
    """`panel`, a row for every bar, with beta and what the market leaves over; the market is the mean over the members."""
    inside = panel.merge(members, on=["date", "symbol"])
    m = inside.groupby("date")["f_ret_1d"].mean()
    parts = []
    for _, own in panel.groupby("symbol"):
        own = own.sort_values("date").copy()
        r, market = own["f_ret_1d"].to_numpy(), own["date"].map(m).to_numpy()
        beta = np.full(r.size, np.nan)
        for t in range(63, r.size):
            pair = np.cov(r[t - 62 : t + 1], market[t - 62 : t + 1])
            beta[t] = pair[0, 1] / pair[1, 1]
        left = r - beta * market
        own["f_beta_63d"], own["f_res_ret_market"] = beta, left
        own["f_res_mom_market_21d"], own["f_res_idio_vol_63d"] = total(left, 21), std(left, 63)
        parts.append(own)
    return pd.concat(parts, ignore_index=True)


def zscore(x: pd.Series) -> pd.Series:
    low, high = x.quantile([0.01, 0.99])
    clipped = x.clip(low, high)
    return (clipped - clipped.mean()) / clipped.std()


RANKS = {
    "f_cs_rank_ret": "f_ret_1d",
    "f_cs_rank_ret_21d": "f_ret_21d",
    "f_cs_rank_mom": "f_mom_252_21",
    "f_cs_rank_vol": "f_vol_21d",
    "f_cs_rank_amihud": "f_amihud_21d",
    "f_cs_rank_volume_surprise": "f_volume_surprise",
}
ZSCORES = {
    "f_cs_zscore_ret": "f_ret_1d",
    "f_cs_zscore_mom": "f_mom_252_21",
    "f_cs_zscore_vol": "f_vol_5d",
    "f_cs_zscore_dollar_volume": "f_dollar_volume_21d",
    "f_cs_zscore_rsi": "f_rsi_14",
}
SECTOR_MEANS = {"f_res_ret_sector": "f_ret_1d", "f_res_mom_sector": "f_mom_252_21", "f_res_vol_sector": "f_vol_5d"}


def across_dates(panel: pd.DataFrame) -> pd.DataFrame:
    """`panel`, members only and with a column `sector`, with what compares the members of each date."""
    out = panel.sort_values(["date", "symbol"]).reset_index(drop=True)
    by_date, by_sector = out.groupby("date"), out.groupby(["date", "sector"])
    for name, of in RANKS.items():
        out[name] = by_date[of].rank(pct=True)
    for name, of in ZSCORES.items():
        out[name] = by_date[of].transform(zscore)
    out["f_cs_rel_strength_21d"] = out["f_ret_21d"] - by_sector["f_ret_21d"].transform("median")
    for name, of in SECTOR_MEANS.items():
        out[name] = out[of] - by_sector[of].transform("mean")
    out["f_res_mom_ols"] = np.nan
    columns = ["f_cs_zscore_mom", "f_cs_zscore_dollar_volume", "f_cs_zscore_vol", "f_beta_63d"]
    for _, day in out.groupby("date"):
        whole = day[columns].dropna()
        if len(whole) >= 10:
            out.loc[whole.index, "f_res_mom_ols"] = sm.OLS(whole[columns[0]], sm.add_constant(whole[columns[1:]])).fit().resid
    return out
