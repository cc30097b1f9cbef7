"""Files of a whole market: symbols that nobody configured are refused or left out, counted, and brought in once somebody does."""

from __future__ import annotations

import gzip
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from marketdata_assets.core import clock
from marketdata_assets.lake.layout import PartitionKey
from marketdata_assets.pipeline.inventory import inventory, touched
from marketdata_assets.pipeline.landing import refresh
from marketdata_assets.pipeline.platform import Platform
from marketdata_assets.pipeline.raw import arrived, publish_raw
from marketdata_assets.schemas.audit import REFUSED_ROWS
from marketdata_assets.schemas.bars import RAW_BARS
from marketdata_tests.support.platforms import ingested, opened, write_config
from marketdata_tests.support.tiingo import land, tiingo_csv

HEAD = "ticker,volume,open,close,high,low,window_start,transactions\n"
INSTRUMENTS = "symbol,asset_class,exchange,currency,sector,listed_on,delisted_on,aliases\n"
AT = datetime(2024, 1, 6, tzinfo=UTC)
SOURCE = "market"


def day_file(day: date, closes: dict[str, float], more: str = "") -> bytes:
    start = int(datetime(day.year, day.month, day.day, 5, tzinfo=UTC).timestamp()) * 1_000_000_000  # winter: 05:00Z is midnight in New York
    rows = "".join(f"{symbol},100,{close},{close},{close},{close},{start},5\n" for symbol, close in closes.items())
    return gzip.compress((HEAD + rows + more).encode(), mtime=0)


def lay_down(folder: Path, day: date, closes: dict[str, float], more: str = "") -> None:
    land(folder / "landing", f"us_stocks_sip/day_aggs_v1/{day:%Y/%m}/{day}.csv.gz", day_file(day, closes, more))


def platform_of(folder: Path, *symbols: str, strangers: str | None = "leave_out") -> Platform:
    """The platform opened anew with these instruments: symbols, or whole lines."""
    extra = {} if strangers is None else {"strangers": strangers}
    write_config(folder, "us_equities", {SOURCE: {"landing": "landing", **extra}})
    lines = (each if "," in each else f"{each},us_equities,XNYS,USD,,,," for each in symbols)
    (folder / "instruments.csv").write_text(INSTRUMENTS + "".join(f"{line}\n" for line in lines))
    return opened(folder, discovered=False)


def entries(platform: Platform) -> list[tuple[str, str, int]]:
    return inventory(platform, SOURCE).sort("symbol", "path").select("symbol", "state", "rows").rows()


def reasons(platform: Platform) -> set[str]:
    return set(inventory(platform, SOURCE)["reason"])


def raw(platform: Platform) -> pl.DataFrame:
    keys = touched(platform, "us_equities", inventory(platform, SOURCE)).get("1d", set())
    publish_raw(platform, SOURCE, "1d", keys, arrived(platform, SOURCE, "1d", keys))
    return platform.lake.scan(platform.path(RAW_BARS, "us_equities", "1d", SOURCE), RAW_BARS).collect()


TUESDAY, WEDNESDAY = date(2024, 1, 2), date(2024, 1, 3)
CLOSES = {"AAA": 10.0, "BBB": 20.0, "CCC": 30.0, "DDD": 40.0, "EEE": 50.0}


def test_a_file_that_names_a_stranger_is_refused_unless_told_otherwise(tmp_path: Path) -> None:
    lay_down(tmp_path, TUESDAY, CLOSES)
    platform = platform_of(tmp_path, "BBB", strangers=None)
    refresh(platform, SOURCE)
    assert entries(platform) == [("", "refused", 0)]
    assert "instruments discover" in reasons(platform).pop()


def test_strangers_are_left_out_and_counted(tmp_path: Path) -> None:
    lay_down(tmp_path, TUESDAY, CLOSES)
    platform = platform_of(tmp_path, "BBB")
    scan = refresh(platform, SOURCE)
    assert entries(platform) == [("BBB", "landed", 1)]
    assert reasons(platform) == {"left out: 4 series (4 rows) of symbols nobody configured: AAA, CCC, DDD ..."}
    assert scan.touched == {"1d": {PartitionKey("2024", "BBB")}}
    assert raw(platform).select("symbol", "close", "line").rows() == [("BBB", 20.0, 2)]


def test_a_file_of_strangers_alone_lands_without_a_symbol_and_says_how_many(tmp_path: Path) -> None:
    lay_down(tmp_path, TUESDAY, {"AAA": 1.0, "CCC": 2.0})
    platform = platform_of(tmp_path, "BBB")
    assert refresh(platform, SOURCE).touched == {}
    assert entries(platform) == [("", "landed", 0)]
    assert reasons(platform) == {"left out: 2 series (2 rows) of symbols nobody configured: AAA, CCC"}


@pytest.mark.parametrize("first", [("BBB",), ()], ids=["beside a known one", "of a file of strangers"])
def test_a_symbol_configured_later_comes_in_at_the_next_look_with_its_first_receipt(tmp_path: Path, first: tuple[str, ...]) -> None:
    for day in (TUESDAY, WEDNESDAY):
        lay_down(tmp_path, day, CLOSES)
    with clock.frozen(AT):
        before = platform_of(tmp_path, *first)
        refresh(before, SOURCE)
        raw(before)
    platform = platform_of(tmp_path, *first, "DDD")
    with clock.frozen(AT + timedelta(days=30)):
        scan = refresh(platform, SOURCE)
    assert set(scan.files["symbol"]) == {"DDD"}
    assert scan.touched == {"1d": {PartitionKey("2024", "DDD")}}
    assert set(inventory(platform, SOURCE)["symbol"]) == {*first, "DDD"}
    left, named = (3, "AAA, CCC, EEE") if first else (4, "AAA, BBB, CCC ...")
    assert reasons(platform) == {f"left out: {left} series ({left} rows) of symbols nobody configured: {named}"}
    rows = raw(platform).filter(pl.col("symbol") == "DDD")
    assert rows["timestamp"].dt.date().to_list() == [TUESDAY, WEDNESDAY]
    assert set(rows["known_at"]) == {AT}


