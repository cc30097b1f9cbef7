"""Three vendors' real files for the same companies, from landing folders to validated bars, against what the manifests counted."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from marketdata_assets.pipeline.bars import Audited
from marketdata_assets.pipeline.inventory import inventory
from marketdata_assets.pipeline.landing import refresh
from marketdata_assets.pipeline.platform import Platform
from marketdata_assets.pipeline.raw import arrived, publish_raw
from marketdata_assets.schemas.audit import CoverageState
from marketdata_assets.schemas.bars import RAW_BARS
from marketdata_tests.support.platforms import ingested, opened, write_config

pytestmark = pytest.mark.realdata

SETS = {"tiingo": "01_tiingo_sp500_raw_adj", "wiki": "02_quandl_wiki_raw_split", "yahoo": "03_yahoo_ichart_2017"}


@pytest.fixture(scope="module")
def platform(realdata: Path, tmp_path_factory: pytest.TempPathFactory) -> Platform:
    folder = tmp_path_factory.mktemp("three")
    write_config(folder, "us_equities", {name: {"landing": str(realdata / "equity" / place / "csv")} for name, place in SETS.items()})
    return opened(folder)


@pytest.fixture(scope="module")
def outcome(platform: Platform) -> Audited:
    return ingested(platform, "us_equities", "1d")


def test_every_file_lands_and_every_row_of_the_inventories_is_raw(platform: Platform, outcome: Audited, realdata: Path) -> None:
    for source, place in SETS.items():
        truth = pl.read_csv(realdata / "equity" / place / "truth" / "inventory.csv")
        files = inventory(platform, source)
        assert files["state"].unique().to_list() == ["landed"]
        raw = platform.lake.scan(platform.path(RAW_BARS, "us_equities", "1d", source), RAW_BARS).collect()
        assert raw.height == truth["rows"].sum()


def test_the_empty_files_are_entered_as_empty(platform: Platform, outcome: Audited) -> None:
    empty = inventory(platform, "wiki").filter(pl.col("rows") == 0)
    assert sorted(empty["symbol"]) == ["PPG", "TRV"]
    assert empty["reason"].str.contains("no rows").all()


def test_quarantine_holds_exactly_the_five_rows_whose_prices_contradict_themselves(outcome: Audited, realdata: Path) -> None:
    truth = pl.read_csv(realdata / "equity" / SETS["wiki"] / "truth" / "anomalies.csv").filter(pl.col("anomaly") == "ohlc_violation")
    found = outcome.quarantine.select("symbol", pl.col("filed_under").cast(pl.String), "source")
    assert sorted(found.rows()) == sorted((symbol, day, "wiki") for symbol, day in truth.select("symbol", "date").iter_rows())


def test_zero_volumes_are_flagged_as_often_as_the_manifests_count_them(outcome: Audited) -> None:
    flagged = outcome.findings.filter(pl.col("rule") == "zero_volume").group_by("source").agg(pl.col("n").sum()).sort("source")
    assert flagged.rows() == [("tiingo", 25), ("wiki", 231), ("yahoo", 232)]


def test_the_two_sessions_that_tiingo_lacks_are_named(outcome: Audited) -> None:
    missing = outcome.findings.filter((pl.col("rule") == "missing_sessions") & (pl.col("source") == "tiingo"))
    assert missing["n"].sum() == 2
    assert "2022-04-06" in str(missing["sample"].to_list())


def test_where_three_vendors_conflict_the_odd_one_out_is_never_chosen(outcome: Audited, realdata: Path) -> None:
    conflicts = pl.read_csv(realdata / "equity" / SETS["tiingo"] / "truth" / "bad_closes.csv", try_parse_dates=True)
    judged = conflicts.join(outcome.validated, left_on=["sym", "date"], right_on=["symbol", "session"])
    assert judged.height == conflicts.height
    named = judged.filter(pl.col("outlier").is_in(list(SETS)))
    assert named.height > 20
    assert named.filter(pl.col("outlier") == pl.col("source")).height == 0
    assert judged["quality_flags"].str.contains("source_deviates|sources_disagree").all()


def test_coverage_adds_up_and_knows_what_nobody_sent(outcome: Audited) -> None:
    coverage = outcome.coverage
    assert (coverage["expected"] == coverage["received"] + coverage["quarantined"] + coverage["missing"]).all()
    wbd = coverage.filter(pl.col("symbol") == "WBD", pl.col("date").cast(pl.String).is_in(["2022-04-06", "2022-04-07"]))
    assert wbd["state"].to_list() == [CoverageState.VENDOR_ABSENT] * 2


def test_validated_bars_are_as_traded(outcome: Audited) -> None:
    aapl = outcome.validated.filter(pl.col("symbol") == "AAPL", pl.col("session").cast(pl.String) == "2014-06-06")
    assert aapl.select("close", "volume", "n_sources", "n_agreeing").row(0) == (645.57, 12_497_800.0, 3, 3)


def test_a_second_look_reads_nothing_and_changes_no_byte(platform: Platform, outcome: Audited) -> None:
    path = platform.path(RAW_BARS, "us_equities", "1d", "tiingo")
    keys = platform.lake.partitions(path)
    before = {key: record.sha256 for key, record in platform.lake.records(path).items()}
    assert refresh(platform, "tiingo").files.height == 0
    again = arrived(platform, "tiingo", "1d", keys)
    assert again.unchanged == set(keys)
    publish_raw(platform, "tiingo", "1d", keys, again)
    assert {key: record.sha256 for key, record in platform.lake.records(path).items()} == before
