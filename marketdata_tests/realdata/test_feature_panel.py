"""The feature panel of 238 real symbols over five years, from stored validated bars to the published years."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from marketdata_assets.pipeline.panel.build import panel_path, publish_years, stored_year
from marketdata_assets.pipeline.panel.proof import prove_panel, settled_after
from marketdata_assets.pipeline.platform import Platform, open_platform
from marketdata_assets.rules.panel.gate import Verdict
from marketdata_assets.settings import load_settings
from marketdata_assets.transforms.features.registry import BY_NAME
from marketdata_tests.support.panels import CLASS, put_bars, put_events, split_events, validated
from marketdata_tests.support.platforms import write_config

YEARS = ["2014", "2015", "2016", "2017", "2018"]
SPLITS = ("split", "reverse_split", "reverse_split_with_spinoff", "class_distribution")
SECTORS = ("Energy", "Financials", "Health Care", "Industrials", "Utilities")


@pytest.fixture(scope="module")
def bars(realdata: Path) -> pl.DataFrame:
    rows = pl.read_parquet(realdata / "equity/01_tiingo_sp500_raw_adj/panel_2014_2018.parquet")
    named = rows.with_columns(pl.col("symbol").str.replace("-", ".", literal=True), session=pl.col("date").cast(pl.Date))
    return named.select("symbol", "session", *(pl.col(name).cast(pl.Float64) for name in ("open", "high", "low", "close", "volume")))


@pytest.fixture(scope="module")
def built(bars: pl.DataFrame, realdata: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Platform, dict[str, list[Verdict]]]:
    folder = tmp_path_factory.mktemp("panel")
    symbols = bars["symbol"].unique().sort().to_list()
    header = "symbol,asset_class,exchange,currency,sector,listed_on,delisted_on,aliases\n"
    rows = [f"{symbol},{CLASS},XNYS,USD,{SECTORS[at % 5]},,,\n" for at, symbol in enumerate(symbols)]
    (folder / "instruments.csv").write_text(header + "".join(rows))
    sources = {"tiingo": {"landing": "landing/tiingo"}}
    write_config(folder, CLASS, sources, start=date(2014, 1, 1), panels={CLASS: {"universe": "all"}})
    platform = open_platform(load_settings(folder / "marketdata.yaml", {}))
    truth = pl.read_csv(realdata / "equity/01_tiingo_sp500_raw_adj/truth/panel_corporate_actions.csv", try_parse_dates=True)
    day = next(name for name in ("ex_date", "date") if name in truth.columns)
    splits = truth.filter(pl.col("kind").is_in(SPLITS)).select(pl.col("symbol").str.replace("-", ".", literal=True), day, "ratio").unique()
    put_bars(platform, validated(bars))
    put_events(platform, split_events(*((symbol, when, float(ratio)) for symbol, when, ratio in splits.sort("symbol", day).iter_rows())))
    return platform, {done.year: list(done.verdicts) for done in publish_years(platform, CLASS, YEARS)}


@pytest.mark.realdata
def test_every_gate_passes_and_outliers_are_told(built: tuple[Platform, dict[str, list[Verdict]]]) -> None:
    failed = {(year, verdict.gate) for year, verdicts in built[1].items() for verdict in verdicts if not verdict.passed}
    assert {gate for _, gate in failed} <= {"outliers"}, failed


@pytest.mark.realdata
def test_rows_for_exactly_the_bars_and_nothing_but_finite_numbers(
    built: tuple[Platform, dict[str, list[Verdict]]], bars: pl.DataFrame
) -> None:
    panel = pl.concat([stored_year(built[0], CLASS, year) for year in YEARS])
    traded = bars.select(date="session", symbol="symbol")
    assert traded.join(panel, on=["date", "symbol"], how="anti").is_empty()
    assert panel.join(traded, on=["date", "symbol"], how="anti").height <= 20, "members that pause for a session have rows of nulls"
    features = [name for name in panel.columns if name.startswith("f_")]
    assert panel.select(pl.col(features).is_finite().all()).row(0) == (True,) * 45


@pytest.mark.realdata
def test_the_panel_sees_no_future(built: tuple[Platform, dict[str, list[Verdict]]]) -> None:
    proof = prove_panel(built[0], CLASS, "2016", cuts=4, seed=2016)
    assert proof.passed, proof.leaks
    assert proof.rows > 200_000


@pytest.mark.realdata
def test_every_window_is_as_long_as_declared_and_wilder_s_forget_within_500_sessions(
    built: tuple[Platform, dict[str, list[Verdict]]],
) -> None:
    for row in settled_after(built[0], CLASS, "2018").to_dicts():
        window = BY_NAME[row["feature"]].window
        if window is not None and row["feature"] != "f_cs_zscore_rsi":
            assert row["exact"] is not None, row
            assert row["exact"] <= window, row
        assert row["close"] is not None, row
        assert row["close"] <= 500, row


@pytest.mark.realdata
def test_one_year_alone_is_the_same_file(built: tuple[Platform, dict[str, list[Verdict]]]) -> None:
    platform = built[0]
    (alone,) = publish_years(platform, CLASS, ["2017"])
    assert alone.published is not None
    assert not alone.published.changed
    assert alone.published.path == f"{panel_path(CLASS)}/2017.parquet"
