"""Real crypto files: rows, spans, gaps and duplicates as they are in the files."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import orjson
import polars as pl
import pytest

from marketdata_assets.core.faults import PayloadFault
from marketdata_assets.sources.landing.checksums import checksum_beside
from marketdata_assets.sources.landing.presets import PRESETS
from marketdata_assets.sources.landing.read import Reading, read_payload
from marketdata_assets.sources.landing.shape import Series

pytestmark = pytest.mark.realdata


def read(home: Path, path: str, **kwargs) -> Reading:
    return read_payload(path, (home / path).read_bytes(), **{"format": None, "asset_class": "crypto", **kwargs})


def only(reading: Reading) -> Series:
    (series,) = reading.series
    return series


def span(series: Series) -> tuple[str, str]:
    stamps = series.bars["timestamp"]
    return f"{stamps.min():%Y-%m-%d %H:%M}", f"{stamps.max():%Y-%m-%d %H:%M}"


@pytest.mark.parametrize(
    ("name", "symbol", "timeframe", "rows", "first", "last"),
    [
        ("BTC_USDT-5m", "BTC_USDT", "5m", 119_784, "2024-12-31 00:00", "2026-02-19 21:55"),
        ("BTC_USDT-15m", "BTC_USDT", "15m", 38_999, "2025-01-01 00:00", "2026-02-11 05:30"),
        ("BTC_USDT-1h", "BTC_USDT", "1h", 12_556, "2024-09-14 00:00", "2026-02-19 03:00"),
        ("BTC_USDT-4h", "BTC_USDT", "4h", 3_080, "2024-09-23 00:00", "2026-02-18 04:00"),
        ("BTC_USDT-1d", "BTC_USDT", "1d", 488, "2024-10-01 00:00", "2026-01-31 00:00"),
        ("XRP_ETH-1m", "XRP_ETH", "1m", 2_469, "2019-10-11 00:00", "2019-10-13 11:19"),
        ("XRP_ETH-5m", "XRP_ETH", "5m", 706, "2019-10-11 00:00", "2019-10-13 11:15"),
        ("ZAMA_USDT-1m", "ZAMA_USDT", "1m", 24_226, "2026-02-02 13:00", "2026-02-19 08:45"),
    ],
)
def test_freqtrade_feather(realdata: Path, name: str, symbol: str, timeframe: str, rows: int, first: str, last: str) -> None:
    reading = read(realdata / "crypto", f"binance/{name}.feather")
    series = only(reading)
    assert (reading.format, reading.notes, series.vendor_symbol, series.timeframe) == ("freqtrade_feather", [], symbol, timeframe)
    assert (series.bars.height, *span(series)) == (rows, first, last)
    assert set(series.bars["tape"]) == {"binance"}
    assert series.bars.select(pl.col("open", "high", "low", "close", "volume").null_count().sum()).row(0) == (0, 0, 0, 0, 0)


def test_a_download_resumed_inside_a_candle_keeps_both_versions_of_it(realdata: Path) -> None:
    reading = read(realdata / "crypto", "defects/ETH_BTC-5m_33day_hole_dup_open_candle.json")
    series = only(reading)
    assert (reading.format, series.vendor_symbol, series.timeframe, series.bars.height) == ("freqtrade_json", "ETH_BTC", "5m", 11_523)
    twice = series.bars.filter(pl.col("timestamp").is_duplicated())
    assert twice.select("timestamp", "close", "volume").rows() == [
        (datetime(2018, 3, 24, 8, 25, tzinfo=UTC), 0.06065971, 16.51801521),
        (datetime(2018, 3, 24, 8, 25, tzinfo=UTC), 0.06065971, 39.8703469),
        (datetime(2018, 3, 24, 8, 30, tzinfo=UTC), 0.06065971, 0.30229559),
        (datetime(2018, 3, 24, 8, 30, tzinfo=UTC), 0.06065972, 13.24292168),
    ]
    assert series.bars["timestamp"].diff().max() == timedelta(milliseconds=2_868_300_000)


def test_a_thin_pair_is_read_once_its_symbol_and_length_are_configured(realdata: Path) -> None:
    path = "defects/thin_pair_1m_2017-11_538gaps.json"
    with pytest.raises(PayloadFault, match="it must be named like"):
        read(realdata / "crypto", path)
    named = PRESETS["freqtrade_json"].model_copy(update={"symbol": "THIN_PAIR", "timeframe": "1m"})
    series = only(read(realdata / "crypto", path, format=named))
    gaps = series.bars["timestamp"].diff().drop_nulls()
    assert (series.bars.height, int((gaps > timedelta(minutes=1)).sum()), gaps.max()) == (13_681, 538, timedelta(minutes=8))
    raw = orjson.loads((realdata / "crypto" / path).read_bytes())
    assert series.bars["close"].to_list() == [row[4] for row in raw]


@pytest.mark.parametrize(
    ("minutes", "timeframe", "rows", "last"),
    [(5, "5m", 25_901, "2023-03-31 23:55"), (15, "15m", 8_635, "2023-03-31 23:45"), (60, "1h", 2_160, "2023-03-31 23:00"),
     (720, "12h", 180, "2023-03-31 12:00"), (1440, "1d", 90, "2023-03-31 00:00")],
)  # fmt: skip
def test_kraken(realdata: Path, minutes: int, timeframe: str, rows: int, last: str) -> None:
    """First quarter of 2023, 90 days; the 5 and 15 minute bars lack the outage of 2023-02-22 00:15..01:30 and what else had no trade."""
    reading = read(realdata / "crypto", f"kraken/XBTUSD_{minutes}.csv")
    series = only(reading)
    assert (reading.format, series.vendor_symbol, series.timeframe) == ("kraken_ohlcvt_csv", "XBTUSD", timeframe)
    lines = (realdata / "crypto" / "kraken" / f"XBTUSD_{minutes}.csv").read_bytes().count(b"\n")
    assert (series.bars.height, *span(series)) == (rows, "2023-01-01 00:00", last)
    assert lines == rows
    assert series.bars["trade_count"].null_count() == 0
    if minutes == 5:
        outage = series.bars.filter(
            pl.col("timestamp").is_between(datetime(2023, 2, 22, 0, 20, tzinfo=UTC), datetime(2023, 2, 22, 1, 25, tzinfo=UTC))
        )
        assert outage.height == 0


def test_kraken_bars_of_five_minutes_add_up_to_the_day(realdata: Path) -> None:
    five = only(read(realdata / "crypto", "kraken/XBTUSD_5.csv")).bars
    day = only(read(realdata / "crypto", "kraken/XBTUSD_1440.csv")).bars
    summed = five.group_by(pl.col("timestamp").dt.truncate("1d")).agg(
        pl.col("high").max(), pl.col("low").min(), pl.col("trade_count").sum()
    )
    assert summed.sort("timestamp").equals(day.select("timestamp", "high", "low", "trade_count"))


def test_trades_and_order_books_are_no_bars(realdata: Path) -> None:
    for path in (
        "kraken/BCHEUR_trades_2023Q1.csv",
        "ticks/binance_spot_TRXUSDT_trades_us_2025-03-04_clean.csv",
        "ticks/binance_spot_XRPETH_aggTrades_2019-10.feather",
        "ticks/binance_spot_XRPETH_aggTrades_raw_info_2019-10.json.gz",
        "ticks/SPY_tick_trades_20131008.zip",
        "orderbook/binance_spot_BTCUSDT_depth5000_2025-04-14_clean.csv",
        "orderbook/binance_spot_TRXUSDT_diffdepth_2025-03-04_clean.csv",
    ):
        with pytest.raises(PayloadFault):
            read(realdata / "crypto", path)


def test_binance_us_minutes(realdata: Path) -> None:
    reading = read(realdata / "crypto", "binance_us/BTCUSDT_1m_20230301_20230321.csv")
    series = only(reading)
    assert (reading.format, series.vendor_symbol, series.timeframe) == ("binance_rest_csv", "BTCUSDT", "1m")
    assert (series.bars.height, *span(series)) == (30_240, "2023-03-01 00:00", "2023-03-21 23:59")


def test_lean_crypto_zips_are_told_by_name_and_fraction(realdata: Path) -> None:
    home = realdata / "crypto"
    daily = read(home, "coinbase/btcusd_daily_trade.zip", asset_class=None)
    series = only(daily)
    assert (daily.format, series.vendor_symbol, series.timeframe) == ("lean_crypto_daily_zip", "BTCUSD", "1d")
    assert (*span(series), series.bars["close"][-1]) == ("2014-12-01 00:00", "2018-08-13 00:00", 6253.67)
    for day, first in (("20161007", 611.78), ("20161008", 618.11)):
        minutes = read(home, f"coinbase/btcusd_minute_{day}_trade.zip", asset_class=None)
        series = only(minutes)
        assert (minutes.format, series.vendor_symbol, series.timeframe) == ("lean_crypto_minute_zip", "BTCUSD", "1m")
        midnight = datetime.strptime(day, "%Y%m%d").replace(tzinfo=UTC)
        assert (series.bars["timestamp"][0], series.bars["open"][0]) == (midnight, first)
        assert series.bars["timestamp"].max() == midnight + timedelta(hours=23, minutes=59)


def test_binance_vision_dumps_verify_against_their_checksums(shared: Path) -> None:
    home = shared / "fixtures" / "binance" / "vision_repacked"
    for day, rows in (("27", 10), ("28", 11)):
        path = f"data/spot/daily/klines/ADABTC/1m/ADABTC-1m-2021-11-{day}.zip"
        checksum = (home / checksum_beside(path)).read_bytes()
        series = only(read(home, path, checksum=checksum))
        assert (series.vendor_symbol, series.timeframe, series.bars.height) == ("ADABTC", "1m", rows)
        with pytest.raises(PayloadFault, match="its checksum file says"):
            read(home, path, checksum=checksum.replace(sha256((home / path).read_bytes()).hexdigest().encode(), b"0" * 64))


def test_binance_vision_samples_of_every_era(shared: Path) -> None:
    home = shared / "fixtures" / "binance"
    ms = only(read_payload("BTCUSDT-1h-2023-10-27.csv", (home / "vision_BTCUSDT-1h-2023-10-27.first3.csv").read_bytes(), format=None))
    titled = (home / "vision_cm_BTCUSD_PERP-1h-2023-10-27.first3_with_header.csv").read_bytes()
    perp = only(read_payload("BTCUSD_PERP-1h-2023-10-27.csv", titled, format=None))
    assert ms.bars["timestamp"].to_list() == perp.bars["timestamp"].to_list() == [datetime(2023, 10, 27, h, tzinfo=UTC) for h in range(3)]
    us = (home / "vision_DOGEUSDT-1s-2025-01-01.first3_microseconds.csv").read_bytes()
    seconds = only(read_payload("DOGEUSDT-1m-2025-01-01.csv", us.splitlines()[0] + b"\n", format=None))
    assert seconds.bars["timestamp"][0] == datetime(2025, 1, 1, tzinfo=UTC)
    with pytest.raises(PayloadFault, match=r"separated by '\|'"):
        read_payload("ADABTC-1m-2021-11-27.csv", (home / "vision_ADABTC_pipe_separated-1m-2021-11-27.csv").read_bytes(), format=None)
