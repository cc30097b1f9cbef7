"""LEAN's zips, equities and crypto, with invented numbers."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from marketdata_assets.core.faults import PayloadFault
from marketdata_assets.sources.landing.presets import PRESETS
from marketdata_tests.unit.landing.packing import only, read, zipped

DAILY = "20140605 00:00,6465700,6483800,6426100,6473800,75951120\n20140606 00:00,6499000,6514000,6444700,6455700,12497800\n"
MINUTE = "32040000,842200,842200,842200,842200,100\n34200000,842600,842800,842300,842700,3200\n"


def test_daily_prices_are_divided_exactly() -> None:
    reading = read("equity/usa/daily/aapl.zip", zipped({"aapl.csv": DAILY}))
    series = only(reading)
    assert (reading.format, series.vendor_symbol, series.timeframe) == ("lean_daily_zip", "AAPL", "1d")
    assert series.bars.select("timestamp", "open", "close", "volume").row(1) == (
        datetime(2014, 6, 6, tzinfo=UTC),
        649.9,
        645.57,
        12497800.0,
    )


def test_a_ticker_with_a_dot_is_a_ticker() -> None:
    assert only(read("equity/usa/daily/twx.1.zip", zipped({"twx.1.csv": DAILY}))).vendor_symbol == "TWX.1"


def test_a_folder_inside_the_zip_is_no_harm() -> None:
    rows = "20100111 10:00,438000,438000,438000,438000,100\n20100111 11:00,435200,435200,435200,435200,200\n"
    assert only(read("equity/usa/hour/tapa.zip", zipped({"tapa/tapa.csv": rows}))).vendor_symbol == "TAPA"


def test_daily_stamps_that_are_not_midnight_keep_their_hour() -> None:
    """A file converted through UTC carries every session on the evening before; the rules must be able to see it."""
    rows = (
        "20190101 19:00,1538800.0,1588400.0,1445100.0,1460900.0,10526569\n20190701 20:00,1459900.0,1466600.0,1420000.0,1425800.0,24831049\n"
    )
    bars = only(read("equity/usa/daily/aapl.zip", zipped({"aapl.csv": rows}))).bars
    assert bars["timestamp"].to_list() == [datetime(2019, 1, 1, 19, tzinfo=UTC), datetime(2019, 7, 1, 20, tzinfo=UTC)]
    assert bars["close"].to_list() == [146.09, 142.58]


def test_hour_bars_are_new_york_wall_clock() -> None:
    rows = "20071123 11:00,1034400,1054500,1029600,1050100,220500\n20071123 12:00,1050200,1064800,1044500,1059700,231941\n"
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
    quote = "14400000,1659000,1660000,1659000,1660000,1000,1659800,1660300,1659800,1660100,20200\n"
    tick = "14400464,1674100,100,P,20002000,0\n"
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
        read("equity/usa/factor_files/aapl.csv", "20140606,0.9,0.14,645.57\n")


def test_crypto_is_utc_and_not_scaled() -> None:
    daily = "20141201 00:00,300,370.5,300,370,0.05655554\n20141202 00:00,377,378,377,378,15.0136\n"
    reading = read("crypto/coinbase/daily/btcusd_trade.zip", zipped({"btcusd.csv": daily}))
    series = only(reading)
    assert (reading.format, series.vendor_symbol) == ("lean_crypto_daily_zip", "BTCUSD")
    assert series.bars.select("timestamp", "high", "tape").row(0) == (datetime(2014, 12, 1, tzinfo=UTC), 370.5, "coinbase")
    minute = zipped({"20161007_btcusd_minute_trade.csv": "0,611.78,611.91,611.78,611.9,1.13872\n60000,611.87,611.88,611.87,611.88,0.56\n"})
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
