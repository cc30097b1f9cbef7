"""The feature panel as tutorials compute it in pandas: adjust once backwards, then groupby, rolling and transform, column by column."""

from __future__ import annotations

import numpy as np
import pandas as pd

RANKS = {
    "ret": "ret_1d",
    "ret_21d": "ret_21d",
    "mom": "mom_252_21",
    "vol": "vol_21d",
    "amihud": "amihud_21d",
    "volume_surprise": "volume_surprise",
}
ZSCORES = {"ret": "ret_1d", "mom": "mom_252_21", "vol": "vol_5d", "dollar_volume": "dollar_volume_21d", "rsi": "rsi_14"}
SECTOR_MEANS = {"ret": "ret_1d", "mom": "mom_252_21", "vol": "vol_5d"}


def adjusted(bars: pd.DataFrame, events: pd.DataFrame) -> pd.DataFrame:
    """Bars over the product of every later ratio."""
    out = bars.sort_values(["symbol", "session"]).reset_index(drop=True)
    out["dollars"] = out["close"] * out["volume"]
    for event in events.itertuples():
        before = (out["symbol"] == event.symbol) & (out["session"] < event.ex_date)
        out.loc[before, ["open", "high", "low", "close"]] /= event.ratio
        out.loc[before, "volume"] *= event.ratio
    return out


def price(df: pd.DataFrame) -> None:
    """The price features, added to `df`."""
    by = df.groupby("symbol")
    close = by["close"]
    df["ret_1d"] = close.pct_change()
    for n in (5, 21):
        df[f"ret_{n}d"] = close.pct_change(n)
    df["mom_126_21"] = close.shift(21) / close.shift(126) - 1
    df["mom_252_21"] = close.shift(21) / close.shift(252) - 1
    for n in (5, 21, 63):
        df[f"vol_{n}d"] = by["ret_1d"].transform(lambda x, n=n: x.rolling(n).std())
    df["reversal_5d"] = -df["ret_5d"] / (df["vol_21d"] * np.sqrt(5))
    before = close.shift(1)
    true = np.maximum(df["high"] - df["low"], np.maximum((df["high"] - before).abs(), (df["low"] - before).abs()))
    df["atr_14"] = true.groupby(df["symbol"]).transform(lambda x: x.ewm(alpha=1 / 14, adjust=False).mean()) / df["close"]
    change = close.diff()
    gain = change.clip(lower=0).groupby(df["symbol"]).transform(lambda x: x.ewm(alpha=1 / 14, adjust=False).mean())
    loss = (-change).clip(lower=0).groupby(df["symbol"]).transform(lambda x: x.ewm(alpha=1 / 14, adjust=False).mean())
    df["rsi_14"] = 100 - 100 / (1 + gain / loss)
    macd = close.transform(lambda x: x.ewm(span=12, adjust=False).mean() - x.ewm(span=26, adjust=False).mean())
    df["macd_hist"] = (macd - macd.groupby(df["symbol"]).transform(lambda x: x.ewm(span=9, adjust=False).mean())) / df["close"]
    middle = close.transform(lambda x: x.rolling(20).mean())
    df["bb_pos_20"] = (df["close"] - middle) / (2 * close.transform(lambda x: x.rolling(20).std(ddof=0)))
    df["dist_52w_high"] = df["close"] / by["high"].transform(lambda x: x.rolling(252).max()) - 1
    df["gap_overnight"] = df["open"] / before - 1


def rolled(values: pd.Series, symbol: pd.Series, n: int, what: str) -> pd.Series:
    """A rolling statistic along each symbol."""
    return values.groupby(symbol).transform(lambda x: getattr(x.rolling(n), what)())


