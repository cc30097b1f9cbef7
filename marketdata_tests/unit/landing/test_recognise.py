"""A file is in one known format, or it is refused with what was found and what to do."""

from __future__ import annotations

import io
from datetime import date, timedelta

import polars as pl
import pytest

from marketdata_assets.core.faults import PayloadFault
from marketdata_assets.sources.landing.evidence import evidence
from marketdata_assets.sources.landing.recognise import recognise
from marketdata_tests.unit.landing.packing import read, zipped


def refusal(path: str, content: bytes | str, **kwargs: object) -> PayloadFault:
    with pytest.raises(PayloadFault) as caught:
        read(path, content, **kwargs)
    return caught.value


def test_an_unknown_header_is_shown_with_the_remedy() -> None:
    fault = refusal("AAPL.csv", "day,open,high,low,close,volume\n2014-03-03,1,1,1,1,1\n")
    assert fault.tried == "recognising the format of AAPL.csv"
    assert fault.found.startswith("it begins 'day,open,high,low,close,volume', the layout of none of the")
    assert "set `format:` of the source in marketdata.yaml" in fault.remedy
    assert fault.context["path"] == "AAPL.csv"


def test_an_option_chain_is_valid_csv_and_still_no_bars() -> None:
    header = "contractID,symbol,expiration,strike,type,last,mark,bid,bid_size,ask,ask_size,volume,open_interest,date,implied_volatility\n"
    fault = refusal(
        "NVDA_options.csv", header + "NVDA240328C00250000,NVDA,2024-03-28,250.00,call,54.5,52.8,50.2,5,55.5,1,0,16,2024-03-28,0.1\n"
    )
    assert "these are not bars: no column is called open, high, low or close" in fault.found


@pytest.mark.parametrize(("sign", "name"), [("|", "|"), (";", ";"), ("\t", "tab")])
def test_another_delimiter_is_named(sign: str, name: str) -> None:
    row = sign.join(["1637971200000", "0.5", "0.75", "0.25", "0.5", "1200.25", "1637971259999", "1.0", "79", "1", "1", "0"])
    assert f"its fields seem to be separated by '{name}', not by commas" in refusal("ADABTC-1m-2021-11-27.csv", row + "\n").found


def test_a_headerless_file_must_be_named_as_the_vendor_names_it() -> None:
    fault = refusal("bitcoin.csv", "1672531200,15528.5,15618.5,15490.0,15614.5,1234.5,4321\n")
    assert "kraken_ohlcvt_csv: without a header it must be named like XBTUSD_1440.csv" in fault.found


def test_trades_of_kraken_are_no_bars() -> None:
    assert "the layout of none" in refusal("BCHEUR.csv", "1672531436,50.500000,1.25000000\n").found


def test_an_empty_file_of_a_header_that_two_formats_share_is_ambiguous() -> None:
    header = "timestamp,open,high,low,close,volume\n"
    assert "which fits alphavantage_daily_csv and alphavantage_intraday_start_csv alike" in refusal("IBM.csv", header).found
    assert recognise("IBM.csv", (header + "2024-01-02,1,1,1,1,1\n").encode()).name == "alphavantage_daily_csv"
    assert recognise("IBM.csv", (header + "2024-01-02 09:30:00,1,1,1,1,1\n").encode()).name == "alphavantage_intraday_start_csv"


def test_the_asset_class_of_the_source_rules_formats_of_the_other_one_out() -> None:
    fault = refusal("XBTUSD_1440.csv", "1672531200,1,1,1,1,1,1\n", asset_class="us_equities")
    assert "kraken_ohlcvt_csv: that is a format of crypto, the source is one of us_equities" in fault.found


def test_parquet_is_never_guessed() -> None:
    out = io.BytesIO()
    pl.DataFrame({"ts": [1], "px": [1.5]}).write_parquet(out)
    fault = refusal("AAPL.parquet", out.getvalue())
    assert "it begins 'ts,px'" in fault.found
    assert "parquet is read by a configured column map alone" in fault.found


def test_the_first_bytes_are_shown_short_printable_and_in_one_line() -> None:
    assert evidence(b"a\0b\x1b[31m\r\nc\xff") == "a·b·[31m c·"
    assert len(evidence(b"x" * 10_000)) == 121
    assert evidence("１２\u202e3".encode()) == "１２·3"


