"""A history of real runs, recorded event by event, to be told again to any event-log storage."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import dagster as dg
from dagster._core.definitions.asset_checks.asset_check_evaluation import AssetCheckEvaluation
from dagster._core.events import (
    AssetMaterializationPlannedData,
    AssetObservationData,
    DagsterEvent,
    DagsterEventType,
    StepMaterializationData,
)
from dagster._core.events.log import EventLogEntry
from dagster._core.storage.event_log.base import EventLogStorage
from dagster._core.storage.tags import ASSET_PARTITION_RANGE_END_TAG, ASSET_PARTITION_RANGE_START_TAG
from dagster._record import copy

PARTITIONS = dg.MultiPartitionsDefinition(
    {"date": dg.StaticPartitionsDefinition(["2023", "2024"]), "symbol": dg.StaticPartitionsDefinition(["AAPL", "BTC-USDT", "MSFT"])}
)
PRICES, BROKEN, PANEL, ELSEWHERE = (dg.AssetKey([name]) for name in ("prices", "broken", "panel", "elsewhere"))
POSITIVE, FRESH, COMPLETE = dg.AssetCheckKey(PRICES, "positive"), dg.AssetCheckKey(PRICES, "fresh"), dg.AssetCheckKey(PANEL, "complete")
STOCK = {"consolidated": "ConsolidatedSqliteEventLogStorage", "sharded": "SqliteEventLogStorage"}


@dg.asset(partitions_def=PARTITIONS, backfill_policy=dg.BackfillPolicy.single_run(), code_version="1")
def prices(context: dg.AssetExecutionContext) -> dg.MaterializeResult[Any]:
    context.log.info("an ordinary line of the log")
    context.log_event(dg.AssetObservation(PRICES, partition=context.partition_keys[0], metadata={"seen": 1}))
    return dg.MaterializeResult(metadata={"rows": len(context.partition_keys)})


@dg.asset(partitions_def=PARTITIONS, backfill_policy=dg.BackfillPolicy.single_run(), deps=[prices])
def broken() -> None:
    raise ValueError("the vendor is down")


@dg.asset
def panel(context: dg.AssetExecutionContext) -> dg.MaterializeResult[Any]:
    return dg.MaterializeResult(data_version=dg.DataVersion(context.run.run_id), metadata={"columns": 45})


@dg.asset_check(asset=panel)
def complete() -> dg.AssetCheckResult:
    return dg.AssetCheckResult(passed=True, metadata={"columns": 45})


@dg.multi_asset_check(specs=[dg.AssetCheckSpec(k.name, asset=PRICES, partitions_def=PARTITIONS) for k in (POSITIVE, FRESH)])
def checks(context: dg.AssetCheckExecutionContext) -> Iterator[dg.Output[None]]:
    inner = context.op_execution_context
    for output in sorted(inner.selected_output_names):
        name = output.removeprefix("prices_")
        for key in inner.partition_keys[:-1] if name == "fresh" else inner.partition_keys:  # the last one stays planned
            passed = key != "2024|MSFT"
            inner.log_event(AssetCheckEvaluation(PRICES, name, passed=passed, partition=key, severity=dg.AssetCheckSeverity.WARN))
        yield dg.Output(None, output_name=output)


class History(NamedTuple):
    """Runs and, in order, every event that the instance was handed."""

    runs: Sequence[dg.DagsterRun]
    events: Sequence[EventLogEntry]


def record() -> History:
    """Range runs that succeed and fail, a run of one partition, unpartitioned runs, and reports from outside any run."""
    heard: list[EventLogEntry] = []
    whole = {ASSET_PARTITION_RANGE_START_TAG: "2023|AAPL", ASSET_PARTITION_RANGE_END_TAG: "2024|MSFT"}
    with dg.DagsterInstance.ephemeral() as instance:
        handle = instance.handle_new_event

        def overhear(event: EventLogEntry, **more: Any) -> None:
            heard.append(event)
            handle(event, **more)

        instance.handle_new_event = overhear  # type: ignore[method-assign]
        dg.materialize([prices, checks], instance=instance, tags=whole)
        dg.materialize([prices, broken], instance=instance, tags=whole, raise_on_error=False)
        dg.materialize([prices], instance=instance, partition_key="2024|BTC-USDT")
        dg.materialize([panel, complete], instance=instance)
        dg.materialize([panel], instance=instance)
        instance.report_runless_asset_event(dg.AssetMaterialization(ELSEWHERE, partition="2024|AAPL", tags={"dagster/data_version": "7"}))
        instance.report_runless_asset_event(dg.AssetObservation(ELSEWHERE, tags={"dagster/data_version": "8"}))
        instance.report_runless_asset_event(AssetCheckEvaluation(PRICES, "positive", passed=False))
        return History(list(reversed(instance.get_runs())), heard)


def instance_with(storage: str, home: Path) -> dg.DagsterInstance:
    """A persistent instance whose event log is the named stock class, or ours."""
    module, name = "dagster._core.storage.event_log", STOCK.get(storage)
    if name is None:
        module, name = "marketdata_assets.defs.event_log.storage", "EmbeddedEventLogStorage"
    home.mkdir(parents=True, exist_ok=True)
    config = {"base_dir": str(home / "events"), **({} if storage in STOCK else {"batch_size": 500})}
    return dg.DagsterInstance.local_temp(str(home), overrides={"event_log_storage": {"module": module, "class": name, "config": config}})


def retell(history: History, instance: dg.DagsterInstance, batch: int) -> None:
    """Store the history's events in this instance, `batch` at a time (1: one by one)."""
    for run in history.runs:
        instance.add_run(copy(run, job_snapshot_id=None, execution_plan_snapshot_id=None))
    for start in range(0, len(history.events), batch):
        part = history.events[start : start + batch]
        if batch == 1:
            instance.event_log_storage.store_event(part[0])
        else:
            instance.event_log_storage.store_event_batch(part)


def materialization(run_id: str, asset: str, partition: str, at: float) -> EventLogEntry:
    """One materialization, as a step writes it, at `at` seconds of the epoch."""
    data = StepMaterializationData(dg.AssetMaterialization(asset, partition=partition, tags={"dagster/data_version": partition}))
    return _told(DagsterEventType.ASSET_MATERIALIZATION, data, run_id, asset, at)


def observation(run_id: str, asset: str, partition: str, at: float) -> EventLogEntry:
    """One observation."""
    return _told(
        DagsterEventType.ASSET_OBSERVATION, AssetObservationData(dg.AssetObservation(asset, partition=partition)), run_id, asset, at
    )


def plan(run_id: str, asset: str, partition: str, at: float) -> EventLogEntry:
    """One materialization that a run intends."""
    data = AssetMaterializationPlannedData(dg.AssetKey(asset), partition=partition)
    return _told(DagsterEventType.ASSET_MATERIALIZATION_PLANNED, data, run_id, asset, at)


def _told(kind: DagsterEventType, data: Any, run_id: str, asset: str, at: float) -> EventLogEntry:
    told = DagsterEvent(kind.value, "job", step_key=asset, event_specific_data=data)
    return EventLogEntry(None, 10, "", run_id, at, asset, "job", told)


def ours(base_dir: Path) -> EventLogStorage:
    """Our storage, without an instance."""
    from marketdata_assets.defs.event_log.storage import EmbeddedEventLogStorage

    return EmbeddedEventLogStorage(str(base_dir))