def volume(df: pd.DataFrame) -> None:
    """The volume features, added to `df`."""
    symbol, v, r = df["symbol"], df["volume"], df["ret_1d"]
    mean = rolled(v, symbol, 21, "mean")
    df["volume_surprise"] = v / mean.groupby(symbol).shift(1) - 1
    df["volume_chg_1d"] = df.groupby("symbol")["volume"].pct_change()
    df["dollar_volume_21d"] = np.log(rolled(df["dollars"], symbol, 21, "mean"))
    df["amihud_21d"] = rolled(r.abs() / df["dollars"], symbol, 21, "mean") * 1e6
    df["turnover_5_63"] = rolled(v, symbol, 5, "mean") / rolled(v, symbol, 63, "mean")
    df["vpt_21d"] = rolled(v * r, symbol, 21, "sum") / rolled(v, symbol, 21, "sum")
    df["obv_slope_21d"] = rolled(np.sign(r) * v, symbol, 21, "sum") / rolled(v, symbol, 21, "sum")
    df["volume_cv_21d"] = rolled(v, symbol, 21, "std") / mean
    df["log_volume"] = np.log(v)
    pairs = df.groupby("symbol")[["ret_1d", "log_volume"]]
    df["volume_ret_corr_21d"] = pairs.apply(lambda x: x["ret_1d"].rolling(21).corr(x["log_volume"])).droplevel(0)
    typical = (df["high"] + df["low"] + df["close"]) / 3
    moved = typical.groupby(symbol).diff()
    pos = rolled((typical * v).where(moved > 0, 0.0).where(moved.notna()), symbol, 14, "sum")
    neg = rolled((typical * v).where(moved < 0, 0.0).where(moved.notna()), symbol, 14, "sum")
    df["mfi_14"] = 100 - 100 / (1 + pos / neg)


def zscore(x: pd.Series) -> pd.Series:
    """Clipped at the 1st and 99th percentile."""
    clipped = x.clip(x.quantile(0.01), x.quantile(0.99))
    return (clipped - clipped.mean()) / clipped.std()


def left_over(day: pd.DataFrame) -> pd.Series:
    """What the date's fit leaves over."""
    whole = day.dropna()
    if len(whole) < 10:
        return pd.Series(np.nan, index=day.index)
    design = np.column_stack([np.ones(len(whole)), whole.iloc[:, 1:]])
    weights = np.linalg.lstsq(design, whole.iloc[:, 0], rcond=None)[0]
    return (whole.iloc[:, 0] - design @ weights).reindex(day.index)


def across(df: pd.DataFrame) -> None:
    """The cross-sectional and residualized features, added to `df`."""
    by_date, by_sector = df.groupby("session"), df.groupby(["session", "sector"])
    for name, of in RANKS.items():
        df[f"cs_rank_{name}"] = by_date[of].rank(pct=True)
    for name, of in ZSCORES.items():
        df[f"cs_zscore_{name}"] = by_date[of].transform(zscore)
    df["cs_rel_strength_21d"] = df["ret_21d"] - by_sector["ret_21d"].transform("median")
    df["m"] = by_date["ret_1d"].transform("mean")
    pairs = df.groupby("symbol")[["ret_1d", "m"]]
    df["beta_63d"] = pairs.apply(lambda x: x["ret_1d"].rolling(63).cov(x["m"]) / x["m"].rolling(63).var()).droplevel(0)
    df["res_ret_market"] = df["ret_1d"] - df["beta_63d"] * df["m"]
    df["res_mom_market_21d"] = rolled(df["res_ret_market"], df["symbol"], 21, "sum")
    df["res_idio_vol_63d"] = rolled(df["res_ret_market"], df["symbol"], 63, "std")
    for name, of in SECTOR_MEANS.items():
        df[f"res_{name}_sector"] = df[of] - by_sector[of].transform("mean")
    columns = ["cs_zscore_mom", "cs_zscore_dollar_volume", "cs_zscore_vol", "beta_63d"]
    df["res_mom_ols"] = df.groupby("session", group_keys=False)[columns].apply(left_over)


def tutorial_panel(bars: pd.DataFrame, events: pd.DataFrame, sectors: dict[str, str]) -> pd.DataFrame:
    """Every symbol on each of its sessions with 45 features."""
    df = adjusted(bars, events)
    df["sector"] = df["symbol"].map(sectors)
    price(df)
    volume(df)
    across(df)
    return df.sort_values(["session", "symbol"]).drop(columns=["log_volume", "m", "dollars"])
