"""Four sources of index membership: every check of their manifest, the anomalies they are known for, and the map files' identities."""

from __future__ import annotations

import csv
import shutil
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest

from marketdata_assets.core import clock
from marketdata_assets.pipeline.membership import Membership, membership, take_in
from marketdata_assets.pipeline.platform import Platform
from marketdata_assets.reference import load_instruments, load_ticker_changes
from marketdata_assets.sources.membership.map_files import read_map_file
from marketdata_assets.transforms.membership_checks import member_counts, turnover
from marketdata_assets.transforms.membership_names import Names
from marketdata_tests.support.platforms import opened, write_config

pytestmark = pytest.mark.realdata
SET = "equity/09_index_membership_sectors"
RECEIVED = datetime(2024, 8, 18, 12, tzinfo=UTC)
SP500 = {
    "fja": {"landing": "landing/fja", "priority": 1},
    "hanshof": {"landing": "landing/hanshof", "priority": 2},
    "datasets": {"landing": "landing/datasets", "priority": 3},
}
FOLDERS = {
    "fja": ["fja05680_sp500_changes_since_2019.csv", "fja05680_sp500_ticker_start_end.csv"],
    "hanshof": ["hanshof_daily_snapshots", "hanshof_membership_runs.csv.gz"],
    "datasets": ["datasets_constituents_snapshots"],
    "n100": ["nasdaq100"],
}


def land(realdata: Path, folder: Path) -> None:
    for source, names in FOLDERS.items():
        for name in names:
            origin = realdata / SET / name
            for path in sorted(origin.iterdir()) if origin.is_dir() else [origin]:
                target = folder / "landing" / source / path.name
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, target)


@pytest.fixture(scope="module")
def platform(realdata: Path, project: Path, tmp_path_factory: pytest.TempPathFactory) -> Platform:
    folder = tmp_path_factory.mktemp("membership")
    land(realdata, folder)
    indices = {"sp500": {"members": 500, "sources": SP500}, "ndx": {"members": 103, "sources": {"n100": {"landing": "landing/n100"}}}}
    write_config(folder, "us_equities", {}, indices=indices)
    shutil.copyfile(project / "data/reference/instruments.csv", folder / "instruments.csv")
    platform = opened(folder, discovered=False)
    with clock.frozen(RECEIVED):
        for index in indices:
            take_in(platform, index)
    return platform


@pytest.fixture(scope="module")
def sp500(platform: Platform) -> Membership:
    return membership(platform, "sp500")


def members(spells: pl.DataFrame, day: date) -> set[str]:
    held = (pl.col("effective_from") <= day) & (pl.col("effective_to").is_null() | (pl.col("effective_to") > day))
    return set(spells.filter(held)["symbol"])


def test_all_checks_of_the_manifest_hold(platform: Platform, sp500: Membership, realdata: Path, project: Path) -> None:
    spells = {"SP500": sp500.spells, "NDX": membership(platform, "ndx").spells}
    changes = load_ticker_changes(project / "data/reference/ticker_changes.csv")
    names = Names(load_instruments(project / "data/reference/instruments.csv"), changes, "fja", "us_equities")
    with (realdata / SET / "truth/membership_checks.csv").open() as text:
        checks = list(csv.DictReader(text))
    wrong = []
    for check in checks:
        day = date.fromisoformat(check["date"])
        held = [h.symbol for h in names.holders(check["symbol"]) if (not h.start or h.start <= day) and (not h.end or day < h.end)]
        if (held[0] in members(spells[check["index"]], day)) != (check["expected_member"] == "1"):
            wrong.append(check)
    assert (len(checks), wrong) == (34, [])


def test_member_counts_are_those_of_the_intervals(sp500: Membership, realdata: Path) -> None:
    truth = pl.read_csv(realdata / SET / "truth/member_counts.csv", try_parse_dates=True)
    counts = member_counts(sp500.spells, truth.select(session="date"))
    assert counts["members"].to_list() == truth["n_members_per_fja_intervals"].to_list()


def test_the_nasdaq_hundred_counts_after_each_change(platform: Platform, realdata: Path) -> None:
    truth = pl.read_csv(realdata / SET / "truth/nasdaq100_changes.csv", try_parse_dates=True)
    counts = member_counts(membership(platform, "ndx").spells, truth.select(session="effective_date"))
    assert counts["members"].to_list() == truth["n_after"].to_list()


def test_turnover_equals_the_announced_changes(sp500: Membership) -> None:
    """Without the renames (HCP and PEAK, FB and META, PKI and RVTY ...), which the list writes as changes."""
    assert sp500.announced.height > 150
    assert turnover(sp500.spells, sp500.announced).is_empty()
    assert turnover(sp500.spells.filter(pl.col("symbol") != "TSLA"), sp500.announced)["symbol"].to_list() == ["TSLA"]


def test_the_file_that_does_not_parse_is_refused_and_the_company_name_is_one_refused_row(platform: Platform) -> None:
    from marketdata_assets.pipeline.membership import files_path
    from marketdata_assets.schemas.audit import LANDING_FILES

    files = platform.lake.scan(files_path(platform, "sp500", "datasets"), LANDING_FILES).collect()
    refused = files.filter(pl.col("state") == "refused")
    assert refused["path"].to_list() == ["constituents_commit_2012-12-27.csv"]
    assert "line 135 has 4 cells, the header has 3" in refused["reason"][0]
    named = files.filter(pl.col("refused_rows") > 0)
    assert named.select("path", "rows", "refused_rows").rows() == [("constituents_commit_2021-03-11.csv", 504, 1)]
    assert "American Airlines Group" in named["reason"][0]


