"""Partitions by date and symbol: the keys that Dagster shows and the ones that the lake stores."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from dagster import MultiPartitionsDefinition, StaticPartitionsDefinition, TimeWindowPartitionsDefinition

from marketdata_assets.core import clock
from marketdata_assets.core.periods import PeriodKind, period_key, period_window
from marketdata_assets.lake.layout import PartitionKey

DATE, SYMBOL = "date", "symbol"
_CRON = {PeriodKind.YEAR: "0 0 1 1 *", PeriodKind.MONTH: "0 0 1 * *", PeriodKind.DAY: "0 0 * * *"}
_FORMAT = {PeriodKind.YEAR: "%Y", PeriodKind.MONTH: "%Y-%m", PeriodKind.DAY: "%Y-%m-%d"}


def bar_partitions(start: date, kind: PeriodKind, symbols: Sequence[str]) -> MultiPartitionsDefinition:
    """Every period from the one that holds `start` to the one that holds now (UTC), for each symbol: `2024|AAPL`, `2024-01|BTC-USDT`."""
    opens = period_window(period_key(start, kind)).start
    periods = TimeWindowPartitionsDefinition(start=opens, cron_schedule=_CRON[kind], fmt=_FORMAT[kind], end_offset=1)
    return MultiPartitionsDefinition({DATE: periods, SYMBOL: StaticPartitionsDefinition(list(symbols))})


def partition_key(text: str) -> PartitionKey:
    """Dagster's `2024|AAPL` as the lake's key."""
    period, _, symbol = text.partition("|")
    return PartitionKey(period, symbol)


def partition_keys(texts: Iterable[str]) -> list[PartitionKey]:
    """Dagster's keys as the lake's, by period and symbol; Dagster hands those of an input in no order."""
    return sorted(map(partition_key, texts))


def periods_and_symbols(partitions: MultiPartitionsDefinition) -> tuple[list[str], list[str]]:
    """The keys of both dimensions as of now, in Dagster's order."""
    periods = partitions.get_partitions_def_for_dimension(DATE).get_partition_keys(current_time=clock.now())
    return list(periods), list(partitions.get_partitions_def_for_dimension(SYMBOL).get_partition_keys())
