from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl

from marketdata_assets.core.timeframes import timeframe
from marketdata_assets.schemas.audit import COVERAGE, QUARANTINE
from marketdata_assets.schemas.bars import VALIDATED_BARS
from marketdata_assets.transforms.arbitrate import arbitrate
from marketdata_assets.transforms.coverage import coverage
from marketdata_tests.support.bar_frames import at, bars, round_the_clock, weekday_sessions

MONDAY = date(2024, 3, 4)
WEEK = (MONDAY, MONDAY + timedelta(days=7))
SESSIONS = weekday_sessions(date(2024, 2, 1), date(2024, 4, 1))
NO_BARS = VALIDATED_BARS.empty()


def validated(*rows: dict[str, Any], **common: Any) -> pl.DataFrame:
    return arbitrate(
        bars(*rows, **common).with_columns(flags=pl.lit([], pl.List(pl.String)), penalty=0.0), priority=["alpha"], tolerance_bps=50
    )


def refused(day: date, rule: str = "high_below_body", *, stamp: datetime | None = None, line: int = 1, symbol: str = "AAA") -> pl.DataFrame:
    row = {"symbol": symbol, "filed_under": day, "timestamp": stamp, "source": "alpha", "rule": rule, "reason": "", "row": "{}"}
    return QUARANTINE.conform(
        pl.DataFrame([{**row, "known_at": at(day), "payload_sha256": "a" * 64, "line": line}], schema=QUARANTINE.polars_schema)
    )


def days_of(
    bars: pl.DataFrame,
    quarantine: pl.DataFrame | None = None,
    *,
    tf: str = "1d",
    window: tuple[date, date] = WEEK,
    sessions: pl.DataFrame = SESSIONS,
    spans: list[tuple[str, str, date, date]] | None = None,
    listed: tuple[date | None, date | None] = (None, None),
    **more: Any,
) -> list[dict[str, Any]]:
    told = coverage(
        bars,
        QUARANTINE.empty() if quarantine is None else quarantine,
        sessions=sessions,
        symbols=pl.DataFrame([("AAA", *listed)], schema={"symbol": pl.String, "listed_on": pl.Date, "delisted_on": pl.Date}, orient="row"),
        spans=pl.DataFrame(spans or [], schema={"symbol": pl.String, "source": pl.String, "first": pl.Date, "last": pl.Date}, orient="row"),
        window=window,
        timeframe=timeframe(tf),
        **more,
    )
    COVERAGE.validate(told)
    assert told.select((pl.col("expected") == pl.col("received") + pl.col("quarantined") + pl.col("missing")).all()).item()
    return told.to_dicts()


def states(rows: list[dict[str, Any]]) -> list[str]:
    return [row["state"] for row in rows]


def day(n: int) -> date:
    return MONDAY + timedelta(days=n)


def test_a_day_with_its_bar_is_complete_and_needs_no_reason() -> None:
    rows = days_of(validated(*({"day": day(n)} for n in range(5))))
    assert states(rows) == ["complete"] * 5
    assert {row["reason"] for row in rows} == {""}


def test_a_day_without_a_bar_is_absent_inside_a_delivery_and_not_fetched_outside() -> None:
    rows = days_of(NO_BARS, spans=[("AAA", "alpha", day(1), day(2)), ("BBB", "alpha", day(0), day(4))])
    assert states(rows) == ["not_fetched", "vendor_absent", "vendor_absent", "not_fetched", "not_fetched"]
    assert rows[1]["reason"] == "nothing came from alpha"


def test_spans_that_touch_or_overlap_cover_their_days_together() -> None:
    spans = [("AAA", "beta", day(0), day(4)), ("AAA", "alpha", day(1), day(1)), ("AAA", "alpha", day(3), day(3))]
    assert states(days_of(NO_BARS, spans=spans)) == ["vendor_absent"] * 5
    assert states(days_of(NO_BARS, spans=spans[1:])) == ["not_fetched", "vendor_absent", "not_fetched", "vendor_absent", "not_fetched"]


def test_a_refused_bar_is_quarantined_with_its_rules() -> None:
    both = pl.concat([refused(day(0), stamp=at(day(0))), refused(day(0), "low_above_body", stamp=at(day(0)))])
    row = days_of(NO_BARS, both)[0]
    assert (row["expected"], row["received"], row["quarantined"], row["missing"]) == (1, 0, 1, 0)
    assert (row["state"], row["reason"]) == ("quarantined", "refused by high_below_body, low_above_body")


def test_a_refused_bar_that_another_source_has_is_no_loss() -> None:
    rows = days_of(validated({"day": day(0), "source": "beta"}), refused(day(0), stamp=at(day(0))))
    assert (rows[0]["state"], rows[0]["quarantined"]) == ("complete", 0)


def test_a_daily_row_refused_for_the_hour_of_its_stamp_is_the_bar_of_its_day() -> None:
    evening = at(day(0)) + timedelta(hours=19)
    beside = days_of(validated({"day": day(0)}), refused(day(0), "off_grid", stamp=evening))[0]
    assert (beside["expected"], beside["state"]) == (1, "complete")
    twice = pl.concat([refused(day(0), "off_grid", stamp=evening), refused(day(0), stamp=at(day(0)), line=2)])
    assert days_of(NO_BARS, twice)[0]["quarantined"] == 1


def test_an_unreadable_row_counts_only_where_its_day_has_room() -> None:
    note = refused(day(0), "footnote")
    assert states(days_of(NO_BARS, note))[0] == "quarantined"
    assert states(days_of(validated({"day": day(0)}), note))[0] == "complete"
    two = pl.concat([note, refused(day(0), "footnote", line=2)])
    assert days_of(NO_BARS, two)[0]["quarantined"] == 1
    assert len(days_of(NO_BARS, refused(day(5), "footnote"))) == 5


