"""Adjusted views: exact arithmetic, effective at the open of the ex-date, as they were known, refused where nobody can tell."""

from __future__ import annotations

from datetime import UTC, date, datetime
from itertools import pairwise

import polars as pl
import pytest

from marketdata_assets.core.faults import QueryFault
from marketdata_assets.schemas.splits import SPLIT_EVENTS
from marketdata_assets.transforms.adjust import AdjustmentFault, adjusted
from marketdata_tests.support.price_paths import KNOWN, reports

D1, D2, D3, D4 = (date(2024, 3, d) for d in (4, 5, 6, 7))
LATER = datetime(2026, 6, 1, tzinfo=UTC)


def bars(*closes: float, symbol: str = "X", known_at: datetime = KNOWN) -> pl.DataFrame:
    days = [D1, D2, D3, D4][: len(closes)]
    return pl.DataFrame(
        {"symbol": symbol, "session": days, "open": closes, "close": closes, "volume": [1000.0] * len(days), "volume_basis": "raw"}
    ).with_columns(known_at=pl.lit(known_at).cast(pl.Datetime("us", "UTC")))


def splits(*told: tuple[date, float | None], verdict: str = "applied", known_at: datetime = KNOWN, **more: object) -> pl.DataFrame:
    rows = [
        {
            "symbol": "X",
            "ex_date": day,
            "ratio": ratio,
            "verdict": verdict,
            "known_at": known_at,
            "conflicting": False,
            "hidden_in_gap": False,
            "reported_ratios": "a 2.0; b 3.0",
            **more,
        }
        for day, ratio in told
    ]
    return SPLIT_EVENTS.conform(pl.DataFrame(rows)) if rows else SPLIT_EVENTS.empty()


def closes(frame: pl.DataFrame) -> list[float | None]:
    return frame["close"].to_list()


def test_raw_is_what_was_traded() -> None:
    told = bars(46.99, 48.30, 24.96)
    assert adjusted(told, splits((D3, 2.0)), "raw").equals(told)


def test_sessions_before_a_split_are_scaled_and_the_ex_date_is_not() -> None:
    view = adjusted(bars(46.99, 48.30, 24.96), splits((D3, 2.0)), "split")
    assert closes(view) == [23.495, 24.15, 24.96]
    assert view["volume"].to_list() == [2000.0, 2000.0, 1000.0]


def test_ratios_of_later_splits_multiply() -> None:
    view = adjusted(bars(840.0, 120.0, 60.0, 480.0), splits((D2, 7.0), (D3, 2.0), (D4, 0.125)), "split")
    assert closes(view) == [840.0 / 1.75, 480.0, 480.0, 480.0]


def test_price_times_volume_stays() -> None:
    told = bars(645.57, 93.7, 94.25).with_columns(vwap=pl.col("close") * 1.01)
    view = adjusted(told, splits((D2, 7.0)), "split")
    for price in ("close", "vwap", "open"):
        assert (view[price] * view["volume"]).to_list() == pytest.approx((told[price] * told["volume"]).to_list(), rel=1e-15)


def test_a_volume_that_came_adjusted_is_left_alone() -> None:
    told = bars(100.0, 50.0).with_columns(volume_basis=pl.lit("split_adjusted"))
    assert adjusted(told, splits((D2, 2.0)), "split")["volume"].to_list() == [1000.0, 1000.0]


def test_a_split_and_then_a_dividend() -> None:
    paid = reports(("X", D4, 0.08, "a"), kind="cash_dividend")
    view = adjusted(bars(46.99, 48.30, 24.96, 24.95), splits((D3, 2.0)), "split+dividend", dividends=paid)
    assert [round(c or 0, 2) for c in closes(view)] == [23.42, 24.07, 24.88, 24.95]


def test_a_dividend_on_the_day_of_a_split_is_per_new_share() -> None:
    """Two for one and 1.00 a new share: 100 before are 50, of which 1 leaves, 49."""
    paid = reports(("X", D2, 1.0, "a"), kind="cash_dividend")
    view = adjusted(bars(100.0, 49.0), splits((D2, 2.0)), "split+dividend", dividends=paid)
    assert closes(view) == pytest.approx([49.0, 49.0], rel=1e-15)
    assert closes(adjusted(bars(100.0, 49.0), splits((D2, 2.0)), "split", dividends=paid)) == [50.0, 49.0]


def test_the_same_dividend_from_two_sources_counts_once_and_two_amounts_are_refused() -> None:
    twice = reports(("X", D2, 1.0, "a"), ("X", D2, 1.0, "b"), kind="cash_dividend")
    assert closes(adjusted(bars(50.0, 49.0), splits(), "split+dividend", dividends=twice)) == [49.0, 49.0]
    apart = reports(("X", D2, 1.0, "a"), ("X", D2, 1.5, "b"), kind="cash_dividend")
    with pytest.raises(AdjustmentFault, match=r"a 1\.0; b 1\.5"):
        adjusted(bars(50.0, 49.0), splits(), "split+dividend", dividends=apart)
    assert closes(adjusted(bars(50.0, 49.0), splits(), "split", dividends=apart)) == [50.0, 49.0]


