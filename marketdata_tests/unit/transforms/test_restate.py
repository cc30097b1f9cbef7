from __future__ import annotations

from datetime import UTC, date, datetime

import polars as pl

from marketdata_assets.schemas.bars import RAW_BARS
from marketdata_assets.transforms.restate import restatements
from marketdata_tests.support.bar_frames import raw

DAY = date(2024, 3, 4)


def version(hour: int, close: float, payload: str, *, line: int = 1, **more: object) -> pl.DataFrame:
    return raw(
        {
            "day": DAY,
            "close": close,
            "known_at": datetime(2024, 3, 5, hour, tzinfo=UTC),
            "payload_sha256": payload * 64,
            "line": line,
            **more,
        }
    )


def closes(frame: pl.DataFrame) -> list[float]:
    return frame["close"].to_list()


def test_the_first_version_of_a_bar_is_added() -> None:
    assert closes(restatements(RAW_BARS.empty(), version(1, 10.0, "a"))) == [10.0]


def test_a_payload_that_repeats_what_is_known_adds_nothing() -> None:
    known = version(1, 10.0, "a")
    assert restatements(known, version(2, 10.0, "b")).equals(known)


def test_a_payload_landed_again_adds_nothing() -> None:
    known = restatements(RAW_BARS.empty(), version(1, 10.0, "a"))
    assert restatements(known, known).equals(known)


def test_a_correction_is_a_second_version_and_the_first_one_stays() -> None:
    assert closes(restatements(version(1, 10.0, "a"), version(2, 11.0, "b"))) == [10.0, 11.0]


def test_a_value_that_returns_is_a_version_again() -> None:
    first_two = restatements(version(1, 10.0, "a"), version(2, 11.0, "b"))
    assert closes(restatements(first_two, version(3, 10.0, "c"))) == [10.0, 11.0, 10.0]


def test_two_payloads_give_the_same_rows_in_either_order() -> None:
    a, b = version(1, 10.0, "a"), version(2, 10.0, "b")
    assert restatements(a, b).equals(restatements(b, a))
    assert closes(restatements(b, a)) == [10.0]


def test_a_repetition_left_out_comes_back_when_it_is_handed_over_with_what_lay_between() -> None:
    a, between, b = version(1, 10.0, "a"), version(2, 11.0, "c"), version(3, 10.0, "b")
    folded = restatements(a, b)
    assert closes(folded) == [10.0]
    assert closes(restatements(folded, pl.concat([between, b]))) == [10.0, 11.0, 10.0]


def test_any_value_makes_a_version_and_a_spelling_does_not() -> None:
    known = version(1, 10.0, "a")
    assert restatements(known, version(2, 10.0, "b", split_ratio=2.0)).height == 2
    assert restatements(known, version(2, 10.0, "b", price_basis="split_adjusted")).height == 2
    assert restatements(known, version(2, 10.0, "b", vendor_symbol="aaa.us")).height == 1


def test_a_null_and_a_number_differ_and_two_nulls_do_not() -> None:
    known = version(1, 10.0, "a", volume=None)
    assert restatements(known, version(2, 10.0, "b", volume=None)).height == 1
    assert restatements(known, version(2, 10.0, "b", volume=0.0)).height == 2


def test_a_bar_said_twice_in_one_payload_is_one_version_of_two_rows() -> None:
    twice = pl.concat([version(1, 10.0, "a"), version(1, 12.0, "a", line=2)])
    again = pl.concat([version(2, 12.0, "b"), version(2, 10.0, "b", line=2)])
    known = restatements(RAW_BARS.empty(), twice)
    assert closes(known) == [10.0, 12.0]
    assert restatements(known, again).equals(known)
    assert closes(restatements(known, version(2, 10.0, "b"))) == [10.0, 12.0, 10.0]


def test_nothing_folded_into_nothing_is_nothing() -> None:
    assert restatements(RAW_BARS.empty(), RAW_BARS.empty()).height == 0
