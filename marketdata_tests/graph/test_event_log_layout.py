"""The file is Dagster's own layout, at Dagster's own revision; the internals that we extend are those we know."""

from __future__ import annotations

import inspect
import sqlite3
import zlib
from importlib.metadata import version
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.definitions.asset_checks.asset_check_evaluation import AssetCheckEvaluationPlanned
from dagster._core.events import ASSET_CHECK_EVENTS, ASSET_EVENTS
from dagster._core.instance import utils
from dagster._core.instance.methods.event_methods import EventMethods
from dagster._core.storage.event_log import ConsolidatedSqliteEventLogStorage, schema
from dagster._core.storage.event_log.base import EventLogStorage
from dagster._core.storage.event_log.sql_event_log import SqlEventLogStorage
from dagster._core.storage.sqlite import LAST_KNOWN_STAMPED_SQLITE_ALEMBIC_REVISION

from marketdata_assets.defs.event_log import writing
from marketdata_assets.defs.event_log.storage import EmbeddedEventLogStorage
from marketdata_tests.graph.event_log_history import History, instance_with, ours, record, retell
from marketdata_tests.graph.event_log_questions import questions

SIGNATURES = {
    SqlEventLogStorage.__init__: "(self)",
    SqlEventLogStorage._get_asset_entry_values: "(self, event, event_id, has_asset_key_index_cols)",
    SqlEventLogStorage.run_connection: "(self, run_id)",
    SqlEventLogStorage.index_connection: "(self)",
    SqlEventLogStorage.index_transaction: "(self)",
    SqlEventLogStorage.has_table: "(self, table_name)",
    SqlEventLogStorage.has_asset_key_col: "(self, column_name)",
    SqlEventLogStorage.has_secondary_index: "(self, name)",
    SqlEventLogStorage.delete_events: "(self, run_id)",
    SqlEventLogStorage.wipe: "(self)",
    SqlEventLogStorage.wipe_asset: "(self, asset_key)",
    SqlEventLogStorage.claim_concurrency_slot: "(self, concurrency_key, run_id, step_key, priority)",
    SqlEventLogStorage.reindex_events: "(self, print_fn, force)",
    SqlEventLogStorage.reindex_assets: "(self, print_fn, force)",
    EventLogStorage.store_event: "(self, event)",
    EventLogStorage.store_event_batch: "(self, events)",
    EventLogStorage.get_asset_tags_to_index: "(self, tag_keys)",
    EventLogStorage.watch: "(self, run_id, cursor, callback)",
    EventLogStorage.end_watch: "(self, run_id, handler)",
    EventMethods._get_event_batch_size: "(self)",
    EventMethods.handle_new_event: "(self, event, batch_metadata)",
    utils._get_event_batch_size: "()",
}
# What the stock class does when it stores an event, statement by statement. When one of these changes, read it and follow.
STORING = {
    "store_event": 1585772955,
    "_event_to_row": 1367229121,
    "_store_asset_event": 570648967,
    "_get_asset_entry_values": 467609811,
    "_store_asset_event_tags": 1104947102,
    "_tags_for_asset_event": 1174684036,
    "store_asset_check_event": 1215297831,
    "_store_asset_check_evaluation_planned": 1759799840,
    "_store_runless_asset_check_evaluation": 2903297546,
    "_update_asset_check_evaluation": 2974934359,
}


@pytest.fixture(scope="module")
def history() -> History:
    return record()


def answers(instance: dg.DagsterInstance, history: History) -> dict[str, object]:
    return {what: ask(instance.event_log_storage) for what, ask in questions(history).items()}


def test_dagsters_consolidated_storage_reads_what_ours_wrote_and_writes_on(history: History, tmp_path: Path) -> None:
    with instance_with("ours", tmp_path) as mine:
        retell(history, mine, 50)
        said = answers(mine, history)
    with instance_with("consolidated", tmp_path) as stock:
        assert answers(stock, history) == said
        stock.event_log_storage.store_event(history.events[0])
    with instance_with("ours", tmp_path) as mine:
        assert mine.event_log_storage.get_maximum_record_id() == len(history.events) + 1


