"""The default simulated market, made once."""

from __future__ import annotations

import pytest

from marketdata_assets.sandbox.market import Market, simulate


@pytest.fixture(scope="session")
def market() -> Market:
    return simulate()
