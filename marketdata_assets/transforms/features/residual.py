"""The eight residualized features: what the market, the sector or other features do not explain."""

from __future__ import annotations

from marketdata_assets.transforms.features.feature import AboveSectorMean, Category, Computation, Feature, FitResidual, Fused, Kernel, Stage

_MARKET = "m: the date's equal-weighted mean of r over the members"
_WHOLE = "null until the window is full, while a bar of it is missing or no member had a return on a session of it"
_SECTOR = "null where the feature is, and where no sector is known"


def _market(name: str, formula: str, window: int, null_rule: str = _WHOLE) -> Feature:
    of = ("f_ret_1d",) if name == "f_beta_63d" else ("f_ret_1d", "f_beta_63d")
    return Feature(name, Category.RESIDUAL, f"{formula}; {_MARKET}", of, window, window - 1, null_rule, Stage.MARKET, Fused(Kernel.MARKET))


def _date(name: str, formula: str, inputs: tuple[str, ...], window: int, null_rule: str, by: Computation) -> Feature:
    return Feature(name, Category.RESIDUAL, formula, inputs, window, window - 1, null_rule, Stage.DATE, by)


def _sector(name: str, of: str, window: int) -> Feature:
    return _date(name, f"{of} less its mean in the symbol's sector on the date", (of,), window, _SECTOR, AboveSectorMean(of))


_FIT = FitResidual("f_cs_zscore_mom", ("f_cs_zscore_dollar_volume", "f_cs_zscore_vol", "f_beta_63d"), least=10)
RESIDUAL: tuple[Feature, ...] = (
    _market("f_beta_63d", "cov(r, m) / var(m) over the symbol's last 63 sessions", 64, f"{_WHOLE}; null where the market stood still"),
    _market("f_res_ret_market", "e = r - f_beta_63d * m", 64),
    _market("f_res_mom_market_21d", "sum(e, 21)", 84),
    _market("f_res_idio_vol_63d", "sample standard deviation of 63 e", 126),
    _sector("f_res_ret_sector", "f_ret_1d", 2),
    _sector("f_res_mom_sector", "f_mom_252_21", 253),
    _sector("f_res_vol_sector", "f_vol_5d", 6),
    _date(
        "f_res_mom_ols",
        "residual of the date's least-squares fit of f_cs_zscore_mom on a constant, f_cs_zscore_dollar_volume, f_cs_zscore_vol and "
        "f_beta_63d, over the members that have all four",
        (_FIT.of, *_FIT.on),
        253,
        "null where one of the four is, and on a date where fewer than 10 members have them",
        _FIT,
    ),
)
