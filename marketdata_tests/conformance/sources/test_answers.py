"""S01, S05, S13: every recorded answer is read whole, at the right instants, to the last digit."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import exchange_calendars
import polars as pl
import pytest

from marketdata_assets.sources.errors import SchemaChanged
from marketdata_assets.sources.question import Data
from marketdata_assets.sources.registry import vendor, vendor_names
from marketdata_tests.conformance.sources.case import RECEIVED, Recorded
from marketdata_tests.conformance.sources.cases import BARS, RECORDINGS, WITH_ROWS, loaded
from marketdata_tests.conformance.sources.comparison import differences
from marketdata_tests.conformance.sources.recorded import ADJUSTED, NOT_OURS, RECORDED, UNRECORDED, recorded_of

pytestmark = [pytest.mark.realdata, pytest.mark.filterwarnings("ignore:Series.values")]
EPOCH = re.compile(rb"(?<![\d.])1\d{9}(?:\d{3})?(?![\d.])")
COUNTING = ("binance", "coinbase", "coingecko", "finnhub", "kraken", "polygon", "yahoo")  # whose bars hold numbers for instants
FIRST, LAST = "1995-01-02", "2026-11-20"


@RECORDINGS
def test_s01_a_recorded_answer_is_read_whole(recorded: Recorded, shared: Path) -> None:
    case = loaded(recorded, shared)
    assert differences(case.read(), case.told) == []


@WITH_ROWS
def test_s01_the_lines_of_an_answer_are_counted_from_one(recorded: Recorded, shared: Path) -> None:
    lines = loaded(recorded, shared).read()["line"]
    assert lines.min() == 1, "there are rows, and the first is the first"
    assert lines.n_unique() == len(lines)


@pytest.mark.parametrize("name", vendor_names())
def test_s01_every_fixture_of_a_covered_vendor_is_read_or_has_a_reason_not_to_be(name: str, shared: Path) -> None:
    folder = shared / "fixtures" / name
    files = {f"{name}/{path.relative_to(folder)}" for path in folder.rglob("*") if path.is_file() and path.name != "MANIFEST.md"}
    mapped = {r.fixture for r in (*RECORDED, *ADJUSTED)}
    reasoned = {path for path in files if any(path.startswith(prefix) for prefix in NOT_OURS)}
    assert sorted(files - mapped - reasoned) == []
    assert sorted(path for path in mapped if path.startswith(f"{name}/") and path not in files and not _made_up(path)) == []


def _made_up(fixture: str) -> bool:
    return any(r.fixture == fixture and r.body is not None for r in RECORDED)


@pytest.mark.parametrize("name", vendor_names())
def test_s01_every_dataset_has_a_recorded_answer_or_says_why_not(name: str) -> None:
    seen = {r.dataset for r in recorded_of(name)} | set(UNRECORDED.get(name, {}))
    assert sorted({dataset.name for dataset in vendor(name).datasets} - seen) == []


@WITH_ROWS
def test_s05_every_instant_is_utc_in_microseconds(recorded: Recorded, shared: Path) -> None:
    frame = loaded(recorded, shared).read()
    assert frame.height, "no row is left"
    stamps = [dtype for dtype in frame.schema.values() if isinstance(dtype, pl.Datetime)]
    assert set(stamps) <= {pl.Datetime("us", "UTC")}
    if "timestamp" in frame.columns:
        known = frame["timestamp"].drop_nulls()
        assert known.is_between(datetime(1995, 1, 1, tzinfo=UTC), RECEIVED).all(), "seconds, millis and micros differ"


@BARS
def test_s05_bars_lie_on_the_grid_of_their_length(recorded: Recorded, shared: Path) -> None:
    case = loaded(recorded, shared)
    if case.dataset.latest or case.dataset.name == "option_bars":
        return
    micros = case.read()["timestamp"].dt.epoch("us").to_list()
    step = case.question.length.duration // timedelta(microseconds=1)
    assert micros
    assert [m for m in micros if m % step] == []


@BARS
def test_s05_daily_bars_of_stocks_stand_on_sessions_of_the_exchange(recorded: Recorded, shared: Path) -> None:
    case = loaded(recorded, shared)
    if recorded.timeframe != "1d" or case.dataset.asset_class != "us_equities":
        return
    sessions = {stamp.date() for stamp in exchange_calendars.get_calendar("XNYS", start=FIRST, end=LAST).sessions}
    days = case.read()["timestamp"].dt.date().to_list()
    assert days
    assert [day for day in days if day not in sessions] == []


@BARS
def test_s05_seconds_for_milliseconds_and_the_other_way_are_refused(recorded: Recorded, shared: Path) -> None:
    case = loaded(recorded, shared)
    other = EPOCH.sub(lambda found: found[0] + b"000" if len(found[0]) == 10 else found[0][:10], case.body)
    if case.dataset.latest or recorded.source not in COUNTING or not EPOCH.search(case.body):
        return
    with pytest.raises(SchemaChanged):
        case.read(other)


@WITH_ROWS
def test_s13_every_number_is_the_double_nearest_to_its_text(recorded: Recorded, shared: Path) -> None:
    """The texts come from the document itself; `float` of Python's library rounds them to the nearest double."""
    case = loaded(recorded, shared)
    frame = case.read()
    told = {name for row in case.told for name in row}
    for name in (n for n in frame.columns if frame.schema[n] == pl.Float64 and n in told):
        texts = sorted(float(str(row[name])) for row in case.told if row.get(name) is not None)
        assert sorted(frame[name].drop_nulls().to_list()) == texts, name


@pytest.mark.parametrize("recorded", ADJUSTED, ids=lambda r: r.fixture)
def test_s10_an_answer_that_says_adjusted_is_refused(recorded: Recorded, shared: Path) -> None:
    with pytest.raises(SchemaChanged):
        loaded(recorded, shared).read()


def test_bars_of_every_vendor_are_among_the_recordings() -> None:
    with_bars = {
        name for name in vendor_names() for d in vendor(name).datasets if d.data is Data.BARS and d.name not in UNRECORDED.get(name, {})
    }
    assert sorted(with_bars - {r.source for r in RECORDED}) == []
