"""LEAN factor files: events lie between two rows, and what is no factor file is refused."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from marketdata_assets.core.faults import PayloadFault
from marketdata_assets.core.sessions import calendar
from marketdata_assets.sources.landing.lean_factors import read_factor_file

SESSIONS = calendar("XNYS").sessions(date(2020, 1, 1), date(2021, 1, 1))
FILE = b"20200102,0.99,0.25,1\n20200806,0.99,0.25,455.61\n20200828,1,0.25,499.23\n20501231,1,1,0\n"


def test_a_split_is_the_later_factor_over_the_earlier_and_a_dividend_what_lacks() -> None:
    """0.99 of 455.61 stays: 4.5561 is paid; the ex-dates are the sessions after the rows' dates, over a week-end."""
    rows = read_factor_file("factor_files/aapl.csv", FILE, SESSIONS)
    assert rows.sort("kind").select("symbol", "kind", "ex_date", "ratio").rows() == [
        ("AAPL", "cash_dividend", date(2020, 8, 7), None),
        ("AAPL", "split", date(2020, 8, 31), 4.0),
    ]
    assert rows.filter(pl.col("kind") == "cash_dividend")["amount"].item() == pytest.approx(4.5561, rel=1e-12)


@pytest.mark.parametrize(
    "broken",
    [b"20200102,0.99,0.25\n", b"20200102,0,0.25,1\n", b"20200806,1,1,1\n20200102,1,1,1\n", b"<html>", b"20200102,nan,1,1\n"],
)
def test_what_is_no_factor_file_is_refused(broken: bytes) -> None:
    with pytest.raises(PayloadFault, match="LEAN factor file"):
        read_factor_file("aapl.csv", broken, SESSIONS)


def test_an_empty_file_has_no_events() -> None:
    assert read_factor_file("aapl.csv", b"", SESSIONS).height == 0
