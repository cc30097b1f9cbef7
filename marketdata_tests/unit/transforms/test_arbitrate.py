from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl
import pytest

from marketdata_assets.schemas.bars import VALIDATED_BARS
from marketdata_assets.transforms.arbitrate import arbitrate
from marketdata_tests.support.bar_frames import bars

DAY = date(2024, 3, 4)


def validated(*rows: dict[str, Any], flags: list[str] | None = None, penalty: float = 0.0) -> pl.DataFrame:
    kept = bars(*rows, day=DAY).with_columns(flags=pl.lit(flags or [], pl.List(pl.String)), penalty=pl.lit(penalty))
    return VALIDATED_BARS.validate(arbitrate(kept, priority=["alpha", "beta", "gamma"], tolerance_bps=50.0))


def said(source: str, close: float, **more: Any) -> dict[str, Any]:
    return {"source": source, "close": close, **more}


def test_the_first_source_by_priority_is_taken_when_all_agree() -> None:
    bar = validated(said("gamma", 10.01), said("beta", 10.0), said("alpha", 10.02)).row(0, named=True)
    assert (bar["source"], bar["n_sources"], bar["n_agreeing"], bar["quality_flags"], bar["quality_score"]) == ("alpha", 3, 3, "", 100.0)
    assert bar["max_deviation_bps"] == pytest.approx(0.02 / 10.02 * 1e4)


def test_an_outlier_is_passed_over_and_the_bar_is_flagged() -> None:
    bar = validated(said("alpha", 36.27), said("beta", 22.9), said("gamma", 22.9)).row(0, named=True)
    assert (bar["source"], bar["n_agreeing"], bar["quality_flags"], bar["quality_score"]) == ("beta", 2, "source_deviates", 95.0)


def test_two_sources_that_disagree_leave_it_to_priority_with_a_flag() -> None:
    bar = validated(said("alpha", 10.0), said("beta", 11.0)).row(0, named=True)
    assert (bar["source"], bar["n_sources"], bar["n_agreeing"]) == ("alpha", 2, 1)
    assert (bar["quality_flags"], bar["quality_score"], bar["max_deviation_bps"]) == ("sources_disagree", 75.0, pytest.approx(1000.0))


def test_a_source_alone_is_taken_as_it_is() -> None:
    bar = validated(said("gamma", 10.0)).row(0, named=True)
    assert (bar["n_sources"], bar["n_agreeing"], bar["max_deviation_bps"], bar["quality_flags"]) == (1, 1, 0.0, "")


def test_adjusted_prices_take_no_part() -> None:
    bar = validated(said("alpha", 5.0, price_basis="split_adjusted"), said("beta", 10.0)).row(0, named=True)
    assert (bar["source"], bar["n_sources"], bar["quality_flags"]) == ("beta", 1, "")
    assert validated(said("alpha", 5.0, price_basis="split_adjusted")).height == 0


def test_a_source_without_priority_comes_last() -> None:
    assert validated(said("aaa_unlisted", 10.0), said("gamma", 10.0))["source"].to_list() == ["gamma"]


def test_the_score_falls_by_the_points_of_every_flag_and_not_below_nothing() -> None:
    disputed = [said("alpha", 10.0), said("beta", 11.0)]
    bar = validated(*disputed, flags=["zero_volume", "jump_unexplained"], penalty=30.0).row(0, named=True)
    assert (bar["quality_flags"], bar["quality_score"]) == ("jump_unexplained,sources_disagree,zero_volume", 45.0)
    assert validated(*disputed, penalty=90.0)["quality_score"].to_list() == [0.0]


def test_neighbouring_bars_and_symbols_do_not_mix() -> None:
    rows = [
        said("alpha", 10.0),
        said("beta", 10.0, symbol="BBB"),
        {**said("alpha", 10.0), "day": date(2024, 3, 5)},
        {**said("beta", 99.0), "day": date(2024, 3, 5)},
    ]
    result = validated(*rows)
    assert result.select("symbol", "session", "n_sources").rows() == [("AAA", DAY, 1), ("AAA", date(2024, 3, 5), 2), ("BBB", DAY, 1)]


def test_nothing_in_nothing_out() -> None:
    assert validated().height == 0
