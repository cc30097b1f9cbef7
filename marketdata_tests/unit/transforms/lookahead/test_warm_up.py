from __future__ import annotations

import polars as pl

from marketdata_assets.transforms.lookahead.inputs import PanelInputs
from marketdata_assets.transforms.lookahead.market import small_market
from marketdata_assets.transforms.lookahead.planted import adjusted
from marketdata_assets.transforms.lookahead.warm_up import warm_ups

C = pl.col("close")
MARKET = small_market()
GAPLESS = PanelInputs(MARKET.bars.filter(pl.col("symbol").is_in(["S01", "S02", "S04"])))
START = GAPLESS.sessions[40]


def features(inputs: PanelInputs) -> pl.DataFrame:
    told = {
        "f_mean_10": C.rolling_mean(10),
        "f_change": C / C.shift(1) - 1,
        "f_own": C,
        "f_ema": C.ewm_mean(alpha=0.5, adjust=False),
        "f_ever": C.cum_max(),
        "f_count": pl.col("session").cum_count().cast(pl.Float64),
    }
    rows = adjusted(inputs).with_columns(each.over("symbol", order_by="session").alias(name) for name, each in told.items())
    return rows.select(pl.col("session").alias("date"), "symbol", *told).sort("date", "symbol")


def test_a_window_settles_when_it_is_full_and_a_recursion_when_it_has_forgotten() -> None:
    told = {row["feature"]: row for row in warm_ups(features, GAPLESS, [START, GAPLESS.sessions[55]]).to_dicts()}
    assert told["f_own"]["exact"] == 1
    assert told["f_change"]["exact"] == 2
    assert told["f_mean_10"]["close"] == 10
    # 0.5 ** n of what the two starts differ by: 1e-9 after about thirty sessions.
    assert 20 <= told["f_ema"]["close"] <= 32
    assert told["f_count"]["exact"] is None
    assert told["f_own"]["largest"] == 0.0


def test_without_a_start_there_is_nothing_to_say() -> None:
    assert warm_ups(features, GAPLESS, []).is_empty()
