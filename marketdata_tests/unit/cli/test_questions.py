from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from marketdata_assets.cli.output import cell, printable
from marketdata_tests.unit.cli.conftest import Run


def test_a_query_answers_with_a_table_for_people(run: Run) -> None:
    shown = run("query", "SELECT symbol, close FROM us_equities.validated_bars_1d WHERE session = '2024-06-03' ORDER BY symbol")
    assert shown.exit_code == 0
    words = [word for word in shown.stdout.split() if word[0].isalnum()]
    assert words == ["symbol", "close", "AAPL", "190.5", "BRK.B", "410.75", "META", "470.625"]


def test_a_query_answers_with_json_for_programs(run: Run) -> None:
    shown = run("query", "SELECT symbol, timestamp, close, NULL AS gap FROM validated_bars_1h ORDER BY timestamp LIMIT 1", "--json")
    assert json.loads(shown.stdout) == [{"symbol": "BTC-USDT", "timestamp": "2024-03-01T00:00:00Z", "close": 62001.0, "gap": None}]


def test_a_query_answers_with_csv_that_reads_back(run: Run) -> None:
    shown = run("query", "SELECT symbol, close, [1, 2] AS pair FROM us_equities.validated_bars_1d ORDER BY symbol, timestamp", "--csv")
    rows = pl.read_csv(shown.stdout.encode())
    assert rows.columns == ["symbol", "close", "pair"]
    assert rows.height == 12
    assert rows.row(0) == ("AAPL", 190.5, "[1,2]")


def test_a_csv_answer_without_rows_still_has_its_header(run: Run) -> None:
    assert run("query", "SELECT symbol, close FROM us_equities.validated_bars_1d WHERE false", "--csv").stdout == "symbol,close\n"


@pytest.mark.parametrize("shape", ["--csv", "--json"])
def test_a_limit_holds_in_every_shape(run: Run, shape: str) -> None:
    shown = run("query", "FROM us_equities.validated_bars_1d", "--limit", "5", shape)
    rows = json.loads(shown.stdout) if shape == "--json" else shown.stdout.splitlines()[1:]
    assert len(rows) == 5


def test_a_long_table_is_cut_and_says_so_beside_the_answer(run: Run) -> None:
    shown = run("query", "SELECT * FROM range(1000)")
    assert "999" not in shown.stdout
    assert "the first 50 rows; there are more (--limit)" in shown.stderr


def test_a_query_is_read_from_standard_input(run: Run) -> None:
    assert json.loads(run("query", "-", "--json", input="SELECT 41 + 1 AS answer").stdout) == [{"answer": 42}]


def test_a_query_is_stopped_after_its_time(run: Run) -> None:
    slow = "SELECT count(*) FROM range(1000000) a, range(1000000) b WHERE (a.range * b.range) % 7 = 3"
    shown = run("query", slow, "--timeout", "0.2", "--json")
    assert shown.exit_code == 2
    assert "longer than 0.2 seconds" in json.loads(shown.stdout)["fault"]["found"]


def test_tables_are_listed_with_their_reach(run: Run) -> None:
    rows = {row["table"]: row for row in json.loads(run("tables", "--json").stdout)}
    assert (rows["us_equities.validated_bars_1d"]["partitions"], rows["us_equities.validated_bars_1d"]["first"]) == (4, "2022")
    assert "us_equities.raw_bars_1d" in run("tables").stdout


def test_bars_come_as_table_json_and_csv(run: Run) -> None:
    ask = ["bars", "AAPL", "META", "--start", "2024-06-04", "--end", "2024-06-05"]
    assert run(*ask).stdout.count("2024-06-04") == 2
    assert [(row["symbol"], row["close"]) for row in json.loads(run(*ask, "--json").stdout)] == [("AAPL", 190.5), ("META", 470.625)]
    assert pl.read_csv(run(*ask, "--csv").stdout.encode())["close"].to_list() == [190.5, 470.625]


def test_bars_show_the_columns_asked_for_and_the_newest_rows_of_a_limit(run: Run) -> None:
    shown = run("bars", "META", "--columns", "session, close", "--limit", "2", "--json")
    assert json.loads(shown.stdout) == [{"session": "2024-06-04", "close": 470.625}, {"session": "2024-06-05", "close": 470.625}]


def test_a_span_without_bars_points_to_coverage(run: Run) -> None:
    shown = run("bars", "AAPL", "--start", "2024-07-01")
    assert shown.exit_code == 0
    assert "marketdata coverage" in shown.stderr


def test_coverage_shows_percent_by_symbol_and_year_and_days_by_state(run: Run) -> None:
    shown = run("coverage")
    assert "│ AAPL   │ 100  │" in shown.stdout
    assert "│ BRK.B  │ 66   │" in shown.stdout
    assert "vendor_absent" in shown.stdout
    told = json.loads(run("coverage", "--json").stdout)
    assert {row["symbol"]: row["share"] for row in told["periods"]} == {"AAPL": 1.0, "BRK.B": 2 / 3}
    assert {row["state"]: row["days"] for row in told["states"]} == {"complete": 5, "vendor_absent": 1}


def test_coverage_lists_the_days_that_are_not_complete_with_the_reason(run: Run) -> None:
    rows = json.loads(run("coverage", "--days", "--json").stdout)
    assert [(row["symbol"], row["date"], row["reason"]) for row in rows] == [("BRK.B", "2024-06-05", "no source sent it")]


@pytest.mark.parametrize(("share", "code"), [("80", 0), ("90", 1)])
def test_coverage_below_what_is_required_is_an_exit_code(run: Run, share: str, code: int) -> None:
    assert run("coverage", "--fail-under", share).exit_code == code


def test_instruments_are_listed_with_and_without_the_word(run: Run) -> None:
    assert len(json.loads(run("instruments", "list", "--json").stdout)) == 5
    assert [row["symbol"] for row in json.loads(run("instruments", "list", "--asset-class", "crypto", "--json").stdout)] == [
        "BTC-USDT",
        "ETH-USDT",
    ]
    assert "META" in run("instruments").stdout


def test_a_past_name_shows_the_instrument_it_meant(run: Run) -> None:
    (shown,) = json.loads(run("instruments", "show", "FB", "--json").stdout)
    assert (shown["symbol"], shown["aliases"], shown["bars 1d"]) == ("META", "*:FB@2012-05-18..2022-06-09", "2022 .. 2024, 2 partitions")


def test_sources_show_their_landing_folders(run: Run, folder: Path) -> None:
    rows = {row["source"]: row for row in json.loads(run("sources", "--json").stdout)}
    assert rows["tiingo"]["folder"] == str(folder / "landing/tiingo")
    assert rows["alphavantage"]["format"] == "recognised"


def test_a_real_market_is_not_called_simulated(run: Run) -> None:
    assert "simulated" not in run("tables").stderr


@pytest.mark.parametrize(
    ("value", "shown"),
    [(1.0, "1"), (0.1, "0.1"), (1e22, "1e+22"), (None, ""), (True, "yes"), ("a\x1b[31mred\x07", "a\\x1b[31mred\\x07")],
)
def test_a_cell_shows_a_value_and_never_commands_the_terminal(value: object, shown: str) -> None:
    assert cell(value) == shown
    assert "\x1b" not in printable("\x1b]0;title\x07")
