"""One series under two symbols: both are refused, whichever partition is audited alone."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest

from marketdata_assets.core.timeframes import timeframe
from marketdata_assets.lake.layout import PartitionKey
from marketdata_assets.pipeline.bars import Audited, audited, normalized
from marketdata_assets.pipeline.inventory import inventory
from marketdata_assets.pipeline.landing import refresh
from marketdata_assets.pipeline.platform import Platform
from marketdata_assets.pipeline.raw import arrived, publish_raw
from marketdata_assets.pipeline.twins import fingerprints, twins
from marketdata_assets.schemas.bars import RAW_BARS
from marketdata_tests.support.platforms import opened, write_config
from marketdata_tests.support.tiingo import land, tiingo_csv

DAYS = [date(2024, 3, 1) + timedelta(days=n) for n in range(90) if (date(2024, 3, 1) + timedelta(days=n)).weekday() < 5]
DAYS = [day for day in DAYS if day not in (date(2024, 3, 29), date(2024, 5, 27))]
ONE = {day: 100 + (n * 7) % 13 for n, day in enumerate(DAYS)}
OTHER = {day: 50 + (n * 5) % 11 for n, day in enumerate(DAYS)}


@pytest.fixture
def platform(tmp_path: Path) -> Platform:
    write_config(tmp_path, "us_equities", {"tiingo": {"landing": "landing", "format": "tiingo_csv"}})
    for symbol, closes in {"AAA": ONE, "BBB": OTHER, "CCC": ONE}.items():
        land(tmp_path / "landing", f"{symbol}.csv", tiingo_csv(symbol, closes))
    found = opened(tmp_path)
    refresh(found, "tiingo")
    return found


def judged(platform: Platform, keys: Collection[PartitionKey]) -> Audited:
    publish_raw(platform, "tiingo", "1d", keys, arrived(platform, "tiingo", "1d", keys))
    raw = platform.lake.scan(platform.path(RAW_BARS, "us_equities", "1d", "tiingo"), RAW_BARS, keys=keys).collect()
    return audited(platform, "us_equities", "1d", normalized(platform, "us_equities", "1d", {"tiingo": raw}), {}, keys)


def key(symbol: str) -> PartitionKey:
    return PartitionKey("2024", symbol)


def test_the_inventory_shows_which_series_are_alike(platform: Platform) -> None:
    files = inventory(platform, "tiingo")
    assert twins(files, "1d", ["AAA"]) == {"AAA": {"CCC"}}
    assert twins(files, "1d", ["BBB"]) == {}


def test_a_partition_audited_alone_is_refused_like_in_the_full_build(platform: Platform) -> None:
    full = judged(platform, [key("AAA"), key("BBB"), key("CCC")])
    alone = judged(platform, [key("CCC")])
    assert full.quarantine["rule"].unique().to_list() == ["identical_series"]
    assert sorted(full.quarantine["symbol"].unique()) == ["AAA", "CCC"]
    assert alone.quarantine.equals(full.quarantine.filter(pl.col("symbol") == "CCC"))
    assert alone.validated.height == 0


def test_a_series_of_its_own_passes_beside_them(platform: Platform) -> None:
    alone = judged(platform, [key("BBB")])
    assert alone.quarantine.height == 0
    assert alone.validated.height == len(DAYS)


def test_a_month_of_one_price_has_no_fingerprint() -> None:
    rows = pl.DataFrame({"timestamp": DAYS, "close": [20.0] * len(DAYS)}).with_columns(
        pl.col("timestamp").cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    )
    assert fingerprints(rows, timeframe("1d")) == ""


def test_fingerprints_do_not_depend_on_the_order_of_rows() -> None:
    rows = pl.DataFrame({"timestamp": list(ONE), "close": [float(close) for close in ONE.values()]}).with_columns(
        pl.col("timestamp").cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    )
    assert fingerprints(rows, timeframe("1d")) == fingerprints(rows.reverse(), timeframe("1d")) != ""
