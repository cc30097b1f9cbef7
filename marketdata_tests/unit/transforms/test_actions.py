"""Announced events: versions, what stands, and what columns of bars announce."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import polars as pl

from marketdata_assets.schemas.actions import CORPORATE_ACTIONS, RAW_CORPORATE_ACTIONS
from marketdata_assets.schemas.bars import RAW_BARS
from marketdata_assets.transforms.actions import dated, of_columns, standing, versions

EX = date(2024, 6, 10)


def day(number: int) -> datetime:
    return datetime(2024, 6, number, 12, tzinfo=UTC)


def split(known: int, ratio: float = 2.0, **more: Any) -> dict[str, Any]:
    told = {"symbol": "AAA", "vendor_symbol": "AAA", "kind": "split", "ex_date": EX, "ratio": ratio, "known_at": day(known)}
    return {**told, "payload_sha256": f"p{known}", "line": 1, **more}


def announced(*rows: dict[str, Any]) -> pl.DataFrame:
    return dated(RAW_CORPORATE_ACTIONS.conform(pl.DataFrame(list(rows), schema=RAW_CORPORATE_ACTIONS.polars_schema)))


def told(rows: pl.DataFrame) -> list[tuple[int, float]]:
    return [(known.day, ratio) for known, ratio in rows.sort("known_at").select("known_at", "ratio").iter_rows()]


def test_a_repeated_event_is_one_version() -> None:
    assert told(versions(announced(split(1), split(2), split(3)))) == [(1, 2.0)]


def test_said_taken_back_and_said_again_are_three_versions() -> None:
    rows = announced(split(1), split(2, 3.0), split(3, 3.0), split(4))
    assert told(versions(rows)) == [(1, 2.0), (2, 3.0), (4, 2.0)]
    assert told(standing(versions(rows))) == [(4, 2.0)]


def test_the_order_of_arrival_makes_no_difference_and_versions_of_versions_are_the_same() -> None:
    rows = announced(split(1), split(2, 3.0), split(3), split(3, 4.0, line=2))
    once = versions(rows)
    assert versions(rows.reverse()).equals(once)
    assert versions(pl.concat([once, rows])).equals(once)


def test_later_answers_change_nothing_that_was_known_before() -> None:
    early = announced(split(1), split(2, 3.0))
    late = announced(split(1), split(2, 3.0), split(5, 5.0), split(6, kind="cash_dividend", ratio=None, amount=1.0))
    then = versions(late).filter(pl.col("known_at") <= day(2))
    assert then.equals(versions(early))


def test_two_different_events_of_one_day_and_answer_both_stand() -> None:
    both = announced(split(1), split(1, 3.0, line=2))
    assert told(standing(versions(both))) == [(1, 2.0), (1, 3.0)]


def test_an_event_that_moves_under_its_id_stands_on_its_new_day_alone() -> None:
    rows = announced(split(1, event_id="e1"), split(2, event_id="e1", ex_date=date(2024, 6, 11)))
    assert standing(versions(rows))["ex_date"].to_list() == [date(2024, 6, 11)]


def test_an_event_without_an_ex_date_is_dated_by_the_next_best_day() -> None:
    rename = {"kind": "rename", "ratio": None, "ex_date": None}
    rows = announced(split(1, **rename, process_date=date(2023, 1, 5)), split(1, **rename, line=2))
    assert rows.sort("line")["dated_on"].to_list() == [date(2023, 1, 5), date(2024, 6, 1)]


def test_columns_of_bars_tell_of_splits_and_dividends_and_of_nothing_where_they_say_one_and_zero() -> None:
    row = {
        "symbol": "AAA",
        "vendor_symbol": "aaa",
        "close": 1.0,
        "price_basis": "raw",
        "volume_basis": "raw",
        "tape": "t",
        "payload_sha256": "p",
    }
    days = [datetime(2024, 6, number, tzinfo=UTC) for number in (10, 11, 12, 13)]
    values = [(2.0, 0.0), (1.0, 0.25), (0.0, None), (None, 0.0)]
    bars = RAW_BARS.conform(
        pl.DataFrame(
            [
                {**row, "timestamp": at, "split_ratio": ratio, "dividend": paid, "known_at": day(20), "line": line}
                for line, (at, (ratio, paid)) in enumerate(zip(days, values, strict=True), start=1)
            ],
            infer_schema_length=None,
        )
    )
    found = of_columns(bars)
    assert found.select("kind", "ex_date", "ratio", "amount", "line").sort("ex_date").rows() == [
        ("split", date(2024, 6, 10), 2.0, None, 1),
        ("cash_dividend", date(2024, 6, 11), None, 0.25, 2),
    ]
    assert CORPORATE_ACTIONS.validate(found).height == 2
