from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from marketdata_assets.cli.app import app

COMMANDS = [
    ["demo"],
    ["query"],
    ["tables"],
    ["bars"],
    ["events"],
    ["events", "list"],
    ["events", "accept"],
    ["events", "reject"],
    ["events", "withdraw"],
    ["events", "update"],
    ["coverage"],
    ["export"],
    ["export", "lona"],
    ["ingest"],
    ["backfill"],
    ["plan"],
    ["fetch"],
    ["download"],
    ["listen"],
    ["costs"],
    ["sources"],
    ["sources", "show"],
    ["sources", "check"],
    ["instruments"],
    ["instruments", "list"],
    ["instruments", "show"],
    ["instruments", "discover"],
    ["universe"],
    ["delistings"],
    ["fundamentals"],
    ["verify"],
]
SLOW = ("dagster", "polars", "pandas", "duckdb", "pyarrow", "pandera", "exchange_calendars", "boto3")


def loaded_by(*words: str, config: Path | None = None) -> set[str]:
    """The top-level modules that a command leaves loaded, in a process of its own."""
    argv = ["marketdata", *words, *(["--config", str(config)] if config else [])]
    code = f"""if True:
        import sys
        sys.argv = {argv!r}
        from marketdata_assets.cli import main
        try:
            main()
        except SystemExit as end:
            assert not end.code, end.code
        print("LOADED", *sorted({{name.split(".")[0] for name in sys.modules}}))
    """
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.rsplit("LOADED", 1)[1].split())


@pytest.mark.parametrize("words", [[], *COMMANDS], ids=" ".join)
def test_every_help_page_says_what_the_command_does(words: list[str]) -> None:
    shown = CliRunner().invoke(app, [*words, "--help"])
    assert shown.exit_code == 0
    assert "Usage: " in shown.output
    assert len(shown.output.splitlines()) > 8


@pytest.mark.parametrize(
    "words",
    [
        ["query"],
        ["bars"],
        ["coverage"],
        ["ingest"],
        ["download"],
        ["backfill"],
        ["verify"],
        ["sources"],
        ["sources", "check"],
        ["plan"],
        ["costs"],
        ["export", "lona"],
    ],
)
def test_the_help_of_a_command_with_options_shows_it_at_work(words: list[str]) -> None:
    assert f"marketdata {' '.join(words)}" in CliRunner().invoke(app, [*words, "--help"]).output.split("For example:")[1]


def test_the_exit_codes_are_documented_where_help_begins() -> None:
    assert "Exit codes: 0 done; 1 it ran and something is wrong" in " ".join(CliRunner().invoke(app, ["--help"]).output.split())


def test_no_words_at_all_show_the_help_and_a_misspelt_command_names_the_right_one() -> None:
    assert "marketdata demo" in CliRunner().invoke(app, []).output
    wrong = CliRunner().invoke(app, ["qurey"])
    assert wrong.exit_code == 2
    assert "query" in wrong.output


def test_the_version_is_the_installed_one() -> None:
    from importlib.metadata import version

    assert CliRunner().invoke(app, ["--version"]).output == f"marketdata {version('marketdata-assets')}\n"


@pytest.mark.parametrize("words", [["--help"], ["query", "--help"], ["ingest", "--help"], ["instruments", "--help"]], ids=" ".join)
def test_a_help_page_loads_nothing_slow(words: list[str]) -> None:
    assert not loaded_by(*words) & set(SLOW)


@pytest.mark.parametrize(
    "words",
    [
        ["tables"],
        ["query", "SELECT count(*) FROM us_equities.validated_bars_1d"],
        ["bars", "AAPL"],
        ["coverage", "AAPL"],
        ["instruments"],
        ["sources"],
        ["costs"],
        ["verify"],
    ],
    ids=lambda words: words[0],
)
def test_a_command_that_only_reads_the_lake_loads_no_dagster(folder: Path, words: list[str]) -> None:
    assert "dagster" not in loaded_by(*words, config=folder / "marketdata.yaml")
