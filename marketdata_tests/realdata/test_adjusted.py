"""Adjusted views of real files against independent references: the truth's own values, WIKI's and Tiingo's columns, LEAN's factors."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest

from marketdata_assets.schemas.actions import SPLIT_DECISIONS
from marketdata_assets.sources.landing.lean_factors import read_factor_file
from marketdata_assets.transforms.adjust import AdjustmentFault, adjusted
from marketdata_assets.transforms.splits.arbiter import split_events
from marketdata_assets.transforms.splits.reported import of_actions, of_bars
from marketdata_tests.support.real_splits import SESSIONS, bars_of, panel

pytestmark = pytest.mark.realdata
RECEIVED = datetime(2026, 6, 1, tzinfo=UTC)
PAY_NOTHING = ("AMZN", "BRK.B", "HOLX", "IDXX", "KMX")
"""Symbols of set 01 that paid no dividend and whose splits Tiingo writes exactly: their adjusted close is adjusted for splits alone."""


@pytest.fixture(scope="module")
def tiingo(realdata: Path) -> pl.DataFrame:
    return bars_of(realdata / "equity", "tiingo")


def accepted(symbol: str, day: date, ratio: float) -> pl.DataFrame:
    row = {"symbol": symbol, "ex_date": day, "decision": "accept", "ratio": ratio, "decided_by": "test", "reason": "series C shares"}
    return SPLIT_DECISIONS.conform(pl.DataFrame([{**row, "known_at": RECEIVED}]))


def test_split_adjusted_closes_and_volumes_equal_the_90_values_of_the_truth(realdata: Path) -> None:
    """The truth counts WBD's series C shares as two for one, which Tiingo books as cash: a person accepts it. It has six decimals."""
    rows = panel(realdata / "equity")
    events = split_events(rows, SESSIONS, of_bars(rows), decisions=accepted("WBD", date(2014, 8, 7), 2.0))
    path = realdata / "equity" / "01_tiingo_sp500_raw_adj" / "truth" / "panel_reference_values.csv"
    due = pl.read_csv(path).with_columns(session=pl.col("date").str.to_date())
    view = adjusted(rows, events, "split").join(due, on=["symbol", "session"])
    assert view.height == due.height == 90
    assert (view["close"] - view["split_adj_close_asof_panel_end"]).abs().max() <= 5.1e-7
    whole = view.filter((pl.col("split_adj_close_asof_panel_end") * 10_000 % 1).is_between(1e-6, 1 - 1e-6).not_())
    assert (whole["close"] / whole["split_adj_close_asof_panel_end"] - 1).abs().max() <= 1e-9
    assert whole.height >= 60
    assert (view["volume"] / view["split_adj_volume"] - 1).abs().max() <= 1e-8


def test_volumes_equal_wikis_adjusted_volumes_for_every_symbol_but_one(realdata: Path) -> None:
    """WIKI multiplies volumes by splits alone, DISCK's series C shares among them, though it books those as cash: a person accepts them.
    RF's 1.235 is an exchange of shares in a merger, which no company declares as a split.
    """
    rows = bars_of(realdata / "equity", "wiki")
    events = split_events(rows, SESSIONS, of_bars(rows), decisions=accepted("DISCK", date(2014, 8, 7), 2.0))
    files = sorted((realdata / "equity" / "02_quandl_wiki_raw_split" / "csv").glob("*.csv.gz"))
    columns = [
        frame.select(symbol=pl.lit(f.name.removesuffix(".csv.gz")), session=pl.col("Date").str.to_date(), theirs="Adj. Volume")
        for f in files
        if (frame := pl.read_csv(f)).height
    ]
    view = adjusted(rows, events, "split").join(pl.concat(columns), on=["symbol", "session"]).filter(pl.col("volume") > 0)
    apart = view.group_by("symbol").agg((pl.col("volume") / pl.col("theirs") - 1).abs().max().alias("error"))
    assert apart.height == 69
    assert apart.filter(pl.col("error") > 1e-9)["symbol"].to_list() == ["RF"]


