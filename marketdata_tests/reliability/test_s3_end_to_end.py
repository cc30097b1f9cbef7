"""The same files through the same graph steps on a folder and on a bucket: every table is the same to the byte."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

from marketdata_assets.core import clock
from marketdata_assets.core.periods import PeriodKind, Window
from marketdata_assets.core.sessions import calendar
from marketdata_assets.lake.lake import Lake
from marketdata_assets.lake.layout import PartitionKey
from marketdata_assets.pipeline.lona import publish_lona
from marketdata_assets.pipeline.platform import Platform
from marketdata_assets.pipeline.rebuild import validated_as_of
from marketdata_assets.schemas.audit import COVERAGE, QUARANTINE
from marketdata_assets.schemas.bars import VALIDATED_BARS
from marketdata_tests.support.platforms import ingested, opened, write_config
from marketdata_tests.support.s3_server import S3Server, s3_server  # noqa: F401
from marketdata_tests.support.tiingo import land, tiingo_csv

AT = datetime(2025, 1, 2, 12, tzinfo=UTC)
LATER = datetime(2025, 1, 9, 12, tzinfo=UTC)
DAYS = calendar("XNYS").sessions(date(2023, 1, 1), date(2025, 1, 1))["session"].to_list()
CLOSES = {day: round(100 + 0.25 * at, 2) for at, day in enumerate(DAYS)}
CORRECTED = {**CLOSES, date(2024, 6, 3): 77.0}


def everything(platform: Platform, landing: Path) -> dict[str, bytes]:
    """All bytes of the lake after two deliveries, the second with a correction."""
    for at, closes in ((AT, CLOSES), (LATER, CORRECTED)):
        land(landing, "AAA.csv", tiingo_csv("AAA", closes))
        with clock.frozen(at):
            outcome = ingested(platform, "us_equities", "1d")
    tables = {VALIDATED_BARS: outcome.validated, QUARANTINE: outcome.quarantine, COVERAGE: outcome.coverage}
    for table, frame in tables.items():
        platform.lake.publish_frame(platform.path(table, "us_equities", "1d"), table, frame, period=PeriodKind.YEAR)
    records = platform.lake.records(platform.path(VALIDATED_BARS, "us_equities", "1d"))
    publish_lona(platform, "us_equities", "1d", outcome.validated, {key: record.sha256 for key, record in records.items()})
    return contents(platform.lake)


def contents(lake: Lake) -> dict[str, bytes]:
    return {entry.path: lake.store.read(entry.path) for entry in lake.store.list("") if not entry.path.startswith("_landing/")}


def platform_at(folder: Path, lake: str, **more: object) -> Platform:
    folder.mkdir(exist_ok=True)
    source = {"landing": "landing", "format": "tiingo_csv"}
    write_config(folder, "us_equities", {"tiingo": source}, start=date(2023, 1, 1), **{"lake": lake, **more})
    land(folder / "landing", "AAA.csv", tiingo_csv("AAA", CLOSES))
    return opened(folder)


def test_a_bucket_holds_the_same_bytes_as_a_folder_and_answers_the_same_as_of(
    tmp_path: Path,
    s3_server: S3Server,  # noqa: F811
) -> None:
    s3_server.options.client().create_bucket(Bucket="desk")
    local = platform_at(tmp_path / "local", "lake")
    s3 = {"endpoint_url": s3_server.options.endpoint_url, "region": "us-east-1"}
    remote = platform_at(tmp_path / "remote", "s3://desk/lake", s3=s3)
    here, there = everything(local, tmp_path / "local/landing"), everything(remote, tmp_path / "remote/landing")
    assert sorted(here) == sorted(there)
    assert [path for path in here if here[path] != there[path]] == []
    assert PartitionKey("2024", "AAA") in remote.lake.partitions("us_equities/validated_bars_1d")
    day = Window(datetime(2024, 6, 3, tzinfo=UTC), datetime(2024, 6, 4, tzinfo=UTC))
    for platform in (local, remote):
        closes = [validated_as_of(platform, "us_equities", "1d", ["AAA"], day, at)["close"].to_list() for at in (AT, LATER)]
        assert closes == [[CLOSES[date(2024, 6, 3)]], [77.0]]
        before = validated_as_of(platform, "us_equities", "1d", ["AAA"], day, datetime(2024, 12, 31, tzinfo=UTC))
        assert before.height == 0
    assert remote.lake.scrub() == []
