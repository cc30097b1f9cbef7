from __future__ import annotations

import json
import shutil
import signal
from datetime import date, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from marketdata_assets.cli.app import app
from marketdata_assets.core.sessions import calendar
from marketdata_assets.market_data import MarketData
from marketdata_assets.pipeline.outdated import outdated
from marketdata_tests.support.small_lake import configure
from marketdata_tests.support.tiingo import land, tiingo_csv
from marketdata_tests.unit.cli.conftest import Run

LANE = "us_equities_1d"


def closes(start: date, end: date, base: float) -> dict[date, float]:
    days = calendar("XNYS").sessions(start, end)["session"].to_list()
    return {day: round(base + 0.25 * at, 2) for at, day in enumerate(days)}


def lay_down(folder: Path) -> None:
    configure(folder)
    for symbol, base in (("AAPL", 120.0), ("BRK.B", 230.0)):
        land(folder / "landing/tiingo", f"{symbol}.csv", tiingo_csv(symbol, closes(date(2021, 11, 1), date(2022, 3, 1), base)))
    land(folder / "landing/tiingo", "MSFT.csv", b'{"detail": "Not found."}')


@pytest.fixture(scope="module")
def landed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("landed")
    lay_down(made)
    return made


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("done")
    lay_down(made)
    assert CliRunner().invoke(app, ["ingest", "--config", str(made / "marketdata.yaml")]).exit_code == 1
    return made


@pytest.fixture
def ingested(done: Path, tmp_path: Path) -> Path:
    """A copy of a folder whose files were taken in."""
    return shutil.copytree(done, tmp_path / "ingested")


def tables(folder: Path) -> dict[str, bytes]:
    files = (path for path in (folder / "lake/us_equities").rglob("*") if path.is_file() and "landing_files" not in path.parts)
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(files)}


def test_an_ingest_lands_what_it_can_refuses_the_rest_and_materializes_exactly_what_is_touched(run: Run, tmp_path: Path) -> None:
    lay_down(tmp_path)
    shown = run("ingest", "--json", at=tmp_path)
    told = json.loads(shown.stdout)
    assert shown.exit_code == 1  # a file was refused
    assert {(file["path"], file["state"], file["rows"]) for file in told["files"]} == {
        ("AAPL.csv", "landed", 82),
        ("BRK.B.csv", "landed", 82),
        ("MSFT.csv", "refused", 0),
    }
    assert [(run["bars"], run["partitions"], run["count"], run["succeeded"]) for run in told["runs"]] == [
        (LANE, "2021|AAPL...2022|BRK.B", 4, True)
    ]
    bars = MarketData(tmp_path / "marketdata.yaml").bars(["AAPL", "BRK.B"])
    assert bars.height == 164
    assert (tmp_path / "lake/us_equities/lona_export_1d/ohlcv/xnys/BRK.B/1d/2022.json").is_file()
    again = run("ingest", "--json", at=tmp_path)
    assert json.loads(again.stdout) == {"files": [], "runs": []}
    assert again.exit_code == 0


def test_what_a_run_that_was_cut_off_left_behind_is_taken_up_by_the_next(run: Run, ingested: Path) -> None:
    whole = tables(ingested)
    market = MarketData(ingested / "marketdata.yaml")
    for lost in (
        "validated_bars_1d/2022/AAPL.parquet",
        "coverage_1d/2021/AAPL.parquet",
        "normalized_bars_1d/2021/BRK.B.parquet",
        "raw_bars_1d/tiingo/2022/BRK.B.parquet",
        "lona_export_1d/ohlcv/xnas/AAPL/1d/2022.manifest.json",
    ):
        (ingested / "lake/us_equities" / lost).unlink()
        shown = run("ingest", at=ingested)
        assert shown.exit_code == 0
        assert tables(ingested) == whole, lost
    assert outdated(market.platform, "us_equities", "1d") == set()


