"""The ten volume features."""

from __future__ import annotations

from marketdata_assets.transforms.features.feature import Category, Feature, Fused, Kernel, Stage

_DIVISOR = "null until the window is full, while a bar of it is missing, and where the divisor is 0"


def _volume(name: str, formula: str, inputs: tuple[str, ...], window: int, null_rule: str = _DIVISOR) -> Feature:
    return Feature(name, Category.VOLUME, formula, inputs, window, window - 1, null_rule, Stage.SYMBOL, Fused(Kernel.WINDOWS))


VOLUME: tuple[Feature, ...] = (
    _volume("f_volume_surprise", "v / mean(v of the 21 sessions before) - 1", ("volume",), 22),
    _volume("f_volume_chg_1d", "v / v[-1] - 1", ("volume",), 2),
    _volume(
        "f_dollar_volume_21d",
        "ln(mean(c * v, 21)), raw price times raw volume",
        ("close", "volume"),
        21,
        "null until the window is full, while a bar of it is missing, and where nothing traded in it",
    ),
    _volume(
        "f_amihud_21d",
        "mean(abs(r) / (c * v), 21) * 1e6",
        ("close", "volume"),
        22,
        "null until the window is full, while a bar of it is missing or one did not trade",
    ),
    _volume("f_turnover_5_63", "mean(v, 5) / mean(v, 63)", ("volume",), 63),
    _volume("f_vpt_21d", "sum(v * r, 21) / sum(v, 21), volume-price trend", ("close", "volume"), 22),
    _volume("f_obv_slope_21d", "sum(sign(r) * v, 21) / sum(v, 21)", ("close", "volume"), 22),
    _volume("f_volume_cv_21d", "std(v, 21) / mean(v, 21)", ("volume",), 21),
    _volume(
        "f_volume_ret_corr_21d",
        "Pearson correlation of r and ln v over 21 sessions",
        ("close", "volume"),
        22,
        "null until the window is full, while a bar of it is missing or one did not trade, and where r or v stood still",
    ),
    _volume(
        "f_mfi_14",
        "money flow index, 0..100: 100 * pos / (pos + neg) of tp * v over 14 changes, tp = (h + l + c) / 3, pos where tp rose",
        ("high", "low", "close", "volume"),
        15,
        "null until the window is full, while a bar of it is missing, and where no money flowed either way",
    ),
)
