"""The panel on set 01's 238 symbols over five years: its reference values, its rows, a year by itself."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from marketdata_assets.transforms.features.expressions import adjusted_bars
from marketdata_assets.transforms.features.feature import Category, Expression, Feature, Stage
from marketdata_assets.transforms.features.history import history
from marketdata_assets.transforms.features.panel import panel, panels
from marketdata_assets.transforms.features.registry import FEATURE_PANEL, FEATURES
from marketdata_tests.unit.features.real import TIINGO, panel_bars, panel_splits, sector_snapshots

pytestmark = pytest.mark.realdata
START, END = date(2014, 1, 1), date(2019, 1, 1)
YEARS = [(date(year, 1, 1), date(year + 1, 1, 1)) for year in range(2014, 2019)]
LOG_RETURN = (pl.col("close") / pl.col("close").shift(1)).log()


def own(name: str, formula: str, window: int, expression: pl.Expr) -> Feature:
    return Feature(
        name, Category.PRICE, formula, ("close", "volume"), window, window - 1, "null before", Stage.SYMBOL, Expression(expression)
    )


# The formulas of the set's manifest, declared as anybody declares features of their own.
REFERENCE = (
    own("f_ref_mom_20d", "c / c[-20] - 1", 21, pl.col("close") / pl.col("close").shift(20) - 1),
    own("f_ref_vol_20d", "std of 20 log returns", 21, LOG_RETURN.rolling_std(20)),
    own("f_ref_adv_20d", "mean of close times volume over 20 rows", 20, pl.col("dollars").rolling_mean(20)),
)


@pytest.fixture(scope="module")
def frames(realdata: Path) -> dict[str, pl.DataFrame]:
    bars = panel_bars(realdata)
    members = bars.select("symbol", date="session")
    return {"bars": bars, "events": panel_splits(realdata), "members": members, "sectors": sector_snapshots(realdata)}


@pytest.fixture(scope="module")
def whole(frames: dict[str, pl.DataFrame]) -> pl.DataFrame:
    return panel(*frames.values(), START, END, features=(*FEATURES, *REFERENCE))


@pytest.fixture(scope="module")
def truth(realdata: Path) -> pl.DataFrame:
    return pl.read_csv(realdata / TIINGO / "truth" / "panel_reference_values.csv", try_parse_dates=True)


def test_the_reference_values_of_the_set_are_met(whole: pl.DataFrame, truth: pl.DataFrame) -> None:
    found = truth.join(whole, on=["date", "symbol"], how="left", maintain_order="left")
    assert found.height == 90
    pairs = {
        "ret_1d_split_adj": "f_ret_1d",
        "mom_20d_split_adj": "f_ref_mom_20d",
        "vol_20d_log_ddof1": "f_ref_vol_20d",
        "adv_20d_usd": "f_ref_adv_20d",
    }
    for theirs, ours in pairs.items():
        assert found[ours].null_count() == found[theirs].null_count() == 0
        digits = 0.006 if theirs == "adv_20d_usd" else 0.51e-8  # as many as the file writes
        assert (found[ours] - found[theirs]).abs().max() <= digits, theirs  # type: ignore[operator]


def test_adjusted_levels_of_the_reference_follow_from_ours_and_the_last_basis(frames: dict[str, pl.DataFrame], truth: pl.DataFrame) -> None:
    """Ours stand on the basis of the first bar, theirs on that of the last: a ratio a symbol lies between."""
    bars = adjusted_bars(history(frames["bars"], frames["events"], frames["members"])).rename({"session": "date"})
    traded = frames["bars"].select("symbol", date="session", raw="close")
    last = bars.join(traded, on=["symbol", "date"]).group_by("symbol").agg((pl.col("close") / pl.col("raw")).last().alias("ratio"))
    found = truth.join(bars, on=["date", "symbol"]).join(last, on="symbol")
    assert found.height == 90
    assert (found["close"] / found["ratio"] - found["split_adj_close_asof_panel_end"]).abs().max() <= 0.51e-6  # type: ignore[operator]
    assert (found["volume"] * found["ratio"] - found["split_adj_volume"]).abs().max() <= 0.006  # type: ignore[operator]


def test_rows_are_the_members_and_hold_numbers_or_nothing(frames: dict[str, pl.DataFrame], whole: pl.DataFrame) -> None:
    assert whole.height == 292_549
    assert whole.select("date", "symbol").equals(frames["members"].select("date", "symbol").sort("date", "symbol"))
    listed = whole.select(FEATURE_PANEL.polars_schema.names())
    assert FEATURE_PANEL.validate(listed) is listed


def test_a_year_by_itself_equals_the_same_year_of_the_whole(frames: dict[str, pl.DataFrame], whole: pl.DataFrame) -> None:
    names = FEATURE_PANEL.polars_schema.names()
    for (start, end), year in zip(YEARS, panels(*frames.values(), YEARS), strict=True):
        same = whole.filter(pl.col("date").is_between(start, end, closed="left")).select(names)
        assert year.equals(same)
        assert panel(*frames.values(), start, end, threads=1).equals(year)


def test_behind_the_first_273_sessions_hardly_anything_is_missing(frames: dict[str, pl.DataFrame], whole: pl.DataFrame) -> None:
    settled = whole.filter(pl.int_range(pl.len()).over("symbol") >= 273)
    sectors = ("f_cs_rel_strength_21d", "f_res_ret_sector", "f_res_mom_sector", "f_res_vol_sector")  # the snapshots lack some symbols
    for feature in FEATURES:
        missing = settled[feature.name].null_count() / settled.height
        assert missing <= (0.3 if feature.name in sectors else 0.05), feature.name


def test_no_feature_is_flat(whole: pl.DataFrame) -> None:
    names = [feature.name for feature in FEATURES]
    daily = whole.group_by("date").agg(pl.col(names).std()).select(pl.col(names).mean()).row(0, named=True)
    overall = whole.select(pl.col(names).std()).row(0, named=True)
    assert {name for name in names if daily[name] < 0.01 * overall[name]} == set()