def test_a_key_that_a_vendor_echoes_is_masked() -> None:
    """Alpha Vantage's quota notice repeats the caller's key."""
    key = "CANARY0KEY1234567"
    for body in (
        f'{{"Information": "We have detected your API key as {key} and our standard API rate limit is 25 requests per day."}}',
        f'{{"Error Message": "bad request apikey={key}"}}',
        f"<html>token: {key}</html>",
        f"url,apikey={key}\n1,2\n",
    ):
        fault = refusal("daily_IBM.csv", body)
        assert key not in str(fault)
        assert "***" in str(fault)


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", "it is empty"),
        (b"\n\n  \n", "it is empty"),
        (b"\xef\xbb\xbf", "it is empty"),
        (b'{"Note": "Thank you for using Alpha Vantage!"}', "it is a json message, not bars: 'Thank you for using Alpha Vantage!'"),
        (b'{"chart":{"result":null,"error":{"code":"Not Found"}}}', 'it is a json message, not bars: \'{"chart"'),
        (b'{"broken', "it is a json message, not bars: '{\"broken'"),
        (b"<!DOCTYPE html><html>Will be right back</html>", "it is a web page or xml, not bars"),
        (bytes(range(256)), "it is binary"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "it is binary"),
        ("Date,Open\n".encode("utf-16"), "it is text in UTF-16"),
        (b"Too Many Requests", "the layout of none"),
    ],
)
@pytest.mark.parametrize("layout", [None, "alphavantage_daily_csv"])
def test_what_was_never_a_file_of_bars_is_refused_as_what_it_is(content: bytes, found: str, layout: str | None) -> None:
    with pytest.raises(PayloadFault) as caught:
        read("daily_IBM.csv", content, layout)
    if found != "the layout of none" or layout is None:
        assert caught.value.found.startswith(found) or found in caught.value.found


def test_a_configured_format_that_the_file_is_not_in_refuses_it() -> None:
    text = "timestamp,open,high,low,close,volume\n2024-01-02,1,1,1,1,1\n"
    with pytest.raises(PayloadFault, match="has no column 'date'"):
        read("AAPL.csv", text, "tiingo_csv")
    with pytest.raises(PayloadFault, match="it is csv, where feather is due"):
        read("BTC_USDT-5m.feather", text, "freqtrade_feather")
    with pytest.raises(PayloadFault, match="it is json, where csv is due"):
        read("AAPL.csv", "[[1,2]]", "tiingo_csv")
    with pytest.raises(PayloadFault, match="has more than one column 'close'"):
        read("AAPL.csv", text.replace("volume", "Close"), "alphavantage_daily_csv")


def test_two_formats_in_one_zip_are_refused() -> None:
    files = {
        "XBTUSD_60.csv": "1672531200,1,1,1,1,1,1\n",
        "all.csv": "date,open,high,low,close,volume,Name\n2024-01-02,1,2,1,2,3,NA\n",
    }
    assert "other files in its zip are not" in refusal("mixed.zip", zipped(files)).found


def test_bars_closer_or_wider_than_their_name_says_are_refused() -> None:
    five = "".join(f"{1672531200 + 300 * n},1,1,1,1,1,1\n" for n in range(40))
    assert "its bars stand 0:05:00 apart" in refusal("XBTUSD_60.csv", five).found
    assert "its bars stand 0:05:00 apart" in refusal("XBTUSD_1.csv", five).found
    assert read("XBTUSD_1.csv", five[: 10 * len(five) // 40]).series
    weekly = "Date,Open,High,Low,Close,Adj Close,Volume\n" + "".join(
        f"2024-{1 + w // 4:02d}-{1 + w % 4 * 7:02d},1,1,1,1,1,1\n" for w in range(4)
    )
    assert read("AAPL.csv", weekly).series
    mondays = [date(2023, 1, 2) + timedelta(weeks=n) for n in range(30)]
    assert "7 days apart" in refusal("AAPL.csv", weekly.splitlines()[0] + "\n" + "".join(f"{d},1,1,1,1,1,1\n" for d in mondays)).found
    months = [date(2020 + n // 12, 1 + n % 12, 1) for n in range(30)]
    assert "31 days apart" in refusal("AAPL.csv", weekly.splitlines()[0] + "\n" + "".join(f"{d},1,1,1,1,1,1\n" for d in months)).found


def test_a_thin_market_is_not_mistaken_for_longer_bars() -> None:
    at, rows = 1672531200, []
    for n in range(60):
        at += 60 * (1 + n * n % 7)
        rows.append(f"{at},1,1,1,1,1,1\n")
    assert read("XBTUSD_1.csv", "".join(rows)).series[0].bars.height == 60
