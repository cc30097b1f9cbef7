"""What the lake promises, on a local folder and on S3 alike."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from marketdata_assets.core.faults import ConflictFault, CorruptFault, Fault, PartitionFault, SchemaFault, SymbolFault
from marketdata_assets.core.periods import PeriodKind
from marketdata_assets.lake import scan as scanning
from marketdata_assets.lake.lake import Lake, open_lake
from marketdata_assets.lake.layout import PartitionKey
from marketdata_assets.lake.store import Write
from marketdata_assets.schemas.audit import COVERAGE
from marketdata_tests.support.lake_samples import PATH, READINGS, NewLake, readings, rectangle

KEY = PartitionKey("2024", "AAPL")


def test_what_was_published_is_scanned_in_order_of_period_symbol_and_time(lake: Lake) -> None:
    frames = rectangle(["2023", "2024"], ["MSFT", "AAPL"])
    published = lake.publish(PATH, READINGS, frames)
    assert {p.key for p in published} == frames.keys()
    assert all(p.changed and p.rows == 5 and p.path == f"{PATH}/{p.key.period}/{p.key.symbol}.parquet" for p in published)
    expected = pl.concat([frames[PartitionKey(p, s)] for p in ("2023", "2024") for s in ("AAPL", "MSFT")])
    assert lake.scan(PATH, READINGS).collect().equals(expected)


def test_a_scan_of_nothing_is_an_empty_frame_with_every_column(lake: Lake) -> None:
    assert lake.scan(PATH, READINGS).collect().schema == READINGS.polars_schema
    assert lake.scan(PATH, READINGS, keys=[KEY], columns=["value"]).collect().schema == {"value": pl.Float64}
    assert lake.partitions(PATH) == []
    assert lake.tables() == []
    assert lake.record(PATH, KEY) is None


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        ({"periods": ["2023"]}, {("2023", "AAPL"), ("2023", "MSFT"), ("2023", "TSLA")}),
        ({"symbols": ["TSLA"]}, {("2022", "TSLA"), ("2023", "TSLA"), ("2024", "TSLA")}),
        ({"symbols": ["TSLA", "NONE"], "periods": ["2024", "1999"]}, {("2024", "TSLA")}),
        ({"keys": [PartitionKey("2022", "MSFT"), PartitionKey("1999", "MSFT")]}, {("2022", "MSFT")}),
        ({"keys": [PartitionKey("2022", "MSFT")], "symbols": ["AAPL"]}, set()),
        ({"keys": [PartitionKey("2022", "MSFT")] * 2}, {("2022", "MSFT")}),
        ({"symbols": ["TSLA", "TSLA"], "periods": ["2024", "2024"]}, {("2024", "TSLA")}),
        ({"periods": []}, set()),
        ({"symbols": []}, set()),
        ({"keys": []}, set()),
    ],
)
def test_a_scan_reads_the_selected_partitions_only(lake: Lake, selection: dict[str, list[str]], expected: set[tuple[str, str]]) -> None:
    lake.publish(PATH, READINGS, rectangle(["2022", "2023", "2024"], ["AAPL", "MSFT", "TSLA"]))
    lake.publish(PATH + "_2", READINGS, rectangle(["2022", "2023", "2024"], ["AAPL", "MSFT", "TSLA"], version=9))
    found = lake.scan(PATH, READINGS, **selection).collect()
    assert set(found.select(pl.col("timestamp").dt.strftime("%Y"), "symbol").rows()) == expected
    assert found.height == 5 * len(expected), "no file is read twice"
    assert found["version"].unique().to_list() in ([], [0])


def test_many_keys_select_like_few(lake: Lake) -> None:
    frames = rectangle(["2022", "2023"], [f"S{i}" for i in range(20)], n=1)
    lake.publish(PATH, READINGS, frames)
    wanted = [key for key in frames if key.symbol != "S7"]
    found = lake.scan(PATH, READINGS, keys=wanted).collect()
    assert found.height == 38
    assert "S7" not in found["symbol"]
    assert sorted(lake.records(PATH, wanted)) == sorted(wanted)


def test_the_same_rows_again_write_nothing(new_lake: NewLake) -> None:
    frames = rectangle(["2023", "2024"], ["AAPL", "MSFT"])
    lake = new_lake()
    first = lake.publish(PATH, READINGS, frames, metadata={"calendar": "XNYS 4.13"})
    before = lake.store.list("")
    again = new_lake().publish(PATH, READINGS, frames, metadata={"calendar": "XNYS 4.13"})
    assert [p.sha256 for p in again] == [p.sha256 for p in first]
    assert not any(p.changed for p in again)
    assert lake.store.list("") == before


def test_only_the_partition_that_changed_is_written(lake: Lake) -> None:
    frames = rectangle(["2023", "2024"], ["AAPL", "MSFT"])
    lake.publish(PATH, READINGS, frames)
    frames[KEY] = readings("2024", "AAPL", version=1)
    assert [p.key for p in lake.publish(PATH, READINGS, frames) if p.changed] == [KEY]


def test_one_big_frame_gives_the_same_bytes_as_its_partitions_one_by_one(lake: Lake, tmp_path: Path) -> None:
    frames = rectangle(["2023", "2024"], ["AAPL", "BRK.B", "MSFT"], n=300)
    shuffled = pl.concat(frames.values()).sample(fraction=1, shuffle=True, seed=3)
    whole = lake.publish_frame(PATH, READINGS, shuffled, period=PeriodKind.YEAR)
    other = open_lake(str(tmp_path / "one by one"))
    single = [p for key, frame in sorted(frames.items()) for p in other.publish(PATH, READINGS, {key: frame})]
    assert [other.store.read(p.path) for p in single] == [lake.store.read(p.path) for p in whole]


def test_the_same_rows_with_other_inputs_or_calendar_are_published_anew(lake: Lake) -> None:
    frames = {KEY: readings("2024", "AAPL")}
    for inputs, metadata in (({"a": "1"}, {}), ({"a": "2"}, {}), ({"a": "2"}, {"calendar": "4.14"})):
        assert lake.publish(PATH, READINGS, frames, inputs=inputs, metadata=metadata)[0].changed
        assert not lake.publish(PATH, READINGS, frames, inputs=inputs, metadata=metadata)[0].changed


def test_rows_that_differ_in_a_null_or_a_nan_are_published_anew(lake: Lake) -> None:
    for value in (None, float("nan"), 0.0):
        frame = readings("2024", "AAPL").with_columns(value=pl.lit(value, pl.Float64))
        assert lake.publish(PATH, READINGS, {KEY: frame})[0].changed
        assert not lake.publish(PATH, READINGS, {KEY: frame})[0].changed
        assert lake.scan(PATH, READINGS).collect().equals(frame)


def test_a_partition_of_the_run_without_rows_is_emptied_or_never_made(lake: Lake) -> None:
    lake.publish(PATH, READINGS, {KEY: readings("2024", "AAPL")})
    keys = [KEY, PartitionKey("2024", "MSFT"), PartitionKey("2024", "TSLA")]
    published = lake.publish_frame(PATH, READINGS, readings("2024", "MSFT"), period=PeriodKind.YEAR, keys=keys)
    assert {p.key.symbol: p.rows for p in published} == {"AAPL": 0, "MSFT": 5}
    assert lake.partitions(PATH) == keys[:2]
    assert lake.scan(PATH, READINGS, keys=keys).collect()["symbol"].unique().to_list() == ["MSFT"]


def test_rows_outside_the_run_are_refused_and_nothing_is_published(lake: Lake) -> None:
    stray = pl.concat([readings("2024", "AAPL"), readings("2024", "MSFT")])
    with pytest.raises(PartitionFault, match=r"2024\|MSFT"):
        lake.publish_frame(PATH, READINGS, stray, period=PeriodKind.YEAR, keys=[KEY])
    assert lake.partitions(PATH) == []


def test_a_frame_under_the_key_of_another_partition_is_refused(lake: Lake) -> None:
    for wrong in (readings("2023", "AAPL"), readings("2024", "MSFT")):
        with pytest.raises(PartitionFault):
            lake.publish(PATH, READINGS, {KEY: wrong, PartitionKey("2024", "IBM"): readings("2024", "IBM")})
    assert lake.tables() == []


def test_a_frame_that_breaks_its_model_is_refused_and_the_old_version_stays(lake: Lake) -> None:
    lake.publish(PATH, READINGS, {KEY: readings("2024", "AAPL")})
    good = lake.scan(PATH, READINGS).collect()
    repeated = pl.concat([good, good])
    unreadable = good.with_columns(value=pl.lit("not a number"))
    undated = good.with_columns(timestamp=pl.lit(None))
    for bad in (repeated, unreadable, undated):
        with pytest.raises((SchemaFault, PartitionFault)):
            lake.publish(PATH, READINGS, {KEY: bad})
    assert lake.scan(PATH, READINGS).collect().equals(good)


def test_tables_without_symbols_and_without_partitions_have_their_own_places(lake: Lake) -> None:
    rows = (
        COVERAGE.empty()
        .clear(2)
        .with_columns(
            symbol=pl.Series(["AAPL", "MSFT"]),
            date=pl.Series([date(2024, 1, 2), date(2023, 1, 3)]),
            state=pl.lit("complete"),
            reason=pl.lit(""),
        )
    )
    rows = rows.with_columns(pl.col("expected", "received", "quarantined", "missing").fill_null(0))
    published = lake.publish_frame("us_equities/coverage_1d", COVERAGE, rows, period=PeriodKind.YEAR, by_symbol=False)
    assert [p.path for p in published] == ["us_equities/coverage_1d/2023.parquet", "us_equities/coverage_1d/2024.parquet"]
    (alone,) = lake.publish("us_equities/landing_files/tiingo", READINGS, {PartitionKey(None): readings("2024", "AAPL")})
    assert alone.path == "us_equities/landing_files/tiingo.parquet"
    assert lake.scan("us_equities/landing_files/tiingo", READINGS).collect().height == 5
    assert lake.partitions("us_equities/landing_files/tiingo") == [PartitionKey(None)]
    assert lake.scan("us_equities/coverage_1d", COVERAGE, periods=["2023"]).collect()["symbol"].to_list() == ["MSFT"]
    assert lake.tables() == ["us_equities/coverage_1d", "us_equities/landing_files/tiingo"]


def test_a_folder_of_tables_is_not_a_table(lake: Lake) -> None:
    lake.publish(PATH, READINGS, {KEY: readings("2024", "AAPL")})
    assert lake.partitions("us_equities/readings_1d") == []
    assert lake.scan("us_equities/readings_1d", READINGS).collect().is_empty()


def test_the_record_names_what_the_file_was_made_from(lake: Lake) -> None:
    def inputs(key: PartitionKey) -> dict[str, str]:
        return {"raw": f"{key.symbol}-hash"}

    published = lake.publish(PATH, READINGS, rectangle(["2024"], ["AAPL", "MSFT"]), inputs=inputs, metadata={"calendar": "XNYS 4.13"})
    apple, microsoft = (lake.record(PATH, p.key) for p in published)
    assert apple is not None
    assert microsoft is not None
    assert apple.sha256 == published[0].sha256
    assert (apple.table, apple.table_path, apple.key, apple.rows, apple.calendar) == ("readings", PATH, KEY, 5, "XNYS 4.13")
    assert apple.code_version
    assert apple.inputs != microsoft.inputs
    assert (
        lake.publish(PATH, READINGS, {KEY: readings("2024", "AAPL")}, inputs=inputs, metadata={"calendar": "XNYS 4.13"})[0].changed is False
    )


def test_an_append_merges_with_what_is_there(lake: Lake) -> None:
    seen: list[int] = []

    def merge(there: pl.DataFrame) -> pl.DataFrame:
        seen.append(there.height)
        return pl.concat([there, readings("2024", "AAPL", 3)]).unique(["symbol", "timestamp"], keep="first")

    assert lake.append(PATH, READINGS, KEY, merge).rows == 3
    assert lake.append(PATH, READINGS, KEY, merge).changed is False
    assert seen == [0, 3]
    assert lake.append(PATH, READINGS, PartitionKey("2025", "AAPL"), lambda there: there) == (
        PartitionKey("2025", "AAPL"), f"{PATH}/2025/AAPL.parquet", "", 0, 0, False,
    )  # fmt: skip


def test_an_update_that_meets_another_writer_merges_again_and_applies_once(new_lake: NewLake) -> None:
    lake, other = new_lake(), new_lake()
    keys = [PartitionKey("2024", s) for s in ("AAPL", "MSFT")]
    lake.publish(PATH, READINGS, {key: readings("2024", key.symbol or "", 1) for key in keys})
    rounds = []

    def merge(there: pl.DataFrame) -> pl.DataFrame:
        rounds.append(there["symbol"].unique().sort().to_list())
        if len(rounds) == 1:  # somebody publishes one of the two in between
            other.publish(PATH, READINGS, {keys[1]: readings("2024", "MSFT", 2)})
        return there.with_columns(version=pl.col("version") + 1)

    published = lake.update(PATH, READINGS, keys, merge)
    assert rounds == [["AAPL", "MSFT"], ["MSFT"]]
    assert [(p.key.symbol, p.rows) for p in published] == [("AAPL", 1), ("MSFT", 2)]
    assert lake.scan(PATH, READINGS).collect()["version"].to_list() == [1, 1, 1]


def test_a_publish_that_meets_another_writer_is_a_typed_conflict(new_lake: NewLake) -> None:
    lake, other = new_lake(), new_lake()
    lake.publish(PATH, READINGS, {KEY: readings("2024", "AAPL", version=1)})

    def inputs(_key: PartitionKey) -> dict[str, str]:
        other.publish(PATH, READINGS, {KEY: readings("2024", "AAPL", version=2)})
        return {}

    with pytest.raises(ConflictFault) as caught:
        lake.publish(PATH, READINGS, {KEY: readings("2024", "AAPL", version=3)}, inputs=inputs)
    assert caught.value.retryable
    assert lake.scan(PATH, READINGS).collect()["version"].unique().to_list() == [2]


def test_a_scan_larger_than_memory_allows_is_read_in_batches_with_the_same_rows(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    lake.publish(PATH, READINGS, rectangle(["2022", "2023", "2024"], ["AAPL", "MSFT", "TSLA"], n=50))
    held = lake.scan(PATH, READINGS).collect()
    monkeypatch.setattr(scanning, "HELD_AT_ONCE", 0)
    monkeypatch.setattr(scanning, "_BATCH", 3 * lake.store.list(PATH)[0].size)
    lazy = lake.scan(PATH, READINGS)
    assert lazy.collect().equals(held)
    assert lazy.head(120).collect().equals(held.head(120))
    later = pl.col("symbol") == "TSLA"
    assert lazy.filter(later).select("value").collect().equals(held.filter(later).select("value"))
    assert lazy.head(70).filter(pl.col("value") > 2).collect().equals(held.head(70).filter(pl.col("value") > 2))
    assert lazy.select("note").collect(engine="streaming").height == held.height


def test_damage_in_a_scan_read_in_batches_is_a_fault_of_its_collect(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    published = lake.publish(PATH, READINGS, rectangle(["2022", "2023", "2024"], ["AAPL", "MSFT", "TSLA"]))
    monkeypatch.setattr(scanning, "HELD_AT_ONCE", 0)
    lazy = lake.scan(PATH, READINGS)
    lake.store.write(published[4].path, lake.store.read(published[4].path)[:-1])
    for query in (lazy, lazy.select("value"), lazy.filter(pl.col("symbol") == "TSLA")):
        with pytest.raises(CorruptFault):
            query.collect()


def test_a_file_of_an_older_schema_is_refused_by_name(lake: Lake) -> None:
    lake.publish(PATH, READINGS, {KEY: readings("2024", "AAPL")})
    with pytest.raises(SchemaFault, match="readings"):
        lake.scan(PATH, COVERAGE)


NOT_CANONICAL = [
    "../../x",
    "/abs",
    "a\0b",
    "%2e%2e",
    "BTC/USD",
    "📈",
    "A" * 10_000,
    "aapl",
    "",
    "CON.",
    "AAPL\n",
    "É",
    "..",
    ".",
    "A..B",
    "A B",
]


@pytest.mark.parametrize("symbol", NOT_CANONICAL)
def test_a_symbol_that_is_not_canonical_never_becomes_a_path(lake: Lake, symbol: str) -> None:
    key = PartitionKey("2024", symbol)
    with pytest.raises((SymbolFault, PartitionFault)):
        lake.publish(PATH, READINGS, {key: readings("2024", symbol)})
    with pytest.raises(SymbolFault):
        lake.scan(PATH, READINGS, symbols=[symbol])
    with pytest.raises(Fault):
        lake.append(PATH, READINGS, key, lambda there: there)
    assert lake.store.list("") == []


@pytest.mark.parametrize("period", ["..", "2024/..", "24", "2024-13", "2024-02-30", "２０２４", "2024 ", "2024\n", ""])
def test_a_period_that_is_not_canonical_never_becomes_a_path(lake: Lake, period: str) -> None:
    with pytest.raises(PartitionFault):
        lake.publish(PATH, READINGS, {PartitionKey(period, "AAPL"): readings("2024", "AAPL")})
    with pytest.raises(PartitionFault):
        lake.scan(PATH, READINGS, periods=[period])
    assert lake.store.list("") == []


@pytest.mark.parametrize(
    "table_path", ["..", "/abs", "a/../b", "A/b", "a//b", "", "payloads/x", "a/2024", "a\0", "é", "a/b.parquet", "a/", ".staging"]
)
def test_a_table_path_that_is_not_plain_is_refused(lake: Lake, table_path: str) -> None:
    with pytest.raises(PartitionFault):
        lake.publish(table_path, READINGS, {KEY: readings("2024", "AAPL")})
    with pytest.raises(PartitionFault):
        lake.scan(table_path, READINGS)


@pytest.mark.parametrize("path", ["../x", "/x", "a/../x", "a//x", "", ".", "a/.x", "a\0", "a/b.", "x" * 900, "ä"])
def test_the_store_itself_refuses_a_path_that_is_not_plain(lake: Lake, path: str) -> None:
    for call in (lake.store.read, lake.store.stat, lake.store.delete):
        with pytest.raises(Fault):
            call(path)
    (outcome,) = lake.store.write_many([Write(path, b"x")])
    assert isinstance(outcome, Fault)
    assert lake.store.list("") == []


def test_keys_alike_in_name_are_distinct_and_come_back_exactly(lake: Lake) -> None:
    symbols = ["A", "AA", "AAPL", "BRK", "BRK.A", "BRK.B", "BRK-B", "CON", "NUL", "NA", "TRUE", "000001", "1E5", "2024", "A" * 32]
    frames = rectangle(["2024"], symbols, n=1)
    lake.publish(PATH, READINGS, frames)
    lake.publish(PATH + "2", READINGS, rectangle(["2024"], ["ZZ"], n=1))
    assert lake.partitions(PATH) == sorted(frames)
    assert sorted(lake.scan(PATH, READINGS).collect()["symbol"].to_list()) == sorted(symbols)
    for symbol in symbols:
        assert lake.scan(PATH, READINGS, symbols=[symbol]).collect()["symbol"].to_list() == [symbol]