def test_a_bar_on_a_closed_day_makes_a_day_that_still_adds_up() -> None:
    rows = days_of(NO_BARS, refused(day(6), "outside_session", stamp=at(day(6))))
    assert (len(rows), rows[-1]["date"], rows[-1]["state"]) == (6, day(6), "closed")
    assert (rows[-1]["expected"], rows[-1]["quarantined"]) == (1, 1)
    assert rows[-1]["reason"] == "came on a closed day, refused by outside_session"


def test_a_daily_bar_without_volume_traded_nothing() -> None:
    row = days_of(validated({"day": day(0), "volume": 0.0}))[0]
    assert (row["state"], row["received"], row["reason"]) == ("no_trade", 1, "the bar has no volume")


def test_a_halt_is_told_where_it_is_known() -> None:
    halts = pl.DataFrame({"symbol": ["AAA"], "date": [day(0)]})
    rows = days_of(validated({"day": day(1)}), halts=halts, spans=[("AAA", "alpha", day(0), day(4))])
    assert states(rows)[:3] == ["halted", "complete", "vendor_absent"]


def test_only_the_days_of_its_listing_are_expected_of_a_symbol() -> None:
    rows = days_of(NO_BARS, listed=(day(1), day(3)))
    assert [row["date"] for row in rows] == [day(1), day(2)]


def test_a_bar_outside_the_listing_is_told_and_adds_up() -> None:
    rows = days_of(validated({"day": day(0)}), listed=(day(3), None))
    assert [(row["date"], row["expected"], row["state"]) for row in rows] == [
        (day(0), 1, "complete"),
        (day(3), 1, "not_fetched"),
        (day(4), 1, "not_fetched"),
    ]


def test_a_day_with_adjusted_prices_only_says_so() -> None:
    kept = bars({"day": day(0), "price_basis": "split_adjusted"})
    rows = days_of(NO_BARS, kept=kept, spans=[("AAA", "alpha", day(0), day(4))])
    assert rows[0]["reason"] == "only adjusted prices came, from alpha"
    assert rows[1]["reason"] == "nothing came from alpha"


def minutes(start: datetime, n: int, without: tuple[int, ...] = ()) -> list[dict[str, Any]]:
    return [{"timestamp": start + timedelta(minutes=i), "session": start.date()} for i in range(n) if i not in without]


OPEN = datetime(2024, 3, 4, 14, 30, tzinfo=UTC)
ONE_DAY = (MONDAY, day(1))


def test_a_session_with_every_minute_is_complete_and_extended_hours_are_extras() -> None:
    extended = minutes(OPEN - timedelta(minutes=30), 480)
    row = days_of(validated(*extended), tf="1m", window=ONE_DAY)[0]
    assert (row["state"], row["expected"], row["received"], row["reason"]) == ("complete", 390, 390, "")


def test_minutes_nobody_traded_in_are_missing_without_blame_and_a_long_stretch_is_named() -> None:
    short = days_of(validated(*minutes(OPEN, 390, without=(7, 8))), tf="1m", window=ONE_DAY)[0]
    assert (short["state"], short["missing"], short["reason"]) == ("no_trade", 2, "2 bars absent")
    long = days_of(validated(*minutes(OPEN, 390, without=tuple(range(5, 19)))), tf="1m", window=ONE_DAY)[0]
    assert long["reason"] == "14 bars absent, none starts within 14:34-14:49"


def test_a_late_open_and_an_early_end_are_named_too() -> None:
    row = days_of(validated(*minutes(OPEN + timedelta(minutes=60), 300)), tf="1m", window=ONE_DAY)[0]
    assert row["reason"] == "90 bars absent, none starts within 14:30-15:30, 20:29-21:00"


def test_a_session_with_after_hours_bars_only_is_absent() -> None:
    after = minutes(OPEN + timedelta(minutes=400), 60)
    row = days_of(validated(*after), tf="1m", window=ONE_DAY, spans=[("AAA", "alpha", MONDAY, MONDAY)])[0]
    assert (row["state"], row["received"], row["missing"]) == ("vendor_absent", 0, 390)


def test_hours_cut_by_the_clock_fill_a_session_of_six_and_a_half() -> None:
    hours = [{"timestamp": datetime(2024, 3, 4, h, tzinfo=UTC), "session": MONDAY} for h in range(14, 21)]
    row = days_of(validated(*hours), tf="1h", window=ONE_DAY)[0]
    assert (row["state"], row["expected"], row["received"]) == ("complete", 7, 7)


def test_a_crypto_day_has_1440_minutes() -> None:
    sessions = round_the_clock(date(2024, 2, 1), date(2024, 4, 1))
    start = datetime(2024, 3, 10, tzinfo=UTC)
    row = days_of(
        validated(*minutes(start, 1440, without=(3,))), tf="1m", window=(date(2024, 3, 10), date(2024, 3, 11)), sessions=sessions
    )[0]
    assert (row["expected"], row["received"], row["missing"]) == (1440, 1439, 1)


def test_a_refused_minute_is_counted_among_those_that_came() -> None:
    stamp = OPEN + timedelta(minutes=3)
    row = days_of(validated(*minutes(OPEN, 390, without=(3,))), refused(MONDAY, stamp=stamp), tf="1m", window=ONE_DAY)[0]
    assert (row["received"], row["quarantined"], row["missing"], row["state"]) == (389, 1, 0, "quarantined")
