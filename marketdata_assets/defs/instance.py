"""Which Dagster instance remembers what runs from the terminal do."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from pathlib import Path
from typing import Any

from dagster import DagsterInstance
from dagster._core.instance.ref import InstanceRef

from marketdata_assets.settings import Settings

# Dagster's capture of what a run prints takes the terminal's own output with it, progress bars included.
_NO_CAPTURE: Any = {"compute_logs": {"module": "dagster._core.storage.noop_compute_log_manager", "class": "NoOpComputeLogManager"}}


@contextmanager
def instance_of(settings: Settings, home: Path | None) -> Iterator[DagsterInstance]:
    """The instance at `home` (DAGSTER_HOME), else the one whose dagster.yaml lies beside marketdata.yaml, else one in memory.

    The first two are those that the UI shows. Storage folders in dagster.yaml are relative to the folder it lies in, which is the working
    directory within the block.
    """
    at = home or settings.config_path.parent
    if not (at / "dagster.yaml").exists():
        with DagsterInstance.ephemeral() as instance:
            yield instance
        return
    with chdir(at), DagsterInstance.from_ref(InstanceRef.from_dir(os.fspath(at), overrides=_NO_CAPTURE)) as instance:
        yield instance
