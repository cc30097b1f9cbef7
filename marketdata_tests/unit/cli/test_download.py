"""`marketdata download`, and the way of a flat file from the vendor's server to validated bars."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from marketdata_assets.market_data import MarketData
from marketdata_tests.support.flat_files import BUCKET, FILES, KEYS, config, day_key, publish
from marketdata_tests.support.s3_server import S3Server, s3_server  # noqa: F401
from marketdata_tests.unit.cli.conftest import Run

DAYS = (date(2024, 1, 2), date(2024, 1, 3), date(2024, 1, 4))
DOWNLOAD = ("download", "polygon", "--to", FILES, "--start", "2024", "--end", "2024-02")


def closes(step: int) -> dict[str, float]:
    """A market of three hundred symbols, of which a few are ours."""
    return {"AAA": 10.0 + step / 4, "BBB": 20.0 - step / 4, **{f"Z{number:03}": 5.0 + step for number in range(298)}}


@pytest.fixture
def server(s3_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Server]:  # noqa: F811
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    s3_server.client.create_bucket(Bucket=BUCKET)
    for step, day in enumerate(DAYS):
        publish(s3_server, day, closes(step))
    yield s3_server
    s3_server.faults.clear()
    for entry in s3_server.client.list_objects_v2(Bucket=BUCKET).get("Contents", []):
        s3_server.client.delete_object(Bucket=BUCKET, Key=entry["Key"])
    s3_server.client.delete_bucket(Bucket=BUCKET)


def bars(folder: Path) -> list[tuple[object, ...]]:
    kept = ("symbol", "session", "open", "high", "low", "close", "volume", "trade_count", "source", "tape", "volume_basis")
    return MarketData(folder / "marketdata.yaml").bars(None, "2024", asset_class="us_equities", columns=list(kept)).rows()


def test_files_go_from_the_server_to_validated_bars_and_a_symbol_that_is_added_later_follows(
    run: Run, tmp_path: Path, server: S3Server
) -> None:
    config(tmp_path, server, ("AAA",))
    told = json.loads(run(*DOWNLOAD, "--json", at=tmp_path).stdout)
    assert [(file["path"], file["why"]) for file in told["downloaded"]] == [(day_key(day), "new") for day in DAYS]
    shown = run("ingest", FILES, "--json", at=tmp_path)
    assert shown.exit_code == 0, shown.output
    files = json.loads(shown.stdout)["files"]
    assert {file["reason"] for file in files} == {"left out: 299 series (299 rows) of symbols nobody configured: BBB, Z000, Z001 ..."}
    origin = ("polygon_files", "consolidated", "raw")
    aaa = [("AAA", day, 9.75 + n / 4, 10.5 + n / 4, 9.5 + n / 4, 10.0 + n / 4, 1000.0, 7, *origin) for n, day in enumerate(DAYS)]
    assert bars(tmp_path) == aaa

    config(tmp_path, server, ("AAA", "BBB"))
    assert run("ingest", at=tmp_path).exit_code == 0
    bbb = [("BBB", day, 19.75 - n / 4, 20.5 - n / 4, 19.5 - n / 4, 20.0 - n / 4, 1000.0, 7, *origin) for n, day in enumerate(DAYS)]
    assert bars(tmp_path) == aaa + bbb


def test_a_file_that_is_published_again_restates_its_day_alone_and_the_earlier_value_stays_known(
    run: Run, tmp_path: Path, server: S3Server
) -> None:
    config(tmp_path, server, ("AAA", "BBB"))
    run(*DOWNLOAD, at=tmp_path)
    run("ingest", at=tmp_path)
    market = MarketData(tmp_path / "marketdata.yaml")
    before = market.bars("AAA", "2024")
    publish(server, DAYS[1], {**closes(1), "AAA": 10.75})
    shown = run(*DOWNLOAD, at=tmp_path)
    assert "1 files downloaded" in shown.stdout
    assert "published again" in shown.stdout
    assert run("ingest", at=tmp_path).exit_code == 0
    assert market.bars("AAA", "2024")["close"].to_list() == [10.0, 10.75, 10.5]
    then = before["known_at"].max()
    assert market.bars("AAA", "2024", as_of=then)["close"].to_list() == [10.0, 10.25, 10.5]


def test_a_download_says_what_came_what_was_there_and_what_could_not_be_had(run: Run, tmp_path: Path, server: S3Server) -> None:
    config(tmp_path, server, ("AAA",))
    server.client.put_object(Bucket=BUCKET, Key=day_key(DAYS[1]), Body=b"not gzip at all")
    shown = run(*DOWNLOAD, at=tmp_path)
    assert shown.exit_code == 1
    assert "2 files downloaded" in shown.stdout
    assert "truncated" in shown.stdout
    assert f"`marketdata ingest {FILES}` takes them in" in shown.stderr
    assert "3 of 3" in shown.stderr  # progress
    publish(server, DAYS[1], closes(1))
    whole = run(*DOWNLOAD, at=tmp_path)
    assert whole.exit_code == 0
    assert "1 files downloaded" in whole.stdout
    assert "2 were there" in whole.stdout
    costs = json.loads(run("costs", "--json", at=tmp_path).stdout)
    assert "flat_files" in json.dumps(costs)


def test_wrong_keys_are_said_and_never_shown(run: Run, tmp_path: Path, server: S3Server) -> None:
    config(tmp_path, server, ("AAA",))
    server.faults.append(("GET", "wrong key"))
    shown = run(*DOWNLOAD, "--debug", at=tmp_path)
    assert shown.exit_code == 1
    assert "bad_credentials" in shown.stderr
    assert "canary" not in shown.output


def test_a_mistaken_question_is_refused(run: Run, tmp_path: Path, server: S3Server) -> None:
    config(tmp_path, server, ("AAA",))
    assert run("download", "polygon", "--start", "2024", at=tmp_path).exit_code == 2  # --to is missing
    assert run(*DOWNLOAD, "--timeframe", "1h", at=tmp_path).exit_code == 2
    assert run("download", FILES, "--to", FILES, "--start", "2024", at=tmp_path).exit_code == 2
