from __future__ import annotations

import csv
import json
from hashlib import sha256
from pathlib import Path

from marketdata_tests.unit.cli.conftest import Run


def test_an_export_lays_down_json_csv_and_manifest_for_every_period(run: Run, tmp_path: Path) -> None:
    shown = run("export", "lona", "META", "BRK.B", "--to", str(tmp_path), "--json")
    told = json.loads(shown.stdout)
    assert [(file["symbol"], file["period"], file["rows"]) for file in told["files"]] == [
        ("META", "2022", 4),
        ("META", "2024", 3),
        ("BRK.B", "2024", 2),
    ]
    names = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file())
    assert names == [
        f"ohlcv/{folder}/1d/{period}.{ending}"
        for folder, period in (("xnas/META", "2022"), ("xnas/META", "2024"), ("xnys/BRK.B", "2024"))
        for ending in ("csv", "json", "manifest.json")
    ]


def test_the_manifest_names_the_partition_and_the_files_by_their_hashes(run: Run, tmp_path: Path, folder: Path) -> None:
    run("export", "lona", "BRK.B", "--to", str(tmp_path))
    manifest = json.loads((tmp_path / "ohlcv/xnys/BRK.B/1d/2024.manifest.json").read_bytes())
    for file in manifest["files"]:
        assert sha256((tmp_path / file["path"]).read_bytes()).hexdigest() == file["sha256"]
    (made_from,) = manifest["inputs"]
    assert made_from["partition"] == "us_equities/validated_bars_1d/2024/BRK.B"
    assert made_from["sha256"].encode() in (folder / "lake/us_equities/validated_bars_1d/2024/BRK.B.parquet").read_bytes()


def test_intraday_bars_leave_by_the_month_under_the_exchange_asked_for(run: Run, tmp_path: Path) -> None:
    assert run("export", "lona", "BTC-USDT", "-t", "1h", "--exchange", "binance", "--to", str(tmp_path)).exit_code == 0
    with (tmp_path / "ohlcv/binance/BTCUSDT/1h/2024-03.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [(row["timestamp"], float(row["close"])) for row in rows] == [("2024-03-01 00:00:00", 62001.0), ("2024-03-01 01:00:00", 62001.0)]


def test_a_span_selects_whole_periods(run: Run, tmp_path: Path) -> None:
    told = json.loads(run("export", "lona", "META", "--start", "2022-06-09", "--end", "2022-06-10", "--to", str(tmp_path), "--json").stdout)
    assert [(file["period"], file["rows"]) for file in told["files"]] == [("2022", 4)]


def test_an_export_again_writes_nothing_that_lies_there_already(run: Run, tmp_path: Path) -> None:
    ask = ["export", "lona", "META", "--to", str(tmp_path), "--json"]
    assert [file["changed"] for file in json.loads(run(*ask).stdout)["files"]] == [True, True]
    (tmp_path / "ohlcv/xnas/META/1d/2022.csv").write_text("spoilt")
    assert [file["changed"] for file in json.loads(run(*ask).stdout)["files"]] == [True, False]
    assert (tmp_path / "ohlcv/xnas/META/1d/2022.csv").read_text().startswith("timestamp,open")


def test_everything_of_an_asset_class_leaves_when_no_symbol_is_named(run: Run, tmp_path: Path) -> None:
    shown = run("export", "lona", "--to", str(tmp_path))
    assert shown.exit_code == 0
    assert "4 periods" in shown.stdout


def test_a_folder_that_takes_no_files_is_said_so(run: Run, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file, not a folder")
    shown = run("export", "lona", "META", "--to", str(tmp_path / "taken"))
    assert shown.exit_code == 1
    assert "--to" in shown.stderr


def test_an_exchange_that_would_leave_the_folder_is_refused(run: Run, tmp_path: Path) -> None:
    shown = run("export", "lona", "META", "--exchange", "../../up", "--to", str(tmp_path / "to"))
    assert shown.exit_code == 2
    assert list(tmp_path.iterdir()) == []
