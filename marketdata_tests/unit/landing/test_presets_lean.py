"""LEAN's zips, equities and crypto, with invented numbers."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from marketdata_assets.core.faults import PayloadFault
from marketdata_assets.sources.landing.presets import PRESETS
from marketdata_tests.unit.landing.packing import only, read, zipped

DAILY = "20140605 00:00,1234500,1250000,1200100,1240300,777000\n20140606 00:00,1241000,1260700,1239900,1255700,888000\n"
MINUTE = "32040000,701200,701200,701200,701200,50\n34200000,701600,701900,701300,701800,4100\n"


def test_daily_prices_are_divided_exactly() -> None:
    reading = read("equity/usa/daily/aapl.zip", zipped({"aapl.csv": DAILY}))
    series = only(reading)
    assert (reading.format, series.vendor_symbol, series.timeframe) == ("lean_daily_zip", "AAPL", "1d")
    assert series.bars.select("timestamp", "open", "close", "volume").row(1) == (
        datetime(2014, 6, 6, tzinfo=UTC),
        124.1,
        125.57,
        888000.0,
    )


def test_a_ticker_with_a_dot_is_a_ticker() -> None:
    assert only(read("equity/usa/daily/twx.1.zip", zipped({"twx.1.csv": DAILY}))).vendor_symbol == "TWX.1"


def test_a_folder_inside_the_zip_is_no_harm() -> None:
    rows = "20100111 10:00,512000,512000,512000,512000,10\n20100111 11:00,511300,511300,511300,511300,20\n"
    assert only(read("equity/usa/hour/tapa.zip", zipped({"tapa/tapa.csv": rows}))).vendor_symbol == "TAPA"


def test_daily_stamps_that_are_not_midnight_keep_their_hour() -> None:
    """A file converted through UTC carries every session on the evening before; the rules must be able to see it."""
    rows = "20190101 19:00,2018800.0,2098400.0,2005100.0,2060900.0,1052\n20190701 20:00,2059900.0,2066600.0,2020000.0,2025800.0,2483\n"
    bars = only(read("equity/usa/daily/aapl.zip", zipped({"aapl.csv": rows}))).bars
    assert bars["timestamp"].to_list() == [datetime(2019, 1, 1, 19, tzinfo=UTC), datetime(2019, 7, 1, 20, tzinfo=UTC)]
    assert bars["close"].to_list() == [206.09, 202.58]


def test_hour_bars_are_new_york_wall_clock() -> None:
    rows = "20071123 11:00,904400,914500,899600,910100,2205\n20071123 12:00,910200,924800,904500,919700,2319\n"
    series = only(read("equity/usa/hour/spwr.zip", zipped({"spwr.csv": rows})))
    assert (series.timeframe, series.bars["timestamp"][0]) == ("1h", datetime(2007, 11, 23, 16, tzinfo=UTC))


def test_minutes_count_from_local_midnight_on_either_side_of_a_clock_change() -> None:
    for day, hour in (("20080307", 13), ("20080310", 12)):
        data = zipped({f"{day}_shy_minute_trade.csv": MINUTE})
        series = only(read(f"equity/usa/minute/shy/{day}_trade.zip", data))
        assert (series.vendor_symbol, series.timeframe) == ("SHY", "1m")
        assert series.bars["timestamp"][0] == datetime.strptime(day, "%Y%m%d").replace(hour=hour, minute=54, tzinfo=UTC)


def test_a_minute_zip_under_another_day_or_ticker_is_refused() -> None:
    data = zipped({"20080310_shy_minute_trade.csv": MINUTE})
    with pytest.raises(PayloadFault, match="named for date '20080307' but what it holds is named for '20080310'"):
        read("equity/usa/minute/shy/20080307_trade.zip", data)
    with pytest.raises(PayloadFault, match="named for symbol 'spy' but what it holds is named for 'shy'"):
        read("equity/usa/minute/spy/20080310_trade.zip", data)


def test_a_minute_file_without_a_date_in_its_name_is_refused() -> None:
    with pytest.raises(PayloadFault, match="its name states no date"):
        read("shy.csv", MINUTE, PRESETS["lean_minute_zip"].model_copy(update={"symbol": "SHY"}))


def test_quotes_ticks_seconds_and_reference_data_are_told_apart_from_bars() -> None:
    quote = "14400000,1100000,1110000,1100000,1110000,10,1120000,1130000,1120000,1130000,20\n"
    tick = "14400464,1100100,10,P,20002000,0\n"
    for path, member, rows, what in (
        ("equity/usa/minute/spy/20131009_quote.zip", "20131009_spy_minute_quote.csv", quote, "quotes"),
        ("equity/usa/tick/spy/20131007_trade.zip", "20131007_spy_Trade_Tick.csv", tick, "ticks"),
        ("equity/usa/second/aapl/20250902_trade.zip", "20250902_aapl_second_trade.csv", MINUTE, "second bars"),
    ):
        with pytest.raises(PayloadFault, match=what):
            read(path, zipped({member: rows}))
        with pytest.raises(PayloadFault, match=what):
            read(path, zipped({member: rows}), "lean_minute_zip")
    with pytest.raises(PayloadFault, match="reference data"):
        read("equity/usa/factor_files/aapl.csv", "20140606,0.9,0.14,125.57\n")


def test_crypto_is_utc_and_not_scaled() -> None:
    daily = "20141201 00:00,200,270.5,200,270,0.0625\n20141202 00:00,277,278,277,278,15.5\n"
    reading = read("crypto/coinbase/daily/btcusd_trade.zip", zipped({"btcusd.csv": daily}))
    series = only(reading)
    assert (reading.format, series.vendor_symbol) == ("lean_crypto_daily_zip", "BTCUSD")
    assert series.bars.select("timestamp", "high", "tape").row(0) == (datetime(2014, 12, 1, tzinfo=UTC), 270.5, "coinbase")
    minute = zipped({"20161007_btcusd_minute_trade.csv": "0,511.75,511.875,511.75,511.5,1.125\n60000,511.5,511.75,511.5,511.75,0.5\n"})
    reading = read("crypto/coinbase/minute/btcusd/20161007_trade.zip", minute)
    assert reading.format == "lean_crypto_minute_zip"
    assert only(reading).bars["timestamp"].to_list() == [datetime(2016, 10, 7, 0, n, tzinfo=UTC) for n in (0, 1)]


def test_without_a_telling_path_a_fraction_speaks_for_unscaled_prices_and_spacing_for_the_length() -> None:
    hours = "".join(f"2014120{d} 1{h}:00,300.5,370.25,300,370,1.5\n" for d in (1, 2) for h in range(5))
    assert read("btcusd.zip", zipped({"btcusd.csv": hours})).format == "lean_crypto_hour_zip"
    days = "".join(f"201412{d} 00:00,300.5,370.25,300,370,1.5\n" for d in range(10, 20))
    assert read("btcusd.zip", zipped({"btcusd.csv": days})).format == "lean_crypto_daily_zip"


def test_whole_prices_without_a_telling_path_are_ambiguous_until_the_asset_class_is_known() -> None:
    """Guessing wrong would be wrong by a factor of ten thousand."""
    with pytest.raises(PayloadFault, match="fits lean_daily_zip and lean_crypto_daily_zip alike"):
        read("aapl.zip", zipped({"aapl.csv": DAILY}))
    assert read("aapl.zip", zipped({"aapl.csv": DAILY}), asset_class="us_equities").format == "lean_daily_zip"
    assert read("aapl.zip", zipped({"aapl.csv": DAILY}), asset_class="crypto").format == "lean_crypto_daily_zip"
