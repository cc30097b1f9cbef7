from __future__ import annotations

import json
import shlex
import shutil
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner, Result

from marketdata_assets.cli.app import app
from marketdata_assets.market_data import MarketData
from marketdata_tests.support.small_lake import configure


def run(folder: Path, *words: str) -> Result:
    return CliRunner().invoke(app, [*words, "--config", str(folder / "marketdata.yaml")])


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory, project: Path) -> tuple[Path, Result]:
    """The demo as a newcomer runs it, in a folder with nothing but the committed reference files."""
    folder = tmp_path_factory.mktemp("demo")
    shutil.copytree(project / "data/reference", folder / "data/reference")
    shutil.copy(project / "marketdata.yaml", folder)
    return folder, run(folder, "demo")


def test_the_demo_finds_everything_that_was_planted_and_says_so(shown: tuple[Path, Result]) -> None:
    _, result = shown
    assert result.exit_code == 0, result.output[-3000:]
    assert "40 of 40 planted defects found" in result.stdout
    assert "Announced: alpaca 40 cash_dividend, 1 rename, 3 split." in result.stdout
    assert "Split events: 3 applied; applied are ALDERA 2 on 2024-05-15, DELTOR 0.125 on 2024-09-27, GALVEN 3 on" in result.stdout
    assert "Simulated: these symbols exist nowhere" in result.stdout
    assert "market: real" in result.stdout


def test_real_splits_are_no_unexplained_jumps(shown: tuple[Path, Result]) -> None:
    asked = "SELECT count(*) AS n FROM us_equities.validated_bars_1d WHERE quality_flags LIKE '%jump_unexplained%'"
    assert MarketData(shown[0] / "marketdata.yaml").sql(asked)["n"].item() == 0


def test_what_the_demo_says_to_type_next_works(shown: tuple[Path, Result]) -> None:
    folder, result = shown
    said = [line.strip() for line in result.stdout.splitlines() if line.startswith("  marketdata ")]
    assert len(said) >= 3
    for line in said:
        words = shlex.split(line.split("   ")[0])[1:]
        asked = run(folder, *words) if words[0] != "bars" else run(folder, *shlex.split(line)[1:3])
        assert asked.exit_code == 0, line


def test_the_late_correction_is_shown_as_it_was_known_then_and_now(shown: tuple[Path, Result]) -> None:
    folder, result = shown
    late = pl.read_csv(folder / "data/simulated/truth/defects.csv").filter(pl.col("kind") == "late_correction").row(0, named=True)
    market, day = MarketData(folder / "marketdata.yaml"), date.fromisoformat(late["first"][:10])
    now = market.bars(late["symbol"], day, day + timedelta(days=1))
    then = market.bars(late["symbol"], day, day + timedelta(days=1), as_of=now["known_at"].item() - timedelta(days=1))
    assert then["close"].item() != now["close"].item()
    (line,) = [line for line in result.stdout.splitlines() if line.startswith("A late correction")]
    assert f"{late['symbol']} closed on {day} at [{then['close'].item()}]" in line
    assert f"at [{now['close'].item()}] as of the second" in line


def test_the_demo_again_finds_the_same_and_takes_nothing_in(shown: tuple[Path, Result]) -> None:
    folder, _ = shown
    lake = folder / "data/simulated/lake"
    before = {path: path.read_bytes() for path in lake.rglob("*.parquet")}
    told = json.loads(run(folder, "ingest", "--json").stdout)
    assert told == {"files": [], "runs": []}
    assert {path: path.read_bytes() for path in lake.rglob("*.parquet")} == before


def test_the_demo_never_writes_into_a_lake_of_real_prices(tmp_path: Path) -> None:
    configure(tmp_path)
    result = run(tmp_path, "demo")
    assert result.exit_code == 2
    assert "never writes into a lake of real prices" in " ".join(result.stderr.replace("│", " ").split())
    assert not (tmp_path / "lake").exists()
