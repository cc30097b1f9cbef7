from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest
from typer.testing import CliRunner

from marketdata_assets import MarketData
from marketdata_assets.cli.app import app
from marketdata_assets.core.faults import ConfigFault, QueryFault, SymbolFault
from marketdata_assets.pipeline.panel.build import publish_years
from marketdata_assets.pipeline.panel.export import write_parquet, write_qlib
from marketdata_tests.support.panels import CLASS, NAMES, panel_platform

RUN = CliRunner()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("panel")
    list(publish_years(panel_platform(made), CLASS, ["2022", "2023", "2024"]))
    return made


@pytest.fixture
def market(folder: Path) -> MarketData:
    return MarketData(folder / "marketdata.yaml")


def told(folder: Path, *words: str) -> str:
    result = RUN.invoke(app, [*words, "--config", str(folder / "marketdata.yaml")])
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.mark.parametrize("universe", [None, "us_equities", "all", "ALL"])
def test_a_universe_answers_to_its_names(market: MarketData, universe: str | None) -> None:
    rows = market.features(universe, "2023-12-28", "2024-01-04")
    assert rows["date"].unique().to_list() == [date(2023, 12, 28), date(2023, 12, 29), date(2024, 1, 2), date(2024, 1, 3)]
    assert rows.height == 4 * len(NAMES)
    assert rows.width == 47
    assert rows.select("date", "symbol").equals(rows.select("date", "symbol").sort("date", "symbol"))


def test_columns_are_good_without_their_prefix(market: MarketData) -> None:
    rows = market.features("all", "2024-03-01", "2024-03-02", columns=["rsi_14", "f_ret_1d", "symbol"])
    assert rows.columns == ["date", "symbol", "f_rsi_14", "f_ret_1d"]
    with pytest.raises(QueryFault, match="did you mean 'f_rsi_14'"):
        market.features("all", columns=["rsi14"])


def test_a_list_of_symbols_keeps_the_ranks_among_all_members(market: MarketData) -> None:
    some = market.features(["SYM02", "sym04"], "2024-03-01", "2024-03-05")
    every = market.features("all", "2024-03-01", "2024-03-05")
    assert some.equals(every.filter(pl.col("symbol").is_in(["SYM02", "SYM04"])))


def test_pandas_gets_nan_for_null_and_the_same_numbers(market: MarketData) -> None:
    rows = market.features("all", "2022-06-01", "2022-06-03", frame="pandas")
    assert isinstance(rows, pd.DataFrame)
    assert rows["f_mom_252_21"].isna().all()
    assert np.isfinite(rows["f_ret_1d"].iloc[-1])


def test_what_there_is_not_is_refused(market: MarketData, tmp_path: Path) -> None:
    with pytest.raises(QueryFault, match="us_equities"):
        market.features("sp500")
    with pytest.raises(SymbolFault):
        market.features(["NOPE"])
    unpublished = panel_platform(tmp_path)
    assert unpublished.settings.panels
    with pytest.raises(QueryFault, match="materialize us_equities/feature_panel"):
        MarketData(tmp_path / "marketdata.yaml").features("all")


def test_one_parquet_holds_the_same_rows(market: MarketData, tmp_path: Path) -> None:
    rows = market.features("all", "2024-01-01", "2024-02-01")
    assert write_parquet(rows, tmp_path / "sub" / "panel.parquet") == rows.height
    assert pl.read_parquet(tmp_path / "sub" / "panel.parquet").equals(rows)
    with pytest.raises(ConfigFault, match="no Parquet"):
        write_parquet(rows, tmp_path / "panel.csv")


def test_qlib_s_files_lie_in_a_new_folder_only(market: MarketData, tmp_path: Path) -> None:
    rows = market.features("all", "2024-01-01", "2024-02-01", columns=["ret_1d"])
    assert write_qlib(market.platform, CLASS, rows, tmp_path / "q") == 2 + len(NAMES)
    line = np.frombuffer((tmp_path / "q" / "features" / "sym01" / "f_ret_1d.day.bin").read_bytes(), "<f4")
    mine = rows.filter(pl.col("symbol") == "SYM01")["f_ret_1d"].to_numpy().astype("<f4")
    assert line[0] == 0.0
    assert (line[1:] == mine).all()
    with pytest.raises(ConfigFault, match="something is there already"):
        write_qlib(market.platform, CLASS, rows, tmp_path / "q")


def test_the_terminal_lists_every_feature(folder: Path) -> None:
    rows = json.loads(told(folder, "features", "list", "--json"))
    assert len(rows) == 45
    assert rows[0] == {
        "feature": "f_ret_1d",
        "category": "price",
        "formula": "r = c / c[-1] - 1",
        "inputs": "close",
        "window": 2,
        "warm_up": 1,
        "null": rows[0]["null"],
    }


def test_the_terminal_shows_rows(folder: Path) -> None:
    rows = json.loads(told(folder, "features", "show", "SYM01", "--start", "2024-06-25", "--columns", "ret_1d,beta_63d", "--json"))
    assert [row["date"] for row in rows] == ["2024-06-25", "2024-06-26", "2024-06-27", "2024-06-28"]
    assert set(rows[0]) == {"date", "symbol", "f_ret_1d", "f_beta_63d"}


def test_the_terminal_writes_the_report_and_the_files(folder: Path, tmp_path: Path) -> None:
    told(folder, "features", "report", "2023", "2024", "--to", str(tmp_path / "page.html"))
    assert "2023–2024" in (tmp_path / "page.html").read_text(encoding="utf-8")
    said = json.loads(told(folder, "features", "export", "--to", str(tmp_path / "p.parquet"), "--start", "2024-06", "--json"))
    assert said["rows"] == pl.read_parquet(tmp_path / "p.parquet").height
    told(folder, "features", "export", "--qlib", "--to", str(tmp_path / "qlib"), "--start", "2024-06", "--columns", "rsi_14")
    assert (tmp_path / "qlib" / "calendars" / "day.txt").exists()


def test_the_terminal_proves_that_the_panel_sees_no_future(folder: Path) -> None:
    said = json.loads(told(folder, "prove-no-lookahead", "2023", "--cuts", "2", "--seed", "9", "--json"))
    assert said["passed"] is True
    assert (said["year"], said["columns"], len(said["cuts"])) == ("2023", 45, 2)
    assert said["leaks"] == []


def test_the_terminal_refuses_a_report_of_a_year_that_is_not_published(folder: Path) -> None:
    result = RUN.invoke(app, ["features", "report", "1999", "--config", str(folder / "marketdata.yaml"), "--json"])
    assert result.exit_code == 2
    assert "2022, 2023, 2024" in json.loads(result.stdout)["fault"]["found"]
