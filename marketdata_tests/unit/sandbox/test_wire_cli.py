from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import yaml
from typer.testing import CliRunner

from marketdata_assets.cli.app import app
from marketdata_assets.settings import load_settings
from marketdata_tests.unit.sandbox.wire_client import get

START = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); from marketdata_assets.cli import main; main()"


def test_it_serves_says_where_and_ends_quietly_on_an_interrupt(tmp_path: Path) -> None:
    plan = tmp_path / "plan.yaml"
    plan.write_text("faults:\n  - {what: status, vendor: yahoo, status: 502}\n")
    words = ["sandbox", "--vendors", "yahoo", "--port", "0", "--faults", str(plan), "--json"]
    with subprocess.Popen([sys.executable, "-c", START, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = json.loads(process.stdout.readline())["urls"]["yahoo"]
        statuses = [get(url, "/v8/finance/chart/ALDERA?range=5d").status for _ in range(2)]
        os.kill(process.pid, signal.SIGINT)
        _, remarks = process.communicate(timeout=20)
    assert statuses == [502, 200]
    assert process.returncode == 0
    assert "stopped after 2 requests" in remarks


def test_the_sources_it_prints_are_taken_as_they_stand_in_marketdata_yaml(tmp_path: Path) -> None:
    words = [sys.executable, "-u", "-c", START, "sandbox", "--port", "0"]
    lines: list[str] = []
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("Symbols:"):
                break
            lines.append(line)
        os.kill(process.pid, signal.SIGINT)
        process.communicate(timeout=20)
    printed = yaml.safe_load("".join(lines[lines.index("sources:\n") :]))["sources"]
    assert {"alpaca_equities", "alpaca_crypto", "polygon", "yahoo_crypto"} <= set(printed)
    assert printed["alpaca_crypto"]["timeframes"] == ["1h"], "Alpaca sells no days of coins"
    assert printed["polygon"]["timeframes"] == ["1d"]
    same = {"currency": "USD", "start": "2023-01-01", "timeframes": ["1d", "1h"]}
    classes = {"us_equities": {"calendar": "XNYS", **same}, "crypto": {"calendar": "24/7", **same}}
    written = {"market": "real", "lake": "lake", "asset_classes": classes, "sources": printed}
    (tmp_path / "marketdata.yaml").write_text(yaml.safe_dump(written))
    assert set(load_settings(tmp_path / "marketdata.yaml", {}).sources) == set(printed)


def test_the_list_names_every_path_of_the_vendors_asked_for() -> None:
    shown = CliRunner().invoke(app, ["sandbox", "--list", "--vendors", "sec,yahoo", "--json"])
    assert shown.exit_code == 0
    rows = json.loads(shown.output)
    assert {row["vendor"] for row in rows} == {"sec", "yahoo"}
    assert "/v8/finance/chart/{symbol}" in {row["path"] for row in rows}


def test_a_wrong_vendor_or_instant_is_a_wrong_question() -> None:
    unknown = CliRunner().invoke(app, ["sandbox", "--list", "--vendors", "bloomberg"])
    assert unknown.exit_code == 2
    assert CliRunner().invoke(app, ["sandbox", "--at", "yesterday"]).exit_code == 2
