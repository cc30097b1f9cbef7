"""Rectangles: few, disjoint, exact where few suffice, and never short of a partition."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketdata_assets.defs.rectangles import Rectangle, rectangles
from marketdata_assets.lake.layout import PartitionKey

PERIODS = [str(year) for year in range(2001, 2011)]
SYMBOLS = [f"S{i}" for i in range(8)]


def keys(*texts: str) -> set[PartitionKey]:
    return {PartitionKey(*text.split("|")) for text in texts}


def told(found: list[Rectangle]) -> list[str]:
    return [str(rectangle) for rectangle in found]


def covered(found: list[Rectangle]) -> list[PartitionKey]:
    return [PartitionKey(p, s) for rectangle in found for p in PERIODS for s in SYMBOLS if rectangle.holds(PartitionKey(p, s))]


def test_nothing_is_no_rectangle() -> None:
    assert rectangles(set(), PERIODS, SYMBOLS, 8) == []


def test_one_partition_is_one_rectangle_of_itself() -> None:
    assert told(rectangles(keys("2004|S2"), PERIODS, SYMBOLS, 8)) == ["2004|S2...2004|S2"]


def test_a_full_block_of_symbols_and_years_is_one_rectangle() -> None:
    block = {PartitionKey(p, s) for p in PERIODS for s in SYMBOLS[1:5]}
    assert told(rectangles(block, PERIODS, SYMBOLS, 8)) == ["2001|S1...2010|S4"]


def test_symbols_that_do_not_adjoin_are_rectangles_of_their_own() -> None:
    assert told(rectangles(keys("2004|S1", "2004|S3"), PERIODS, SYMBOLS, 8)) == ["2004|S1...2004|S1", "2004|S3...2004|S3"]


def test_years_that_do_not_adjoin_are_rectangles_of_their_own() -> None:
    assert told(rectangles(keys("2002|S1", "2005|S1"), PERIODS, SYMBOLS, 8)) == ["2002|S1...2002|S1", "2005|S1...2005|S1"]


def test_too_many_are_joined_where_it_takes_along_the_fewest_others() -> None:
    ragged = {PartitionKey(p, s) for i, s in enumerate(SYMBOLS[:3]) for p in PERIODS[i * 2 :]}
    found = rectangles(ragged, PERIODS, SYMBOLS, 2)
    assert told(found) == ["2001|S0...2010|S1", "2005|S2...2010|S2"]


def test_keys_outside_the_partitions_are_left_out() -> None:
    assert rectangles(keys("1999|S1", "2004|ZZZ"), PERIODS, SYMBOLS, 8) == []


@given(
    wanted=st.sets(st.tuples(st.sampled_from(PERIODS), st.sampled_from(SYMBOLS)), max_size=40),
    at_most=st.integers(1, 12),
)
def test_every_key_lies_in_exactly_one_rectangle_and_there_are_never_too_many(wanted: set[tuple[str, str]], at_most: int) -> None:
    asked = {PartitionKey(*key) for key in wanted}
    found = rectangles(asked, PERIODS, SYMBOLS, at_most)
    inside = covered(found)
    assert len(found) <= at_most
    assert len(inside) == len(set(inside))
    assert asked <= set(inside)


@given(wanted=st.sets(st.tuples(st.sampled_from(PERIODS), st.sampled_from(SYMBOLS)), max_size=12))
def test_where_enough_rectangles_are_allowed_no_other_partition_is_taken_along(wanted: set[tuple[str, str]]) -> None:
    asked = {PartitionKey(*key) for key in wanted}
    assert set(covered(rectangles(asked, PERIODS, SYMBOLS, 1000))) == asked


@pytest.mark.parametrize("text", ["2003|S1", "2005|S3"])
def test_both_ends_belong_to_a_rectangle(text: str) -> None:
    assert Rectangle(PartitionKey("2003", "S1"), PartitionKey("2005", "S3")).holds(PartitionKey(*text.split("|")))
