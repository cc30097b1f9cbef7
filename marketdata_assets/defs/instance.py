"""Which Dagster instance remembers what runs from the terminal do."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from pathlib import Path

from dagster import DagsterInstance

from marketdata_assets.settings import Settings


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
    with chdir(at), DagsterInstance.from_config(os.fspath(at)) as instance:
        yield instance
