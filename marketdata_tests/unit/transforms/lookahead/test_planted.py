"""The proof catches every planted leak and stays silent on every clean panel."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from marketdata_assets.transforms.lookahead.cuts import cut_dates
from marketdata_assets.transforms.lookahead.leaks import LEAKS
from marketdata_assets.transforms.lookahead.market import small_market
from marketdata_assets.transforms.lookahead.planted import CLEAN, Planted
from marketdata_assets.transforms.lookahead.proof import Proof, prove

MARKET = small_market()
CUTS = cut_dates(MARKET, MARKET.sessions[5:], 14, seed=3)


def judged(panel: Planted, seed: int = 1) -> Proof:
    return prove(panel.build, MARKET, CUTS, seed=seed)


def test_at_least_thirty_leaks_are_planted_and_no_name_twice() -> None:
    assert len({leak.name for leak in LEAKS}) == len(LEAKS) >= 30
    assert all(leak.later for leak in LEAKS)
    assert not [clean.name for clean in CLEAN if clean.later]


def test_the_documents_count_the_leaks(project: Path) -> None:
    assert f"{len(LEAKS)} panels with a leak in each" in (project / "docs" / "feature-panel.md").read_text()


@pytest.mark.parametrize("leak", LEAKS, ids=lambda leak: leak.name)
def test_a_planted_leak_is_caught(leak: Planted) -> None:
    proof = judged(leak)
    assert not proof.passed, f"not caught: it knows {leak.later}"
    assert proof.leaks.filter(pl.col("mutation") == "nothing").is_empty()


@pytest.mark.parametrize("clean", CLEAN, ids=lambda clean: clean.name)
def test_a_clean_panel_is_left_alone(clean: Planted) -> None:
    proof = judged(clean)
    assert proof.passed, proof.leaks
    assert clean.build(MARKET)["f"].n_unique() > 1, "a constant proves nothing"
