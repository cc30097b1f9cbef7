from __future__ import annotations

import json
from pathlib import Path

import pytest

from marketdata_tests.support.small_lake import small_lake
from marketdata_tests.unit.cli.conftest import Run


def test_a_sound_lake_is_said_to_be_sound(run: Run) -> None:
    shown = run("verify", "--json")
    assert shown.exit_code == 0
    assert json.loads(shown.stdout) == {"files": 10, "findings": []}
    assert "10 files, every one is what was published" in run("verify").stdout


def test_one_table_is_verified_alone(run: Run) -> None:
    assert json.loads(run("verify", "us_equities/validated_bars_1d", "--json").stdout)["files"] == 4


@pytest.mark.parametrize("damage", ["a flipped bit", "a cut", "nothing left", "another file's place"])
def test_damage_is_found_named_and_an_exit_code(run: Run, tmp_path: Path, damage: str) -> None:
    small_lake(tmp_path)
    file = tmp_path / "lake/us_equities/validated_bars_1d/2024/AAPL.parquet"
    data = file.read_bytes()
    damaged = {
        "a flipped bit": data[:300] + bytes([data[300] ^ 1]) + data[301:],
        "a cut": data[:-20],
        "nothing left": b"",
        "another file's place": file.with_name("META.parquet").read_bytes(),
    }
    file.write_bytes(damaged[damage])
    shown = run("verify", "--json", at=tmp_path)
    assert shown.exit_code == 1
    assert [finding["path"] for finding in json.loads(shown.stdout)["findings"]] == ["us_equities/validated_bars_1d/2024/AAPL.parquet"]
    people = run("verify", at=tmp_path)
    assert people.exit_code == 1
    assert "1 of 10 files" in people.stdout
