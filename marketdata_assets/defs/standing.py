"""What a check found earlier in partitions that it does not judge now: it stands until they are judged again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping

from dagster import AssetCheckKey, DagsterInstance
from dagster._core.storage.asset_check_execution_record import COMPLETED_ASSET_CHECK_EXECUTION_RECORD_STATUSES

from marketdata_assets.lake.layout import PartitionKey

BY_PARTITION = "by partition"


def standing(
    instance: DagsterInstance, check: AssetCheckKey, judged: Collection[PartitionKey], stored: Collection[PartitionKey]
) -> dict[str, int]:
    """Cases by partition that the check's last result holds and this run does not speak about.

    A check of many partitions has one result, the latest; without this, a clean run of one partition would show green over
    the defects of all others. What was found in a period as a whole stands until every stored symbol of it is judged together.
    Partitions that are no longer stored are forgotten.
    """
    symbols: dict[str | None, set[str | None]] = defaultdict(set)
    for key in stored:
        symbols[key.period].add(key.symbol)
    spoken = {str(key) for key in judged}
    spoken |= {str(period) for period, mine in symbols.items() if all(PartitionKey(period, symbol) in judged for symbol in mine)}
    there = {str(key) for key in stored} | {str(period) for period in symbols}
    return {partition: n for partition, n in _last(instance, check).items() if partition in there - spoken}


def _last(instance: DagsterInstance, check: AssetCheckKey) -> Mapping[str, int]:
    records = instance.event_log_storage.get_asset_check_execution_history(
        check, limit=1, status=COMPLETED_ASSET_CHECK_EXECUTION_RECORD_STATUSES
    )
    evaluation = records[0].evaluation if records else None
    told = evaluation.metadata.get(BY_PARTITION) if evaluation else None
    found = told.value if told is not None else {}
    return {str(partition): n for partition, n in found.items() if isinstance(n, int)} if isinstance(found, Mapping) else {}
