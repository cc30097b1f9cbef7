"""Reported figures asked of a vendor over loopback: kept, joined with their acceptance, asked again without a row too many."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from marketdata_assets.core import clock
from marketdata_assets.core.instruments import format_instruments
from marketdata_assets.market_data import MarketData
from marketdata_assets.pipeline.fundamentals import fetch, filed, publish_fundamentals, told
from marketdata_assets.pipeline.platform import Platform, open_platform
from marketdata_assets.sandbox.market import simulate
from marketdata_assets.sandbox.wire.server import serving
from marketdata_assets.settings import load_settings
from marketdata_tests.support.platforms import write_config
from marketdata_tests.support.wire_world import CALM

SYMBOLS = ("ALDERA", "HELIOX")


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Platform]:
    market = simulate(CALM)
    monkeypatch.setenv("SEC_USER_AGENT", "Example Research admin@example.com")
    with serving(market, ["sec"], limits=False) as server:
        write_config(
            tmp_path,
            "us_equities",
            {"edgar": {"vendor": "sec", "base_url": server.urls["sec"], "timeframes": []}},
            fundamentals={"vendor": "sec", "source": "edgar"},
        )
        (tmp_path / "instruments.csv").write_text(format_instruments(market.instruments.get(symbol) for symbol in SYMBOLS))
        with clock.frozen(market.spec.update_received):
            yield open_platform(load_settings(tmp_path / "marketdata.yaml", {}))


def test_filers_are_found_by_the_list_of_tickers_and_a_stranger_is_told(served: Platform) -> None:
    failed = fetch(served, [*SYMBOLS, "NOBODY"])
    assert set(failed) == {"NOBODY"}
    assert "names its CIK" in str(failed["NOBODY"])
    rows = filed(served)
    assert set(rows["symbol"].drop_nulls()) == set(SYMBOLS)
    assert rows["accepted_at"].null_count() == 0
    assert rows.filter(pl.col("usable_from") < pl.col("filed_on")).is_empty()


def test_asking_again_adds_nothing_and_the_published_years_answer(served: Platform) -> None:
    fetch(served, SYMBOLS)
    before = told(served)
    fetch(served, SYMBOLS)
    assert [frame.height for frame in told(served)] == [frame.height for frame in before]
    years = [str(year) for year in range(2009, clock.now().year + 1)]
    assert sum(publish_fundamentals(served, years).values()) == filed(served).height
    market = MarketData(served.settings.config_path)
    concept = filed(served).filter(pl.col("symbol") == "ALDERA")["concept"][0]
    assert market.fundamentals("ALDERA", concept, date(2100, 1, 1)).height > 0
