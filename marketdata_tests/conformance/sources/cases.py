"""The recorded answers of the vendors that are in the tree, as parameters of tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from marketdata_assets.sources.registry import vendor_names
from marketdata_tests.conformance.sources.case import Case, Recorded, case_of
from marketdata_tests.conformance.sources.recorded import RECORDED

PRESENT = [recorded for recorded in RECORDED if recorded.source in vendor_names()]


def _parameters(chosen: list[Recorded]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("recorded", chosen, ids=lambda r: r.fixture.removesuffix(".json"))


RECORDINGS = _parameters(PRESENT)
IN_ROWS = _parameters([r for r in PRESENT if not r.whole])
WITH_ROWS = _parameters([r for r in PRESENT if not r.empty])
EMPTY = _parameters([r for r in PRESENT if r.empty])
BARS = _parameters([r for r in PRESENT if r.timeframe and not r.empty])


def loaded(recorded: Recorded, shared: Path) -> Case:
    """The case of a recorded answer."""
    return case_of(recorded, shared / "fixtures")
