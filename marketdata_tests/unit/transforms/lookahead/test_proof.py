from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from marketdata_assets.transforms.lookahead.compare import ROW, differences
from marketdata_assets.transforms.lookahead.cuts import cut_dates
from marketdata_assets.transforms.lookahead.inputs import PanelInputs, announced
from marketdata_assets.transforms.lookahead.leaks import LEAKS
from marketdata_assets.transforms.lookahead.market import small_market
from marketdata_assets.transforms.lookahead.mutations import EVERYTHING, SINGLE, TRUNCATED, Mutation
from marketdata_assets.transforms.lookahead.planted import of_rows
from marketdata_assets.transforms.lookahead.proof import prove

MARKET = small_market()
MIDDLE = MARKET.sessions[80]


def panel(*rows: tuple[int, str, float | None]) -> pl.DataFrame:
    frame = pl.DataFrame(rows, schema={"day": pl.Int64, "symbol": pl.String, "f_x": pl.Float64}, orient="row")
    return frame.select(date=pl.date(2024, 1, 1) + pl.duration(days="day"), symbol="symbol", f_x="f_x")


def known_by(inputs: PanelInputs, day: date) -> list[pl.DataFrame]:
    spells = [
        frame.filter(pl.col("effective_from") <= day).with_columns(pl.when(pl.col("effective_to") <= day).then("effective_to"))
        for frame in (inputs.members, inputs.listings)
    ]
    return [
        inputs.bars.filter(pl.col("session") <= day).sort("symbol", "session"),
        inputs.events.filter(announced(inputs.events) <= day).sort("symbol", "ex_date"),
        *(frame.sort("symbol", "effective_from") for frame in spells),
        inputs.sectors.filter(pl.col("effective_from").is_null() | (pl.col("effective_from") <= day)).sort("symbol", "effective_from"),
        inputs.revisions.filter(pl.col("known_on") <= day).sort("symbol", "session"),
    ]


@pytest.mark.parametrize("mutation", [*SINGLE, TRUNCATED, EVERYTHING], ids=lambda mutation: mutation.name)
def test_a_mutation_leaves_everything_that_was_known_by_then(mutation: Mutation) -> None:
    for seed in range(5):
        changed = mutation.change(MARKET, MIDDLE, np.random.default_rng(seed))
        for now, was in zip(known_by(changed, MIDDLE), known_by(MARKET, MIDDLE), strict=True):
            assert now.equals(was)


@pytest.mark.parametrize("mutation", [*SINGLE, TRUNCATED], ids=lambda mutation: mutation.name)
def test_a_mutation_changes_something_after_the_day(mutation: Mutation) -> None:
    changed = mutation.change(MARKET, MIDDLE, np.random.default_rng(1))
    tables = ("bars", "events", "members", "sectors", "listings", "revisions")
    assert any(not getattr(changed, name).equals(getattr(MARKET, name)) for name in tables)


def test_other_prices_alone_miss_what_depends_on_anything_else() -> None:
    """Mutating prices alone catches about half of real leaks: the other changes are not decoration."""
    prices = next(mutation for mutation in SINGLE if mutation.name == "prices")
    missed = []
    for leak in LEAKS:
        before = leak.build(MARKET)
        after = [leak.build(prices.change(MARKET, cut, np.random.default_rng(0))) for cut in (MIDDLE,)]
        if all(differences(before, other, MIDDLE).is_empty() for other in after):
            missed.append(leak.name)
    assert len(missed) > 10


def test_a_last_bit_is_a_difference() -> None:
    told = differences(panel((1, "A", 0.1)), panel((1, "A", np.nextafter(0.1, 1.0))), date(2024, 1, 2))
    assert told.select("column", "rows", "symbol").rows() == [("f_x", 1, "A")]


@pytest.mark.parametrize(("was", "now"), [(0.0, -0.0), (None, 0.0), (0.0, None), (1.0, float("nan"))])
def test_zeros_nulls_and_nans_are_told_apart(was: float | None, now: float | None) -> None:
    assert differences(panel((1, "A", was)), panel((1, "A", now)), date(2024, 1, 2)).height == 1


def test_equal_panels_do_not_differ_whatever_the_order_of_their_rows() -> None:
    rows = panel((1, "A", 1.0), (1, "B", float("nan")), (2, "A", None))
    assert differences(rows, rows.reverse(), date(2024, 1, 5)).is_empty()


