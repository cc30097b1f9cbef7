from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from marketdata_assets.cli.app import app
from marketdata_tests.support.small_lake import small_lake

Run = Callable[..., Result]


@pytest.fixture(scope="package")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A filled lake that no test writes to; a test that does makes its own."""
    made = tmp_path_factory.mktemp("lake")
    small_lake(made)
    return made


@pytest.fixture
def run(folder: Path) -> Run:
    """Runs a command on the filled lake, or in the folder given as `at`."""

    def invoke(*words: str, at: Path | None = None, **options: object) -> Result:
        return CliRunner().invoke(app, [*words, "--config", str((at or folder) / "marketdata.yaml")], **options)  # type: ignore[arg-type]

    return invoke
