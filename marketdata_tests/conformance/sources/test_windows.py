"""S02, S06, S07, S12: half-open windows, no bar still forming, empty answers that are empty, no meaning in the order of rows."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from marketdata_assets.core.periods import Window
from marketdata_assets.sources.page import OUTSIDE_REQUEST, page_series
from marketdata_assets.sources.question import Data
from marketdata_tests.conformance.sources.case import Case, Recorded
from marketdata_tests.conformance.sources.cases import BARS, EMPTY, IN_ROWS, WITH_ROWS, loaded
from marketdata_tests.conformance.sources.comparison import content
from marketdata_tests.conformance.sources.recorded import EMPTY_MEANS_UNKNOWN
from marketdata_tests.conformance.sources.served import fetch_pages

pytestmark = pytest.mark.realdata
LONG_AGO, INSTANT = datetime(1990, 1, 1, tzinfo=UTC), timedelta(microseconds=1)


def _middle(case: Case) -> datetime:
    """An instant at which the answer has a row."""
    stamps = case.read()["timestamp"].unique().sort()
    found: datetime = stamps[len(stamps) // 2]
    return found


def _within(case: Case, start: datetime, end: datetime) -> pl.DataFrame:
    return case.read(question=replace(case.question, window=Window(start, end)))


def _is_dated(case: Case) -> bool:
    return case.question.window is not None and case.dataset.table.dated_by == "timestamp"


@WITH_ROWS
def test_s02_a_row_at_the_start_of_the_window_stays_and_one_at_its_end_goes(recorded: Recorded, shared: Path) -> None:
    case = loaded(recorded, shared)
    if not _is_dated(case):
        return
    at, whole = _middle(case), case.read()
    here = whole.filter(pl.col("timestamp") == at)
    assert content(_within(case, at, at + INSTANT)) == content(here)
    assert _within(case, at - INSTANT, at).filter(pl.col("timestamp") >= at).height == 0
    assert content(_within(case, at, case.question.span.end)) == content(whole.filter(pl.col("timestamp") >= at))


@BARS
def test_s02_bars_outside_the_window_are_refused_unless_they_are_the_vendors_habit(recorded: Recorded, shared: Path) -> None:
    case = loaded(recorded, shared)
    if case.question.window is None:
        return
    question = replace(case.question, window=Window(_middle(case), _middle(case) + INSTANT))
    outside = case.read().filter(pl.col("timestamp") != _middle(case)).height
    series = page_series(case.dataset, question, case.document(), datetime(2099, 1, 1, tzinfo=UTC))
    rules = [rule for s in series for rule in s.refused["rule"]]
    assert rules == ([] if case.dataset.answers_more else [OUTSIDE_REQUEST] * outside)


@BARS
def test_s06_the_bar_still_forming_is_absent(recorded: Recorded, shared: Path) -> None:
    case = loaded(recorded, shared)
    if case.question.window is None:
        return
    whole, last = case.read(), case.read()["timestamp"].max()
    assert isinstance(last, datetime)
    assert content(case.read(forming_from=last)) == content(whole.filter(pl.col("timestamp") < last))
    assert content(case.read(forming_from=last + INSTANT)) == content(whole)
    assert case.read(forming_from=LONG_AGO).height == 0


@EMPTY
def test_s07_a_recorded_empty_answer_is_empty(recorded: Recorded, shared: Path) -> None:
    frame = loaded(recorded, shared).read()
    assert frame.height == 0
    assert frame.schema["vendor_symbol"] == pl.String()


@IN_ROWS
def test_s07_an_answer_whose_rows_are_taken_out_is_empty(recorded: Recorded, shared: Path) -> None:
    case = loaded(recorded, shared)
    emptied = case.read(case.keeping([]))
    assert emptied.height == 0
    assert emptied.schema == case.read().schema


@IN_ROWS
def test_s07_over_http_an_empty_answer_is_empty_as_well(recorded: Recorded, shared: Path) -> None:
    case = loaded(recorded, shared)
    if not case.is_as_served or (recorded.source, recorded.dataset) in EMPTY_MEANS_UNKNOWN:
        return
    assert fetch_pages(case, [[]]).frame.height == 0


@WITH_ROWS
def test_s12_the_order_of_the_rows_of_a_page_means_nothing(recorded: Recorded, shared: Path) -> None:
    case = loaded(recorded, shared)
    if case.dataset.data is Data.ORDER_BOOKS:
        return  # the order is the level
    first = case.read()
    places = list(range(case.count))
    for order in (places[::-1], random.Random(7).sample(places, len(places))):
        assert content(case.read(case.keeping(order))) == content(first)


@WITH_ROWS
def test_s12_the_same_answer_gives_the_same_rows_in_the_same_order(recorded: Recorded, shared: Path) -> None:
    first, again = loaded(recorded, shared).read(), loaded(recorded, shared).read()
    assert first.equals(again)
