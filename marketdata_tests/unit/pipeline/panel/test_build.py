from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from marketdata_assets.core.faults import AuditFault, ConfigFault, QueryFault
from marketdata_assets.lake.layout import PartitionKey
from marketdata_assets.pipeline.panel.build import build_years, judged_years, panel_path, publish_years, stored_year, stored_years
from marketdata_assets.pipeline.panel.proof import prove_panel, settled_after
from marketdata_assets.pipeline.panel.sources import member_days, panel_sources, spells_of_days, year_of
from marketdata_assets.pipeline.platform import Platform
from marketdata_assets.schemas.universe import UNIVERSE
from marketdata_assets.transforms.features.registry import FEATURE_PANEL
from marketdata_tests.support.panels import CLASS, KNOWN, NAMES, panel_platform, put_bars, split_events, symbols_bars

YEARS = ["2022", "2023", "2024"]


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Platform:
    platform = panel_platform(tmp_path_factory.mktemp("panel"))
    list(publish_years(platform, CLASS, YEARS))
    return platform


def whole(platform: Platform) -> pl.DataFrame:
    return pl.concat([stored_year(platform, CLASS, year) for year in stored_years(platform, CLASS)])


def test_a_year_is_one_file_of_the_lake(published: Platform) -> None:
    assert published.lake.partitions("us_equities/feature_panel") == [PartitionKey(year) for year in YEARS]
    record = published.lake.record(panel_path(CLASS), PartitionKey("2023"))
    assert record is not None
    assert record.metadata["universe"] == "all"
    assert stored_year(published, CLASS, "2023").schema == FEATURE_PANEL.polars_schema


def test_members_have_a_row_from_their_first_bar_to_their_delisting(published: Platform) -> None:
    days = whole(published).group_by("symbol").agg(first=pl.col("date").min(), last=pl.col("date").max())
    first = {symbol: day for symbol, day, _ in days.iter_rows()}
    last = {symbol: day for symbol, _, day in days.iter_rows()}
    assert first["SYM03"] == date(2023, 2, 1)
    assert first["SYM01"] == date(2022, 6, 1)
    assert last["SYM07"] == date(2024, 4, 12), "delisted on Monday 2024-04-15"
    assert last["SYM01"] == date(2024, 6, 28)


def test_a_member_that_pauses_has_rows_of_nulls(published: Platform) -> None:
    bars = symbols_bars().filter(pl.col("symbol") == "SYM05")["session"]
    mine = whole(published).filter(pl.col("symbol") == "SYM05")
    silent = mine.filter(~pl.col("date").is_in(bars.to_list()))
    assert silent.height == 9
    assert silent.select(pl.exclude("date", "symbol")).null_count().row(0) == (9,) * 45


def test_a_year_rebuilt_alone_is_the_same_file(published: Platform, tmp_path: Path) -> None:
    alone = panel_platform(tmp_path)
    (built,) = publish_years(alone, CLASS, ["2023"])
    there = published.lake.record(panel_path(CLASS), PartitionKey("2023"))
    assert built.published is not None
    assert there is not None
    assert built.published.sha256 == there.sha256


def test_the_same_build_again_writes_nothing(published: Platform) -> None:
    again = list(publish_years(published, CLASS, ["2024"]))
    assert [built.published.changed for built in again if built.published] == [False]


def test_a_new_day_changes_no_row_that_is_there(tmp_path: Path) -> None:
    bars = symbols_bars()
    newest = bars["session"].max()
    platform = panel_platform(tmp_path, bars=bars.filter(pl.col("session") < newest))
    (before,) = publish_years(platform, CLASS, ["2024"])
    put_bars(platform, bars)
    (after,) = publish_years(platform, CLASS, ["2024"])
    assert after.panel.filter(pl.col("date") < newest).equals(before.panel)
    assert after.panel.filter(pl.col("date") == newest).height == len(NAMES) - 1


def test_the_year_of_a_file_is_its_partition_s_whatever_the_symbol_is_called() -> None:
    names = {"2024/000001": "2024", "2023/AAPL": "2023", "2022": "2022", "2021/2024": "2021"}
    assert {name: year_of(f"us_equities/validated_bars_1d/{name}.parquet") for name in names} == names


def test_a_split_is_applied_and_one_that_is_only_proposed_is_not(tmp_path: Path) -> None:
    day, symbol = date(2023, 9, 5), "SYM00"
    for verdict, least, most in (("applied", -0.2, 0.2), ("proposed", -0.85, -0.65)):
        folder = tmp_path / verdict
        folder.mkdir()
        platform = panel_platform(folder, events=split_events((symbol, day, 4.0), verdict=verdict))
        (built,) = build_years(platform, CLASS, ["2023"])
        row = built.panel.filter(pl.col("symbol") == symbol, pl.col("date") == day)
        assert least < row["f_ret_1d"][0] < most


def test_nothing_is_compared_across_a_split_that_nobody_can_know(tmp_path: Path) -> None:
    unknown = split_events(("SYM00", date(2023, 9, 5), 4.0), verdict="refused", hidden_in_gap=True)
    (built,) = build_years(panel_platform(tmp_path, events=unknown), CLASS, ["2023"])
    row = built.panel.filter(pl.col("symbol") == "SYM00", pl.col("date") == date(2023, 9, 5))
    assert row["f_ret_1d"][0] is None


