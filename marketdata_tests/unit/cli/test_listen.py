"""`listen` on the sandbox: rows shown or written as they come, gaps told by the exit code."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner, Result

from marketdata_assets.cli.app import app
from marketdata_assets.sandbox.market import Market, simulate
from marketdata_assets.sandbox.spec import Spec
from marketdata_assets.sandbox.wire.faults import FaultPlan, FaultRule
from marketdata_assets.sandbox.wire.server import serving
from marketdata_assets.settings import PROJECT
from marketdata_tests.support.platforms import write_config


@pytest.fixture(scope="module")
def market() -> Market:
    return simulate(
        Spec(start=date(2024, 6, 3), end=date(2025, 7, 1), crypto_start=date(2025, 1, 1), crypto_minute_days=1, minute_months=0)
    )


@pytest.fixture
def address(market: Market) -> Iterator[str]:
    with serving(market, ["binance"], speed=5000.0) as server:
        yield server.urls["binance"]


def say(folder: Path, address: str, *words: str) -> Result:
    write_config(folder, "crypto", {"coins": {"vendor": "binance", "base_url": address}}, timeframes=("1h",), start=date(2025, 1, 1))
    (folder / "instruments.csv").write_text((PROJECT / "data/reference/simulated_instruments.csv").read_text())
    return CliRunner().invoke(app, ["listen", "coins", *words, "--config", str(folder / "marketdata.yaml")])


def test_rows_are_written_and_counted(tmp_path: Path, address: str) -> None:
    for ending, read in ((".parquet", pl.read_parquet), (".csv", pl.read_csv), (".jsonl", pl.read_ndjson)):
        out = tmp_path / f"trades{ending}"
        shown = say(tmp_path, address, "trades", "SIMA-USDT", "--rows", "7", "--out", str(out))
        assert shown.exit_code == 0, shown.output
        rows = read(out)
        assert rows.height == 7
        assert set(rows["symbol"]) == {"SIMA-USDT"}
        assert set(rows["vendor_symbol"]) == {"SIMAUSDT"}
    assert not list(tmp_path.glob(".*.part"))


def test_batches_are_lines_of_json(tmp_path: Path, address: str) -> None:
    shown = say(tmp_path, address, "quotes", "SIMA-USDT", "--rows", "3", "--json")
    assert shown.exit_code == 0, shown.output
    batches = [json.loads(line) for line in shown.stdout.splitlines()]
    assert sum(len(batch["rows"]) for batch in batches) == 3


def test_mistakes_are_named_before_anything_is_asked(tmp_path: Path, address: str) -> None:
    for words, found in (
        (("trades", "SIMA-USDT", "--for", "soon"), "30s, 5m or 2h"),
        (("trades", "SIMA-USDT", "--out", "rows.xlsx"), ".jsonl"),
        (("news", "SIMA-USDT"), "bars, trades, quotes, order_books"),
        (("bars", "SIMA-USDT", "-t", "3m"), "1m"),
    ):
        shown = say(tmp_path, address, *words)
        assert shown.exit_code == 2, shown.output
        assert found in shown.output


def test_a_feed_elsewhere_needs_its_own_address(tmp_path: Path) -> None:
    shown = say(tmp_path, "https://api.example", "trades", "SIMA-USDT")
    assert shown.exit_code == 2
    assert "--url" in shown.output


def test_a_gap_is_told_and_is_the_exit_code(tmp_path: Path, market: Market) -> None:
    with serving(market, ["binance"], faults=FaultPlan.of(FaultRule(what="drop", frames=3)), speed=5000.0) as server:
        shown = say(tmp_path, server.urls["binance"], "quotes", "SIMA-USDT", "--rows", "6")
    assert shown.exit_code == 1, shown.output
    assert "(lost): the connection ended" in shown.output
    assert "6 rows, 1 gaps, 2 connections" in shown.output
