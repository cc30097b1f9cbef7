"""Flat files come into a landing folder whole, once, and again when they are published again; every request is counted."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from marketdata_assets.core.faults import BudgetFault, ConfigFault, ConflictFault
from marketdata_assets.core.periods import Window
from marketdata_assets.pipeline.budgets import ledger_path, month_standing
from marketdata_assets.pipeline.downloaded import RECORD, Downloaded
from marketdata_assets.pipeline.downloads import Downloads, download
from marketdata_assets.pipeline.folder import landed_files
from marketdata_assets.pipeline.platform import Platform
from marketdata_assets.schemas.usage import USAGE
from marketdata_assets.sources.errors import BadCredentials, Rejected
from marketdata_assets.sources.flat_files import FlatFile
from marketdata_tests.support.flat_files import BUCKET, FILES, KEYS, VENDOR, config, day_file, day_key, platform, publish
from marketdata_tests.support.platforms import opened
from marketdata_tests.support.s3_server import S3Server, s3_server  # noqa: F401

DAYS = (date(2024, 1, 30), date(2024, 1, 31), date(2024, 2, 1))
WINTER = Window(datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 3, 1, tzinfo=UTC))
CLOSES = {"AAA": 10.0, "BBB": 20.0}


@pytest.fixture
def server(s3_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Server]:  # noqa: F811
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    s3_server.client.create_bucket(Bucket=BUCKET)
    for day in DAYS:
        publish(s3_server, day, CLOSES)
    s3_server.seen.clear()
    yield s3_server
    s3_server.faults.clear()
    for entry in s3_server.client.list_objects_v2(Bucket=BUCKET).get("Contents", []):
        s3_server.client.delete_object(Bucket=BUCKET, Key=entry["Key"])
    s3_server.client.delete_bucket(Bucket=BUCKET)


@pytest.fixture
def at(server: S3Server, tmp_path: Path) -> Platform:
    return platform(tmp_path, server)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "landing/polygon"


def run(at: Platform, window: Window = WINTER, *, again: bool = False) -> Downloads:
    return download(at, VENDOR, FILES, "1d", window, again=again)


def came(done: Downloads) -> list[tuple[date, str]]:
    return [(file.session, why) for file, why in done.came]


def test_what_the_folder_lacks_comes_under_the_vendors_own_path_and_only_once(at: Platform, folder: Path, server: S3Server) -> None:
    assert came(run(at)) == [(day, "new") for day in DAYS]
    assert [file.path for file in landed_files(folder)] == [day_key(day) for day in DAYS]
    assert (folder / day_key(DAYS[1])).read_bytes() == day_file(DAYS[1], CLOSES)
    server.seen.clear()
    again = run(at)
    assert (again.came, len(again.there), again.failed) == ([], 3, {})
    assert len(server.seen) == 2  # a listing a month


def test_only_the_sessions_of_the_window_are_fetched(at: Platform) -> None:
    assert came(run(at, Window(datetime(2024, 1, 31, tzinfo=UTC), datetime(2024, 2, 1, tzinfo=UTC)))) == [(DAYS[1], "new")]


def test_again_fetches_what_is_there(at: Platform) -> None:
    run(at)
    assert came(run(at, again=True)) == [(day, "asked for again") for day in DAYS]


def test_a_file_that_was_published_again_replaces_the_older_one(at: Platform, folder: Path, server: S3Server) -> None:
    run(at)
    corrected = publish(server, DAYS[1], {"AAA": 10.0, "BBB": 21.0})
    assert came(run(at)) == [(DAYS[1], "published again")]
    assert (folder / day_key(DAYS[1])).read_bytes() == corrected
    assert run(at).came == []


def test_a_file_that_was_deleted_or_damaged_here_is_fetched_anew(at: Platform, folder: Path) -> None:
    run(at)
    (folder / day_key(DAYS[0])).unlink()
    (folder / day_key(DAYS[2])).write_bytes(b"short")
    assert came(run(at)) == [(DAYS[0], "new"), (DAYS[2], "differs")]


def test_files_that_somebody_put_there_are_known_by_their_content(at: Platform, folder: Path) -> None:
    for day, closes in ((DAYS[0], CLOSES), (DAYS[1], {"AAA": 10.0, "BBB": 99.0})):
        (folder / day_key(day)).parent.mkdir(parents=True, exist_ok=True)
        (folder / day_key(day)).write_bytes(day_file(day, closes))
    assert came(run(at)) == [(DAYS[1], "differs"), (DAYS[2], "new")]


def test_a_body_that_breaks_off_leaves_nothing_behind_and_the_next_run_takes_it_up(at: Platform, folder: Path, server: S3Server) -> None:
    server.faults.extend([("GET", ""), ("GET", ""), ("GET", ""), ("GET", "half body")])  # two listings and a file come first
    done = run(at)
    assert came(done) == [(DAYS[0], "new"), (DAYS[2], "new")]
    assert [(path, fault.code) for path, fault in done.failed.items()] == [(day_key(DAYS[1]), "truncated")]
    assert not (folder / day_key(DAYS[1])).exists()
    assert not list(folder.rglob("*.part"))
    assert came(run(at)) == [(DAYS[1], "new")]


def test_an_object_that_was_stored_torn_is_not_kept(at: Platform, folder: Path, server: S3Server) -> None:
    server.client.put_object(Bucket=BUCKET, Key=day_key(DAYS[0]), Body=day_file(DAYS[0], CLOSES)[:-9])
    done = run(at)
    assert [(path, fault.code) for path, fault in done.failed.items()] == [(day_key(DAYS[0]), "truncated")]
    assert not (folder / day_key(DAYS[0])).exists()


def test_a_file_that_vanished_after_the_listing_is_told_and_hinders_no_other(
    at: Platform, server: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    from marketdata_assets.sources.vendors.polygon.flat_files import FlatFiles

    listed = FlatFiles.listed

    def and_gone(self: FlatFiles, timeframe: str, window: Window) -> list[FlatFile]:
        told = listed(self, timeframe, window)
        server.client.delete_object(Bucket=BUCKET, Key=day_key(DAYS[1]))
        return told

    monkeypatch.setattr(FlatFiles, "listed", and_gone)
    done = run(at)
    assert len(done.came) == 2
    assert [(path, fault.code) for path, fault in done.failed.items()] == [(day_key(DAYS[1]), "not_found")]


def test_wrong_keys_end_the_run_and_are_not_shown(at: Platform, folder: Path, server: S3Server) -> None:
    server.faults.append(("GET", "wrong key"))
    with pytest.raises(BadCredentials) as caught:
        run(at)
    assert "canary" not in str(caught.value)
    assert landed_files(folder) == []


def test_keys_that_are_not_set_are_named(at: Platform, server: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("POLYGON_S3_SECRET_KEY")
    with pytest.raises(BadCredentials, match="POLYGON_S3_SECRET_KEY"):
        run(at)
    assert server.seen == []


def test_every_request_is_booked_those_sent_again_too(at: Platform, server: S3Server) -> None:
    server.faults.append(("GET", "500"))
    run(at)
    assert len(server.seen) == 6  # two listings, one of them twice, and three files
    assert (month_standing(at, VENDOR).spent, month_standing(at, VENDOR).reserved) == (6, 0)
    booked = at.lake.scan(ledger_path("polygon"), USAGE).collect().filter(endpoint="flat_files")
    assert booked["wire_bytes"].sum() == sum(len(day_file(day, CLOSES)) for day in DAYS)


def test_a_month_without_room_for_all_of_them_refuses_before_the_first_file(server: S3Server, tmp_path: Path, folder: Path) -> None:
    with pytest.raises(BudgetFault):
        run(platform(tmp_path, server, monthly_requests=4))
    assert landed_files(folder) == []
    assert len(server.seen) == 2
    config(tmp_path, server, ("AAA",), monthly_requests=7)
    assert len(run(opened(tmp_path, discovered=False)).came) == 3


def test_two_runs_do_not_share_a_folder(at: Platform, folder: Path) -> None:
    with Downloaded(folder), pytest.raises(ConflictFault):
        run(at)


def test_a_torn_line_of_the_record_costs_one_comparison_and_spoils_no_other(at: Platform, folder: Path, server: S3Server) -> None:
    run(at)
    record = folder / RECORD
    record.write_bytes(record.read_bytes()[:-20])
    server.seen.clear()
    assert len(run(at).there) == 3
    publish(server, DAYS[0], {"AAA": 11.0})
    assert came(run(at)) == [(DAYS[0], "published again")]
    assert run(at).came == []


@pytest.mark.parametrize("key", ["../up.csv.gz", "/etc/up.csv.gz", "a/../../up.csv.gz", ".hidden/x", "_skipped/x"])
def test_a_key_that_leads_out_of_the_folder_is_refused(tmp_path: Path, key: str) -> None:
    file = FlatFile(key, DAYS[0], 1, "e", datetime(2024, 1, 1, tzinfo=UTC))
    with Downloaded(tmp_path / "landing") as kept, pytest.raises(Rejected):
        kept.keep(file, b"x")


@pytest.mark.parametrize(
    ("source", "target", "timeframe", "more", "said"),
    [
        (FILES, FILES, "1d", {}, "reads the folder"),
        (VENDOR, VENDOR, "1d", {}, "asked over the network"),
        (VENDOR, FILES, "1m", {}, "configured for 1d"),
        (VENDOR, "nobody", "1d", {}, "not configured"),
        (VENDOR, FILES, "1d", {"vendor": "alpaca"}, "no flat files"),
        (VENDOR, FILES, "1d", {"files_url": "http://files.example"}, "neither https"),
        (VENDOR, FILES, "1d", {"files_url": None, "base_url": "http://127.0.0.1:9"}, "has no flat files"),
    ],
)
def test_sources_that_do_not_fit_together_are_refused_before_anything_is_asked(
    server: S3Server, tmp_path: Path, source: str, target: str, timeframe: str, more: dict[str, object], said: str
) -> None:
    with pytest.raises(ConfigFault, match=said):
        download(platform(tmp_path, server, **more), source, target, timeframe, WINTER)
    assert server.seen == []


def test_the_simulated_market_asks_nobody_outside_this_machine(server: S3Server, tmp_path: Path) -> None:
    made = platform(tmp_path, server, files_url=None)
    made.settings = made.settings.model_copy(update={"market": "simulated"})
    with pytest.raises(ConfigFault, match="outside this machine"):
        run(made)
