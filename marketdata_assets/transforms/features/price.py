"""The fifteen price features."""

from __future__ import annotations

from marketdata_assets.transforms.features.feature import Category, Feature, Fused, Kernel, Stage

_WHOLE = "null until the window is full, and while a bar of it is missing"
_DIVISOR = f"{_WHOLE}; null where the divisor is 0"
_AGAIN = "null on a bar that is missing; the series then begins anew"


def _windowed(name: str, formula: str, inputs: tuple[str, ...], window: int, null_rule: str = _WHOLE) -> Feature:
    return Feature(name, Category.PRICE, formula, inputs, window, window - 1, null_rule, Stage.SYMBOL, Fused(Kernel.WINDOWS))


def _recursive(name: str, formula: str, inputs: tuple[str, ...], warm_up: int, null_rule: str = _AGAIN) -> Feature:
    return Feature(name, Category.PRICE, formula, inputs, None, warm_up, null_rule, Stage.SYMBOL, Fused(Kernel.RECURSIVE))


PRICE: tuple[Feature, ...] = (
    _windowed("f_ret_1d", "r = c / c[-1] - 1", ("close",), 2),
    _windowed("f_ret_5d", "c / c[-5] - 1", ("close",), 6),
    _windowed("f_ret_21d", "c / c[-21] - 1", ("close",), 22),
    _windowed("f_mom_126_21", "c[-21] / c[-126] - 1", ("close",), 127),
    _windowed("f_mom_252_21", "c[-21] / c[-252] - 1, 12-1 momentum", ("close",), 253),
    _windowed("f_reversal_5d", "-(c / c[-5] - 1) / (std(r, 21) * sqrt(5))", ("close",), 22, _DIVISOR),
    _windowed("f_vol_5d", "sample standard deviation of 5 r", ("close",), 6),
    _windowed("f_vol_21d", "sample standard deviation of 21 r", ("close",), 22),
    _windowed("f_vol_63d", "sample standard deviation of 63 r", ("close",), 64),
    _recursive(
        "f_atr_14",
        "Wilder's ATR(14) / c: true range max(h - l, abs(h - c[-1]), abs(l - c[-1])), the mean of the first 14, then (13 * prev + tr) / 14",
        ("high", "low", "close"),
        14,
    ),
    _recursive(
        "f_rsi_14",
        "Wilder's RSI(14), 0..100: 100 * gain / (gain + loss), plain means of the first 14 gains and losses, then (13 * prev + x) / 14",
        ("close",),
        14,
        f"{_AGAIN}; null where nothing was gained and nothing lost",
    ),
    _recursive(
        "f_macd_hist",
        "(macd - signal) / c, macd = ema(c, 12) - ema(c, 26), signal = ema(macd, 9); an EMA starts at the mean of its first n values, "
        "the one of 12 at that of sessions 15 to 26",
        ("close",),
        33,
    ),
    _windowed("f_bb_pos_20", "(c - mean(c, 20)) / (2 * std(c, 20)), the standard deviation with ddof 0", ("close",), 20, _DIVISOR),
    _windowed("f_dist_52w_high", "c / max(h, 252) - 1", ("close", "high"), 252),
    _windowed("f_gap_overnight", "o / c[-1] - 1", ("open", "close"), 2),
)