def test_ours_reads_what_dagsters_consolidated_storage_wrote(history: History, tmp_path: Path) -> None:
    with instance_with("consolidated", tmp_path) as stock:
        retell(history, stock, 1)
        said = answers(stock, history)
    with instance_with("ours", tmp_path) as mine:
        assert answers(mine, history) == said
        revision, head = mine.event_log_storage.alembic_version() or (None, None)
        assert revision == LAST_KNOWN_STAMPED_SQLITE_ALEMBIC_REVISION, "such a file has none; ours gives it Dagster's own guess"
        mine.upgrade()
        assert mine.event_log_storage.alembic_version() == (head, head)
        assert answers(mine, history) == said


def test_a_fresh_file_has_dagsters_tables_indexes_and_revision(tmp_path: Path) -> None:
    ours(tmp_path / "mine").dispose()
    ConsolidatedSqliteEventLogStorage(str(tmp_path / "stock"))
    made = []
    for folder in ("mine", "stock"):
        with sqlite3.connect(tmp_path / folder / "event_log.db") as file:
            made.append(file.execute("SELECT type, name, sql FROM sqlite_master ORDER BY name").fetchall())
            assert file.execute("PRAGMA journal_mode").fetchone() == ("wal",)
            assert len(file.execute("SELECT name FROM secondary_indexes WHERE migration_completed IS NOT NULL").fetchall()) == 2
    assert made[0] == made[1]
    log = ours(tmp_path / "mine")
    current, head = log.alembic_version() or (None, None)
    assert current == head is not None


def test_a_file_system_without_a_write_ahead_log_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from marketdata_assets.core.faults import StorageFault
    from marketdata_assets.defs.event_log import schema as preparing

    monkeypatch.setattr(preparing, "WAL", "PRAGMA journal_mode=DELETE")
    with pytest.raises(StorageFault, match="no write-ahead log"):
        ours(tmp_path)


def test_every_column_that_dagster_has_is_written_or_left_to_its_default() -> None:
    written = {
        schema.SqlEventLogStorageTable: (writing.ADD_EVENT, set()),
        schema.AssetEventTagsTable: (writing.ADD_TAG, {"id"}),
        schema.AssetKeyTable: (
            writing.PUT_ASSET,
            {"id", "asset_details", "wipe_timestamp", "tags", "create_timestamp", "cached_status_data"},  # set by wipes and caches
        ),
        schema.AssetCheckExecutionsTable: (writing.ADD_CHECK, {"id", "create_timestamp"}),
    }
    for table, (statement, left) in written.items():
        named = statement.split("(", 1)[1].split(")", 1)[0].replace('"', "")
        assert {name.strip() for name in named.split(",")} | left == set(table.columns.keys()), table.name


def test_the_internals_that_we_extend_have_the_signatures_we_know() -> None:
    found = {method: "(" + ", ".join(inspect.signature(method).parameters) + ")" for method in SIGNATURES}
    assert found == SIGNATURES, "the event-log storage extends these: adapt it, then this table"
    assert list(inspect.signature(EmbeddedEventLogStorage.watch).parameters) == ["self", "run_id", "cursor", "callback"]
    assert {e.value for e in ASSET_CHECK_EVENTS} == {"ASSET_CHECK_EVALUATION", "ASSET_CHECK_EVALUATION_PLANNED"}
    assert {"ASSET_MATERIALIZATION", "ASSET_OBSERVATION", "ASSET_MATERIALIZATION_PLANNED"} <= {e.value for e in ASSET_EVENTS}
    assert list(inspect.signature(AssetCheckEvaluationPlanned).parameters) == ["asset_key", "check_name", "partitions_subset"]


def test_what_the_stock_class_does_to_store_an_event_is_what_we_followed() -> None:
    changed = {name: found for name, known in STORING.items() if (found := fingerprint(name)) != known}
    assert not changed, (
        f"Dagster {version('dagster')} stores events differently: read these, follow in writing.py and rows.py, then note {changed}"
    )


def fingerprint(method: str) -> int:
    return zlib.crc32(inspect.getsource(getattr(SqlEventLogStorage, method)).encode())
