"""Each crypto preset on a file as its venue writes it, with invented numbers."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from hashlib import sha256

import orjson
import polars as pl
import pytest

from marketdata_assets.core.faults import PayloadFault
from marketdata_assets.sources.landing.checksums import checksum_beside, is_checksum
from marketdata_assets.sources.landing.presets import PRESETS
from marketdata_tests.unit.landing.packing import gzipped, only, read, zipped

KLINE = "{at},0.5,0.75,0.25,0.625,1200.25,{end},1.03,79,600.5,0.55,0\n"
KLINE_HEADER = "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,taker_buy_quote_volume,ignore\n"
JANUARY = datetime(2024, 1, 1, tzinfo=UTC)
MS = int(JANUARY.timestamp()) * 1000


def klines(*at: int) -> str:
    return "".join(KLINE.format(at=t, end=t + 59_999) for t in at)


def test_binance_vision_without_header() -> None:
    name = "ADABTC-1m-2024-01-01"
    reading = read(f"spot/daily/{name}.zip", zipped({f"{name}.csv": klines(MS, MS + 60_000)}))
    series = only(reading)
    assert (reading.format, series.vendor_symbol, series.timeframe) == ("binance_vision_klines", "ADABTC", "1m")
    assert series.bars["timestamp"].to_list() == [JANUARY, JANUARY.replace(minute=1)]
    assert series.bars.select("open", "high", "low", "close", "volume", "trade_count", "tape").row(0) == (
        0.5,
        0.75,
        0.25,
        0.625,
        1200.25,
        79,
        "binance",
    )


def test_binance_vision_with_header_and_as_plain_csv() -> None:
    reading = read("BTCUSD_PERP-1m-2024-01-01.csv", KLINE_HEADER + klines(MS, MS + 60_000))
    assert reading.format == "binance_vision_klines"
    assert only(reading).bars["line"].to_list() == [1, 2]
    assert only(reading).vendor_symbol == "BTCUSD_PERP"


def test_binance_microseconds_since_2025_are_told_by_their_size() -> None:
    at = int(datetime(2025, 1, 1, tzinfo=UTC).timestamp()) * 1_000_000
    series = only(read("DOGEUSDT-1m-2025-01.csv", KLINE.format(at=at, end=at + 59_999_999)))
    assert series.bars["timestamp"][0] == datetime(2025, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("interval", ["1s", "3m", "2h", "3d", "1w", "1mo", "1M"])
def test_intervals_that_are_not_kept_refuse_the_file(interval: str) -> None:
    with pytest.raises(PayloadFault, match=f"its name says '{interval}', a length that is not kept"):
        read(f"ADABTC-{interval}-2024-01-01.csv", klines(MS))


def test_a_checksum_beside_the_zip_is_verified() -> None:
    name = "ADABTC-1m-2024-01-01.zip"
    data = zipped({"ADABTC-1m-2024-01-01.csv": klines(MS)})
    honest = f"{sha256(data).hexdigest()}  {name}\n".encode()
    assert only(read(f"spot/{name}", data, checksum=honest)).bars.height == 1
    for checksum, found in (
        (f"{'0' * 64}  {name}\n".encode(), "its SHA-256 is"),
        (honest.replace(b"ADABTC", b"XRPBTC"), "its checksum file speaks of 'XRPBTC-1m-2024-01-01.zip'"),
        (b"<html>", "its checksum file reads '<html>'"),
        (b"", "its checksum file reads ''"),
    ):
        with pytest.raises(PayloadFault, match=found):
            read(f"spot/{name}", data, checksum=checksum)


def test_a_checksum_file_itself_is_no_series() -> None:
    path = checksum_beside("spot/ADABTC-1m-2024-01-01.zip")
    assert is_checksum(path)
    assert not is_checksum("spot/ADABTC-1m-2024-01-01.zip")
    reading = read(path, f"{'0' * 64}  ADABTC-1m-2024-01-01.zip\n")
    assert (reading.series, reading.notes) == ([], ["the checksum of ADABTC-1m-2024-01-01.zip, not data"])


@pytest.mark.parametrize(
    ("name", "row"),
    [("BTCUSDT-trades-2025-01-01.csv", "7,17.5,5.5,96.25,1735689600000001,True,True\n"),
     ("BTCUSDT-aggTrades-2025-01-01.csv", "0,0.5,50.0,0,0,1735689600000001,False,True\n")],
)  # fmt: skip
def test_single_trades_are_no_bars(name: str, row: str) -> None:
    with pytest.raises(PayloadFault, match="single trades, not bars"):
        read(name, row)


def test_a_zip_under_the_name_of_another_symbol_is_refused() -> None:
    with pytest.raises(PayloadFault, match="the file is named for symbol 'ADABTC' but what it holds is named for 'XRPBTC'"):
        read("ADABTC-1m-2024-01-01.zip", zipped({"XRPBTC-1m-2024-01-01.csv": klines(MS)}))


def test_binance_over_rest_saved_with_a_header() -> None:
    rows = "2023-03-01 00:00:00+00:00,20140.5,20150.75,20128.5,20142.25,2.5\n2023-03-01 00:01:00+00:00,20143,20148,20137,20137,0.75\n"
    reading = read("BTCUSDT_1m_20230301_20230321.csv", "open_time,open,high,low,close,volume\n" + rows)
    series = only(reading)
    assert (reading.format, series.vendor_symbol, series.timeframe) == ("binance_rest_csv", "BTCUSDT", "1m")
    assert series.bars["timestamp"][1] == datetime(2023, 3, 1, 0, 1, tzinfo=UTC)


def test_kraken() -> None:
    reading = read("XBTUSD_1440.csv", "1672531200,15528.5,15618.5,15490.0,15614.5,1234.0123456789,4321\n")
    series = only(reading)
    assert (reading.format, series.vendor_symbol, series.timeframe) == ("kraken_ohlcvt_csv", "XBTUSD", "1d")
    assert series.bars.select("timestamp", "volume", "trade_count", "vwap").row(0) == (
        datetime(2023, 1, 1, tzinfo=UTC), 1234.0123456789, 4321, None,
    )  # fmt: skip


def test_kraken_quarterly_zip_of_many_pairs() -> None:
    row = "1672531200,{p},{p},{p},{p},1,2\n1672534800,{p},{p},{p},{p},1,2\n"
    files = {
        "XBTUSD_60.csv": row.format(p=16528.5),
        "ETHUSD_60.csv": row.format(p=1200.5),
        "ETHUSD_1440.csv": row.splitlines()[0].format(p=1) + "\n",
    }
    reading = read("Kraken_OHLCVT_Q1_2023.zip", zipped(files))
    assert [(s.vendor_symbol, s.timeframe, s.bars["line"].to_list()) for s in reading.series] == [
        ("XBTUSD", "1h", [1, 2]),
        ("ETHUSD", "1h", [3, 4]),
        ("ETHUSD", "1d", [5]),
    ]


def test_one_unreadable_file_in_a_zip_refuses_the_whole_zip() -> None:
    row = "1672531200,1,1,1,1,1,2\n"
    with pytest.raises(PayloadFault, match="a json message"):
        read("Kraken_OHLCVT_Q1_2023.zip", zipped({"XBTUSD_60.csv": row, "ETHUSD_60.csv": '{"error":["EGeneral:Too many requests"]}'}))


def test_seconds_where_milliseconds_stand_refuse_the_file() -> None:
    with pytest.raises(PayloadFault, match="counts of s"):
        read("XBTUSD_1440.csv", "1672531200000,1,1,1,1,1,1\n")


CANDLES = [[MS, 0.5, 0.75, 0.25, 0.625, 1820.5], [MS + 300_000, 0.625, 1, 0.5, 0.75, 2527]]


def test_freqtrade_json() -> None:
    reading = read("binance/ETH_BTC-5m.json", orjson.dumps(CANDLES))
    series = only(reading)
    assert (reading.format, series.vendor_symbol, series.timeframe) == ("freqtrade_json", "ETH_BTC", "5m")
    assert series.bars.select("timestamp", "high", "volume", "tape").row(1) == (JANUARY.replace(minute=5), 1.0, 2527.0, "binance")
    assert only(read("okx/x/ETH_BTC-5m.json.gz", gzipped(orjson.dumps(CANDLES)))).bars["tape"][0] == "unstated"


def test_an_empty_json_list_is_an_empty_series() -> None:
    reading = read("ETH_BTC-5m.json", "[]")
    assert only(reading).bars.height == 0
    assert reading.notes == ["no rows: the file has a header or nothing at all"]


def test_json_rows_of_another_shape_are_refused_and_texts_are_read_strictly() -> None:
    rows = [
        *CANDLES,
        [MS + 600_000, "0.5", "0.75", "0.25", None, "1e400"],
        [MS + 900_000, 1],
        {"a": 1},
        [MS + 1_200_000, True, {}, [], None, 1],
    ]
    series = only(read("ETH_BTC-5m.json", orjson.dumps(rows)))
    assert series.bars.select("open", "close", "volume", "line").rows()[2] == (0.5, None, None, 3)
    assert series.refused.select("line", "rule", "reason", "row").rows() == [
        (4, "wrong_width", "2 values where 6 are due", f"[{MS + 900_000},1]"),
        (5, "wrong_width", "not a list of values", '{"a":1}'),
        (6, "not_a_bar", "no cell of open, high, low and close holds a finite number", f"[{MS + 1_200_000},true,{{}},[],null,1]"),
    ]


@pytest.mark.parametrize("text", ["[[1,2,", "[NaN]", "[[1e400,1,1,1,1,1]]", "[" * 5000, "[1,2]x"])
def test_what_is_no_json_is_refused(text: str) -> None:
    with pytest.raises(PayloadFault):
        read("ETH_BTC-5m.json", text, "freqtrade_json")


def test_a_json_object_is_a_message_not_bars() -> None:
    with pytest.raises(PayloadFault, match="it is a json message, not bars: 'Too much request weight used'"):
        read("ETH_BTC-5m.json", '{"code":-1003,"msg":"Too much request weight used"}', "freqtrade_json")


@pytest.mark.parametrize("compression", ["uncompressed", "lz4", "zstd"])
def test_freqtrade_feather(compression: str) -> None:
    frame = pl.DataFrame(
        {"date": [JANUARY, JANUARY.replace(minute=5)], "open": [1.0, 2.0], "high": [1.5, float("nan")], "low": [0.5, 1.5],
         "close": [1.25, 1.75], "volume": [10.0, 20.0]},
        schema_overrides={"date": pl.Datetime("ns", "UTC")},
    )  # fmt: skip
    out = io.BytesIO()
    frame.write_ipc(out, compression=compression)
    reading = read("kraken/BTC_USD-5m.feather", out.getvalue())
    series = only(reading)
    assert (reading.format, series.vendor_symbol, series.timeframe) == ("freqtrade_feather", "BTC_USD", "5m")
    assert series.bars.select("timestamp", "high", "low", "line", "tape").rows() == [
        (JANUARY, 1.5, 0.5, 1, "kraken"),
        (JANUARY.replace(minute=5), None, 1.5, 2, "kraken"),
    ]
    assert reading.notes == ["1 bars without a finite high, the first in line 2 ('NaN')"]


def test_mark_prices_and_funding_rates_are_no_bars() -> None:
    with pytest.raises(PayloadFault, match="not traded prices"):
        read("futures/BTC_USDT_USDT-8h-funding_rate.json", orjson.dumps(CANDLES))


def test_a_name_that_says_neither_symbol_nor_length_needs_a_configured_format() -> None:
    with pytest.raises(PayloadFault, match=r"without a header it must be named like binance/BTC_USDT-5m\.json"):
        read("thin_pair.json", orjson.dumps(CANDLES))
    named = PRESETS["freqtrade_json"].model_copy(update={"symbol": "LTC_BTC", "timeframe": "5m", "tape": "binance"})
    series = only(read("thin_pair.json", orjson.dumps(CANDLES), named))
    assert (series.vendor_symbol, series.timeframe, series.bars.height) == ("LTC_BTC", "5m", 2)
