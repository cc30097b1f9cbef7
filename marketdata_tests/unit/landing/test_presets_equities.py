"""Each equity preset on a file as its vendor writes it, with invented numbers."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from marketdata_assets.core.faults import PayloadFault
from marketdata_tests.unit.landing.packing import gzipped, only, read

NUMBERS = ("open", "high", "low", "close", "volume", "adj_close", "dividend", "split_ratio")


def day(year: int, month: int, number: int) -> datetime:
    return datetime(year, month, number, tzinfo=UTC)


def test_tiingo() -> None:
    """Columns stand as close, high, low, open; the stamp's UTC midnight is the New York date."""
    reading = read(
        "csv/BRK-B.csv.gz",
        gzipped(
            "symbol,date,close,high,low,open,volume,adjClose,adjHigh,adjLow,adjOpen,adjVolume,divCash,splitFactor\n"
            "BRK-B,2010-01-20 00:00:00+00:00,3300.5,3400.0,3250.25,3310.0,12345,66.01,68,65,66.2,617250,0.0,1.0\n"
            "BRK-B,2010-01-21 00:00:00+00:00,70.5,72.0,69.25,71.0,987654,70.5,72,69.25,71,987654,0.24,50.0\n"
        ),
    )
    series = only(reading)
    assert (reading.format, series.vendor_symbol, series.timeframe) == ("tiingo_csv", "BRK-B", "1d")
    assert series.bars["timestamp"].to_list() == [day(2010, 1, 20), day(2010, 1, 21)]
    assert series.bars.select(NUMBERS).row(1) == (71.0, 72.0, 69.25, 70.5, 987654.0, 70.5, 0.24, 50.0)
    assert series.bars.select("price_basis", "volume_basis", "tape", "line").row(0) == ("raw", "raw", "consolidated", 1)


def test_quandl_wiki() -> None:
    reading = read(
        "AAPL.csv",
        "Date,Open,High,Low,Close,Volume,Ex-Dividend,Split Ratio,Adj. Open,Adj. High,Adj. Low,Adj. Close,Adj. Volume\n"
        "2014-06-09,92.5,93.75,91.5,93.25,7500.0,0.0,7.0,88,89,87,88.5,7500.0\n",
    )
    series = only(reading)
    assert (reading.format, series.vendor_symbol) == ("quandl_wiki_csv", "AAPL")
    assert series.bars.select(NUMBERS).row(0) == (92.5, 93.75, 91.5, 93.25, 7500.0, 88.5, 0.0, 7.0)


def test_alpha_vantage_daily_newest_row_first() -> None:
    reading = read("daily_IBM.csv", "timestamp,open,high,low,close,volume\r\n2024-01-03,1.5,2,1,1.25,10\r\n2024-01-02,1,2,1,1.5,20\r\n")
    series = only(reading)
    assert (reading.format, series.vendor_symbol) == ("alphavantage_daily_csv", "IBM")
    assert series.bars.select("timestamp", "close", "volume", "line").rows() == [
        (day(2024, 1, 3), 1.25, 10.0, 1),
        (day(2024, 1, 2), 1.5, 20.0, 2),
    ]


def test_alpha_vantage_adjusted_keeps_the_coefficient_as_it_came() -> None:
    reading = read(
        "daily_adjusted_AAPL.csv",
        "timestamp,open,high,low,close,adjusted_close,volume,dividend_amount,split_coefficient\n"
        "2014-06-09,92.5,94,91.5,93.5,21.25,7541,0.0000,7.00000700001\n",
    )
    assert reading.format == "alphavantage_daily_adjusted_csv"
    assert only(reading).bars.select("adj_close", "dividend", "split_ratio").row(0) == (21.25, 0.0, 7.00000700001)


