"""Every feature on real prices, held against its definition written once more in NumPy, pandas and statsmodels."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest

from marketdata_assets.transforms.features.panel import panel
from marketdata_assets.transforms.features.registry import FEATURES
from marketdata_tests.unit.features.by_hand import across_dates, against_market, of_symbols
from marketdata_tests.unit.features.real import panel_bars, panel_splits, sector_snapshots

pytestmark = pytest.mark.realdata
START, END = date(2014, 1, 1), date(2019, 1, 1)
MEMBERS_FROM = date(2014, 3, 3)


@pytest.fixture(scope="module")
def frames(realdata: Path) -> dict[str, pl.DataFrame]:
    """Eighty symbols over five years; every third one is no member in 2016, and nobody is before March 2014."""
    bars = panel_bars(realdata).filter(pl.col("symbol").rank("dense") <= 240, pl.col("symbol").hash(7) % 3 == 0)
    out_in_2016 = (pl.col("symbol").hash(9) % 3 == 0) & (pl.col("date").dt.year() == 2016)
    members = bars.select("symbol", date="session").filter(pl.col("date") >= MEMBERS_FROM, ~out_in_2016)
    return {"bars": bars, "events": panel_splits(realdata), "members": members, "sectors": sector_snapshots(realdata)}


@pytest.fixture(scope="module")
def ours(frames: dict[str, pl.DataFrame]) -> pl.DataFrame:
    return panel(frames["bars"], frames["events"], frames["members"], frames["sectors"], START, END)


@pytest.fixture(scope="module")
def theirs(frames: dict[str, pl.DataFrame]) -> pd.DataFrame:
    bars, events, members = (frames[name].to_pandas() for name in ("bars", "events", "members"))
    for table, column in ((bars, "session"), (events, "ex_date"), (members, "date")):
        table[column] = pd.to_datetime(table[column])
    whole = against_market(of_symbols(bars, events), members)
    known = frames["sectors"].select("symbol", "sector", date=pl.col("known_at").dt.date()).to_pandas()
    known["date"] = pd.to_datetime(known["date"]).astype(whole["date"].dtype)
    inside = whole.merge(members, on=["date", "symbol"]).sort_values("date")
    return across_dates(pd.merge_asof(inside, known.sort_values("date"), on="date", by="symbol"))


def test_rows_are_exactly_the_members(frames: dict[str, pl.DataFrame], ours: pl.DataFrame) -> None:
    assert ours.height > 60_000
    assert ours.select("date", "symbol").equals(frames["members"].select("date", "symbol").sort("date", "symbol"))


@pytest.mark.parametrize("name", [feature.name for feature in FEATURES])
def test_a_feature_equals_its_definition(name: str, ours: pl.DataFrame, theirs: pd.DataFrame) -> None:
    mine, other = ours[name].fill_null(np.nan).to_numpy(), theirs[name].to_numpy()
    assert np.isfinite(mine).sum() > 40_000
    np.testing.assert_array_equal(np.isfinite(mine), np.isfinite(other))
    # Differences of nearly equal numbers have no relative error worth the name: beneath a thousandth of the spread it is absolute.
    floor = 1e-12 * np.nanstd(other)
    np.testing.assert_allclose(mine, other, rtol=1e-9, atol=floor)


def test_a_sector_that_was_told_later_is_not_used(frames: dict[str, pl.DataFrame]) -> None:
    bars = frames["bars"].filter(pl.col("session") < date(2014, 6, 1))
    late = frames["sectors"].with_columns(known_at=pl.lit(datetime(2020, 1, 1, tzinfo=UTC)))
    made = panel(bars, frames["events"], frames["members"], late, START, date(2014, 6, 1))
    assert made["f_res_ret_sector"].null_count() == made.height
