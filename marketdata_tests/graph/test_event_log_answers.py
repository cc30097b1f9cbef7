"""Our event log and Dagster's own, told the same history, answer every question alike."""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.definitions.partitions.subset import DefaultPartitionsSubset
from dagster._core.storage.event_log.base import EventLogStorage
from dagster._core.storage.partition_status_cache import AssetStatusCacheValue
from dagster._serdes import deserialize_value

from marketdata_tests.graph.event_log_history import (
    FRESH,
    PARTITIONS,
    PRICES,
    History,
    instance_with,
    materialization,
    observation,
    plan,
    record,
    retell,
)
from marketdata_tests.graph.event_log_questions import questions

Told = dict[str, dg.DagsterInstance]
BATCHES = {"sharded": 1, "consolidated": 1, "ours": 1, "batched": 37}
TABLES = ("event_logs", "asset_keys", "asset_event_tags", "asset_check_executions", "secondary_indexes")


@pytest.fixture(scope="module")
def history() -> History:
    return record()


@pytest.fixture(scope="module")
def homes(history: History, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The history in Dagster's default log, in its consolidated log, and twice in ours: event by event and in batches."""
    folder = tmp_path_factory.mktemp("told")
    for name, batch in BATCHES.items():
        with instance_with(name, folder / name) as instance:
            retell(history, instance, batch)
    return folder


@pytest.fixture
def told(homes: Path, tmp_path: Path) -> Iterator[Told]:
    """An instance on a copy of each of them."""
    shutil.copytree(homes, tmp_path, dirs_exist_ok=True)
    with ExitStack() as opened:
        yield {name: opened.enter_context(instance_with(name, tmp_path / name)) for name in BATCHES}


def disagreements(told: Told, history: History) -> dict[str, list[str]]:
    asked = questions(history)
    answers = {name: {what: ask(instance.event_log_storage) for what, ask in asked.items()} for name, instance in told.items()}
    assert answers["sharded"], "there is something to ask"
    return {
        what: differing
        for what in asked
        if (differing := [name for name in ("ours", "batched", "consolidated") if answers[name][what] != answers["sharded"][what]])
    }


def everywhere(told: Told, change: Callable[[EventLogStorage], object]) -> None:
    for instance in told.values():
        change(instance.event_log_storage)


def rows(base_dir: Path, table: str) -> list[tuple[object, ...]]:
    with sqlite3.connect(base_dir / "event_log.db") as file:
        found = file.execute(f"SELECT * FROM {table} ORDER BY 1").fetchall()  # the name is one of TABLES
        names = [d[0] for d in file.execute(f"SELECT * FROM {table}").description]
    drop = {names.index(n) for n in ("create_timestamp", "migration_completed") if n in names}
    return [tuple(v for n, v in enumerate(row) if n not in drop) for row in found]


def test_the_same_history_gets_the_same_answers(told: Told, history: History) -> None:
    assert disagreements(told, history) == {}


def test_the_history_holds_what_the_questions_are_about(told: Told, history: History) -> None:
    log = told["ours"].event_log_storage
    assert log.get_materialized_partitions(PRICES) == set(PARTITIONS.get_partition_keys())
    answers = {what: ask(log) for what, ask in questions(history).items()}
    assert [what for what, answer in answers.items() if not answer] == []
    assert {status for _, _, status, _ in answers["check partitions"]} == {"SUCCEEDED", "FAILED", "PLANNED"}  # type: ignore[attr-defined]


def test_an_asset_that_is_wiped_is_gone_from_every_answer(told: Told, history: History) -> None:
    everywhere(told, lambda log: log.wipe_asset(PRICES))
    assert told["ours"].event_log_storage.get_materialized_partitions(PRICES) == set()
    # the sharded log forgets the tags of wiped events, the consolidated one keeps them for its runs
    assert disagreements(told, history) == {"changed versions": ["ours", "batched", "consolidated"]}


def test_a_deleted_run_is_gone_from_every_answer(told: Told, history: History) -> None:
    gone = history.runs[0].run_id
    everywhere(told, lambda log: log.delete_events(gone))
    assert told["ours"].event_log_storage.get_logs_for_run(gone) == []
    assert disagreements(told, history) == {}


def test_a_wiped_log_holds_nothing(told: Told, history: History) -> None:
    everywhere(told, lambda log: log.wipe())
    assert told["ours"].event_log_storage.all_asset_keys() == []
    assert disagreements(told, history) == {}
    retell_one = history.events[0]
    told["ours"].event_log_storage.store_event(retell_one)
    assert len(told["ours"].event_log_storage.get_logs_for_run(retell_one.run_id)) == 1


def test_the_partition_status_of_an_asset_is_kept_and_wiped(told: Told, history: History) -> None:
    subset = PARTITIONS.subset_with_partition_keys(["2024|MSFT"])
    value = AssetStatusCacheValue(1, "id", serialized_materialized_partition_subset=subset.serialize())
    everywhere(told, lambda log: log.update_asset_cached_status_data(PRICES, value))
    assert disagreements(told, history) == {}
    assert told["ours"].get_asset_records([PRICES])[0].asset_entry.cached_status == value
    everywhere(told, lambda log: log.wipe_asset_cached_status(PRICES))
    assert told["ours"].get_asset_records([PRICES])[0].asset_entry.cached_status is None


def test_dynamic_partitions_are_kept(told: Told) -> None:
    everywhere(told, lambda log: log.add_dynamic_partitions("symbols", ["B", "A", "C"]))
    everywhere(told, lambda log: log.add_dynamic_partitions("symbols", ["A", "D"]))
    everywhere(told, lambda log: log.delete_dynamic_partition("symbols", "B"))
    for instance in told.values():
        log = instance.event_log_storage
        assert log.get_dynamic_partitions("symbols") == ["A", "C", "D"]
        assert (log.has_dynamic_partition("symbols", "A"), log.has_dynamic_partition("symbols", "B")) == (True, False)
        page = log.get_paginated_dynamic_partitions("symbols", limit=2, ascending=True)
        assert (page.results, page.has_more) == (["A", "C"], True)


def test_the_tables_are_those_of_the_consolidated_log_byte_for_byte(told: Told, tmp_path: Path) -> None:
    for name in ("ours", "batched"):
        for table in TABLES:
            mine, stock = rows(tmp_path / name / "events", table), rows(tmp_path / "consolidated" / "events", table)
            assert [r for r in mine if "PLANNED" not in r] == [r for r in stock if "PLANNED" not in r], f"{table} of {name}"
            assert len(mine) == len(stock)


def test_a_planned_check_names_its_own_partition_and_no_other(told: Told, tmp_path: Path) -> None:
    checks = told["batched"].event_log_storage.get_asset_check_execution_history(FRESH, limit=50)
    planned = [check for check in checks if check.status.value == "PLANNED"]
    assert [r.partition for r in planned] == ["2024|MSFT"]
    assert planned[0].event is not None
    assert planned[0].event.get_dagster_event().asset_check_planned_data.partitions_subset == DefaultPartitionsSubset({"2024|MSFT"})
    stock = [r for r in rows(tmp_path / "consolidated" / "events", "asset_check_executions") if "PLANNED" in r]
    whole = deserialize_value(str(next(v for v in stock[0] if str(v).startswith("{"))))
    assert len(whole.dagster_event.asset_check_planned_data.partitions_subset) == 6  # type: ignore[attr-defined]


@pytest.mark.parametrize("seed", range(3))
def test_a_batch_of_any_events_in_any_order_leaves_the_tables_of_one_by_one(seed: int, tmp_path: Path) -> None:
    draw = random.Random(seed)
    events = [
        draw.choice([materialization, observation, plan])(draw.choice(["r1", "r2"]), draw.choice(["a", "b"]), draw.choice("xyz"), 1e9 + n)
        for n in range(24)
    ]
    with instance_with("consolidated", tmp_path / "consolidated") as stock, instance_with("ours", tmp_path / "ours") as mine:
        for start in range(0, len(events), 8):
            mine.event_log_storage.store_event_batch(events[start : start + 8])
            for event in events[start : start + 8]:
                stock.event_log_storage.store_event(event)
            for table in TABLES:
                assert rows(tmp_path / "ours/events", table) == rows(tmp_path / "consolidated/events", table), table