def test_files_with_strangers_are_looked_into_again_only_when_something_has_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lay_down(tmp_path, TUESDAY, CLOSES)
    refresh(platform_of(tmp_path, "BBB"), SOURCE)
    read: list[str] = []
    from marketdata_assets.pipeline import landing

    whole = landing.read_payload
    monkeypatch.setattr(landing, "read_payload", lambda path, *rest, **more: read.append(path) or whole(path, *rest, **more))
    assert refresh(platform_of(tmp_path, "BBB"), SOURCE).files.height == 0
    assert read == []
    everyone = platform_of(tmp_path, *CLOSES)
    assert refresh(everyone, SOURCE).files.height == 4
    assert len(read) == 1
    assert reasons(everyone) == {""}
    refresh(platform_of(tmp_path, *CLOSES, "FFF"), SOURCE)
    assert len(read) == 1  # nothing is left out any more


def test_a_refused_file_lands_once_strangers_may_be_left_out(tmp_path: Path) -> None:
    lay_down(tmp_path, TUESDAY, CLOSES)
    refresh(platform_of(tmp_path, "BBB", strangers="refuse"), SOURCE)
    platform = platform_of(tmp_path, "BBB")
    refresh(platform, SOURCE)
    assert entries(platform) == [("BBB", "landed", 1)]


def test_what_landed_stays_landed_when_strangers_are_refused_again(tmp_path: Path) -> None:
    lay_down(tmp_path, TUESDAY, CLOSES)
    refresh(platform_of(tmp_path, "BBB"), SOURCE)
    platform = platform_of(tmp_path, "BBB", strangers="refuse")
    refresh(platform, SOURCE)
    assert entries(platform) == [("BBB", "landed", 1)]


def test_refused_rows_of_strangers_are_left_out_with_them_and_counted(tmp_path: Path) -> None:
    lay_down(tmp_path, TUESDAY, CLOSES, "BBB,1,x,x,x,x,1704171600000000000,1\nZZZ,1,x,x,x,x,1704171600000000000,1\n")
    platform = platform_of(tmp_path, "BBB")
    refresh(platform, SOURCE)
    assert "left out: 5 series (5 rows)" in reasons(platform).pop()
    raw(platform)
    refused = platform.lake.scan(platform.path(REFUSED_ROWS, "us_equities", "1d", SOURCE), REFUSED_ROWS).collect()
    assert refused.select("symbol", "rule", "line").rows() == [("BBB", "not_a_bar", 6)]


def test_an_archived_payload_read_again_gives_the_same_rows(tmp_path: Path) -> None:
    lay_down(tmp_path, TUESDAY, CLOSES)
    platform = platform_of(tmp_path, "BBB", "EEE")
    refresh(platform, SOURCE)
    first = raw(platform)
    platform.readings.clear()
    keys = {PartitionKey("2024", "BBB"), PartitionKey("2024", "EEE")}
    platform.lake.store.delete(f"{platform.path(RAW_BARS, 'us_equities', '1d', SOURCE)}/2024/BBB.parquet")
    assert arrived(platform, SOURCE, "1d", keys).bars.height == 1
    assert raw(platform).equals(first)


def test_days_on_which_nobody_had_the_ticker_are_left_out_until_somebody_has(tmp_path: Path) -> None:
    closes = {date(2022, 6, day): 100.0 + day for day in (6, 7, 8, 9, 10)}
    land(tmp_path / "landing", "FB.csv", tiingo_csv("FB", closes))
    line = "META,us_equities,XNAS,USD,,,,*:FB@2012-05-18..{until}"
    platform = platform_of(tmp_path, line.format(until="2022-06-09"))
    refresh(platform, SOURCE)
    assert entries(platform) == [("META", "landed", 3)]
    assert reasons(platform) == {"left out: 1 series (2 rows) on days when nobody configured had the ticker: FB"}
    assert raw(platform)["close"].to_list() == [106.0, 107.0, 108.0]
    longer = platform_of(tmp_path, line.format(until="2022-06-10"))
    scan = refresh(longer, SOURCE)
    assert scan.touched == {"1d": {PartitionKey("2022", "META")}}
    assert entries(longer) == [("META", "landed", 4)]
    assert raw(longer)["close"].to_list() == [106.0, 107.0, 108.0, 109.0]


def test_the_bars_of_the_known_ones_are_validated(tmp_path: Path) -> None:
    for day in (TUESDAY, WEDNESDAY):
        lay_down(tmp_path, day, CLOSES)
    platform = platform_of(tmp_path, "AAA", "CCC")
    bars = ingested(platform, "us_equities", "1d").validated
    assert bars.select("symbol", "session", "close").rows() == [
        ("AAA", TUESDAY, 10.0),
        ("AAA", WEDNESDAY, 10.0),
        ("CCC", TUESDAY, 30.0),
        ("CCC", WEDNESDAY, 30.0),
    ]