def test_a_dividend_as_large_as_the_price_is_refused() -> None:
    paid = reports(("X", D2, 50.0, "a"), kind="cash_dividend")
    with pytest.raises(AdjustmentFault, match="not smaller than the close before it"):
        adjusted(bars(50.0, 49.0), splits(), "split+dividend", dividends=paid)


def test_contradicting_reports_refuse_the_adjusted_view_and_serve_the_raw_one() -> None:
    conflict = splits((D3, None), verdict="refused", conflicting=True)
    with pytest.raises(AdjustmentFault, match=r"sources contradict each other: a 2\.0; b 3\.0") as refusal:
        adjusted(bars(46.99, 48.30, 24.96), conflict, "split")
    assert refusal.value.context["symbol"] == "X"
    assert closes(adjusted(bars(46.99, 48.30, 24.96), conflict, "raw")) == [46.99, 48.30, 24.96]


def test_a_contradiction_before_the_first_bar_is_of_no_account() -> None:
    assert closes(adjusted(bars(10.0, 11.0), splits((D1, None), verdict="refused", conflicting=True), "split")) == [10.0, 11.0]


def test_a_contradiction_that_a_person_settled_is_applied() -> None:
    settled = splits((D3, 2.0), conflicting=True)
    assert closes(adjusted(bars(46.99, 48.30, 24.96), settled, "split")) == [23.495, 24.15, 24.96]


def test_values_before_a_gap_that_may_hide_a_split_are_missing() -> None:
    hidden = splits((D3, None), verdict="refused", hidden_in_gap=True)
    view = adjusted(bars(100.0, 101.0, 51.0, 52.0), hidden, "split")
    assert closes(view) == [None, None, 51.0, 52.0]
    assert view["volume"].to_list() == [None, None, 1000.0, 1000.0]
    with pytest.raises(AdjustmentFault, match="sessions before it have no bar"):
        adjusted(bars(100.0, 101.0, 51.0), hidden, "split", on_gap="refuse")


@pytest.mark.parametrize("verdict", ["refused", "proposed"])
def test_refused_and_proposed_splits_change_nothing(verdict: str) -> None:
    assert closes(adjusted(bars(100.0, 50.0), splits((D2, 2.0), verdict=verdict), "split")) == [100.0, 50.0]


def test_what_becomes_known_later_changes_nothing_as_of_then_to_the_bit() -> None:
    told, known = bars(840.0, 120.0, 60.0), splits((D2, 7.0))
    paid = reports(("X", D2, 0.5, "a"), kind="cash_dividend")
    view = adjusted(told, known, "split+dividend", KNOWN, dividends=paid)
    future = pl.concat([known, splits((D3, 2.0), known_at=LATER)])
    more = pl.concat([paid, reports(("X", D3, 0.7, "a"), kind="cash_dividend", known_at=LATER)])
    grown = pl.concat([told, bars(1.0, 1.0, 1.0, 99.0, known_at=LATER).tail(1)])
    assert adjusted(grown, future, "split+dividend", KNOWN, dividends=more).equals(view)
    assert adjusted(grown, future, "split+dividend", LATER, dividends=more).height == 4


def test_returns_across_bars_do_not_depend_on_later_splits() -> None:
    """The level knows the future, the ratio of two adjusted closes does not."""
    prices = [840.0, 123.45, 61.7, 60.2]
    now = closes(adjusted(bars(*prices), splits((D2, 7.0), (D3, 2.0)), "split"))
    then = closes(adjusted(bars(*prices[:2]), splits((D2, 7.0)), "split"))
    moves = [[b / a for a, b in pairwise(c)] for c in (now, then)]  # type: ignore[operator]
    assert moves[0][0] == pytest.approx(moves[1][0], rel=1e-15)


def test_symbols_and_the_order_of_rows_are_kept_apart() -> None:
    other = bars(10.0, 11.0, 12.0, symbol="A")
    both = pl.concat([bars(100.0, 50.0, 51.0), other]).reverse()
    view = adjusted(both, splits((D2, 2.0)), "split")
    assert view.select("symbol", "session").equals(both.select("symbol", "session"))
    assert closes(view) == [12.0, 11.0, 10.0, 51.0, 50.0, 50.0]


def test_bars_within_a_day_go_by_their_session() -> None:
    hours = pl.concat([bars(100.0, 50.0), bars(101.0, 51.0)]).sort("session")
    assert closes(adjusted(hours, splits((D2, 2.0)), "split")) == [50.0, 50.5, 50.0, 51.0]


def test_another_way_of_adjusting_is_refused() -> None:
    with pytest.raises(QueryFault, match=r"raw, split, split\+dividend"):
        adjusted(bars(1.0), splits(), "total")  # type: ignore[arg-type]


def test_no_bars_and_no_events() -> None:
    assert adjusted(bars(1.0).clear(), splits(), "split").height == 0
    assert closes(adjusted(bars(5.0), splits(), "split+dividend")) == [5.0]
