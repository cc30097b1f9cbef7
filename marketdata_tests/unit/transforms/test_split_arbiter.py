"""The arbiter: who reports what, whether the price bears it out, which vendor errs, and what becomes of it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import polars as pl

from marketdata_assets.schemas.actions import SPLIT_DECISIONS
from marketdata_assets.schemas.splits import SPLIT_EVENTS
from marketdata_assets.transforms.splits.arbiter import split_events
from marketdata_tests.support.price_paths import DAYS, KNOWN, SESSIONS, market, one_day, reports, scaled, split, walk

DAY = DAYS[150]
QUIET = market()
SPLIT = split(walk("X", 1, 100.0), DAY, 2.0)
STILL = walk("X", 1, 100.0)


def events(bars: pl.DataFrame, told: pl.DataFrame, **more: object) -> pl.DataFrame:
    return SPLIT_EVENTS.validate(split_events(pl.concat([QUIET, bars.select(QUIET.columns)]), SESSIONS, told, **more))  # type: ignore[arg-type]


def verdicts(bars: pl.DataFrame, told: pl.DataFrame, **more: object) -> list[tuple[object, ...]]:
    return events(bars, told, **more).select("symbol", "ex_date", "ratio", "verdict", "vendor_errors").rows()


def covering(*sources: str) -> pl.DataFrame:
    return pl.DataFrame({"symbol": "X", "source": sources, "first": DAYS[0], "last": DAYS[-1]})


def decision(what: str, ratio: float | None = None, day: date = DAY, at: datetime = KNOWN) -> pl.DataFrame:
    row = {"symbol": "X", "ex_date": day, "decision": what, "ratio": ratio, "decided_by": "me", "reason": "seen", "known_at": at}
    return SPLIT_DECISIONS.conform(pl.DataFrame([row]))


def test_a_reported_split_that_the_price_shows_is_applied() -> None:
    row = events(SPLIT, reports(("X", DAY, 2.0, "a"), ("X", DAY, 2.0, "b"))).row(0, named=True)
    assert (row["verdict"], row["ratio"], row["reported_by"], row["reported_ratios"]) == ("applied", 2.0, "a, b", "a 2.0; b 2.0")
    assert row["confirmed"]
    assert row["detected"]
    assert not row["conflicting"]
    assert row["vendor_errors"] == ""
    assert row["confidence"] > 0.999
    assert abs(row["overnight_ratio"] - 2.0) < 0.03
    assert abs(row["level_ratio"] - 2.0) < 0.1
    assert row["decided_on"] == DAYS[155]


def test_the_same_split_said_twice_counts_once() -> None:
    assert verdicts(SPLIT, reports(("X", DAY, 2.0, "a"), ("X", DAY, 2.0, "a"))) == [("X", DAY, 2.0, "applied", "")]


def test_roundings_of_one_ratio_do_not_contradict_each_other() -> None:
    sevenfold = split(walk("X", 1, 600.0), DAY, 7.0)
    assert verdicts(sevenfold, reports(("X", DAY, 7.00000700001, "a"), ("X", DAY, 7.0, "b"))) == [("X", DAY, 7.0, "applied", "")]


def test_two_ratios_for_one_day_are_refused() -> None:
    rows = events(SPLIT, reports(("X", DAY, 2.0, "a"), ("X", DAY, 3.0, "b")))
    assert rows.select("verdict", "conflicting", "ratio").rows() == [("refused", True, None)]
    assert rows["reason"].item() == "sources contradict each other: a 2.0; b 3.0"


def test_a_spin_off_in_a_split_column_is_named() -> None:
    spun = scaled(walk("X", 1, 50.0), DAY, 1 / 1.324)
    assert verdicts(spun, reports(("X", DAY, 1.324, "a"))) == [("X", DAY, 1.324, "refused", "spin_off_in_split_column: a")]


def test_an_announced_spin_off_is_no_split_and_nobodys_error() -> None:
    spun = scaled(walk("X", 1, 50.0), DAY, 1 / 1.5)
    told = reports(("X", DAY, 1.5, "a"), kind="spin_off")
    assert [r[3:] for r in verdicts(spun, told)] == [("refused", "")]


def test_a_split_that_the_price_does_not_show_is_a_phantom_where_others_show() -> None:
    seen = split(STILL, DAYS[60], 2.0)
    told = reports(("X", DAYS[60], 2.0, "a"), ("X", DAY, 3.0, "a"))
    assert verdicts(seen, told) == [("X", DAYS[60], 2.0, "applied", ""), ("X", DAY, 3.0, "refused", "phantom_split: a")]


def test_where_no_reported_split_shows_the_prices_were_adjusted_already() -> None:
    told = reports(("X", DAYS[60], 2.0, "a"), ("X", DAY, 3.0, "a"))
    assert [r[3:] for r in verdicts(STILL, told)] == [("refused", "prices_already_adjusted: a")] * 2


def test_a_split_reported_days_after_its_jump_is_late() -> None:
    told = reports(("X", DAYS[153], 2.0, "a"))
    assert verdicts(SPLIT, told, covering=covering("a")) == [
        ("X", DAY, 2.0, "applied", "missing_split: a"),
        ("X", DAYS[153], 2.0, "refused", "late_split: a"),
    ]


def test_a_source_that_is_silent_about_a_split_is_named() -> None:
    told = reports(("X", DAY, 2.0, "a"))
    assert verdicts(SPLIT, told, covering=covering("a", "b")) == [("X", DAY, 2.0, "applied", "missing_split: b")]


def test_silence_outside_the_days_a_source_covers_is_no_error() -> None:
    early = covering("a", "b").with_columns(last=pl.when(pl.col("source") == "b").then(DAYS[100]).otherwise("last"))
    assert [r[4] for r in verdicts(SPLIT, reports(("X", DAY, 2.0, "a")), covering=early)] == [""]


def test_a_wrong_ratio_is_proposed_as_what_the_price_shows() -> None:
    assert verdicts(SPLIT, reports(("X", DAY, 3.0, "a"))) == [("X", DAY, 2.0, "proposed", "wrong_ratio: a")]


def test_a_merger_of_shares_with_a_spin_off_is_applied_as_reported() -> None:
    """One for three, and 30 % of the value leaves on the same day: the price doubles."""
    both = split(scaled(walk("X", 1, 27.0), DAY, 0.7), DAY, 1 / 3)
    assert [r[3:] for r in verdicts(both, reports(("X", DAY, 0.3333, "a")))] == [("applied", "split_with_distribution: a")]


def test_a_certain_split_nobody_reports_is_applied_and_an_uncertain_one_proposed() -> None:
    sure = events(SPLIT, reports()).row(0, named=True)
    assert sure["confidence"] >= 0.99
    assert sure["verdict"] == "applied"
    assert sure["confirmed"] is None
    doubtful = split(walk("X", 1, 45.0, daily=0.02), DAY, 1.5)
    row = events(doubtful, reports()).row(0, named=True)
    assert 0.5 <= row["confidence"] < 0.99
    assert row["verdict"] == "proposed"


def test_an_unreported_split_waits_for_the_days_after_it() -> None:
    young = SPLIT.filter(pl.col("session") <= DAYS[152])
    row = events(young, reports()).row(0, named=True)
    assert row["verdict"] == "proposed"
    assert row["decided_on"] is None
    assert "not over" in row["reason"]


def test_a_fall_for_which_a_cash_dividend_is_reported_is_not_applied_as_a_split_too() -> None:
    paid = reports(("X", DAY, SPLIT.filter(pl.col("session") == DAYS[149])["close"].item() / 2, "a"), kind="cash_dividend")
    row = events(SPLIT, paid).row(0, named=True)
    assert (row["verdict"], row["ratio"], row["confidence"] > 0.99) == ("proposed", 2.0, True)
    assert "a cash dividend of" in row["reason"]
    small = reports(("X", DAY, 0.5, "a"), kind="cash_dividend")
    assert events(SPLIT, small)["verdict"].to_list() == ["applied"]


def test_a_split_announced_for_a_day_to_come_is_proposed() -> None:
    row = events(STILL, reports(("X", date(2019, 3, 1), 2.0, "a"))).row(0, named=True)
    assert (row["verdict"], row["confirmed"]) == ("proposed", None)


def test_a_report_on_a_new_listing_is_proposed_because_nobody_can_tell() -> None:
    row = events(SPLIT.filter(pl.col("session") >= DAYS[145]), reports(("X", DAY, 2.0, "a"))).row(0, named=True)
    assert (row["verdict"], row["confirmed"], row["confidence"]) == ("proposed", None, None)


def test_a_jump_across_a_gap_is_reported_and_nothing_inferred() -> None:
    gappy = SPLIT.filter(~pl.col("session").is_in(DAYS[140:150]))
    row = events(gappy, reports()).row(0, named=True)
    assert (row["hidden_in_gap"], row["verdict"], row["ratio"], row["missing_sessions"]) == (True, "refused", None, 10)


def test_a_reported_split_in_a_gap_is_applied_when_the_price_bears_it_out() -> None:
    gappy = SPLIT.filter(~pl.col("session").is_in(DAYS[147:153]))
    rows = events(gappy, reports(("X", DAY, 2.0, "a")))
    assert rows.select("ex_date", "verdict", "ratio", "hidden_in_gap").rows() == [(DAY, "applied", 2.0, False)]


def test_a_person_overrules_and_takes_it_back() -> None:
    told = reports(("X", DAY, 2.0, "a"), ("X", DAY, 3.0, "b"))
    later = KNOWN + timedelta(days=1)
    accepted, rejected = decision("accept", 2.0), decision("reject")
    assert [r[2:4] for r in verdicts(SPLIT, told, decisions=accepted)] == [(2.0, "applied")]
    assert [r[3] for r in verdicts(SPLIT, reports(("X", DAY, 2.0, "a")), decisions=rejected)] == ["refused"]
    back = pl.concat([accepted, decision("withdraw", at=later)])
    assert [r[3] for r in verdicts(SPLIT, told, decisions=back)] == ["refused"]
    assert [r[3] for r in verdicts(SPLIT, told, decisions=back, as_of=KNOWN)] == ["applied"]


def test_a_person_may_add_a_split_that_nobody_saw() -> None:
    assert verdicts(STILL, reports(), decisions=decision("accept", 1.05)) == [("X", DAY, 1.05, "applied", "")]


def test_wrong_ticks_and_news_have_no_row() -> None:
    assert events(one_day(STILL, DAY, 100.0), reports()).height == 0
    assert events(one_day(STILL, DAY, 0.9, 9.0), reports()).height == 0


def test_what_is_known_later_changes_nothing_as_of_then_to_the_bit() -> None:
    now, later = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)
    told = reports(("X", DAYS[60], 2.0, "a"))
    more = pl.concat([told, reports(("X", DAYS[60], 3.0, "b"), ("X", DAY, 5.0, "b"), known_at=later)])
    before = events(SPLIT, told, as_of=now)
    assert before.equals(events(SPLIT, more, as_of=now))
    assert not before.equals(events(SPLIT, more))


def test_bars_after_the_window_change_nothing_dated_before_to_the_bit() -> None:
    told = reports(("X", DAYS[60], 2.0, "a"), ("X", DAY, 2.0, "b"))
    bars = split(SPLIT, DAYS[200], 4.0)
    until = DAYS[155]
    cut = bars.filter(pl.col("session") <= until)
    future = pl.concat([cut, scaled(bars, DAYS[0], 3.0, 9.0).filter(pl.col("session") > until)])
    dated = [events(b, told, covering=covering("a", "b")).filter(pl.col("decided_on") <= until) for b in (bars, cut, future)]
    assert dated[0].height == 2
    assert dated[0].equals(dated[1])
    assert dated[0].equals(dated[2])
