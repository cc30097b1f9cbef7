"""Sectors on a date: those the map told by its close, the newest word on each spell, the later spell where two overlap."""

from __future__ import annotations

from datetime import UTC, date, datetime

import polars as pl

from marketdata_assets.transforms.features.sector_map import NO_SECTOR, sector_codes
from marketdata_tests.unit.features.market import NO_SECTORS

SEPTEMBER = [date(2018, 9, k) for k in range(20, 28)]


def told(*rows: tuple[str, date | None, date | None, str, datetime]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=NO_SECTORS.schema, orient="row")


def at(hour: int, day: int = 1, year: int = 2018) -> datetime:
    return datetime(year, 9, day, hour, tzinfo=UTC)


def sectors(frame: pl.DataFrame, closes: pl.DataFrame | None = None, symbol: str = "GOOGL") -> str:
    """One letter for each day of SEPTEMBER: the sector's first, or - for none."""
    rows = pl.DataFrame({"date": SEPTEMBER, "symbol": symbol})
    names = ["-", *sorted(set(frame["sector"]))]
    return "".join(names[code + 1][0] for code in sector_codes(rows, frame, closes))


OLD = ("GOOGL", None, None, "Information Technology", at(0, year=2014))


def test_a_sector_holds_from_its_first_day_to_the_day_before_its_end() -> None:
    assert sectors(told(("GOOGL", SEPTEMBER[2], SEPTEMBER[5], "Energy", at(0)))) == "--EEE---"


def test_a_change_counts_from_its_day_when_it_was_announced_and_from_its_telling_when_it_was_late() -> None:
    new = ("GOOGL", SEPTEMBER[3], None, "Communication Services")
    assert sectors(told(OLD, (*new, at(0)))) == "IIICCCCC"
    assert sectors(told(OLD, (*new, at(12, 25)))) == "IIIIICCC"
    assert sectors(told(OLD, (*new, at(0, year=2019)))) == "IIIIIIII"


def test_what_is_told_after_the_close_counts_on_the_next_date() -> None:
    closes = pl.DataFrame({"date": SEPTEMBER, "close": [datetime(d.year, d.month, d.day, 20, tzinfo=UTC) for d in SEPTEMBER]})
    new = ("GOOGL", SEPTEMBER[0], None, "Communication Services")
    assert sectors(told(OLD, (*new, at(20, 24))), closes) == "IIIICCCC"
    assert sectors(told(OLD, (*new, datetime(2018, 9, 24, 20, 0, 1, tzinfo=UTC))), closes) == "IIIIICCC"
    assert sectors(told(OLD, (*new, at(0, year=2019))), closes) == "IIIIIIII"


def test_a_later_word_on_the_same_spell_replaces_the_earlier_one_from_then_on() -> None:
    first = ("GOOGL", SEPTEMBER[0], None, "Energy", at(0))
    corrected = ("GOOGL", SEPTEMBER[0], SEPTEMBER[6], "Utilities", at(0, 23))
    assert sectors(told(corrected, first)) == "EEEUUU--"


def test_where_spells_overlap_the_one_that_begins_later_wins_and_the_other_goes_on_behind_it() -> None:
    inner = ("GOOGL", SEPTEMBER[2], SEPTEMBER[4], "Energy", at(0))
    assert sectors(told(inner, OLD)) == "IIEEIIII"


def test_symbols_the_map_does_not_know_have_no_sector() -> None:
    assert sectors(told(OLD), symbol="OTHER") == "-" * len(SEPTEMBER)
    rows = pl.DataFrame({"date": SEPTEMBER, "symbol": "GOOGL"})
    assert set(sector_codes(rows, NO_SECTORS)) == {NO_SECTOR}
