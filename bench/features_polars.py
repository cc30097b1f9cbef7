"""The feature panel in plain Polars: expressions over symbol and over date, in one lazy query a stage."""

from __future__ import annotations

import numpy as np
import polars as pl

from bench.features_pandas import RANKS, SECTOR_MEANS, ZSCORES

C, H, L, O, V, R = (pl.col(name) for name in ("close", "high", "low", "open", "volume", "ret_1d"))  # noqa: E741


def adjusted(bars: pl.DataFrame, events: pl.DataFrame) -> pl.LazyFrame:
    """Bars over the product of every later ratio."""
    ordered = events.sort("symbol", "ex_date", descending=[False, True])
    later = ordered.with_columns(factor=pl.col("ratio").cum_prod().over("symbol")).sort("ex_date")
    joined = bars.sort("session").join_asof(
        later.select("symbol", "ex_date", "factor"), left_on="session", right_on="ex_date", by="symbol", strategy="forward",
        allow_exact_matches=False, check_sortedness=False,
    )  # fmt: skip
    factor = pl.col("factor").fill_null(1.0)
    prices = (pl.col(name) / factor for name in ("open", "high", "low", "close"))
    return joined.lazy().with_columns(*prices, V * factor, dollars=C * V).sort("symbol", "session")


def wilder(x: pl.Expr) -> pl.Expr:
    """Exponential smoothing with weight 1/14."""
    return x.ewm_mean(alpha=1 / 14, adjust=False)


def price(df: pl.LazyFrame) -> pl.LazyFrame:
    """The price features."""
    before, change = C.shift(1), C.diff()
    true = pl.max_horizontal(H - L, (H - before).abs(), (L - before).abs())
    macd = C.ewm_mean(span=12, adjust=False) - C.ewm_mean(span=26, adjust=False)
    columns = {
        "ret_1d": C / before - 1,
        "ret_5d": C / C.shift(5) - 1,
        "ret_21d": C / C.shift(21) - 1,
        "mom_126_21": C.shift(21) / C.shift(126) - 1,
        "mom_252_21": C.shift(21) / C.shift(252) - 1,
        "atr_14": wilder(true) / C,
        "rsi_14": 100 - 100 / (1 + wilder(change.clip(lower_bound=0)) / wilder((-change).clip(lower_bound=0))),
        "macd_hist": (macd - macd.ewm_mean(span=9, adjust=False)) / C,
        "bb_pos_20": (C - C.rolling_mean(20)) / (2 * C.rolling_std(20, ddof=0)),
        "dist_52w_high": C / H.rolling_max(252) - 1,
        "gap_overnight": O / before - 1,
    }
    return df.with_columns(expression.over("symbol").alias(name) for name, expression in columns.items()).with_columns(
        *(R.rolling_std(n).over("symbol").alias(f"vol_{n}d") for n in (5, 21, 63)),
        reversal_5d=(-pl.col("ret_5d") / (R.rolling_std(21) * 5**0.5)).over("symbol"),
    )


def volume(df: pl.LazyFrame) -> pl.LazyFrame:
    """The volume features."""
    typical, log = (H + L + C) / 3, V.log()
    moved, flow = typical.diff(), typical * V
    pos, neg = (pl.when(sign).then(flow).when(moved.is_not_null()).then(0.0).rolling_sum(14) for sign in (moved > 0, moved < 0))
    columns = {
        "volume_surprise": V / V.rolling_mean(21).shift(1) - 1,
        "volume_chg_1d": V / V.shift(1) - 1,
        "dollar_volume_21d": pl.col("dollars").rolling_mean(21).log(),
        "amihud_21d": (R.abs() / pl.col("dollars")).rolling_mean(21) * 1e6,
        "turnover_5_63": V.rolling_mean(5) / V.rolling_mean(63),
        "vpt_21d": (V * R).rolling_sum(21) / V.rolling_sum(21),
        "obv_slope_21d": (R.sign() * V).rolling_sum(21) / V.rolling_sum(21),
        "volume_cv_21d": V.rolling_std(21) / V.rolling_mean(21),
        "volume_ret_corr_21d": pl.rolling_corr(R, log, window_size=21),
        "mfi_14": 100 - 100 / (1 + pos / neg),
    }
    return df.with_columns(expression.over("symbol").alias(name) for name, expression in columns.items())


def zscore(x: pl.Expr) -> pl.Expr:
    """Clipped at the 1st and 99th percentile."""
    clipped = x.clip(x.quantile(0.01, "linear"), x.quantile(0.99, "linear"))
    return (clipped - clipped.mean()) / clipped.std()


def across(df: pl.LazyFrame) -> pl.LazyFrame:
    """The cross-sectional and residualized features but the fit."""
    residual, m = pl.col("res_ret_market"), pl.col("m")
    return (
        df.with_columns(
            *((pl.col(of).rank() / pl.col(of).count()).over("session").alias(f"cs_rank_{name}") for name, of in RANKS.items()),
            *(zscore(pl.col(of)).over("session").alias(f"cs_zscore_{name}") for name, of in ZSCORES.items()),
            *((pl.col(of) - pl.col(of).mean()).over("session", "sector").alias(f"res_{n}_sector") for n, of in SECTOR_MEANS.items()),
            cs_rel_strength_21d=(pl.col("ret_21d") - pl.col("ret_21d").median()).over("session", "sector"),
            m=R.mean().over("session"),
        )
        .with_columns(beta_63d=(pl.rolling_cov(R, m, window_size=63) / m.rolling_var(63)).over("symbol"))
        .with_columns(res_ret_market=R - pl.col("beta_63d") * m)
        .with_columns(res_mom_market_21d=residual.rolling_sum(21).over("symbol"), res_idio_vol_63d=residual.rolling_std(63).over("symbol"))
    )


def left_over(day: pl.DataFrame) -> pl.DataFrame:
    """What the date's fit leaves over."""
    columns = ["cs_zscore_mom", "cs_zscore_dollar_volume", "cs_zscore_vol", "beta_63d"]
    values = day.select(columns).fill_null(float("nan")).to_numpy()
    whole, out = np.isfinite(values).all(axis=1), np.full(day.height, np.nan)
    if whole.sum() >= 10:
        design = np.column_stack([np.ones(whole.sum()), values[whole, 1:]])
        out[whole] = values[whole, 0] - design @ np.linalg.lstsq(design, values[whole, 0], rcond=None)[0]
    return day.with_columns(res_mom_ols=pl.Series(out))


def plain_panel(bars: pl.DataFrame, events: pl.DataFrame, sectors: pl.DataFrame) -> pl.DataFrame:
    """Every symbol on each of its sessions with 45 features."""
    lazy = adjusted(bars, events).join(sectors.lazy().select("symbol", "sector"), on="symbol", how="left", maintain_order="left")
    found = across(volume(price(lazy))).sort("session", "symbol").collect()
    fitted = pl.concat(left_over(day) for day in found.partition_by("session", maintain_order=True))
    return fitted.drop("m", "dollars", "factor", "ex_date")