def test_a_one_day_edit_is_no_change_and_two_spellings_are_one_share(sp500: Membership) -> None:
    heard = sp500.evidence.filter(pl.col("source") == "hanshof", pl.col("verdict") == "reverted")
    assert heard.select("symbol", "change", "says_on").rows() == [
        ("DISH", "leaves", date(2023, 6, 3)),
        ("PANW", "enters", date(2023, 6, 3)),
        ("COR", "leaves", date(2023, 8, 31)),
        ("COR", "leaves", date(2023, 9, 2)),
    ]
    assert sp500.evidence.filter(pl.col("source") == "hanshof", pl.col("symbol").is_in(["BRK.B", "BF.B", "RVTY", "FI", "EG"])).is_empty()


def test_daily_snapshots_alone_give_the_observed_changes_without_renames_and_flips(platform: Platform) -> None:
    from marketdata_assets.settings_universes import IndexSettings

    alone = IndexSettings.model_validate({"sources": {"hanshof": {"landing": "x"}}})
    lone = Platform(platform.settings.model_copy(update={"indices": {"sp500": alone}}), platform.lake, platform.instruments)
    moves = membership(lone, "sp500").evidence.filter(pl.col("verdict") == "chosen")
    # Two days after each first sight, on the next session: an edit of one day would have been taken back by then.
    assert moves.select("symbol", "change", "effective_on").rows() == [
        ("DISH", "leaves", date(2023, 6, 22)),
        ("PANW", "enters", date(2023, 6, 22)),
        ("AAP", "leaves", date(2023, 8, 31)),
        ("KVUE", "enters", date(2023, 8, 31)),
        ("ABNB", "enters", date(2023, 9, 20)),
        ("BX", "enters", date(2023, 9, 20)),
        ("LNC", "leaves", date(2023, 9, 20)),
        ("NWL", "leaves", date(2023, 9, 20)),
    ]


def test_a_rename_is_one_spell(sp500: Membership) -> None:
    spells = {row["symbol"]: row for row in sp500.spells.iter_rows(named=True)}
    assert "FB" not in spells
    assert "PKI" not in spells
    assert spells["META"]["effective_from"] == date(2013, 12, 23)
    assert spells["META"]["effective_to"] is None
    assert spells["DOC"]["effective_from"] == date(2008, 3, 31)
    assert sp500.spells.filter(pl.col("symbol") == "ELV").select("effective_from", "effective_to").rows() == [(date(2002, 7, 25), None)]
    assert sp500.spells.filter(pl.col("symbol") == "WLP.1").select("effective_from", "effective_to").rows() == [
        (date(1999, 6, 9), date(2004, 12, 1))
    ]


def test_before_a_file_came_nothing_of_it_was_known(platform: Platform) -> None:
    assert membership(platform, "ndx", datetime(2024, 8, 1, tzinfo=UTC)).spells.is_empty()
    then = membership(platform, "sp500", datetime(2023, 7, 1, tzinfo=UTC)).spells
    assert set(then["source"]) == {"hanshof", "datasets"}
    assert "PANW" in members(then, date(2023, 6, 30))
    assert "KVUE" not in members(then, date(2023, 9, 30))


def test_a_reused_ticker_has_one_owner_a_day_in_the_map_files(realdata: Path) -> None:
    folder = realdata / "equity/06_lean_official/equity/usa/map_files"
    owned = pl.concat(read_map_file(path.name, path.read_bytes()) for path in sorted(folder.glob("*.csv")))

    def owner(ticker: str, day: date) -> list[str]:
        held = (pl.col("ticker") == ticker) & (pl.col("start") <= day) & (pl.col("end").is_null() | (pl.col("end") > day))
        return owned.filter(held)["symbol"].to_list()

    assert [owner("TWX", date(y, 6, 1)) for y in (2000, 2002, 2005)] == [["TWX.1"], [], ["TWX"]]
    assert owner("AOL", date(2003, 10, 15)) == ["TWX"]
    assert [owner("AAA", d) for d in (date(2005, 1, 3), date(2012, 1, 3), date(2020, 9, 9))] == [["AAA.1"], [], ["AAA"]]
    assert [owner(t, date(2009, 8, 4)) for t in ("WMI", "WM")] == [["WM"], []]
    assert [owner(t, date(2009, 8, 5)) for t in ("WMI", "WM")] == [[], ["WM"]]
    assert [owner(t, date(2010, 1, 4)) for t in ("SPWR", "SPWRA")] == [[], ["SPWR"]]
    assert owner("FOXA", date(2013, 7, 1)) == owner("NWSA", date(2013, 6, 28)) == ["TFCFA"]
    gone = owned.filter(pl.col("delisted_on").is_not_null()).select("symbol", "delisted_on").unique().sort("symbol").rows()
    assert dict(gone) == {
        "AAA.1": date(2007, 5, 19),
        "GDVD": date(2021, 1, 21),
        "TFCFA": date(2019, 3, 21),
        "TWX": date(2018, 6, 16),
        "TWX.1": date(2001, 1, 12),
    }
