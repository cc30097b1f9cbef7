"""The feature panel in Qlib's format, read back by a reader that shares nothing with the writer."""

from __future__ import annotations

import struct
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from marketdata_assets.core.faults import ConfigFault
from marketdata_assets.exports.qlib import qlib_files, qlib_folder

DAYS = [date(2024, 1, 1) + timedelta(days=n) for n in range(12)]


def panel() -> pl.DataFrame:
    rows = [
        *((DAYS[k], "AAA", 0.1 * k, None if k == 4 else 1e-3 * k) for k in range(2, 9)),
        *((DAYS[k], "BRK.B", float(k), -1.5) for k in (0, 1, 2, 6, 7)),
        (DAYS[11], "CON", 3.0, 4.0),
    ]
    schema = {"date": pl.Date, "symbol": pl.String, "f_x": pl.Float64, "f_y_21d": pl.Float64}
    return pl.DataFrame(rows, schema=schema, orient="row").sort("date", "symbol")


def written(folder: Path) -> Path:
    for file in qlib_files(panel(), DAYS, "sp500"):
        path = folder / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.data)
    return folder


def read_series(folder: Path, symbol: str, field: str) -> dict[date, float]:
    """Qlib's `FileFeatureStorage`, from its description: a start index, then one number a session of the calendar."""
    calendar = [date.fromisoformat(line) for line in (folder / "calendars" / "day.txt").read_text().split()]
    data = (folder / "features" / symbol / f"{field}.day.bin").read_bytes()
    numbers = struct.unpack(f"<{len(data) // 4}f", data)
    start = int(numbers[0])
    return {calendar[start + k]: value for k, value in enumerate(numbers[1:])}


def test_every_number_comes_back_on_its_date(tmp_path: Path) -> None:
    folder = written(tmp_path)
    for (symbol,), rows in panel().group_by("symbol"):
        for feature in ("f_x", "f_y_21d"):
            told = read_series(folder, {"AAA": "aaa", "BRK.B": "brk.b", "CON": "_qlib_con"}[str(symbol)], feature)
            wanted = dict(rows.select("date", feature).iter_rows())
            assert set(wanted) <= set(told)
            for day, value in told.items():
                expected = wanted.get(day)
                assert np.isnan(value) if expected is None else value == np.float32(expected)


def test_a_series_begins_at_its_first_session_and_gaps_are_nan(tmp_path: Path) -> None:
    told = read_series(written(tmp_path), "brk.b", "f_x")
    assert list(told) == DAYS[:8]
    assert [np.isnan(value) for value in told.values()] == [False] * 3 + [True] * 3 + [False] * 2


def test_the_universe_is_written_as_spells(tmp_path: Path) -> None:
    folder = written(tmp_path)
    lines = [line.split("\t") for line in (folder / "instruments" / "sp500.txt").read_text().splitlines()]
    assert lines == [
        ["AAA", "2024-01-03", "2024-01-09"],
        ["BRK.B", "2024-01-01", "2024-01-03"],
        ["BRK.B", "2024-01-07", "2024-01-08"],
        ["CON", "2024-01-12", "2024-01-12"],
    ]
    assert (folder / "instruments" / "all.txt").read_bytes() == (folder / "instruments" / "sp500.txt").read_bytes()


def test_numbers_that_float32_cannot_hold_are_nan() -> None:
    wide = panel().with_columns(f_x=pl.lit(1e300))
    file = next(file for file in qlib_files(wide, DAYS) if file.path == "features/aaa/f_x.day.bin")
    assert np.isnan(np.frombuffer(file.data, "<f4")[1:]).all()


def test_the_same_panel_in_another_order_is_the_same_files() -> None:
    assert list(qlib_files(panel().reverse(), DAYS)) == list(qlib_files(panel(), DAYS))


def test_names_that_windows_keeps_for_itself() -> None:
    assert [qlib_folder(name) for name in ("AAPL", "BRK.B", "PRN", "COM1", "CONE")] == ["aapl", "brk.b", "_qlib_prn", "_qlib_com1", "cone"]


def test_a_universe_that_is_a_path_and_a_date_without_a_session_are_refused() -> None:
    with pytest.raises(ConfigFault, match="no plain name"):
        list(qlib_files(panel(), DAYS, "../x"))
    with pytest.raises(ConfigFault, match="no session"):
        list(qlib_files(panel(), DAYS[:-1]))
