"""Landing: what becomes of files, whatever they are, and that looking twice changes nothing."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from marketdata_assets.core import clock
from marketdata_assets.lake.layout import PartitionKey
from marketdata_assets.pipeline.discover import add_instruments, discover
from marketdata_assets.pipeline.inventory import inventory
from marketdata_assets.pipeline.landing import refresh
from marketdata_assets.pipeline.platform import Platform
from marketdata_assets.schemas.bars import VALIDATED_BARS
from marketdata_tests.support.platforms import opened, write_config
from marketdata_tests.support.tiingo import land, tiingo_csv

MARCH = {date(2024, 3, day): 100.0 + day for day in (4, 5, 6, 7, 8)}
AT = datetime(2024, 3, 9, 12, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_config(tmp_path, "us_equities", {"tiingo": {"landing": "landing", "format": "tiingo_csv"}})
    land(tmp_path / "landing", "AAA.csv", tiingo_csv("AAA", MARCH))
    return tmp_path


@pytest.fixture
def platform(folder: Path) -> Platform:
    return opened(folder)


def states(platform: Platform) -> dict[str, str]:
    return dict(inventory(platform, "tiingo").select("path", "state").rows())


def test_a_new_file_is_entered_with_its_span_and_touches_its_partition(platform: Platform) -> None:
    with clock.frozen(AT):
        scan = refresh(platform, "tiingo")
    row = scan.files.row(0, named=True)
    assert (row["symbol"], row["first"], row["last"], row["rows"]) == ("AAA", date(2024, 3, 4), date(2024, 3, 8), 5)
    assert row["known_at"] == AT
    assert scan.touched == {"1d": {PartitionKey("2024", "AAA")}}


def test_a_second_look_finds_nothing_new(platform: Platform) -> None:
    refresh(platform, "tiingo")
    assert refresh(platform, "tiingo").files.height == 0


def test_the_same_bytes_under_another_name_keep_their_first_receipt(platform: Platform, folder: Path) -> None:
    with clock.frozen(AT):
        refresh(platform, "tiingo")
    land(folder / "landing", "copy.csv", tiingo_csv("AAA", MARCH))
    with clock.frozen(AT + timedelta(days=5)):
        refresh(platform, "tiingo")
    assert inventory(platform, "tiingo")["known_at"].unique().to_list() == [AT]


def test_changed_content_is_a_new_row_and_the_old_one_stays(platform: Platform, folder: Path) -> None:
    refresh(platform, "tiingo")
    land(folder / "landing", "AAA.csv", tiingo_csv("AAA", {**MARCH, date(2024, 3, 8): 99.0}))
    assert refresh(platform, "tiingo").files.height == 1
    assert inventory(platform, "tiingo").height == 2


def test_losing_the_note_of_the_last_look_costs_time_and_nothing_else(platform: Platform) -> None:
    refresh(platform, "tiingo")
    platform.lake.store.delete("_landing/tiingo.json")
    assert refresh(platform, "tiingo").files.height == 0


def test_an_error_body_saved_as_csv_is_refused_with_the_reason_and_others_land(platform: Platform, folder: Path) -> None:
    land(folder / "landing", "BBB.csv", b'{"Note": "call frequency exceeded"}')
    refresh(platform, "tiingo")
    refused = inventory(platform, "tiingo").filter(pl.col("state") == "refused").row(0, named=True)
    assert refused["path"] == "BBB.csv"
    assert "call frequency exceeded" in refused["reason"] or "json" in refused["reason"]
    assert states(platform)["AAA.csv"] == "landed"


def test_a_link_out_of_the_folder_is_refused_and_not_followed(platform: Platform, folder: Path) -> None:
    secret = folder / "secret.csv"
    secret.write_bytes(tiingo_csv("SEC", MARCH))
    (folder / "landing" / "link.csv").symlink_to(secret)
    refresh(platform, "tiingo")
    assert states(platform)["link.csv"] == "refused"
    assert "SEC" not in inventory(platform, "tiingo")["symbol"].to_list()


def test_a_file_with_an_odd_name_lands_like_any_other(platform: Platform, folder: Path) -> None:
    land(folder / "landing", "sub dir/AAA (1) ü.csv", tiingo_csv("AAA", {date(2023, 3, 6): 90.0}))
    refresh(platform, "tiingo")
    assert states(platform)["sub dir/AAA (1) ü.csv"] == "landed"


def test_hidden_files_and_the_readme_are_nobodys_data(platform: Platform, folder: Path) -> None:
    for name in (".DS_Store", "_tmp/AAA.csv", "README.md"):
        land(folder / "landing", name, b"x")
    refresh(platform, "tiingo")
    assert list(states(platform)) == ["AAA.csv"]


def test_a_missing_folder_is_an_empty_one(tmp_path: Path) -> None:
    write_config(tmp_path, "us_equities", {"tiingo": {"landing": "nowhere"}})
    assert refresh(opened(tmp_path), "tiingo").files.height == 0


def test_an_unknown_symbol_is_refused_until_it_is_discovered(folder: Path) -> None:
    platform = opened(folder, discovered=False)
    refresh(platform, "tiingo")
    reason = inventory(platform, "tiingo").row(0, named=True)["reason"]
    assert "marketdata instruments discover --source tiingo" in reason
    add_instruments(folder / "instruments.csv", discover(platform, "tiingo").instruments)
    known = opened(folder, discovered=False)
    assert refresh(known, "tiingo").files.height == 1
    assert inventory(known, "tiingo").select("state", "symbol").rows() == [("landed", "AAA")]


def test_a_refused_file_is_not_read_again_while_nothing_changes(platform: Platform, folder: Path) -> None:
    land(folder / "landing", "bad.csv", b"<html>")
    refresh(platform, "tiingo")
    assert refresh(platform, "tiingo").files.height == 0


def test_a_correction_near_the_end_of_a_year_touches_the_stored_next_year_too(platform: Platform, folder: Path) -> None:
    stored = PartitionKey("2024", "AAA")
    path = platform.path(VALIDATED_BARS, "us_equities", "1d")
    platform.lake.publish(path, VALIDATED_BARS, {stored: one_bar()})
    assert platform.lake.partitions(path) == [stored]
    land(folder / "landing", "AAA.csv", tiingo_csv("AAA", {date(2023, 12, 28): 90.0, date(2023, 12, 29): 91.0}))
    assert refresh(platform, "tiingo").touched == {"1d": {PartitionKey("2023", "AAA"), stored}}


def one_bar() -> pl.DataFrame:
    texts = {"volume_basis": "raw", "source": "tiingo", "tape": "x", "currency": "USD", "quality_flags": "", "payload_sha256": "0"}
    prices = dict.fromkeys(("open", "high", "low", "close", "volume", "quality_score"), 1.0)
    at = datetime(2024, 1, 2, tzinfo=UTC)
    row = {
        "symbol": "AAA",
        "timestamp": at,
        "session": at.date(),
        "known_at": at,
        "n_sources": 1,
        "n_agreeing": 1,
        "max_deviation_bps": 0.0,
    }
    return VALIDATED_BARS.conform(pl.DataFrame([{**row, **texts, **prices}]))
