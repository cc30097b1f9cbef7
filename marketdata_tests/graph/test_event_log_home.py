"""dagster.yaml as it lies in the project: every Dagster command, with and without DAGSTER_HOME, uses one history under data/dagster."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest
import yaml

from marketdata_assets.core.faults import ConfigFault
from marketdata_assets.defs.event_log.storage import EmbeddedEventLogStorage
from marketdata_tests.graph.event_log_history import prices

GRAPH = """
import dagster as dg

parts = dg.StaticPartitionsDefinition([f"{y}|{s}" for y in (2023, 2024) for s in ("AAPL", "MSFT")])

@dg.asset(partitions_def=parts, backfill_policy=dg.BackfillPolicy.single_run())
def bars(context: dg.AssetExecutionContext):
    context.log.info(f"{len(context.partition_keys)} partitions published")
    return dg.MaterializeResult()

defs = dg.Definitions([bars], executor=dg.in_process_executor)
"""


@pytest.fixture
def home(project: Path, tmp_path: Path) -> Path:
    """A folder with the project's dagster.yaml and a small graph."""
    shutil.copy(project / "dagster.yaml", tmp_path)
    (tmp_path / "graph.py").write_text(GRAPH)
    return tmp_path


def dagster(folder: Path, *command: str, home: Path | None = None) -> subprocess.CompletedProcess[str]:
    """What a person types in `folder`."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("DAGSTER")} | ({"DAGSTER_HOME": str(home)} if home else {})
    return subprocess.run([sys.executable, "-m", "dagster", *command], cwd=folder, env=env, capture_output=True, text=True, check=False)


def test_the_instance_of_the_project_is_what_dagster_yaml_says(home: Path) -> None:
    told = dagster(home, "instance", "info", home=home)
    assert told.returncode == 0, told.stderr
    info = next(yaml.safe_load_all(told.stdout.split("-----------------------\n", 1)[1].split("\n\n\nStorage", 1)[0]))
    assert info["event_log_storage"]["class"] == "EmbeddedEventLogStorage"
    assert info["telemetry"] == {"enabled": False}
    revisions = yaml.safe_load(told.stdout.split("---------------------\n")[-1])["schema"]["event_log_storage"]
    assert revisions["current"] == revisions["latest"] is not None
    assert (home / "data/dagster/events/event_log.db").is_file()
    assert sorted(p.name for p in home.iterdir()) == ["dagster.yaml", "data", "graph.py"], "nothing else is strewn about"


def test_a_plain_command_in_the_project_folder_keeps_its_history(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ran = dagster(home, "asset", "materialize", "-f", "graph.py", "--select", "bars", "--partition-range", "2023|AAPL...2024|MSFT")
    assert ran.returncode == 0, ran.stderr
    assert "4 partitions published" in ran.stderr
    assert ran.stderr.count("ASSET_MATERIALIZATION") == 0, "the terminal is not told every partition"
    assert sorted(p.name for p in home.iterdir() if p.name != "__pycache__") == ["dagster.yaml", "data", "graph.py"]
    monkeypatch.chdir(home)
    monkeypatch.setenv("DAGSTER_HOME", str(home))
    with dg.DagsterInstance.get() as instance:
        assert [run.status for run in instance.get_runs()] == [dg.DagsterRunStatus.SUCCESS], "with DAGSTER_HOME the same run is seen"
        assert len(instance.get_materialized_partitions(dg.AssetKey("bars"))) == 4


def test_a_relative_folder_away_from_the_project_is_refused(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    monkeypatch.setenv("DAGSTER_HOME", str(home))
    with pytest.raises(ConfigFault, match="run dagster in the project folder"):
        dg.DagsterInstance.get()


def test_a_relative_folder_is_refused_before_anything_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigFault, match=r"holds no dagster\.yaml"):
        EmbeddedEventLogStorage("data/dagster/events")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "dagster.yaml").touch()
    EmbeddedEventLogStorage("data/dagster/events").dispose()
    assert (tmp_path / "data/dagster/events/event_log.db").is_file()


def test_events_come_in_batches_of_the_configured_size_unless_the_environment_says_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DAGSTER_EVENT_BATCH_SIZE", raising=False)
    ours = {"module": EmbeddedEventLogStorage.__module__, "class": "EmbeddedEventLogStorage"}
    config = {"base_dir": str(tmp_path / "events"), "batch_size": 4}
    whole = {"dagster/asset_partition_range_start": "2023|AAPL", "dagster/asset_partition_range_end": "2024|MSFT"}
    sizes: list[int] = []
    with dg.DagsterInstance.local_temp(str(tmp_path), overrides={"event_log_storage": {**ours, "config": config}}) as instance:
        log = instance.event_log_storage
        store = log.store_event_batch
        monkeypatch.setattr(log, "store_event_batch", lambda events: (sizes.append(len(events)), store(events)))
        dg.materialize([prices], instance=instance, tags=whole)
        assert [n for n in sizes if n > 1] == [4, 2, 4, 2], "six partitions planned, six made"
        monkeypatch.setenv("DAGSTER_EVENT_BATCH_SIZE", "6")
        sizes.clear()
        dg.materialize([prices], instance=instance, tags=whole)
        assert [n for n in sizes if n > 1] == [6, 6]
