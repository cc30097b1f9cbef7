"""The reference files that come with the project, and reading them from disk."""

from __future__ import annotations

from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from marketdata_assets.core.faults import ConfigFault, SymbolFault
from marketdata_assets.core.instruments import Instruments
from marketdata_assets.core.sectors import SECTORS
from marketdata_assets.core.sessions import calendar
from marketdata_assets.reference import load_instruments, load_overrides, save_instruments


@pytest.fixture(scope="module")
def book(project: Path) -> Instruments:
    return load_instruments(project / "data" / "reference" / "instruments.csv")


def test_the_default_universe_is_130_shares_over_all_sectors(book: Instruments) -> None:
    rows = [row for row in book if row.asset_class == "us_equities"]
    sectors = Counter(row.sector for row in rows)
    assert len(rows) == 130
    assert set(sectors) == set(SECTORS)
    assert min(sectors.values()) >= 5
    assert {(row.exchange, row.currency) for row in rows} == {("XNYS", "USD"), ("XNAS", "USD")}
    assert not any(row.delisted_on for row in rows)


def test_a_dozen_pairs_are_counted_in_their_quote(book: Instruments) -> None:
    rows = [row for row in book if row.asset_class == "crypto"]
    assert len(rows) == 12
    assert all(row.symbol.endswith(f"-{row.currency}") and row.sector is None for row in rows)


def test_every_exchange_of_the_file_has_a_calendar(book: Instruments) -> None:
    assert {calendar(row.exchange).name for row in book} == {"XNYS", "24/7"}


@pytest.mark.parametrize(
    ("spelling", "day", "symbol"),
    [
        ("FB", date(2022, 6, 8), "META"),
        ("FB", date(2022, 6, 9), None),
        ("ANTM", date(2022, 6, 27), "ELV"),
        ("ANTM", date(2022, 6, 28), None),
        ("WLP", date(2010, 1, 4), "ELV"),
        ("HCP", date(2019, 11, 4), "DOC"),
        ("PEAK", date(2019, 11, 5), "DOC"),
        ("PEAK", date(2024, 3, 1), "DOC"),
        ("PEAK", date(2024, 3, 4), None),
        ("BRK-B", date(2020, 1, 2), "BRK.B"),
    ],
)
def test_known_renames_resolve_by_date(book: Instruments, spelling: str, day: date, symbol: str | None) -> None:
    if symbol is None:
        with pytest.raises(SymbolFault):
            book.resolve("tiingo", spelling, "us_equities", day)
    else:
        assert book.resolve("tiingo", spelling, "us_equities", day) == symbol


def test_the_override_file_in_the_project_reads(project: Path) -> None:
    assert load_overrides(project / "data" / "reference" / "calendar_overrides.csv") == []


def test_a_missing_override_file_means_none_but_a_missing_instruments_file_is_a_fault(tmp_path: Path) -> None:
    assert load_overrides(tmp_path / "none.csv") == []
    with pytest.raises(ConfigFault, match="no such file"):
        load_instruments(tmp_path / "none.csv")


def test_what_is_saved_is_what_is_loaded(book: Instruments, tmp_path: Path) -> None:
    path = tmp_path / "instruments.csv"
    save_instruments(path, book)
    assert list(load_instruments(path)) == list(book)
    assert [p.name for p in tmp_path.iterdir()] == ["instruments.csv"]


def test_saving_what_would_not_read_back_leaves_the_file_alone(book: Instruments, tmp_path: Path) -> None:
    path = tmp_path / "instruments.csv"
    save_instruments(path, book)
    before = path.read_bytes()
    with pytest.raises(ConfigFault, match="already"):
        save_instruments(path, [*book, next(iter(book))])
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["instruments.csv"]


def test_a_file_in_another_encoding_is_refused_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "instruments.csv"
    path.write_bytes(b"symbol\nA\n\xff\n")
    with pytest.raises(ConfigFault, match="line 3"):
        load_instruments(path)


def test_a_renamed_share_is_one_instrument_in_the_vendors_membership_files(book: Instruments) -> None:
    """NDX members of 2015 list FB; today's lists say META: both are one instrument."""
    assert book.resolve("membership", "FB", "us_equities", date(2015, 6, 1)) == book.resolve("membership", "META", "us_equities")
