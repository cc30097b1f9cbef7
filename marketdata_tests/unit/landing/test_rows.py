"""Every row of a payload is a bar or a refused row with rule, reason, day, line and its own text."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketdata_assets.core.faults import LimitFault, PayloadFault
from marketdata_assets.schemas.audit import REFUSED_ROWS
from marketdata_assets.schemas.bars import RAW_BARS
from marketdata_assets.sources.landing.format import LandingFormat, Stamp
from marketdata_assets.sources.landing.limits import Limits
from marketdata_tests.unit.landing.packing import only, read

HEADER = "Date,Open,High,Low,Close,Adj Close,Volume\n"
ROW = "2024-01-0{n},10.5,11,10,10.75,10.7,1200\n"


def text(*rows: str) -> str:
    return HEADER + "".join(rows)


def good(n: int) -> str:
    return ROW.format(n=n)


def refused(reading) -> list[tuple]:
    return only(reading).refused.select("line", "rule", "reason", "row", "filed_under").rows()


def test_bars_have_the_columns_of_raw_bars_without_receipt() -> None:
    series = only(read("AAPL.csv", text(good(2)), "yahoo_csv_new"))
    kept = [name for name in RAW_BARS.polars_schema if name not in ("symbol", "known_at", "payload_sha256")]
    assert series.bars.schema == {name: RAW_BARS.polars_schema[name] for name in kept}
    kept = [name for name in REFUSED_ROWS.polars_schema if name not in ("symbol", "known_at", "payload_sha256")]
    assert series.refused.schema == {name: REFUSED_ROWS.polars_schema[name] for name in kept}


def test_lines_number_the_rows_below_the_header_and_duplicates_stay() -> None:
    series = only(read("AAPL.csv", text(good(3), good(2), good(3)), "yahoo_csv_new"))
    assert series.bars["line"].to_list() == [1, 2, 3]
    assert series.bars["timestamp"].dt.day().to_list() == [3, 2, 3]


def test_rows_of_another_width_are_refused_and_the_rest_is_kept() -> None:
    reading = read("AAPL.csv", text(good(2), "2024-01-03,10.5,11\n", good(4), "2024-01-05,1,2,3,4,5,6,7\n"), "yahoo_csv_new")
    assert only(reading).bars["line"].to_list() == [1, 3]
    assert refused(reading) == [
        (2, "wrong_width", "3 fields where 7 are due", "2024-01-03,10.5,11", date(2024, 1, 3)),
        (4, "wrong_width", "8 fields where 7 are due", "2024-01-05,1,2,3,4,5,6,7", date(2024, 1, 5)),
    ]


def test_one_field_too_many_and_one_too_few_do_not_even_out() -> None:
    reading = read("AAPL.csv", text("2024-01-02,1,2,3,4,5\n", "2024-01-03,1,2,3,4,5,6,7\n", good(4)), "yahoo_csv_new")
    assert [row[0] for row in refused(reading)] == [1, 2]


def test_a_file_cut_in_the_middle_of_a_line_keeps_its_whole_lines() -> None:
    reading = read("AAPL.csv", text(good(2), good(3))[:-12], "yahoo_csv_new")
    assert only(reading).bars["line"].to_list() == [1]
    assert refused(reading) == [(2, "wrong_width", "5 fields where 7 are due", "2024-01-03,10.5,11,10,10.7", date(2024, 1, 3))]
    assert "the last line has no line end; if the file was cut there, its last cell is short" in reading.notes


def test_a_complete_last_line_needs_no_line_end() -> None:
    reading = read("AAPL.csv", text(good(2), good(3)).rstrip("\n"), "yahoo_csv_new")
    assert only(reading).bars["volume"].to_list() == [1200.0, 1200.0]


@given(st.integers(len(HEADER) + 40, len(HEADER) + 4 * 40))
def test_wherever_a_file_is_cut_every_line_is_accounted_for(cut: int) -> None:
    whole = text(good(2), good(3), good(4), good(5))
    part = whole[:cut]
    series = only(read("AAPL.csv", part, "yahoo_csv_new"))
    lines = len([line for line in part.split("\n")[1:] if line])
    assert sorted([*series.bars["line"], *series.refused["line"]]) == list(range(1, lines + 1))


def test_crlf_blank_lines_and_a_byte_order_mark_are_no_defects() -> None:
    content = "\ufeff" + text(good(2), "\n", good(3), "\n\n").replace("\n", "\r\n")
    reading = read("AAPL.csv", content, None)
    assert only(reading).bars["line"].to_list() == [1, 3]
    assert refused(reading) == []


def test_a_stray_carriage_return_or_a_header_without_end_is_no_crash() -> None:
    reading = read("AAPL.csv", text(good(2), "2024-01-03,1\r1,1,1,1,1,1\n", '2024-01-04,"1\r",1\n', good(5)), "yahoo_csv_new")
    assert [row[:2] for row in refused(reading)] == [(3, "wrong_width")]
    assert only(reading).bars["open"].to_list() == [10.5, None, 10.5]
    with pytest.raises(LimitFault, match="a line of 200,000 characters"):
        read("AAPL.csv", '"' + "x" * 199_999, "yahoo_csv_new")


def test_the_header_again_in_the_middle_is_refused() -> None:
    reading = read("AAPL.csv", text(good(2), HEADER, good(3)), "yahoo_csv_new")
    assert refused(reading) == [(2, "repeated_header", "the header again", HEADER.strip(), date(2024, 1, 2))]


def test_a_row_without_a_readable_time_is_filed_under_the_day_before_it() -> None:
    reading = read("AAPL.csv", text("soon,1,1,1,1,1,1\n", good(2), "12/29/2023,1,1,1,1,1,1\n", good(5)), "yahoo_csv_new")
    assert [(line, rule, day) for line, rule, _, _, day in refused(reading)] == [
        (1, "unreadable_time", date(2024, 1, 2)),
        (3, "unreadable_time", date(2024, 1, 2)),
    ]


def test_a_row_without_any_price_is_no_bar() -> None:
    reading = read(
        "AAPL.csv", text(good(2), "2024-01-03,null,null,null,null,null,null\n", "2024-01-04,NaN,inf,,1e400,1,1\n"), "yahoo_csv_new"
    )
    reason = "no cell of open, high, low and close holds a finite number"
    assert [(line, rule, why, day) for line, rule, why, _, day in refused(reading)] == [
        (2, "not_a_bar", reason, date(2024, 1, 3)),
        (3, "not_a_bar", reason, date(2024, 1, 4)),
    ]


def test_a_row_with_a_time_and_one_price_stays_for_the_quality_rules() -> None:
    """Kaggle's FTV 2016-07-01 has a close and nothing else."""
    reading = read("x.csv", "date,open,high,low,close,volume,Name\n2016-07-01,,,,29.54,0,FTV\n2016-07-05,1,2,1,2,3,FTV\n")
    bars = only(reading).bars
    assert bars.select("open", "high", "low", "close", "volume").row(0) == (None, None, None, 29.54, 0.0)
    assert reading.notes[0] == "1 bars without a finite open, the first in line 1 ('')"


