"""What a beginner gets wrong, and what the terminal says to it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from marketdata_assets.cli.app import app
from marketdata_tests.support.small_lake import YAML, configure, small_lake
from marketdata_tests.unit.cli.conftest import Run

MISTAKES = {
    "an unknown symbol": (["bars", "APPL"], 2, ["no instrument", "did you mean AAPL?"]),
    "a symbol that is a path": (["bars", "../../etc/passwd"], 2, ["no instrument"]),
    "a name at the wrong time": (["bars", "FB", "--start", "2024"], 2, ["META on [2012-05-18, 2022-06-09)", "ask for META"]),
    "no date": (["bars", "AAPL", "--start", "last week"], 2, ["reading the start", "2024-03-01"]),
    "a span turned round": (["bars", "AAPL", "--start", "2024", "--end", "2023"], 2, ["the end comes after the start"]),
    "a timeframe nobody has": (["bars", "AAPL", "-t", "7m"], 2, ["ask for 1d"]),
    "a column nobody has": (["bars", "AAPL", "--columns", "clsoe"], 2, ["did you mean 'close'?"]),
    "an asset class nobody has": (["coverage", "--asset-class", "stocks"], 2, ["us_equities or crypto"]),
    "broken SQL": (["query", "SELCT 1"], 2, ["syntax error", "^^^^^", "marketdata query --help"]),
    "a table nobody has": (["query", "FROM us_equities.validated_bar_1d"], 2, ["did you mean us_equities.validated_bars_1d"]),
    "a short name of two": (["query", "FROM coverage_1d"], 2, ["crypto.coverage_1d or us_equities.coverage_1d"]),
    "SQL that writes": (["query", "DROP VIEW us_equities.coverage_1d"], 2, ["DROP is not a question", "read-only"]),
    "SQL that reads files": (["query", "SELECT * FROM read_text('/etc/passwd')"], 2, ["nothing else: no files"]),
    "a file for a table": (["query", "SELECT * FROM '/etc/passwd'"], 2, ["the lake has no table", "marketdata tables"]),
    "a source nobody has": (["sources", "tingo"], 2, ["'tingo' is not configured", "configured sources: tiingo"]),
    "an ingest from nowhere": (["ingest", "tingo"], 2, ["'tingo' is not configured"]),
    "a discovery from nowhere": (["instruments", "discover", "--source", "tingo"], 2, ["'tingo' is not configured"]),
    "an instrument nobody has": (["instruments", "show", "NOPE"], 2, ["no instrument"]),
    "nothing to export": (["export", "lona", "AAPL", "--start", "2030"], 2, ["no validated partition there"]),
    "a backfill of nothing": (["backfill", "AAPL", "--start", "2030", "--yes"], 2, ["no partition lies in the selection"]),
}


@pytest.mark.parametrize("what", MISTAKES)
def test_a_mistake_is_answered_in_one_block_without_a_traceback(run: Run, what: str) -> None:
    words, code, said = MISTAKES[what]
    shown = run(*words)
    text = " ".join(shown.stderr.replace("│", " ").split())
    assert shown.exit_code == code
    assert [each for each in said if each not in text] == []
    assert "Traceback" not in shown.output
    assert shown.stdout == ""


@pytest.mark.parametrize("what", ["an unknown symbol", "broken SQL", "a source nobody has"])
def test_a_refusal_is_json_where_json_was_asked_for(run: Run, what: str) -> None:
    words, code, _ = MISTAKES[what]
    shown = run(*words, "--json")
    fault = json.loads(shown.stdout)["fault"]
    assert shown.exit_code == code
    assert fault["tried"]
    assert fault["found"]
    assert fault["remedy"]


def test_debug_shows_where_a_refusal_comes_from_and_no_values(run: Run) -> None:
    shown = run("bars", "APPL", "--debug")
    assert shown.exit_code == 2
    assert "query/who.py" in shown.stderr
    assert "locals" not in shown.stderr


def test_the_wrong_folder_is_said_with_the_way_out(run: Run, tmp_path: Path) -> None:
    shown = run("bars", "AAPL", at=tmp_path)
    assert shown.exit_code == 2
    assert "No such file or directory" in shown.stderr
    assert "MARKETDATA_CONFIG" in shown.stderr


@pytest.mark.parametrize(
    ("wrong", "right", "said"),
    [
        ("lake: lake", "lkae: lake", ["line 2", "did you mean 'lake'?"]),
        ("format: tiingo_csv", "format: tingo_csv", ["line 9", "did you mean 'tiingo_csv'?"]),
        ("timeframes: [1d]}\n  crypto", "timeframes: [1 day]}\n  crypto", ["'1 day' is unknown"]),
        ("market: real", "market: reel", ["line 1", "simulated"]),
        ("asset_classes:", "asset_classes: [", ["line"]),
    ],
)
def test_a_mistake_in_the_configuration_is_said_with_its_line(run: Run, tmp_path: Path, wrong: str, right: str, said: list[str]) -> None:
    configure(tmp_path, YAML.replace(wrong, right, 1))
    shown = run("tables", at=tmp_path)
    assert shown.exit_code == 2
    assert [each for each in said if each not in shown.stderr] == []


@pytest.mark.parametrize("words", [["bars", "AAPL"], ["coverage"], ["export", "lona"]], ids=lambda words: words[0])
def test_an_empty_lake_says_how_to_fill_it(run: Run, tmp_path: Path, words: list[str]) -> None:
    configure(tmp_path)
    shown = run(*words, at=tmp_path)
    assert shown.exit_code == 2
    assert "marketdata ingest" in shown.stderr


def test_an_empty_lake_answers_a_query_with_no_rows_rather_than_an_error(run: Run, tmp_path: Path) -> None:
    configure(tmp_path)
    assert json.loads(run("query", "SELECT count(*) AS n FROM us_equities.validated_bars_1d", "--json", at=tmp_path).stdout) == [{"n": 0}]


def test_a_damaged_file_is_an_error_of_the_data_and_not_of_the_question(run: Run, tmp_path: Path) -> None:
    small_lake(tmp_path)
    file = tmp_path / "lake/us_equities/validated_bars_1d/2024/AAPL.parquet"
    file.write_bytes(file.read_bytes()[:-100])
    for words in (["bars", "AAPL"], ["query", "SELECT sum(close) FROM us_equities.validated_bars_1d"]):
        shown = run(*words, at=tmp_path)
        assert shown.exit_code == 1
        assert "refused: corrupt" in shown.stderr


def test_a_canary_in_the_environment_is_in_no_answer(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "canary-secret")
    for words, _, _ in MISTAKES.values():
        assert "canary-secret" not in run(*words, "--debug").output


def test_usage_errors_exit_with_two() -> None:
    for words in (["bars"], ["query"], ["query", "SELECT 1", "--limit", "-1"], ["coverage", "--fail-under", "200"]):
        assert CliRunner().invoke(app, words).exit_code == 2
