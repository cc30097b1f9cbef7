"""The same graph with other partitions and another store: hourly bars a month at a time, and a lake in a bucket."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from dagster import DagsterInstance

from marketdata_assets.core import clock
from marketdata_assets.definitions import build_definitions
from marketdata_assets.defs.assets import audited
from marketdata_assets.defs.resources import PlatformResource
from marketdata_assets.schemas.bars import VALIDATED_BARS
from marketdata_assets.settings import load_settings
from marketdata_tests.graph.world import RECEIVED, World, clean_files, events, make_world, metadata
from marketdata_tests.support.platforms import opened, write_config
from marketdata_tests.support.s3_server import CREDENTIALS, S3Server
from marketdata_tests.support.tiingo import land

HOURLY = "crypto/validated_bars_1h"


def klines(start: datetime, hours: int, base: float) -> bytes:
    """Binance's columns without a header: one kline an hour, prices rising by a quarter."""
    lines = []
    for at in range(hours):
        opens = int((start + timedelta(hours=at)).timestamp() * 1000)
        price = base + 0.25 * at
        lines.append(f"{opens},{price},{price + 1},{price - 1},{price + 0.25},{10 + at % 7},{opens + 3_599_999},1000,{5 + at % 11},5,500,0")
    return "\n".join([*lines, ""]).encode()


@pytest.fixture(scope="module")
def hourly(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Two pairs with two months of hours each."""
    folder = tmp_path_factory.mktemp("hourly")
    write_config(
        folder, "crypto", {"binance": {"landing": "landing", "format": "binance_vision_klines"}}, timeframes=("1h",), start=date(2024, 1, 1)
    )
    for pair, base in (("BTCUSDT", 40_000.0), ("ETHUSDT", 2_000.0)):
        for start, days in ((datetime(2024, 1, 1, tzinfo=UTC), 31), (datetime(2024, 2, 1, tzinfo=UTC), 29)):
            land(folder / "landing", f"{pair}-1h-{start:%Y-%m}.csv", klines(start, 24 * days, base))
    opened(folder)
    settings = load_settings(folder / "marketdata.yaml", {})
    platform = PlatformResource(settings)
    return World(folder, DagsterInstance.ephemeral(), settings, build_definitions(settings, platform=platform), platform)


def test_a_range_of_months_is_one_run_judged_a_month_at_a_time(hourly: World, monkeypatch: pytest.MonkeyPatch) -> None:
    judged: list[int] = []
    honest = audited.audit
    monkeypatch.setattr(
        audited, "audit", lambda p, s, lane, keys, bars, refused: judged.append(bars.height) or honest(p, s, lane, keys, bars, refused)
    )
    tags = {"dagster/asset_partition_range_start": "2024-01|BTC-USDT", "dagster/asset_partition_range_end": "2024-02|ETH-USDT"}
    result = hourly.execute("crypto_1h", tags, None)
    assert judged == [2 * 744, 2 * 696]
    bars = hourly.platform.opened.lake.scan(HOURLY, VALIDATED_BARS).collect()
    assert bars.group_by("symbol").len().sort("symbol").rows() == [("BTC-USDT", 1440), ("ETH-USDT", 1440)]
    told = {event.partition: metadata(event) for event in events(result, "ASSET_MATERIALIZATION", HOURLY)}
    assert {key: facts["dagster/partition_row_count"] for key, facts in told.items()} == {
        "2024-01|BTC-USDT": 744,
        "2024-01|ETH-USDT": 744,
        "2024-02|BTC-USDT": 696,
        "2024-02|ETH-USDT": 696,
    }
    (whole,) = [facts for facts in told.values() if "run rows" in facts]
    assert (whole["run rows"], whole["coverage"]) == (2880, 1.0)


def test_a_month_alone_equals_the_same_month_of_the_range(hourly: World) -> None:
    path = hourly.lake / HOURLY / "2024-02/ETH-USDT.parquet"
    before = path.read_bytes()
    path.unlink()
    tags = {"dagster/asset_partition_range_start": "2024-02|ETH-USDT", "dagster/asset_partition_range_end": "2024-02|ETH-USDT"}
    hourly.execute("crypto_1h", tags, [HOURLY])
    assert path.read_bytes() == before


def test_a_lake_in_a_bucket_holds_the_same_bytes_as_one_in_a_folder(
    tmp_path: Path,
    s3_server: S3Server,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    bucket = s3_server.new_bucket()
    local = make_world(tmp_path / "local", clean_files(("AAA",)))
    local.run("2024|AAA")
    remote = make_world(
        tmp_path / "remote",
        clean_files(("AAA",)),
        lake=f"s3://{bucket}/market",
        s3={"endpoint_url": s3_server.options.endpoint_url, "region": "us-east-1"},
    )
    with clock.frozen(RECEIVED):
        remote.run("2024|AAA")
        stored = remote.platform.opened.lake.store
        there = {entry.path: stored.read(entry.path) for entry in stored.list("us_equities")}
    assert there == local.tables()
    assert pl.read_parquet(there["us_equities/validated_bars_1d/2024/AAA.parquet"]).height == 252
