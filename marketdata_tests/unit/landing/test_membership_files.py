"""Membership files: each layout recognised and read, each kind of damage refused whole, with its line."""

from __future__ import annotations

import gzip
from datetime import date

import pytest

from marketdata_assets.core.faults import LimitFault, PayloadFault
from marketdata_assets.sources.landing.limits import Limits
from marketdata_assets.sources.membership.map_files import read_map_file
from marketdata_assets.sources.membership.read import read_membership

YAML = "year: 2020\ntickers_on_Jan_1:\n  - A\n  - ON\nchanges:\n  # a remark\n  '2020-04-20':\n    difference: [A]\n    union: [NO, TRUE]\n"


def rows(path: str, text: str) -> list[tuple[object, ...]]:
    return read_membership(path, text.encode()).rows.select("kind", "spelling", "start", "end", "line").rows()


def test_each_layout_is_recognised_by_its_header_whatever_its_columns_are_called_besides() -> None:
    day = date(2020, 1, 2)
    assert rows("i.csv", "ticker,start_date,end_date\nA,2020-01-02,\n") == [("member", "A", day, None, 1)]
    assert rows("c.csv", 'date,add,remove\n2020-01-02,"A, B",\n') == [("added", "A", day, None, 1), ("added", "B", day, None, 1)]
    seen = [("seen", "BRK.B", day, date(2020, 1, 3), 1)]
    assert rows("c_2020-01-02.csv", "Symbol,Name,Sector\nBRK.B,x,y\n") == seen
    assert rows("c.csv", "\ufeffsymbol,date added,date\nBRK.B,1990-01-01,2020-01-02\n") == seen
    runs = "first_snapshot_date,last_snapshot_date,n,symbols\n2020-01-02,2020-01-05,2,A|B\n"
    assert rows("r.csv", runs) == [("seen", "A", day, date(2020, 1, 6), 1), ("seen", "B", day, date(2020, 1, 6), 1)]


def test_words_that_yaml_takes_for_truth_are_tickers() -> None:
    assert [(kind, name) for kind, name, *_ in rows("n-2020.yaml", YAML)] == [
        ("base", "A"),
        ("base", "ON"),
        ("removed", "A"),
        ("added", "NO"),
        ("added", "TRUE"),
    ]


def test_a_packed_file_is_its_content_and_a_bomb_is_cut_off() -> None:
    text = b"ticker,start_date,end_date\nNA,2020-01-02,\n"
    assert read_membership("i.csv.gz", gzip.compress(text)).rows["spelling"].to_list() == ["NA"]
    bomb = gzip.compress(b"ticker,start_date,end_date\n" + b"A,2020-01-02,\n" * 400_000)
    with pytest.raises(LimitFault):
        read_membership("i.csv.gz", bomb, limits=Limits(max_bytes=1 << 20))


@pytest.mark.parametrize(
    ("path", "text", "found"),
    [
        ("s_2020-01-02.csv", "Symbol,Name\nA,One, Inc\n", "line 2 has 3 cells, the header has 2"),
        ("s_2020-01-02.csv", "Symbol,Name\nA,x\nA,y\n", "A stands in rows 1 and 2"),
        ("s.csv", "Symbol,Name\nA,x\n", "no day"),
        ("s_2020-13-02.csv", "Symbol,Name\nA,x\n", "has the date '2020-13-02'"),
        ("s.csv", "symbol,date\nA,2020-01-02\nB,2020-01-03\n", "its rows are of 2 days"),
        ("s_2020-01-02.csv", "Symbol,Name\n", "it names no member"),
        ("i.csv", "ticker,start_date,end_date\nA,2020-01-02,2020-01-02\n", "A leaves on 2020-01-02 and entered on 2020-01-02"),
        ("i.csv", "ticker,start_date,end_date\nA,02/01/2020,\n", "row 1 has the date '02/01/2020'"),
        ("i.csv", "ticker,start_date,end_date\nAmerican Airlines,2020-01-02,\n", "where a ticker is due"),
        ("i.csv", 'ticker,start_date,end_date\n"A,2020-01-02,\n', "is no CSV"),
        ("r.csv", "first_snapshot_date,last_snapshot_date,n,symbols\n2020-01-02,2020-01-05,3,A|B\n", "says 3 members"),
        ("x.csv", "open,high\n1,2\n", "is of no known format"),
        ("n.yaml", YAML.replace("2020-04-20", "2021-04-20"), "is not of 2020"),
        ("n.yaml", YAML.replace("union", "add"), "more than union and difference"),
        ("n.yaml", "tickers_on_Jan_1: [A]\n", "lacks year"),
        ("n.yaml", YAML.replace("- ON", "- {a: b}"), "where tickers are due"),
        ("n.yaml", YAML.replace("[A]", "[A"), "it is no YAML"),
    ],
)
def test_a_damaged_file_is_refused_whole_with_what_is_wrong(path: str, text: str, found: str) -> None:
    with pytest.raises(PayloadFault) as refused:
        read_membership(path, text.encode())
    assert found in refused.value.found


def test_bytes_that_are_no_text_are_refused() -> None:
    with pytest.raises(PayloadFault, match="not UTF-8"):
        read_membership("i.csv", b"ticker,start_date,end_date\n\xff\xfe,2020-01-02,\n")


def test_a_company_name_in_the_symbol_column_is_one_refused_row_of_a_partial_snapshot() -> None:
    said = read_membership("s_2021-03-11.csv", b"Symbol,Name\nA,x\nAmerican Airlines Group,reports\n")
    assert said.refused.select("line", "row").rows() == [(2, "American Airlines Group,reports")]
    assert said.rows.select("spelling", "partial").rows() == [("A", True)]


def test_a_map_file_says_who_bore_what_until_when_and_a_torn_one_is_refused() -> None:
    told = read_map_file("usa/map_files/wm.csv", b"19980102,uw,N\r\n19980716,uw,N\r\n20090804,wmi,N\r\n20501231,wm,N\r\n")
    assert told.select("symbol", "ticker", "start", "end", "delisted_on").rows() == [
        ("WM", "UW", date(1998, 1, 2), date(1998, 7, 17), None),
        ("WM", "WMI", date(1998, 7, 17), date(2009, 8, 5), None),
        ("WM", "WM", date(2009, 8, 5), None, None),
    ]
    for text in (b"19980102,uw,N\n", b"19980102;uw\n19990101,uw,N\n", b"19990102,uw,N\n19980716,uw,N\n"):
        with pytest.raises(PayloadFault):
            read_map_file("uw.csv", text)