def test_alpha_vantage_intraday_of_old_names_the_end_of_the_bar() -> None:
    rows = "2020-12-30 20:00:00,3,3,3,3,5\n2020-12-30 19:00:00,2,2,2,2,4\n2020-07-01 05:00:00,1,1,1,1,3\n"
    series = only(read("intraday_AMZN_60min.csv", "time,open,high,low,close,volume\n" + rows))
    assert (series.vendor_symbol, series.timeframe) == ("AMZN", "1h")
    assert series.bars["timestamp"].to_list() == [
        datetime(2020, 12, 31, 0, tzinfo=UTC),
        datetime(2020, 12, 30, 23, tzinfo=UTC),
        datetime(2020, 7, 1, 8, tzinfo=UTC),
    ]


def test_alpha_vantage_intraday_of_today_names_the_start_and_is_adjusted() -> None:
    rows = "2026-05-15 19:55:00,219,219,219,219,158\n2026-05-15 19:50:00,219,219,219,219,86\n"
    reading = read("intraday_IBM_5min.csv", "timestamp,open,high,low,close,volume\n" + rows)
    series = only(reading)
    assert (reading.format, series.timeframe) == ("alphavantage_intraday_start_csv", "5m")
    assert series.bars["timestamp"][0] == datetime(2026, 5, 15, 23, 55, tzinfo=UTC)
    assert series.bars["price_basis"][0] == "split_dividend_adjusted"


@pytest.mark.parametrize(
    ("header", "stamps", "proof"),
    [
        ("time", ["2024-01-02 04:00:00", "2024-01-02 05:00:00"], "1 stamps at 04:00 and none at 20:00 prove that they name the start"),
        ("timestamp", ["2024-01-02 20:00:00", "2024-01-02 19:00:00"], "1 stamps at 20:00 and none at 04:00 prove that they name the end"),
    ],
)
def test_intraday_stamps_that_prove_the_other_label_refuse_the_file(header: str, stamps: list[str], proof: str) -> None:
    content = f"{header},open,high,low,close,volume\n" + "".join(f"{stamp},1,1,1,1,1\n" for stamp in stamps)
    with pytest.raises(PayloadFault, match=proof) as caught:
        read("intraday_AMZN_60min.csv", content)
    assert "stamp: {label:" in caught.value.remedy


def test_yahoo_of_old_has_raw_prices_and_adjusted_volume() -> None:
    reading = read("AAPL.csv", "Date,Open,High,Low,Close,Volume,Adj Close\n2014-06-06,549.9,551.3,544.5,545.570023,8748,77.1\n")
    bars = only(reading).bars
    assert reading.format == "yahoo_csv_old"
    assert bars.select("close", "volume", "adj_close", "price_basis", "volume_basis").row(0) == (
        545.570023,
        8748.0,
        77.1,
        "raw",
        "split_adjusted",
    )


def test_yahoo_of_today_is_adjusted_throughout() -> None:
    reading = read("AAPL.csv", "Date,Open,High,Low,Close,Adj Close,Volume\n2014-06-06,82.8,83,82,82.22,71.5,3499\n")
    bars = only(reading).bars
    assert reading.format == "yahoo_csv_new"
    assert bars.select("close", "volume", "adj_close", "price_basis", "volume_basis").row(0) == (
        82.22, 3499.0, 71.5, "split_adjusted", "split_adjusted",
    )  # fmt: skip


def test_the_scraped_yahoo_table_sets_aside_what_is_no_bar() -> None:
    """Announcements fill every cell of their row and stay readable word by word among the refused rows."""
    split, dividend, note = (
        "4:1 Stock Split",
        "0.205 Dividend",
        "*Close price adjusted for splits.**Adjusted close price adjusted for both.",
    )
    reading = read(
        "daily_AAPL.csv",
        ",Date,Open,High,Low,Close*,Adj Close**,Volume\n"
        '0,"Sep 01, 2020",232.76,234.80,230.53,234.18,233.95,"1,948,100"\n'
        f'1,"Aug 31, 2020",{",".join([split] * 6)}\n'
        '2,"Aug 31, 2020",227.58,231.00,226.00,229.04,228.82,2235\n'
        f'3,"Aug 07, 2020",{",".join([dividend] * 6)}\n'
        '4,"Aug 06, 2020",-,-,-,-,-,-\n'
        f"5,{','.join([note] * 7)}\n",
    )
    series = only(reading)
    assert (reading.format, series.vendor_symbol) == ("yahoo_history_table", "AAPL")
    assert series.bars.select("timestamp", "close", "adj_close", "volume", "line").rows() == [
        (day(2020, 9, 1), 234.18, 233.95, 1948100.0, 1),
        (day(2020, 8, 31), 229.04, 228.82, 2235.0, 3),
    ]
    rows = series.refused.select("line", "rule", "filed_under").rows()
    assert rows == [
        (2, "split_row", date(2020, 8, 31)),
        (4, "dividend_row", date(2020, 8, 7)),
        (5, "not_a_bar", date(2020, 8, 6)),
        (6, "footnote", date(2020, 8, 6)),
    ]
    assert series.refused["row"][0] == f'1,"Aug 31, 2020",{",".join([split] * 6)}'
    assert series.refused["reason"][1] == "a dividend announcement among the bars"


