from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from marketdata_assets.cli.app import app
from marketdata_assets.core.faults import CorruptFault
from marketdata_assets.market_data import MarketData
from marketdata_tests.support.s3_server import S3Server
from marketdata_tests.support.small_lake import small_lake

BARS = "us_equities.validated_bars_1d"


@pytest.fixture
def market(tmp_path: Path, s3_server: S3Server) -> MarketData:
    return MarketData(small_lake(tmp_path, f"s3://{s3_server.new_bucket()}/prefix", s3_server.options))


def test_questions_to_a_bucket_are_answered_as_those_to_a_folder(market: MarketData, tmp_path: Path) -> None:
    local = tmp_path / "local"
    local.mkdir()
    here = MarketData(small_lake(local))
    question = f"SELECT symbol, count(*), sum(close) FROM {BARS} WHERE timestamp >= '2024-01-01' GROUP BY ALL ORDER BY 1"
    assert market.sql(question).equals(here.sql(question))
    assert market.bars(["META", "AAPL"]).equals(here.bars(["META", "AAPL"]))
    assert market.coverage("BRK.B").equals(here.coverage("BRK.B"))
    assert market.tables().drop("bytes").equals(here.tables().drop("bytes"))


def test_a_damaged_object_is_refused(market: MarketData) -> None:
    store, path = market.platform.lake.store, "us_equities/validated_bars_1d/2024/AAPL.parquet"
    data = bytearray(store.read(path))
    data[200] ^= 1
    store.write(path, bytes(data))
    with pytest.raises(CorruptFault):
        market.sql(f"SELECT sum(close) FROM {BARS}")


def test_a_filter_on_the_symbol_leaves_the_other_objects_where_they_are(market: MarketData, s3_server: S3Server) -> None:
    def fetches(where: str) -> int:
        s3_server.seen.clear()
        market.sql(f"SELECT sum(close) FROM {BARS} WHERE {where}")
        return s3_server.seen.count("GET")

    assert fetches("symbol = 'META'") == fetches("close > 0") - 2


def test_the_terminal_exports_from_a_bucket_to_a_folder(market: MarketData, tmp_path: Path) -> None:
    config = str(tmp_path / "marketdata.yaml")
    shown = CliRunner().invoke(app, ["export", "lona", "META", "--to", str(tmp_path / "out"), "--json", "--config", config])
    assert [file["rows"] for file in json.loads(shown.stdout)["files"]] == [4, 3]
