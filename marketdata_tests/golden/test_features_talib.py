"""RSI, ATR, MACD, Bollinger and the money flow index against TA-Lib, on real and on drawn prices."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest
import talib

from marketdata_assets.transforms.features.panel import panel
from marketdata_tests.unit.features.by_hand import back_adjusted
from marketdata_tests.unit.features.market import NO_EVENTS, NO_SECTORS, walk
from marketdata_tests.unit.features.real import tiingo_bars, tiingo_splits

START, END = date(1990, 1, 1), date(2030, 1, 1)


def both(bars: pl.DataFrame, events: pl.DataFrame) -> tuple[pl.DataFrame, pd.DataFrame]:
    """Our panel of one symbol, and its bars adjusted backwards for TA-Lib."""
    ours = panel(bars, events, bars.select("symbol", date="session"), NO_SECTORS, START, END)
    return ours, back_adjusted(bars.to_pandas(), events.to_pandas())


def in_talib(bars: pd.DataFrame) -> dict[str, np.ndarray]:
    h, low, c, v = (bars[name].to_numpy(dtype=float) for name in ("high", "low", "close", "volume"))
    upper, middle, lower = talib.BBANDS(c, timeperiod=20, nbdevup=1.0, nbdevdn=1.0)
    return {
        "f_rsi_14": talib.RSI(c, 14),
        "f_atr_14": talib.ATR(h, low, c, 14) / c,
        "f_macd_hist": talib.MACD(c, 12, 26, 9)[2] / c,
        "f_bb_pos_20": (c - middle) / (upper - lower),
        "f_mfi_14": talib.MFI(h, low, c, v, 14),
    }


def hold(ours: pl.DataFrame, bars: pd.DataFrame) -> None:
    for name, theirs in in_talib(bars).items():
        mine = ours[name].fill_null(np.nan).to_numpy()
        np.testing.assert_array_equal(np.isnan(mine), np.isnan(theirs), err_msg=name)
        assert np.isfinite(mine).sum() > mine.size - 40
        # TA-Lib carries sums along, so of a 0 it keeps rests: in Bollinger's position (about 1) and in the flows of MFI (up to 100).
        rest = {"f_bb_pos_20": 1e-9, "f_mfi_14": 1e-11}.get(name, 1e-14)
        np.testing.assert_allclose(mine, theirs, rtol=1e-9, atol=rest, err_msg=name)


@pytest.mark.realdata
@pytest.mark.parametrize("symbol", ["GS", "JPM", "MNST", "NFLX", "AAPL"])
def test_real_prices_over_two_decades_and_their_splits(realdata: Path, symbol: str) -> None:
    bars = tiingo_bars(realdata, symbol)
    ours, theirs = both(bars, tiingo_splits(realdata, symbol))
    assert ours.height > 5_000 or symbol == "NFLX"
    hold(ours, theirs)


@pytest.mark.parametrize("seed", range(5))
def test_drawn_prices(seed: int) -> None:
    bars = walk(["AAA"], date(2010, 1, 4), 1_000, seed=seed)
    hold(*both(bars, NO_EVENTS))


def test_the_first_values_stand_where_talib_has_them() -> None:
    bars = walk(["AAA"], date(2020, 1, 1), 40, seed=1)
    ours = panel(bars, NO_EVENTS, bars.select("symbol", date="session"), NO_SECTORS, START, END)
    names = ("f_rsi_14", "f_atr_14", "f_macd_hist", "f_mfi_14", "f_bb_pos_20")
    first = {name: ours[name].is_not_null().arg_true()[0] + 1 for name in names}
    assert first == {"f_rsi_14": 15, "f_atr_14": 15, "f_macd_hist": 34, "f_mfi_14": 15, "f_bb_pos_20": 20}