def test_ctrl_c_stops_everything_at_once_and_the_next_ingest_takes_up_the_rest(
    run: Run, tmp_path: Path, done: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lay_down(tmp_path)
    run("ingest", "--look", at=tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr("marketdata_assets.defs.assets.normalized.normalized", lambda *_: signal.raise_signal(signal.SIGINT))
        shown = run("ingest", at=tmp_path)
    assert shown.exit_code == 130
    assert "takes up the rest" in shown.stderr
    assert "Traceback" not in shown.output
    assert not (tmp_path / "lake/us_equities/validated_bars_1d").exists()
    assert run("ingest", at=tmp_path).exit_code == 0
    assert tables(tmp_path).keys() == tables(done).keys()


def test_a_corrected_file_restates_its_own_partition_and_the_earlier_version_stays_readable(run: Run, ingested: Path) -> None:
    market = MarketData(ingested / "marketdata.yaml")
    before = tables(ingested)
    first = market.bars("AAPL", "2022-02-28")
    corrected = closes(date(2021, 11, 1), date(2022, 3, 1), 120.0) | {date(2022, 2, 28): 141.0}
    land(ingested / "landing/tiingo", "AAPL.csv", tiingo_csv("AAPL", corrected))
    told = json.loads(run("ingest", "tiingo", "--json", at=ingested).stdout)
    assert sum(run["count"] for run in told["runs"]) <= 2
    changed = {path for path, data in tables(ingested).items() if before.get(path) != data}
    assert {path for path in changed if "BRK.B" in path} == set()
    now = market.bars("AAPL", "2022-02-28")
    assert (first["close"].item(), now["close"].item()) == (140.25, 141.0)
    then = market.bars("AAPL", "2022-02-28", as_of=first["known_at"].item() + timedelta(microseconds=1))
    assert then["close"].item() == 140.25


def test_a_look_reads_and_archives_and_materializes_nothing(run: Run, landed: Path) -> None:
    shown = run("ingest", "--look", at=landed)
    assert shown.exit_code == 1
    assert "2 files landed, 1 refused" in shown.stdout
    assert "Not found" in shown.stdout
    assert not (landed / "lake/us_equities/raw_bars_1d").exists()
    rows = {row["source"]: row for row in json.loads(run("sources", "--json", at=landed).stdout)}
    assert (rows["tiingo"]["files"], rows["tiingo"]["landed"], rows["tiingo"]["refused"], rows["tiingo"]["rows"]) == (3, 2, 1, 164)
    assert "Not found" in run("sources", "tiingo", at=landed).stdout


def test_nothing_landed_is_no_error(run: Run, tmp_path: Path) -> None:
    configure(tmp_path)
    shown = run("ingest", at=tmp_path)
    assert shown.exit_code == 0
    assert "nothing new in the landing folders" in shown.stdout


def test_a_backfill_shows_its_plan_and_does_nothing_unasked(run: Run, landed: Path) -> None:
    run("ingest", "--look", at=landed)
    (plan,) = json.loads(run("backfill", "--plan", "--json", at=landed).stdout)
    assert (plan["bars"], plan["partitions"], plan["symbols"], plan["first"], plan["last"], plan["payloads"]) == (
        LANE,
        4,
        2,
        "2021",
        "2022",
        2,
    )
    unasked = run("backfill", at=landed)
    assert unasked.exit_code == 2
    assert "--yes" in unasked.stderr
    assert not (landed / "lake/us_equities/raw_bars_1d").exists()


def test_a_backfill_touches_its_rectangle_alone_and_again_changes_no_byte(run: Run, tmp_path: Path) -> None:
    lay_down(tmp_path)
    run("ingest", "--look", at=tmp_path)
    shown = run("backfill", "AAPL", "--start", "2022", "--yes", "--json", at=tmp_path)
    assert shown.exit_code == 0
    assert [run["partitions"] for run in json.loads(shown.stdout)["runs"]] == ["2022|AAPL...2022|AAPL"]
    first = tables(tmp_path)
    assert {path.rpartition("/")[2] for path in first if "validated" in path} == {"AAPL.parquet"}
    assert run("backfill", "AAPL", "--start", "2022", "--yes", at=tmp_path).exit_code == 0
    assert tables(tmp_path) == first


def test_a_backfill_can_be_narrowed_to_the_sources_that_bring_something(run: Run, landed: Path) -> None:
    run("ingest", "--look", at=landed)
    assert len(json.loads(run("backfill", "--sources", "tiingo", "--plan", "--json", at=landed).stdout)) == 1
    assert run("backfill", "--sources", "binance_vision", "--plan", at=landed).exit_code == 2
    assert run("backfill", "--sources", "tingo", "--plan", at=landed).exit_code == 2


def test_a_run_that_fails_is_said_with_its_reason_and_is_an_exit_code(run: Run, ingested: Path) -> None:
    spoilt = ingested / "lake/us_equities/raw_bars_1d/tiingo/2022/AAPL.parquet"
    spoilt.write_bytes(spoilt.read_bytes()[:-50])
    shown = run("backfill", "AAPL", "--start", "2022", "--yes", at=ingested)
    assert shown.exit_code == 1
    assert "corrupt" in shown.output


def test_a_discovery_adds_what_the_folder_holds_and_nobody_knows(run: Run, tmp_path: Path) -> None:
    lay_down(tmp_path)
    land(tmp_path / "landing/tiingo", "NVDA.csv", tiingo_csv("NVDA", closes(date(2022, 1, 3), date(2022, 2, 1), 300.0)))
    dry = run("instruments", "discover", "--source", "tiingo", "--dry-run", "--json", at=tmp_path)
    assert [row["symbol"] for row in json.loads(dry.stdout)["found"]] == ["NVDA"]
    assert "NVDA" not in (tmp_path / "instruments.csv").read_text()
    shown = run("instruments", "discover", "--source", "tiingo", "--json", at=tmp_path)
    told = json.loads(shown.stdout)
    assert [row["symbol"] for row in told["added"]] == ["NVDA"]
    assert list(told["refused"]) == ["MSFT.csv"]
    assert shown.exit_code == 1
    assert [row["symbol"] for row in json.loads(run("instruments", "--json", at=tmp_path).stdout)].count("NVDA") == 1
