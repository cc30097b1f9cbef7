"""Which numbers are ratios that companies declare, and which are quotients of prices in a split column."""

from __future__ import annotations

import polars as pl
import pytest

from marketdata_assets.transforms.splits.ratios import with_declared


def declared(*ratios: float | None) -> list[float | None]:
    return with_declared(pl.DataFrame({"ratio": ratios}, schema={"ratio": pl.Float64}))["declared"].to_list()


WRITTEN = [(7.00000700001, 7.0), (1.499999, 1.5), (0.3333, 1 / 3), (1.333, 4 / 3), (0.06667, 1 / 15), (0.03125, 1 / 32), (1.999856, 2.0)]
WRITTEN += [(1.0499999475, 1.05), (1.1099998779, 1.11), (50.0, 50.0), (0.125, 0.125), (1.25, 1.25), (0.8, 0.8)]


@pytest.mark.parametrize(("written", "meant"), WRITTEN)
def test_a_rounding_is_read_as_what_was_declared(written: float, meant: float) -> None:
    assert declared(written) == [meant]


@pytest.mark.parametrize("written", [1.046, 1.324, 1.589, 1.402, 1.837, 1.275, 1.175, 1.122, 1.068833, 1.235, 0.365, 1.957])
def test_spin_offs_of_the_manifests_are_no_ratios_anybody_declares(written: float) -> None:
    assert declared(written) == [None]


def test_nothing_and_nonsense_are_no_ratio_and_rows_keep_their_order() -> None:
    assert declared(None, 2.0, 0.0, -3.0, 1.5, None) == [None, 2.0, None, None, 1.5, None]
