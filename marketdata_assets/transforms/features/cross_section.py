"""The twelve cross-sectional features: each compares a feature over the members of one date that have it."""

from __future__ import annotations

from marketdata_assets.transforms.features.feature import AboveSectorMedian, Category, Computation, Feature, Rank, Stage, ZScore
from marketdata_assets.transforms.features.price import PRICE
from marketdata_assets.transforms.features.volume import VOLUME

_COMPARED = {feature.name: feature for feature in (*PRICE, *VOLUME)}


def _across(name: str, formula: str, of: str, by: Computation, null_rule: str) -> Feature:
    base = _COMPARED[of]
    return Feature(name, Category.CROSS_SECTION, formula.format(of=of), (of,), base.window, base.warm_up, null_rule, Stage.DATE, by)


def _rank(name: str, of: str) -> Feature:
    formula = "percentile rank of {of} on the date: average rank of ties / count, in (0, 1]"
    return _across(name, formula, of, Rank(of), "null where the feature it ranks is")


def _zscore(name: str, of: str) -> Feature:
    formula = "(x - mean) / std of {of} on the date, x clipped to its 1st and 99th percentile (linear interpolation)"
    return _across(name, formula, of, ZScore(of), "null where the feature it scores is, and where the members do not differ")


CROSS_SECTION: tuple[Feature, ...] = (
    _rank("f_cs_rank_ret", "f_ret_1d"),
    _rank("f_cs_rank_ret_21d", "f_ret_21d"),
    _rank("f_cs_rank_mom", "f_mom_252_21"),
    _rank("f_cs_rank_vol", "f_vol_21d"),
    _rank("f_cs_rank_amihud", "f_amihud_21d"),
    _rank("f_cs_rank_volume_surprise", "f_volume_surprise"),
    _zscore("f_cs_zscore_ret", "f_ret_1d"),
    _zscore("f_cs_zscore_mom", "f_mom_252_21"),
    _zscore("f_cs_zscore_vol", "f_vol_5d"),
    _zscore("f_cs_zscore_dollar_volume", "f_dollar_volume_21d"),
    _zscore("f_cs_zscore_rsi", "f_rsi_14"),
    _across(
        "f_cs_rel_strength_21d",
        "{of} less its median in the symbol's sector on the date",
        "f_ret_21d",
        AboveSectorMedian("f_ret_21d"),
        "null where f_ret_21d is, and where no sector is known",
    ),
)
