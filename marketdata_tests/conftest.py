"""What every test may ask for: the folder of real vendor files, when it lies beside the project."""

from __future__ import annotations

from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent
SHARED = PROJECT.parent / "shared"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not (SHARED / "realdata").is_dir():
        skip = pytest.mark.skip(reason="real vendor files are not beside the project (../shared/realdata)")
        for item in items:
            if "realdata" in item.keywords:
                item.add_marker(skip)
    if not config.getoption("-m"):
        full = pytest.mark.skip(reason="the long form runs by `make reliability`")
        for item in items:
            if "full" in item.keywords:
                item.add_marker(full)


@pytest.fixture(scope="session")
def project() -> Path:
    return PROJECT


@pytest.fixture(scope="session")
def shared() -> Path:
    return SHARED


@pytest.fixture(scope="session")
def realdata() -> Path:
    return SHARED / "realdata"
