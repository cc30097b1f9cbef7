from __future__ import annotations

from pathlib import Path

import pytest

from marketdata_assets.market_data import MarketData
from marketdata_tests.support.s3_server import s3_server as s3_server
from marketdata_tests.support.small_lake import small_lake


@pytest.fixture(scope="package")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A filled lake that no test writes to; a test that does makes its own."""
    made = tmp_path_factory.mktemp("lake")
    small_lake(made)
    return made


@pytest.fixture
def market(folder: Path) -> MarketData:
    return MarketData(folder / "marketdata.yaml")
