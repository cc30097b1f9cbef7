"""Partitions and batches: keys read and sorted, intraday runs cut by period."""

from __future__ import annotations

from datetime import UTC, date, datetime

import polars as pl

from marketdata_assets.core import clock
from marketdata_assets.core.periods import PeriodKind
from marketdata_assets.core.timeframes import TIMEFRAMES
from marketdata_assets.defs.batches import batches
from marketdata_assets.defs.partitions import bar_partitions, partition_keys, periods_and_symbols
from marketdata_assets.lake.layout import PartitionKey
from marketdata_assets.schemas.audit import REFUSED_ROWS
from marketdata_assets.schemas.bars import VALIDATED_BARS

MONTHS = [PartitionKey("2024-01", "A"), PartitionKey("2024-01", "B"), PartitionKey("2024-02", "A")]


def test_keys_of_an_input_come_in_no_order_and_leave_sorted() -> None:
    assert partition_keys(["2024|B", "2023|C", "2024|A"]) == [("2023", "C"), ("2024", "A"), ("2024", "B")]


def test_a_symbol_with_a_dot_or_a_hyphen_is_one_key() -> None:
    assert partition_keys(["2024|BRK.B", "2024|BTC-USDT"]) == [("2024", "BRK.B"), ("2024", "BTC-USDT")]


def test_the_period_that_holds_the_start_and_the_one_that_holds_now_are_partitions() -> None:
    with clock.frozen(datetime(2024, 3, 1, tzinfo=UTC)):
        years, symbols = periods_and_symbols(bar_partitions(date(2022, 12, 31), PeriodKind.YEAR, ["A"]))
        months, _ = periods_and_symbols(bar_partitions(date(2023, 12, 31), PeriodKind.MONTH, ["A"]))
    assert (years, symbols) == (["2022", "2023", "2024"], ["A"])
    assert months == ["2023-12", "2024-01", "2024-02", "2024-03"]


def test_daily_bars_of_a_run_are_one_batch() -> None:
    (batch,) = batches(TIMEFRAMES["1d"], [PartitionKey("2023", "A"), PartitionKey("2024", "A")])
    assert len(batch.keys) == 2


def test_no_key_is_no_batch() -> None:
    assert list(batches(TIMEFRAMES["1d"], [])) == list(batches(TIMEFRAMES["1m"], [])) == []


def test_shorter_bars_are_a_batch_a_month_with_exactly_their_rows() -> None:
    january, february = batches(TIMEFRAMES["1h"], MONTHS)
    assert (january.keys, february.keys) == (MONTHS[:2], MONTHS[2:])
    stamps = [datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 1, 31, 23, tzinfo=UTC), datetime(2024, 2, 1, tzinfo=UTC)]
    bars = pl.LazyFrame({"timestamp": stamps}, schema={"timestamp": pl.Datetime("us", "UTC")})
    assert january.rows(bars, VALIDATED_BARS)["timestamp"].to_list() == stamps[:2]
    assert february.rows(bars, VALIDATED_BARS)["timestamp"].to_list() == stamps[2:]


def test_refused_rows_are_cut_by_the_day_they_are_filed_under() -> None:
    january, _ = batches(TIMEFRAMES["1h"], MONTHS)
    refused = pl.LazyFrame({"filed_under": [date(2024, 1, 31), date(2024, 2, 1)]})
    assert january.rows(refused, REFUSED_ROWS)["filed_under"].to_list() == [date(2024, 1, 31)]