def test_closes_of_symbols_without_dividends_equal_tiingos_adjusted_closes(tiingo: pl.DataFrame) -> None:
    rows = tiingo.filter(pl.col("symbol").is_in(PAY_NOTHING))
    view = adjusted(rows, split_events(tiingo, SESSIONS, of_bars(tiingo)), "split")
    apart = view.group_by("symbol").agg((pl.col("close") / pl.col("adj_close") - 1).abs().max().alias("error"))
    assert apart.height == len(PAY_NOTHING)
    assert apart["error"].max() <= 1e-9


def test_splits_and_dividends_equal_leans_factors(realdata: Path) -> None:
    """AAPL over 22 years: LEAN's price and split factors of the file are one product per day, to their seven digits."""
    home = realdata / "equity"
    path = home / "06_lean_official/equity/usa/factor_files/aapl.csv"
    told = read_factor_file("aapl.csv", path.read_bytes(), SESSIONS).with_columns(
        known_at=pl.lit(RECEIVED).cast(pl.Datetime("us", "UTC")), payload_sha256=pl.lit("f" * 64)
    )
    rows = bars_of(home, "lean").filter(pl.col("symbol") == "AAPL")
    reported = of_actions({"lean": told})
    view = adjusted(rows, split_events(rows, SESSIONS, reported), "split+dividend", dividends=reported)
    factors = pl.read_csv(path, has_header=False, new_columns=["day", "paid", "shares", "close_then"]).select(
        pl.col("day").cast(pl.String).str.to_date("%Y%m%d"), factor=pl.col("paid") * pl.col("shares")
    )
    placed = rows.select("session", raw="close").sort("session").join_asof(factors, left_on="session", right_on="day", strategy="forward")
    both = view.join(placed, on="session")
    assert both.height == 5_849
    assert (both["close"] / (both["raw"] * both["factor"]) - 1).abs().max() < 1e-5


def test_prices_sold_as_adjusted_equal_ours_where_both_exist(tiingo: pl.DataFrame, realdata: Path) -> None:
    """Kaggle's closes are adjusted for splits as of 2018-02; ours of Tiingo's raw ones, as of the same day, agree to a cent's rounding."""
    theirs = bars_of(realdata / "equity", "kaggle").select("symbol", "session", theirs="close")
    rows = tiingo.filter(pl.col("session") <= date(2018, 2, 7), pl.col("symbol").is_in(["AAPL", "NFLX", "CTSH", "ICE", "MNST", "IDXX"]))
    events = split_events(tiingo, SESSIONS, of_bars(tiingo)).filter(pl.col("ex_date") <= date(2018, 2, 7))
    both = adjusted(rows, events, "split").join(theirs, on=["symbol", "session"])
    assert both.height > 7_000
    apart = both.select(((pl.col("close") / pl.col("theirs") - 1).abs() > 0.001).alias("apart"))["apart"]
    assert apart.mean() < 0.002


def test_two_vendors_that_contradict_each_other_refuse_the_adjusted_view_alone(tiingo: pl.DataFrame) -> None:
    told = of_bars(tiingo)
    other = told.filter(pl.col("symbol") == "AAPL", pl.col("ex_date") == date(2014, 6, 9), pl.col("kind") == "split").with_columns(
        source=pl.lit("other"), ratio=pl.lit(2.0)
    )
    rows = tiingo.filter(pl.col("symbol") == "AAPL")
    events = split_events(rows, SESSIONS, pl.concat([told, other]))
    with pytest.raises(AdjustmentFault, match=r"AAPL for what happened on 2014-06-09.*other 2\.0; tiingo 7\.0"):
        adjusted(rows, events, "split")
    assert adjusted(rows, events, "raw").height == rows.height


def test_values_before_a_hole_of_921_sessions_are_missing(realdata: Path) -> None:
    rows = bars_of(realdata / "equity", "polygon")
    view = adjusted(rows, split_events(rows, SESSIONS, of_bars(rows)), "split")
    amzn = view.filter(pl.col("symbol") == "AMZN")
    assert amzn.filter(pl.col("session") < date(2024, 9, 3))["close"].null_count() > 500
    assert amzn.filter(pl.col("session") >= date(2024, 9, 3))["close"].null_count() == 0
    assert view.filter(pl.col("symbol") == "AMZN", pl.col("close").is_not_null())["close"][0] == 176.25
