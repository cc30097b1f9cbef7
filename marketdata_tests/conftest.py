"""What every test may ask for: the folder of real vendor files, when it lies beside the project."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

PROJECT = Path(__file__).resolve().parent.parent
SHARED = PROJECT.parent / "shared"

# A machine under load must not fail a property; how long a draw takes says nothing about it.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")


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