def test_a_file_without_rows_is_an_empty_series_and_says_so() -> None:
    for content in (HEADER, HEADER.strip(), HEADER + "\n\n"):
        reading = read("PPG.csv", content)
        series = only(reading)
        assert (series.vendor_symbol, series.timeframe, series.bars.height, series.refused.height) == ("PPG", "1d", 0, 0)
        assert "no rows: the file has a header or nothing at all" in reading.notes


def test_a_file_without_a_single_bar_is_refused_as_a_whole() -> None:
    with pytest.raises(PayloadFault, match="not one of its 2 rows is a bar; line 1 is 'a,b,c,d,e,f,g'"):
        read("AAPL.csv", text("a,b,c,d,e,f,g\n", "x\n"), "yahoo_csv_new")


def test_bytes_that_are_no_utf8_refuse_their_row_alone() -> None:
    data = text(good(2)).encode() + b"2024-01-03,1\xff,1,1,1,1,1\n" + good(4).encode()
    reading = read("AAPL.csv", data, "yahoo_csv_new")
    assert only(reading).bars["line"].to_list() == [1, 3]
    assert refused(reading) == [(2, "not_utf8", "holds bytes that are not UTF-8 text", "2024-01-03,1\\xff,1,1,1,1,1", date(2024, 1, 3))]


def test_the_zeros_that_a_crash_leaves_at_the_end_of_a_file_are_one_refused_row() -> None:
    reading = read("AAPL.csv", text(*(good(n) for n in range(2, 9))).encode() + bytes(8), "yahoo_csv_new")
    assert only(reading).bars.height == 7
    assert refused(reading) == [(8, "wrong_width", "1 fields where 7 are due", "\0" * 8, date(2024, 1, 8))]


def test_a_quote_that_never_closes_refuses_its_row_alone() -> None:
    reading = read("AAPL.csv", text(good(2), '"2024-01-03,1,1,1,1,1,1\n', good(4), good(5)), "yahoo_csv_new")
    assert only(reading).bars["line"].to_list() == [1, 3, 4]
    assert [row[1] for row in refused(reading)] == ["open_quote"]


