"""Cells become exactly the numbers they say, or nothing."""

from __future__ import annotations

import math

import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from marketdata_assets.sources.landing.format import LandingFormat
from marketdata_assets.sources.landing.numbers import missing, read_numbers

PLAIN = LandingFormat()


def _open(texts: list[str | None], layout: LandingFormat = PLAIN) -> list[float | None]:
    cells = pl.DataFrame({"open": pl.Series(texts, dtype=pl.String)})
    return read_numbers(cells, layout)["open"].to_list()


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_float_survives_its_own_text(value: float) -> None:
    assert _open([repr(value)]) == [value]


@given(st.from_regex(r"-?[0-9]{1,25}(\.[0-9]{1,25})?([eE][+-]?[0-9]{1,3})?", fullmatch=True))
@example("0.1e1")
@example("9007199254740993")
@example("2.2250738585072011e-308")
def test_any_decimal_text_reads_as_python_reads_it(text: str) -> None:
    due = float(text)
    assert _open([text]) == [due if math.isfinite(due) else None]


@pytest.mark.parametrize(
    "text", ["NaN", "nan", "inf", "-Infinity", "1e400", "", " ", "null", "N/A", "-", "1.2.3", "0x1F", "1_000", "1,000", "12a", "４"]
)
def test_what_is_no_finite_number_is_nothing(text: str) -> None:
    assert _open([text, "1.5"]) == [None, 1.5]


def test_blanks_around_a_number_do_not_matter() -> None:
    assert _open([" 1.5", "2.5 ", "\t3"]) == [1.5, 2.5, 3.0]


def test_thousands_separators_go_only_where_the_format_says_so() -> None:
    assert _open(["54,930,100.5"], LandingFormat(thousands=",")) == [54930100.5]
    assert _open(["54,930,100.5"]) == [None]


@given(st.integers(1, 10**10))
def test_scaled_prices_are_the_exact_quotient(scaled: int) -> None:
    assert _open([str(scaled)], LandingFormat(price_divisor=10_000)) == [scaled / 10_000]


def test_scaling_touches_prices_and_not_volumes() -> None:
    cells = pl.DataFrame({"close": ["1255700"], "volume": ["888000"]})
    assert read_numbers(cells, LandingFormat(price_divisor=10_000)).row(0) == (125.57, 888000.0)


def test_a_split_column_without_an_event_reads_one() -> None:
    layout = LandingFormat(columns={"timestamp": "t", "close": "c", "split_ratio": "s"}, no_split=0.0)
    assert read_numbers(pl.DataFrame({"split_ratio": ["0.0", "4.0", "x"]}), layout)["split_ratio"].to_list() == [1.0, 4.0, None]


def test_trade_counts_are_whole_numbers() -> None:
    layout = LandingFormat(columns={"timestamp": "t", "close": "c", "trade_count": "n"})
    assert read_numbers(pl.DataFrame({"trade_count": ["4321", "1.5", "x"]}), layout)["trade_count"].to_list() == [4321, None, None]


def test_missing_prices_are_noted_with_the_first_line_and_its_text() -> None:
    cells = pl.DataFrame({"line": [7, 8, 9], "open": ["1", "oops", ""]})
    assert missing(cells, read_numbers(cells, PLAIN)) == ["2 bars without a finite open, the first in line 8 ('oops')"]
