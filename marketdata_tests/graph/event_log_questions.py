"""Everything that the instance, the UI and the daemon ask an event log, answered without storage ids, which no two logs share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import dagster as dg
from dagster._core.event_api import EventLogCursor, PartitionKeyFilter
from dagster._core.events import DagsterEventType
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecord
from dagster._core.storage.event_log.base import AssetRecord, EventLogRecord, EventLogStorage
from dagster._serdes import serialize_value

from marketdata_tests.graph.event_log_history import BROKEN, COMPLETE, ELSEWHERE, FRESH, PANEL, POSITIVE, PRICES, History

ASSETS = [PRICES, BROKEN, PANEL, ELSEWHERE]
CHECKS = [POSITIVE, FRESH, COMPLETE]
ASSET_EVENTS = [DagsterEventType.ASSET_MATERIALIZATION, DagsterEventType.ASSET_OBSERVATION, DagsterEventType.ASSET_MATERIALIZATION_PLANNED]
MULTI = ["dagster/partition/date", "dagster/partition/symbol"]


def told(records: Iterable[EventLogRecord]) -> list[str]:
    return [serialize_value(record.event_log_entry) for record in records]


def _check(record: AssetCheckExecutionRecord | None) -> object:
    if record is None:
        return None
    concluded = serialize_value(record.event) if record.event and record.evaluation and record.status.value != "PLANNED" else None
    return record.run_id, record.status.value, record.partition, concluded


def _asset(record: AssetRecord) -> object:
    entry = record.asset_entry
    last = entry.last_materialization
    status = entry.cached_status.serialized_materialized_partition_subset if entry.cached_status else None
    return entry.asset_key, serialize_value(last) if last else None, entry.last_run_id, status


def _pages(log: EventLogStorage, run_id: str, *, ascending: bool) -> list[str]:
    said: list[str] = []
    cursor, more = None, True
    while more:
        page = log.get_records_for_run(run_id, cursor, limit=7, ascending=ascending)
        said, cursor, more = said + told(page.records), page.cursor, page.has_more
    return said


def _materializations(log: EventLogStorage, asset: dg.AssetKey) -> list[str]:
    said: list[str] = []
    cursor, more = None, True
    while more:
        page = log.fetch_materializations(asset, limit=4, cursor=cursor, ascending=True)
        said, cursor, more = said + told(page.records), page.cursor, page.has_more
    return said


def _latest_by_partition(log: EventLogStorage, asset: dg.AssetKey) -> Mapping[str, list[str]]:
    numbers = log.get_latest_storage_id_by_partition(asset, DagsterEventType.ASSET_MATERIALIZATION)
    found = {key: dg.EventRecordsFilter(DagsterEventType.ASSET_MATERIALIZATION, storage_ids=[n]) for key, n in sorted(numbers.items())}
    return {key: told(log.get_event_records(wanted)) for key, wanted in found.items()}


def _of_runs(history: History) -> dict[str, Callable[[EventLogStorage], object]]:
    runs = [run.run_id for run in history.runs]
    return {
        "logs of a run": lambda log: [[serialize_value(e) for e in log.get_logs_for_run(r)] for r in runs],
        "pages of a run": lambda log: [_pages(log, r, ascending=True) for r in runs],
        "pages backwards": lambda log: [_pages(log, r, ascending=False) for r in runs],
        "after an offset": lambda log: [told(log.get_records_for_run(r, EventLogCursor.from_offset(3).to_string()).records) for r in runs],
        "of one type": lambda log: [told(log.get_records_for_run(r, of_type=DagsterEventType.STEP_START).records) for r in runs],
        "of two types": lambda log: [told(log.get_records_for_run(r, of_type=set(ASSET_EVENTS[:2])).records) for r in runs],
        "partitions of a run": lambda log: [log.get_asset_partitions_for_run(r) for r in runs],
        "assets of a run": lambda log: [set(log.get_asset_keys_for_run(r)) for r in runs],
        "run stats": lambda log: [log.get_stats_for_run(r) for r in runs],
        "step stats": lambda log: [list(log.get_step_stats_for_run(r)) for r in runs],
        "run status changes": lambda log: told(log.fetch_run_status_changes(DagsterEventType.RUN_SUCCESS, limit=100).records),
        "failures": lambda log: told(log.fetch_run_status_changes(DagsterEventType.RUN_FAILURE, limit=100, ascending=True).records),
    }


def _of_assets() -> dict[str, Callable[[EventLogStorage], object]]:
    return {
        "all assets": lambda log: log.all_asset_keys(),
        "has asset": lambda log: [log.has_asset_key(a) for a in [*ASSETS, dg.AssetKey("nowhere")]],
        "assets by page": lambda log: log.get_asset_keys(prefix=["p"], limit=1) + log.get_asset_keys(cursor=PANEL.to_string()),
        "asset records": lambda log: sorted(map(str, (_asset(r) for r in log.get_asset_records(ASSETS)))),
        "latest materializations": lambda log: {
            a: e and serialize_value(e) for a, e in log.get_latest_materialization_events(ASSETS).items()
        },
        "materialized partitions": lambda log: [log.get_materialized_partitions(a) for a in ASSETS],
        "latest by partition": lambda log: [_latest_by_partition(log, a) for a in ASSETS],
        "materializations by page": lambda log: [_materializations(log, a) for a in ASSETS],
        "observations": lambda log: [told(log.fetch_observations(a, limit=100).records) for a in ASSETS],
        "events of a partition": lambda log: [
            told(log.get_event_records(dg.EventRecordsFilter(kind, asset_key=PRICES, asset_partitions=["2024|BTC-USDT"])))
            for kind in ASSET_EVENTS
        ],
        "summaries": lambda log: [
            [(s.run_id, s.asset_key, s.partition, s.timestamp) for s in log.get_asset_event_summary_records(kind, a)]
            for kind in ASSET_EVENTS
            for a in ASSETS
        ],
        "tags by partition": lambda log: log.get_latest_tags_by_partition(PRICES, DagsterEventType.ASSET_MATERIALIZATION, MULTI),
        "tags of an asset": lambda log: [[sorted(t.items()) for t in log.get_event_tags_for_asset(a)] for a in ASSETS],
        "tags that hold": lambda log: [sorted(t.items()) for t in log.get_event_tags_for_asset(PRICES, filter_tags={MULTI[1]: "MSFT"})],
        "attempts without result": lambda log: {
            a: {p: run for p, (run, _) in log.get_latest_asset_partition_materialization_attempts_without_materializations(a).items()}
            for a in ASSETS
        },
        "planned": lambda log: [p and p.run_id for p in (log.get_latest_planned_materialization_info(a) for a in ASSETS)],
        "changed versions": lambda log: log.get_updated_data_version_partitions(PRICES, ["2024|BTC-USDT", "2023|AAPL"], 0),
    }


def _of_checks() -> dict[str, Callable[[EventLogStorage], object]]:
    return {
        "check history": lambda log: [[_check(r) for r in log.get_asset_check_execution_history(c, limit=50)] for c in CHECKS],
        "check of a partition": lambda log: [
            [_check(r) for r in log.get_asset_check_execution_history(c, limit=50, partition_filter=PartitionKeyFilter(key=key))]
            for c in CHECKS
            for key in ("2024|MSFT", None)
        ],
        "latest checks": lambda log: {c: _check(r) for c, r in log.get_latest_asset_check_execution_by_key(CHECKS).items()},
        "check summaries": lambda log: {
            c: (_check(s.last_check_execution_record), _check(s.last_completed_check_execution_record), s.last_run_id)
            for c, s in log.get_asset_check_summary_records(CHECKS).items()
        },
        "check partitions": lambda log: sorted(
            (i.check_key.name, i.partition_key or "", i.latest_execution_status.value, i.latest_planned_run_id)
            for i in log.get_asset_check_partition_info(CHECKS)
        ),
    }


def questions(history: History) -> dict[str, Callable[[EventLogStorage], object]]:
    """Each question by name; two logs of one history must answer alike."""
    return {**_of_runs(history), **_of_assets(), **_of_checks()}