def test_a_blocked_panel_is_not_published_and_the_one_before_stays(tmp_path: Path) -> None:
    wild = symbols_bars().with_columns(
        pl.when((pl.col("symbol") == "SYM02") & (pl.col("session") == date(2023, 5, 2))).then(pl.col("volume") * 1e6).otherwise("volume")
    )
    platform = panel_platform(tmp_path, universe="all", blocking=("outliers",))
    list(publish_years(platform, CLASS, ["2022"]))
    before = stored_year(platform, CLASS, "2022")
    put_bars(platform, wild)
    with pytest.raises(AuditFault, match="outliers") as caught:
        list(publish_years(platform, CLASS, ["2022", "2023"]))
    assert caught.value.context["partition"] in {"2022", "2023"}
    assert stored_years(platform, CLASS) == ["2022"]
    assert stored_year(platform, CLASS, "2022").equals(before)


def test_published_years_are_judged_again_from_the_lake(published: Platform) -> None:
    told = dict(judged_years(published, CLASS, [*YEARS, "2031"]))
    assert list(told) == YEARS
    assert [verdict.gate for verdict in told["2023"] if not verdict.passed and verdict.gate in {"schema", "members", "lookahead"}] == []


def test_the_universe_is_read_from_its_table(tmp_path: Path) -> None:
    platform = panel_platform(tmp_path, universe="top")
    days = symbols_bars()["session"].unique().sort()
    rows = [(day, f"SYM{n:02d}") for day in days for n in range(12) if n != 4 or day < date(2023, 6, 1) or day >= date(2024, 1, 2)]
    words = {"index": "TOP", "member_since": date(2022, 6, 1), "source": "rule", "known_at": KNOWN}
    table = pl.DataFrame(rows, schema={"date": pl.Date, "symbol": pl.String}, orient="row")
    told = UNIVERSE.conform(table.with_columns(ticker="symbol", **{name: pl.lit(value) for name, value in words.items()}))
    other = told.with_columns(pl.lit("OTHER").alias("index"), pl.lit("SYM13").alias("symbol")).unique(["date", "index", "symbol"])
    every = pl.concat([told, other]).sort("date", "index", "symbol")
    for year in YEARS:
        frame = every.filter(pl.col("date").dt.year() == int(year))
        platform.lake.publish(f"{CLASS}/universe", UNIVERSE, {PartitionKey(year): frame})
    list(publish_years(platform, CLASS, YEARS))
    assert whole(platform).select("date", "symbol").equals(table.sort("date", "symbol"))


def test_a_universe_that_is_not_published_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(QueryFault, match="SP500"):
        panel_sources(panel_platform(tmp_path, universe="sp500"), CLASS, date(2024, 1, 1))


def test_symbols_of_a_list_and_strangers_in_it(tmp_path: Path) -> None:
    sources = panel_sources(panel_platform(tmp_path, universe=("SYM01", "SYM03")), CLASS, date(2024, 1, 1))
    assert sources.members["symbol"].unique().sort().to_list() == ["SYM01", "SYM03"]
    other = tmp_path / "other"
    other.mkdir()
    with pytest.raises(ConfigFault, match="NOPE"):
        panel_sources(panel_platform(other, universe=("NOPE",)), CLASS, date(2024, 1, 1))


def test_an_asset_class_without_a_panel_and_a_lake_without_bars_are_said_so(tmp_path: Path) -> None:
    platform = panel_platform(tmp_path)
    with pytest.raises(ConfigFault, match="crypto"):
        panel_sources(platform, "crypto", date(2024, 1, 1))
    with pytest.raises(QueryFault, match="none before 2020-01-01"):
        panel_sources(platform, CLASS, date(2020, 1, 1))


def test_member_days_and_spells_are_each_other_s_way_back() -> None:
    sessions = pl.Series([date(2024, 1, day) for day in (2, 3, 4, 5, 8, 9, 10)])
    rows = [(2, "A"), (3, "A"), (8, "A"), (9, "A"), (10, "A"), (4, "B"), (5, "B")]
    days = pl.DataFrame([(date(2024, 1, day), name) for day, name in rows], schema=["date", "symbol"], orient="row").sort("date", "symbol")
    spells = spells_of_days(days, sessions)
    assert spells.rows() == [
        ("A", date(2024, 1, 2), date(2024, 1, 4)),
        ("A", date(2024, 1, 8), None),
        ("B", date(2024, 1, 4), date(2024, 1, 8)),
    ]
    assert member_days(spells, sessions).equals(days)


def test_the_panel_is_proven_not_to_see_the_future(published: Platform) -> None:
    proof = prove_panel(published, CLASS, "2023", cuts=4, seed=11)
    assert proof.passed, proof.leaks
    assert proof.rows > 1000
    assert proof.columns == 45


def test_every_window_is_as_long_as_it_is_declared(published: Platform) -> None:
    from marketdata_assets.transforms.features.registry import BY_NAME

    told = {row["feature"]: row["exact"] for row in settled_after(published, CLASS, "2024").to_dicts()}
    pausing_takes_nine_longer = 9
    for name, exact in told.items():
        window = BY_NAME[name].window
        if window is not None and exact is not None:
            assert exact <= window + pausing_takes_nine_longer, name
    assert told["f_vol_21d"] is not None


def test_too_little_history_to_say_how_soon_features_settle(tmp_path: Path) -> None:
    bars = symbols_bars(date(2024, 1, 2), date(2024, 6, 1))
    assert settled_after(panel_platform(tmp_path, bars=bars), CLASS, "2024").is_empty()