def test_rows_after_the_day_are_not_compared() -> None:
    assert differences(panel((1, "A", 1.0), (4, "A", 1.0)), panel((1, "A", 1.0), (4, "A", 9.0)), date(2024, 1, 3)).is_empty()


def test_a_row_that_comes_or_goes_is_told_and_the_others_are_still_compared() -> None:
    told = differences(panel((1, "A", 1.0), (2, "A", 2.0)), panel((1, "A", 5.0), (1, "B", 1.0)), date(2024, 1, 4))
    assert told.select("column", "rows").rows() == [(ROW, 2), ("f_x", 1)]


def test_a_repeated_row_is_a_difference() -> None:
    assert differences(panel((1, "A", 1.0)), panel((1, "A", 1.0), (1, "A", 1.0)), date(2024, 1, 4))["column"].to_list() == [ROW]


def test_a_column_that_only_one_panel_has_differs() -> None:
    one = panel((1, "A", 1.0))
    assert differences(one, one.with_columns(f_y=1.0), date(2024, 1, 4))["column"].to_list() == ["f_y"]


def test_the_proof_says_which_change_shows_through_where() -> None:
    leak = next(leak for leak in LEAKS if leak.name == "sector map of today")
    changes = MARKET.sectors.filter(pl.col("effective_from").is_not_null())
    day = max(day for day in MARKET.sessions if day < changes["effective_from"].max())
    proof = prove(leak.build, MARKET, [day], seed=2)
    assert {"truncated", "everything", "sectors"} <= set(proof.leaks["mutation"])
    assert not {"prices", "volumes", "events", "members", "revisions"} & set(proof.leaks["mutation"])
    assert proof.leaking == ["f"]
    assert proof.leaks["cut"].unique().to_list() == [day]


def test_a_panel_that_differs_from_itself_is_reported_as_that() -> None:
    draws = np.random.default_rng(0)

    def unstable(inputs: PanelInputs) -> pl.DataFrame:
        return of_rows(inputs.bars, pl.lit(draws.random()))

    proof = prove(unstable, MARKET, [], seed=0)
    assert proof.leaks.select("mutation", "column").rows() == [("nothing", "f")]


def test_a_panel_without_rows_is_no_proof_of_a_leak() -> None:
    assert prove(lambda inputs: of_rows(inputs.bars.clear(), pl.lit(1.0)), MARKET, [MIDDLE]).passed


def test_cut_days_are_as_many_as_asked_for_and_the_same_for_a_seed() -> None:
    days = MARKET.sessions
    assert cut_dates(MARKET, days, 10, seed=4) == cut_dates(MARKET, days, 10, seed=4)
    assert len(set(cut_dates(MARKET, days, 10, seed=4))) == 10
    assert cut_dates(MARKET, days, 10, seed=4) != cut_dates(MARKET, days, 10, seed=5)
    assert set(cut_dates(MARKET, days[:4], 10)) == set(days[:3])
    assert cut_dates(MARKET, days[:1], 3) == []


def test_every_other_cut_lies_before_something_that_happens() -> None:
    only = replace(MARKET, members=MARKET.members.clear(), listings=MARKET.listings.clear(), sectors=MARKET.sectors.clear())
    only = replace(
        only, revisions=MARKET.revisions.clear(), bars=MARKET.bars.filter(pl.col("symbol") == "S01"), events=MARKET.events.head(1)
    )
    ex_date = only.events["ex_date"][0]
    before = max(day for day in only.sessions if day < ex_date)
    assert before in cut_dates(only, only.sessions, 2, seed=9)


def test_a_pause_of_a_symbol_is_a_telling_day() -> None:
    bars = pl.DataFrame(
        {
            "symbol": ["A"] * 8 + ["B"] * 10,
            "session": [date(2024, 1, 1) + timedelta(days=n) for n in (*range(4), *range(6, 10), *range(10))],
        }
    ).with_columns(open=1.0, high=1.0, low=1.0, close=1.0, volume=1.0)
    inputs = PanelInputs(bars)
    chosen = [cut_dates(inputs, inputs.sessions, 2, seed=seed) for seed in range(8)]
    assert all({date(2024, 1, 5), date(2024, 1, 6)} & set(days) for days in chosen)
