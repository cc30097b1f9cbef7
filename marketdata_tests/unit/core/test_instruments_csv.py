"""The instruments file."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketdata_assets.core.aliases import Alias, format_aliases, parse_aliases
from marketdata_assets.core.faults import ConfigFault, Fault
from marketdata_assets.core.instruments import COLUMNS, Instrument, Instruments, format_instruments, parse_instruments
from marketdata_assets.core.sectors import SECTORS

HEADER = ",".join(COLUMNS)
DAYS = st.none() | st.dates(date(1970, 1, 1), date(2050, 1, 1))
SPELLINGS = st.text("ABZaz019.-/_:,\"'*Åß中 ", min_size=1, max_size=64).map(str.strip).filter(bool)


def parse(*rows: str) -> Instruments:
    return parse_instruments("\n".join([HEADER, *rows]) + "\n", "my.csv")


@st.composite
def aliases(draw: st.DrawFn) -> Alias:
    start, end = draw(DAYS), draw(DAYS)
    if start and end and start >= end:
        end = None
    return Alias(draw(st.from_regex(r"\*|[a-z][a-z0-9_]{0,31}", fullmatch=True)), draw(SPELLINGS), start, end)


@given(st.lists(aliases(), max_size=5))
def test_aliases_are_read_back_as_they_were_written(given_aliases: list[Alias]) -> None:
    assert parse_aliases(format_aliases(tuple(given_aliases))) == tuple(given_aliases)


def test_the_grammar_of_aliases() -> None:
    text = "yahoo:BRK-B; alpaca:BRK.B ;lean:WMI@..2009-08-05; *:X@2012-05-18..2022-06-09; ib:BRK B@2010-01-01.."
    assert parse_aliases(text) == (
        Alias("yahoo", "BRK-B"),
        Alias("alpaca", "BRK.B"),
        Alias("lean", "WMI", None, date(2009, 8, 5)),
        Alias("*", "X", date(2012, 5, 18), date(2022, 6, 9)),
        Alias("ib", "BRK B", date(2010, 1, 1), None),
    )
    assert parse_aliases("  ") == ()


@pytest.mark.parametrize(
    "cell",
    [
        "BRK-B",
        "yahoo:",
        ":BRK-B",
        "Yahoo:BRK-B",
        "ya hoo:BRK",
        "yahoo:A;",
        "yahoo:A@",
        "yahoo:A@..",
        "yahoo:A@2012-05-18",
        "yahoo:A@20120518..",
        "yahoo:A@2012-5-18..",
        "yahoo:A@2012-02-30..",
        "yahoo:A@2013-01-01..2012-01-01",
        "yahoo:A@2013-01-01..2013-01-01",
        "yahoo:A\tB",
    ],
)
def test_a_malformed_alias_is_refused_with_its_line(cell: str) -> None:
    with pytest.raises(ConfigFault) as caught:
        parse("AAPL,us_equities,XNAS,USD,,,,", f'AAA,us_equities,XNAS,USD,,,,"{cell}"')
    assert "my.csv, line 3" in str(caught.value)
    assert caught.value.context["line"] == "3"


@st.composite
def books(draw: st.DrawFn) -> list[Instrument]:
    symbols = draw(st.lists(st.from_regex(r"[A-Z0-9][A-Z0-9-]{0,8}", fullmatch=True), unique=True, max_size=6))
    rows = []
    for symbol in symbols:
        listed, delisted = draw(DAYS), draw(DAYS)
        if listed and delisted and listed >= delisted:
            delisted = None
        spelled = tuple(
            Alias(a.source, f"{symbol} {a.spelling}"[:64].strip(), a.start, a.end) for a in draw(st.lists(aliases(), max_size=1))
        )
        sector = draw(st.none() | st.sampled_from(SECTORS))
        rows.append(Instrument(symbol, "us_equities", "XNYS", "USD", sector, listed, delisted, spelled))
    return rows


@given(books())
def test_a_file_is_read_back_as_it_was_written(rows: list[Instrument]) -> None:
    assert list(parse_instruments(format_instruments(rows), "x")) == rows


@pytest.mark.parametrize("ticker", ["NA", "NAN", "NULL", "TRUE", "INF", "000001", "1E5", "1.0"])
def test_every_ticker_stays_the_text_it_is(ticker: str) -> None:
    book = parse(f"{ticker},us_equities,XNYS,USD,,,,")
    assert book.symbols("us_equities") == [ticker]
    assert book.frame()["symbol"].to_list() == [ticker]
    assert format_instruments(book).splitlines()[1].split(",")[0] == ticker


def test_the_frame_has_dates_as_dates_and_aliases_as_their_text() -> None:
    frame = parse("META,us_equities,XNAS,USD,Communication Services,2012-05-18,,*:FB@..2022-06-09").frame()
    assert frame.columns == list(COLUMNS)
    assert frame.row(0) == (
        "META", "us_equities", "XNAS", "USD", "Communication Services", date(2012, 5, 18), None, "*:FB@..2022-06-09",
    )  # fmt: skip
    assert parse().frame().schema == frame.schema
    assert frame.schema["listed_on"] == pl.Date


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("aapl,us_equities,XNAS,USD,,,,", "canonical"),
        ("../../X,us_equities,XNAS,USD,,,,", "canonical"),
        ("AAA,us_equities,XNAS,USD,Tech,,,", "sector"),
        ("AAA,us_equities,XNAS,USD,,2012-13-01,,", "2012-13-01"),
        ("AAA,us_equities,XNAS,USD,,20120101,,", "20120101"),
        ("AAA,us_equities,XNAS,USD,,2013-01-01,2012-01-01,", "listed"),
        ("AAA,us_equities,XNAS,,,,,", "currency"),
        ("AAA,us/equities,XNAS,USD,,,,", "asset_class"),
        ("AAA,us_equities,XNAS,USD,,,", "7 cells"),
        ("AAA,us_equities,XNAS,USD,,,,,", "9 cells"),
        ('AAA,us_equities,XNAS,USD,"x"y,,,', "CSV"),
        ("AAPL,us_equities,XNYS,USD,,,,", "already"),
    ],
)
def test_a_mistake_is_refused_with_file_line_and_reason(row: str, said: str) -> None:
    with pytest.raises(ConfigFault) as caught:
        parse("AAPL,us_equities,XNAS,USD,,,,", "", row)
    assert "my.csv, line 4" in str(caught.value)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    "header", ["", "symbol", HEADER + ",extra", HEADER.replace("sector", "industry"), HEADER.replace("symbol,", "", 1)]
)
def test_a_header_that_is_not_ours_is_refused(header: str) -> None:
    with pytest.raises(ConfigFault) as caught:
        parse_instruments(header + ("\nAAPL,us_equities,XNAS,USD,,,,\n" if header else ""), "my.csv")
    assert "symbol,asset_class" in caught.value.remedy


def test_two_claims_to_one_spelling_may_not_share_a_day() -> None:
    with pytest.raises(ConfigFault) as caught:
        parse("ONE,us_equities,XNYS,USD,,,,lean:X@2000-01-01..2005-01-02", "TWO,us_equities,XNYS,USD,,,,lean:X@2005-01-01..")
    assert "line 3" in str(caught.value)
    assert "ONE" in str(caught.value)
    parse("ONE,us_equities,XNYS,USD,,,,lean:X@2000-01-01..2005-01-01", "TWO,us_equities,XNYS,USD,,,,lean:X@2005-01-01..")
    parse("ONE,us_equities,XNYS,USD,,,,lean:X", "TWO,us_equities,XNYS,USD,,,,odd:X", "THREE-USD,crypto,CRYPTO,USD,,,,lean:X")


def test_an_alias_that_could_never_win_is_refused() -> None:
    rows = ["ONE,us_equities,XNYS,USD,,,,lean:TWO", "TWO,us_equities,XNYS,USD,,,,"]
    with pytest.raises(ConfigFault, match="always win"):
        parse(*rows)
    parse(rows[0].replace("lean:TWO", "lean:TWO@..2001-01-01"), rows[1])


def test_a_spreadsheets_byte_order_mark_does_no_harm() -> None:
    assert len(parse_instruments("\ufeff" + HEADER + "\r\nAAPL,us_equities,XNAS,USD,,,,\r\n", "x")) == 1


@given(st.text(max_size=200))
def test_no_text_whatever_brings_more_than_a_fault(text: str) -> None:
    for source in (text, HEADER + "\n" + text):
        try:
            parse_instruments(source, "x")
        except Fault:
            continue