def test_quoted_fields_hold_commas_and_quotes() -> None:
    content = '"Date","Open","High","Low","Close","Adj Close","Volume"\n"2024-01-02","1","2","0.5","1.5","1.5","1,200"\n'
    layout = LandingFormat(
        columns={"timestamp": "Date", "open": "Open", "high": "High", "low": "Low", "close": "Close", "volume": "Volume"}, thousands=","
    )
    series = only(
        read("AAPL.csv", content + '"2024-01-03","1","2","0.5","1.5","1.5","1,300"\n', layout.model_copy(update={"timeframe": "1d"}))
    )
    assert series.bars["volume"].to_list() == [1200.0, 1300.0]


@pytest.mark.parametrize("symbol", ["NA", "NAN", "NULL", "TRUE", "INF", "000001", "1E5", "nan", "None"])
def test_tickers_that_look_like_something_else_stay_texts(symbol: str) -> None:
    reading = read("all.csv", f"date,open,high,low,close,volume,Name\n2024-01-02,1,2,1,2,3,{symbol}\n2024-01-03,1,2,1,2,3,{symbol}\n")
    assert [s.vendor_symbol for s in reading.series] == [symbol]
    assert only(read(f"{symbol}.csv", text(good(2)))).vendor_symbol == symbol


def test_a_file_of_many_symbols_is_a_series_each_in_the_order_of_appearance() -> None:
    rows = [f"2024-01-0{n},1,2,1,{n},3,{name}\n" for name in ("ZTS", "AAL", "MSFT") for n in (2, 3)]
    reading = read("all.csv", "date,open,high,low,close,volume,Name\n" + "".join(rows))
    assert [(s.vendor_symbol, s.bars["line"].to_list(), s.bars["close"].to_list()) for s in reading.series] == [
        ("ZTS", [1, 2], [2.0, 3.0]),
        ("AAL", [3, 4], [2.0, 3.0]),
        ("MSFT", [5, 6], [2.0, 3.0]),
    ]


def test_a_torn_row_of_many_symbols_is_filed_under_the_symbol_before_it() -> None:
    """A symbol cut in half (`MS` of MSFT) must not become a symbol of its own."""
    rows = "AAPL,2024-01-02,1,1\nAAPL,2024-01-03,1,1\nMSFT,2024-01-02,1,1\nMSFT,2024-01-03,1\nsymbol,date,close,volume\n,2024-01-04,1,1\nMS"
    layout = LandingFormat(columns={"timestamp": "date", "symbol": "symbol", "close": "close", "volume": "volume"}, timeframe="1d")
    reading = read("x.csv", "symbol,date,close,volume\n" + rows, layout)
    assert [(s.vendor_symbol, s.refused.select("line", "rule").rows()) for s in reading.series] == [
        ("AAPL", []),
        ("MSFT", [(4, "wrong_width"), (5, "repeated_header"), (6, "no_symbol"), (7, "wrong_width")]),
    ]


@pytest.mark.parametrize("symbol", ["AA\x07PL", "x" * 200, "\u202eLPAA", " "])
def test_a_symbol_that_can_be_none_refuses_its_row_alone(symbol: str) -> None:
    rows = f"2024-01-02,1,2,1,2,3,AAPL\n2024-01-03,1,2,1,2,3,{symbol}\n2024-01-04,1,2,1,2,3,AAPL\n"
    reading = read("AAPL.csv", "date,open,high,low,close,volume,Name\n" + rows)
    assert only(reading).bars["line"].to_list() == [1, 3]
    assert [row[1:3] for row in refused(reading)] == [("no_symbol", "the symbol's cell is empty or holds no word")]


def test_a_file_named_for_another_symbol_than_its_rows_is_noted() -> None:
    reading = read("AAPL.csv", "date,open,high,low,close,volume,Name\n2024-01-02,1,2,1,2,3,MSFT\n")
    assert reading.notes == ["the file is named for 'AAPL', its rows say 'MSFT'"]
    assert only(reading).vendor_symbol == "MSFT"


def test_a_line_beyond_the_limit_refuses_the_file() -> None:
    with pytest.raises(LimitFault):
        read("AAPL.csv", text(good(2), "x" * 2000 + "\n"), "yahoo_csv_new", limits=Limits(max_line=1000))


def test_a_time_of_day_in_a_column_of_its_own_is_joined_to_the_date() -> None:
    layout = LandingFormat(
        delimiter=";",
        columns={"timestamp": "Day", "time": "Time", "close": "Last"},
        stamp=Stamp(formats=("%d.%m.%Y %H:%M",), zone="Europe/Berlin"),
    )
    series = only(read("SAP.csv", "Day;Time;Last\n02.01.2024;09:00;1,5\n02.01.2024;09:01;2.5\n02.01.2024;09:02;2.5\n", layout))
    assert series.timeframe == "1m"
    assert series.bars["timestamp"][0] == datetime(2024, 1, 2, 8, 1, tzinfo=UTC)
    assert series.refused["rule"].to_list() == ["not_a_bar"]
