from __future__ import annotations

from datetime import UTC, date, datetime

import polars as pl

from marketdata_assets.schemas.bars import NORMALIZED_BARS, RAW_BARS
from marketdata_assets.transforms.normalize import Normalized, normalize
from marketdata_tests.support.bar_frames import raw, round_the_clock, weekday_sessions

SESSIONS = weekday_sessions(date(2024, 1, 1), date(2025, 1, 1))
DAYS = round_the_clock(date(2024, 1, 1), date(2025, 1, 1))
DAY = date(2024, 3, 4)


def known(hour: int) -> datetime:
    return datetime(2024, 3, 5, hour, tzinfo=UTC)


def of(frame: pl.DataFrame, *, intraday: bool = False, sessions: pl.DataFrame = SESSIONS, as_of: datetime | None = None) -> Normalized:
    return normalize(frame, source="alpha", currency="USD", sessions=sessions, intraday=intraday, as_of=as_of)


CORRECTED = raw({"day": DAY, "close": 10.0, "known_at": known(1)}, {"day": DAY, "close": 11.0, "known_at": known(2)})


def test_the_newest_known_version_counts() -> None:
    assert of(CORRECTED).bars["close"].to_list() == [11.0]


def test_as_of_an_earlier_instant_the_earlier_version_counts() -> None:
    assert of(CORRECTED, as_of=known(1)).bars["close"].to_list() == [10.0]
    assert of(CORRECTED, as_of=known(0)).bars.height == 0


def test_identical_duplicates_merge_to_the_first_line_and_are_counted() -> None:
    result = of(raw({"day": DAY}, {"day": DAY}, {"day": DAY}, {"day": date(2024, 3, 5)}))
    assert result.bars["line"].to_list() == [1, 4]
    assert result.merged_duplicates.to_dicts() == [{"symbol": "AAA", "period": "2024", "n": 2}]


def test_differing_duplicates_stay_for_the_rules_to_refuse() -> None:
    result = of(raw({"day": DAY, "close": 10.0}, {"day": DAY, "close": 11.0}, {"day": DAY, "close": 10.0}))
    assert result.bars["line"].to_list() == [1, 2]
    assert result.merged_duplicates["n"].to_list() == [1]


def test_a_clean_source_has_no_merged_duplicates() -> None:
    assert of(raw({"day": DAY})).merged_duplicates.height == 0


def test_a_daily_bar_belongs_to_the_date_of_its_stamp() -> None:
    assert of(raw({"day": DAY})).bars["session"].to_list() == [DAY]


def test_bars_before_the_open_and_after_the_close_belong_to_their_day_in_new_york() -> None:
    before, after, late = (
        datetime(2024, 3, 4, 9, tzinfo=UTC),
        datetime(2024, 3, 5, 0, 59, tzinfo=UTC),
        datetime(2024, 7, 9, 3, 59, tzinfo=UTC),
    )
    result = of(raw({"timestamp": before}, {"timestamp": after}, {"timestamp": late}), intraday=True)
    assert result.bars["session"].to_list() == [DAY, DAY, date(2024, 7, 8)]


def test_a_crypto_bar_belongs_to_its_utc_day() -> None:
    result = of(raw({"timestamp": datetime(2024, 3, 5, 0, 59, tzinfo=UTC)}), intraday=True, sessions=DAYS)
    assert result.bars["session"].to_list() == [date(2024, 3, 5)]


def test_the_result_obeys_its_table_even_when_there_is_nothing() -> None:
    assert NORMALIZED_BARS.validate(of(CORRECTED).bars)["source"].to_list() == ["alpha"]
    assert NORMALIZED_BARS.validate(of(RAW_BARS.empty()).bars).height == 0