def test_yfinance_with_flipping_offsets() -> None:
    reading = read(
        "AAPL_daily_adjusted.csv",
        "Date,open,high,low,close,adjusted_close,volume\n"
        "2016-02-22 00:00:00-05:00,34.07,34.22,33.97,34.21,31.94,1371\n"
        "2016-06-22 00:00:00-04:00,34.06,34.22,33.83,33.88,31.76,1168\n",
    )
    series = only(reading)
    assert (reading.format, series.vendor_symbol) == ("yfinance_csv", "AAPL")
    assert series.bars["timestamp"].to_list() == [day(2016, 2, 22), day(2016, 6, 22)]


def test_yfinance_says_zero_for_no_split_and_without_adj_close_is_adjusted_for_dividends() -> None:
    rows = "2020-08-28 00:00:00-04:00,124,126,123,124.8,1000,0.0,0.0\n2020-08-31 00:00:00-04:00,127,131,126,129.0,2000,0.0,4.0\n"
    reading = read("AAPL.csv", "Date,Open,High,Low,Close,Volume,Dividends,Stock Splits\n" + rows)
    bars = only(reading).bars
    assert reading.format == "yfinance_auto_adjusted_csv"
    assert bars["split_ratio"].to_list() == [1.0, 4.0]
    assert set(bars["price_basis"]) == {"split_dividend_adjusted"}
    raw = rows.replace("124.8,", "124.8,120.1,").replace("129.0,", "129.0,125.2,")
    unadjusted = read("AAPL.csv", "Date,Open,High,Low,Close,Adj Close,Volume,Dividends,Stock Splits\n" + raw)
    assert unadjusted.format == "yfinance_csv"
    assert only(unadjusted).bars.select("adj_close", "price_basis").row(0) == (120.1, "split_adjusted")


@pytest.mark.parametrize("header", ["date,open,high,low,close,volume,Name", "Date,Open,High,Low,Close,Volume,Name"])
def test_kaggle_in_both_spellings(header: str) -> None:
    reading = read("AAL_data.csv", header + "\n2013-02-08,25.07,25.12,24.63,24.75,8400,AAL\n")
    assert (reading.format, only(reading).vendor_symbol, reading.notes) == ("kaggle_sp500_csv", "AAL", [])
    assert only(reading).bars["price_basis"][0] == "split_adjusted"


def test_a_spreadsheet_re_saved_file_is_read_with_a_note_and_american_dates_are_not() -> None:
    header = "timestamp,open,high,low,close,volume\n"
    reading = read("daily_IBM.csv", header + "2023/12/29,263.75,264.18,262.83,263.55,2526\n1999/11/2,46.75,46.81,43.69,44.81,1110\n")
    assert only(reading).bars["timestamp"].to_list() == [day(2023, 12, 29), day(1999, 11, 2)]
    assert "a spreadsheet re-saved the file" in reading.notes[0]
    with pytest.raises(PayloadFault, match="stamps like '12/29/2023' are not %Y-%m-%d"):
        read("daily_IBM.csv", header + "12/29/2023,263.75,264.18,262.83,263.55,2526\n")
