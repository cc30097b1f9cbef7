"""`marketdata events`: what is known of splits, decisions in a person's name, and refusals in words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from marketdata_tests.support.small_lake import small_lake
from marketdata_tests.unit.cli.conftest import Run


def answer(run: Run, folder: Path, *words: str) -> tuple[int, Any]:
    told = run(*words, "--json", at=folder)
    return told.exit_code, json.loads(told.stdout)


def test_an_accepted_split_adjusts_until_it_is_withdrawn_and_stays_on_record(run: Run, tmp_path: Path) -> None:
    small_lake(tmp_path)
    raw = answer(run, tmp_path, "bars", "AAPL", "--columns", "close")[1]
    code, rows = answer(run, tmp_path, "events", "accept", "AAPL", "2024-06-05", "--ratio", "2", "--by", "ada", "--reason", "told so")
    assert code == 0
    assert [(row["symbol"], row["ratio"], row["verdict"]) for row in rows] == [("AAPL", 2.0, "applied")]
    scaled = answer(run, tmp_path, "bars", "AAPL", "--columns", "close", "--adjust", "split")[1]
    assert [row["close"] for row in scaled] == [raw[0]["close"] / 2, raw[1]["close"] / 2, raw[2]["close"]]
    assert answer(run, tmp_path, "events", "withdraw", "AAPL", "2024-06-05", "--by", "ada")[0] == 0
    assert answer(run, tmp_path, "bars", "AAPL", "--columns", "close", "--adjust", "split")[1] == raw
    kept = answer(run, tmp_path, "events", "list", "--decided")[1]
    assert [(row["decision"], row["decided_by"], row["reason"]) for row in kept] == [
        ("accept", "ada", "told so"),
        ("withdraw", "ada", ""),
    ]


def test_a_past_name_decides_about_who_bore_it(run: Run, tmp_path: Path) -> None:
    small_lake(tmp_path)
    rows = answer(run, tmp_path, "events", "accept", "FB", "2022-06-08", "--ratio", "3", "--by", "ada")[1]
    assert [row["symbol"] for row in rows] == ["META"]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (("reject", "AAPL", "2024-06-05"), "no split is reported, seen or proposed for that day"),
        (("withdraw", "AAPL", "2024-06-05"), "nobody decided anything about it"),
        (("accept", "AAPL", "2024-06-05"), "nothing tells its ratio"),
        (("accept", "AAPL", "2024-06-05", "--ratio", "-2"), "a ratio of -2.0 with accept"),
        (("accept", "AAPL", "yesterday", "--ratio", "2"), "'yesterday' is no date"),
    ],
)
def test_a_decision_that_makes_no_sense_is_refused_and_not_recorded(words: tuple[str, ...], found: str, run: Run, tmp_path: Path) -> None:
    small_lake(tmp_path)
    code, told = answer(run, tmp_path, "events", *words, "--by", "ada")
    assert (code, told["fault"]["found"]) == (2, found)
    assert answer(run, tmp_path, "events", "list", "--decided") == (0, [])
