"""A backfill whose vendor does not answer says who and why, and does not end as if nothing were wrong."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

from marketdata_assets.cli.app import app
from marketdata_tests.support import alpaca
from marketdata_tests.support.in_thread import in_thread
from marketdata_tests.support.loopback import Loopback


def test_a_backfill_in_vain_names_vendor_and_reason_and_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("APCA_API_KEY_ID", "canary-key-id")
    monkeypatch.setenv("APCA_API_SECRET_KEY", "canary-secret")
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    with in_thread(Loopback()) as vendor:
        vendor.on(alpaca.PATH, alpaca.error("forbidden.", 403))
        alpaca.platform(tmp_path, vendor, ("AAA",), start=date(2024, 1, 1))
        words = ["backfill", "AAA", "--start", "2024", "--end", "2025", "--yes", "--config", str(tmp_path / "marketdata.yaml")]
        result = CliRunner().invoke(app, words)
    assert result.exit_code == 1, result.output
    said = " ".join(result.output.split())
    assert "not answered: alpaca: 1 of 1 windows were asked for in vain" in said
    assert "bad_credentials" in said
