"""The statements of a batch: event table, searched tags, asset rows and check results, all inside the caller's transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from dagster._core.definitions.asset_checks.asset_check_evaluation import AssetCheckEvaluation, AssetCheckEvaluationPlanned
from dagster._core.errors import DagsterInvariantViolationError
from dagster._core.events import DagsterEventType
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecordStatus
from sqlalchemy.engine import Connection

from marketdata_assets.defs.event_log.rows import Row, planned_per_partition, stamp

# SQL as text: building these statements through SQLAlchemy costs more than SQLite takes to run them.
LAST_EVENT = "SELECT coalesce(max(id), 0) FROM event_logs"
ADD_EVENT = """INSERT INTO event_logs (id, run_id, event, dagster_event_type, timestamp, step_key, asset_key, partition)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)"""
ADD_TAG = 'INSERT INTO asset_event_tags (event_id, asset_key, "key", value, event_timestamp) VALUES (?, ?, ?, ?, ?)'
PUT_ASSET = """INSERT INTO asset_keys (asset_key, last_materialization, last_run_id, last_materialization_timestamp)
    VALUES (?, ?, ?, ?) ON CONFLICT (asset_key) DO UPDATE SET
    last_materialization = coalesce(excluded.last_materialization, last_materialization),
    last_run_id = coalesce(excluded.last_run_id, last_run_id),
    last_materialization_timestamp = coalesce(excluded.last_materialization_timestamp, last_materialization_timestamp)"""
ADD_CHECK = """INSERT INTO asset_check_executions (execution_status, evaluation_event, evaluation_event_timestamp,
    evaluation_event_storage_id, materialization_event_storage_id, asset_key, check_name, run_id, partition)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"""
CONCLUDE_CHECK = """UPDATE asset_check_executions SET execution_status = ?, evaluation_event = ?, evaluation_event_timestamp = ?,
    evaluation_event_storage_id = ?, materialization_event_storage_id = ?
    WHERE asset_key = ? AND check_name = ? AND run_id = ? AND partition IS ?"""


def add_events(conn: Connection, rows: Sequence[Row]) -> list[int]:
    """Append to the event table; the storage ids, rising in the order given.

    SQLite would give each row the highest id plus one. Under the write lock nobody else can take those, so they are known
    without asking for each.
    """
    last = conn.exec_driver_sql(LAST_EVENT).scalar_one()
    ids = list(range(last + 1, last + 1 + len(rows)))
    conn.exec_driver_sql(ADD_EVENT, [(number, *row.values) for number, row in zip(ids, rows, strict=True)])
    return ids


def add_tags(conn: Connection, tagged: Sequence[tuple[int, Row, Mapping[str, str]]]) -> None:
    """Append the searched tags of these stored events."""
    values = [(number, row.asset_key, key, text, row.at) for number, row, tags in tagged for key, text in tags.items()]
    if values:
        conn.exec_driver_sql(ADD_TAG, values)


def put_asset(conn: Connection, asset_key: str, values: Mapping[str, Any]) -> None:
    """One row an asset: added, or the given columns replaced."""
    at = values.get("last_materialization_timestamp")
    moment = stamp(at) if isinstance(at, datetime) else None
    conn.exec_driver_sql(PUT_ASSET, (asset_key, values.get("last_materialization"), values.get("last_run_id"), moment))


def put_check(conn: Connection, number: int, row: Row) -> None:
    """The check's rows for this run: planned, one a partition, or concluded.

    A conclusion that was not planned, or belongs to no run, is a row of its own. DagsterInvariantViolationError when a
    check was planned twice for one partition of one run.
    """
    if row.told is None:
        return
    if row.told.event_type == DagsterEventType.ASSET_CHECK_EVALUATION_PLANNED:
        _plan(conn, number, row, row.told.asset_check_planned_data)
        return
    evaluation = row.told.asset_check_evaluation_data
    values = (*_conclusion(evaluation, number, row), *_which(evaluation, row), evaluation.partition)
    concluded = conn.exec_driver_sql(CONCLUDE_CHECK, values).rowcount if row.event.run_id else 0
    if concluded > 1:
        raise DagsterInvariantViolationError(
            f"{concluded} rows, of duplicate planned events, answer to the evaluation of {evaluation.asset_check_key}"
        )
    if concluded == 0:
        conn.exec_driver_sql(ADD_CHECK, values)


def _plan(conn: Connection, number: int, row: Row, planned: AssetCheckEvaluationPlanned) -> None:
    status, which = AssetCheckExecutionRecordStatus.PLANNED.value, _which(planned, row)
    parts = [(status, text, row.at, number, None, *which, partition) for partition, text in planned_per_partition(row, planned)]
    if parts:
        conn.exec_driver_sql(ADD_CHECK, parts)


def _which(told: AssetCheckEvaluation | AssetCheckEvaluationPlanned, row: Row) -> tuple[str, str, str]:
    return told.asset_key.to_string(), told.check_name, row.event.run_id


def _conclusion(evaluation: AssetCheckEvaluation, number: int, row: Row) -> tuple[Any, ...]:
    status = AssetCheckExecutionRecordStatus.SUCCEEDED if evaluation.passed else AssetCheckExecutionRecordStatus.FAILED
    target = evaluation.target_materialization_data
    return status.value, row.values[1], row.at, number, target.storage_id if target else None
