"""Frames that the five vendors sent, or print in their documents, say what their own text says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from marketdata_assets.core.timeframes import TIMEFRAMES
from marketdata_assets.sources.question import Question
from marketdata_assets.sources.stream import Says, Stream
from marketdata_assets.sources.vendors.alpaca import stream as alpaca
from marketdata_assets.sources.vendors.binance import stream as binance
from marketdata_assets.sources.vendors.coinbase import stream as coinbase
from marketdata_assets.sources.vendors.kraken import stream as kraken
from marketdata_assets.sources.vendors.polygon import stream as polygon

pytestmark = pytest.mark.realdata


def named(module: Any, name: str) -> Stream:
    return next(stream for stream in module.STREAMS if stream.name == name)


def ask(name: str, *symbols: str, timeframe: str | None = None) -> Question:
    return Question(name, symbols, timeframe=TIMEFRAMES[timeframe] if timeframe else None)


def rows(stream: Stream, *documents: Any) -> list[dict[str, Any]]:
    """The rows of all frames, those of frames without any left out."""
    return [row for document in documents for row in stream.read(document, ask(stream.name)).to_dicts()]


def transcript(path: Path) -> list[Any]:
    """What the server says in a recorded session."""
    return [json.loads(line[2:]) for line in path.read_text().splitlines() if line.startswith("< ")]


def recorded(path: Path) -> Iterator[tuple[str, Any]]:
    """Text and value of every frame that the server sent, of a recording with a stamp before each."""
    for line in path.read_text().splitlines():
        stamp, _, text = line.partition(": ")
        if stamp.replace(".", "").isdigit():
            yield text, json.loads(text)


def at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)


def test_an_alpaca_session_greets_logs_in_acknowledges_and_sends(shared: Path) -> None:
    frames = transcript(shared / "fixtures/alpaca/ws__stock_session.jsonl")
    said = [alpaca.control(message) for frame in frames for message in frame]
    assert [c.says for c in said if c is not None] == [
        Says.CONNECTED,
        Says.AUTHENTICATED,
        Says.SUBSCRIBED,
        Says.OTHER,  # a daily bar
        Says.OTHER,  # a trading halt
        Says.SUBSCRIBED,
    ]
    assert said[2] is not None
    assert said[2].topics == {"trades:AAPL", "quotes:AMD", "quotes:CLDR", "bars:*"}
    trade = rows(named(alpaca, "trades"), *frames)
    assert trade == [
        {
            "vendor_symbol": "AAPL",
            "timestamp": at(2021, 2, 22, 15, 51, 44, 208_000),
            "price": 126.55,
            "quantity": 1.0,
            "side": None,
            "exchange": "D",
            "trade_id": "96921",
            "conditions": "@,I",
            "line": 1,
        }
    ]
    quote = rows(named(alpaca, "quotes"), *frames)[0]
    assert quote["timestamp"] == at(2021, 2, 22, 15, 51, 45, 335_689), "nanoseconds are cut"
    assert (quote["bid_price"], quote["bid_size"], quote["bid_exchange"]) == (87.66, 1.0, "U")
    assert (quote["ask_price"], quote["ask_size"], quote["ask_exchange"], quote["conditions"]) == (87.68, 4.0, "Q", "R")
    bars = rows(named(alpaca, "bars"), *frames)
    assert len(bars) == 1, "the daily bar, still running, is none"
    assert bars[0] == {
        "vendor_symbol": "SPY",
        "timestamp": at(2021, 2, 22, 19, 15),
        "open": 388.985,
        "high": 389.13,
        "low": 388.975,
        "close": 389.12,
        "volume": 49378.0,
        "vwap": None,
        "trade_count": None,
        "line": 1,
    }


def test_an_updated_alpaca_bar_is_a_bar() -> None:
    frame = [{"T": "u", "S": "SPY", "o": 1.0, "h": 3, "l": 1, "c": 2.5, "v": 7, "n": 3, "vw": 2.0, "t": "2021-02-22T19:15:00Z"}]
    (bar,) = rows(named(alpaca, "bars"), frame)
    assert (bar["high"], bar["trade_count"], bar["vwap"]) == (3.0, 3, 2.0)


def test_every_alpaca_error_is_a_refusal_with_a_number(shared: Path) -> None:
    frames = transcript(shared / "fixtures/alpaca/ws__errors.jsonl")
    said = [alpaca.control(message) for frame in frames for message in frame]
    assert len(said) == 13
    assert all(control is not None and control.says is Says.REFUSED for control in said)


def test_a_polygon_session_greets_logs_in_acknowledges_topic_by_topic_and_sends(shared: Path) -> None:
    frames = transcript(shared / "fixtures/polygon/ws__session_and_trades.jsonl")
    said = [control for frame in frames for message in frame if (control := polygon.control(message)) is not None]
    assert [c.says for c in said] == [Says.CONNECTED, Says.AUTHENTICATED, Says.SUBSCRIBED, Says.SUBSCRIBED, Says.OTHER]
    assert [set(c.topics) for c in said[2:4]] == [{"T.AAPL"}, {"T.AMZN"}]
    told = rows(named(polygon, "trades"), *frames)
    assert [(r["vendor_symbol"], r["trade_id"], r["price"], r["quantity"], r["exchange"], r["conditions"]) for r in told] == [
        ("AAPL", "5096", 161.87, 300.0, "10", "14,41"),
        ("AMZN", "72815", 161.87, 1.0, "12", "14,37,41"),
        ("AMZN", "799", 161.87, 100.0, "4", None),
    ]
    assert told[0]["timestamp"] == at(2022, 5, 4, 17, 9, 52, 462_000)


def test_polygons_own_examples_are_read(shared: Path) -> None:
    examples = json.loads((shared / "fixtures/polygon/ws__message_examples.json").read_text())
    (bar,) = rows(named(polygon, "bars"), [examples["/stocks/AM"]])
    assert bar["timestamp"] == at(2021, 1, 8, 22, 24)
    assert {k: bar[k] for k in ("vendor_symbol", "open", "high", "low", "close", "volume", "vwap")} == {
        "vendor_symbol": "GTE",
        "open": 0.4488,
        "high": 0.4489,
        "low": 0.4486,
        "close": 0.4486,
        "volume": 4110.0,
        "vwap": 0.4488,
    }
    assert rows(named(polygon, "bars"), [examples["/stocks/A"]]) == [], "a second is no minute"
    (quote,) = rows(named(polygon, "quotes"), [examples["/stocks/Q"]])
    assert (quote["bid_price"], quote["bid_size"], quote["bid_exchange"]) == (114.125, 100.0, "4")
    assert (quote["ask_price"], quote["ask_size"], quote["ask_exchange"], quote["conditions"]) == (114.128, 160.0, "7", "0")
    assert polygon.control(examples["/stocks/LULD"]) is not None
    assert polygon.control(examples["/stocks/NOI"]) is not None


def test_a_recorded_binance_session_is_read_number_by_number(shared: Path) -> None:
    frames = list(recorded(shared / "fixtures/binance/recorded_ws_combined_2021-10-12.txt"))
    tickers = [(text, value) for text, value in frames if "@bookTicker" in text]
    assert len(tickers) == 84
    stream = named(binance, "quotes")
    for text, value in tickers:
        (row,) = stream.read(value, ask("quotes")).to_dicts()
        assert f'"s":"{row["vendor_symbol"]}"' in text
        assert row["bid_price"] == float(text.split('"b":"')[1].split('"')[0])
        assert row["ask_size"] == float(text.split('"A":"')[1].split('"')[0])
    candles = [value for text, value in frames if "@kline_1m" in text]
    assert len(candles) == 2
    assert rows(named(binance, "bars"), *candles) == [], "neither was final"
    for candle in candles:
        candle["data"]["k"]["x"] = True
    assert rows(named(binance, "bars"), candles[0]) == [
        {
            "vendor_symbol": "NKNUSDT",
            "timestamp": at(2021, 10, 12, 0, 28),
            "open": 0.3527,
            "high": 0.3528,
            "low": 0.3522,
            "close": 0.3528,
            "volume": 25877.0,
            "trade_count": 30,
            "line": 1,
        }
    ]


def test_binances_trades_say_who_took(shared: Path) -> None:
    frame = json.loads((shared / "fixtures/binance/ws_trade.json").read_text())
    (trade,) = rows(named(binance, "trades"), frame)
    assert trade == {
        "vendor_symbol": "ETHUSDT",
        "timestamp": at(2021, 12, 12, 23, 17, 42, 243_000),
        "price": 4149.74,
        "quantity": 0.4387,
        "side": "sell",  # the buyer was the maker
        "trade_id": "705291099",
        "line": 1,
    }
    assert binance.trade_ids(frame) == [("trades of ETHUSDT", 705291099)]


def test_binances_documented_book_replies_and_farewell_are_understood(shared: Path) -> None:
    told = json.loads((shared / "fixtures/binance/ws_docs_payloads_2026-07.json").read_text())
    book = rows(named(binance, "order_books"), {"stream": "bnbbtc@depth20@100ms", "data": told["depth5"]})
    assert [(r["vendor_symbol"], r["side"], r["level"], r["price"], r["quantity"], r["update_id"]) for r in book] == [
        ("BNBBTC", "bid", 1, 0.0024, 10.0, "160"),
        ("BNBBTC", "ask", 1, 0.0026, 100.0, "160"),
    ]
    says = {name: binance.control(told[name]) for name in ("serverShutdown_raw", "serverShutdown_combined", "subscribe_reply")}
    assert [control.says for control in says.values() if control] == [Says.LEAVING, Says.LEAVING, Says.SUBSCRIBED]
    assert all((control := binance.control(error)) and control.says is Says.REFUSED for error in told["errors"])


def test_a_recorded_coinbase_session_gives_every_trade_with_the_takers_side(shared: Path) -> None:
    frames = [value for _, value in recorded(shared / "fixtures/coinbase/exchange_recorded_ws_2021-04-17.txt") if value]
    frames = [frame for frame in frames if frame["type"] not in ("subscribe", "l2update")]
    matches = {frame["trade_id"]: frame for frame in frames if frame["type"] == "match"}
    tickers = {(frame["product_id"], frame["trade_id"]): frame for frame in frames if frame["type"] == "ticker"}
    told = rows(named(coinbase, "trades"), *frames)
    assert len(told) == 97
    for trade in told:
        said = matches[int(trade["trade_id"])]
        assert (trade["vendor_symbol"], trade["price"], trade["quantity"]) == (
            said["product_id"],
            float(said["price"]),
            float(said["size"]),
        )
        assert trade["timestamp"].isoformat().replace("+00:00", "Z") == said["time"]
        if ticker := tickers.get((trade["vendor_symbol"], int(trade["trade_id"]))):
            assert trade["side"] == ticker["side"], "the ticker names the taker"
    quotes = rows(named(coinbase, "quotes"), *frames)
    assert len(quotes) == 107
    assert quotes[0] == {
        "vendor_symbol": "BAND-GBP",
        "timestamp": at(2021, 4, 17, 16, 43, 30, 244_075),
        "bid_price": 14.755,
        "bid_size": None,
        "ask_price": 14.806,
        "ask_size": None,
        "line": 1,
    }


def test_the_trade_ids_of_the_recorded_coinbase_session_have_no_holes(shared: Path) -> None:
    last: dict[str, int] = {}
    for _, frame in recorded(shared / "fixtures/coinbase/exchange_recorded_ws_2021-04-17.txt"):
        for series, number in coinbase.trade_ids(frame):
            assert number == last.get(series, number - 1) + 1
            last[series] = number
    assert len(last) == 10


def test_coinbases_advanced_channels_are_read(shared: Path) -> None:
    folder = shared / "fixtures/coinbase"
    trades = rows(named(coinbase, "market_trades"), json.loads((folder / "advanced_ws_market_trades.shape.json").read_text()))
    assert [(t["trade_id"], t["price"], t["quantity"], t["side"]) for t in trades] == [
        ("995098700", 68900.5, 0.0015, "sell"),  # the maker bought
        ("995098701", 68900.0, 0.05, "buy"),
    ]
    (candle,) = rows(named(coinbase, "bars"), json.loads((folder / "advanced_ws_candles.shape.json").read_text()))
    assert candle["timestamp"] == datetime.fromtimestamp(1775521800, UTC)
    assert [candle[k] for k in ("open", "high", "low", "close", "volume")] == [68900.0, 68950.0, 68850.0, 68920.5, 42.15]
    said = {
        name: coinbase.control_advanced(json.loads((folder / f"advanced_ws_{name}.shape.json").read_text()))
        for name in ("heartbeats", "subscriptions")
    }
    assert said["heartbeats"] is not None
    assert said["heartbeats"].says is Says.ALIVE
    assert said["subscriptions"] is not None
    assert said["subscriptions"].topics == {"level2:BTC-USD", "market_trades:BTC-USD", "market_trades:ETH-USD"}


def test_krakens_second_version_is_read(shared: Path) -> None:
    folder = shared / "fixtures/kraken"
    frames = {path.name.split(".")[0].removeprefix("ws_v2_"): json.loads(path.read_text()) for path in folder.glob("ws_v2_*.json")}
    trades = rows(named(kraken, "trades"), frames["trade_update"])
    assert [(t["vendor_symbol"], t["side"], t["price"], t["quantity"], t["trade_id"]) for t in trades] == [
        ("BTC/USD", "buy", 105944.2, 0.00027625, "10218208"),
        ("BTC/USD", "sell", 105910.5, 0.0001246, "10218209"),
    ]
    assert trades[1]["timestamp"] == at(2023, 10, 6, 17, 35, 56, 123_456)
    (candle,) = rows(named(kraken, "bars"), frames["ohlc_update"])
    assert candle["timestamp"] == at(2023, 10, 4, 16, 25)
    assert (candle["volume"], candle["vwap"], candle["trade_count"]) == (30927.68066226, 106039.6, 12)
    (quote,) = rows(named(kraken, "quotes"), frames["ticker_snapshot"])
    assert (quote["bid_price"], quote["bid_size"], quote["ask_price"], quote["ask_size"]) == (105944.2, 2.5, 105944.3, 3.2)
    answer, pong = kraken.control(frames["subscribe_response"]), kraken.control(frames["pong"])
    assert answer is not None
    assert answer.topics == {"ticker:BTC/USD"}
    assert pong is not None
    assert pong.says is Says.ALIVE


@pytest.mark.parametrize(
    "stream", [s for m in (alpaca, polygon, binance, coinbase, kraken) for s in m.STREAMS], ids=lambda s: f"{s.tape_of({})} {s.name}"
)
def test_no_records_are_an_empty_frame_of_the_tables_columns(stream: Stream) -> None:
    empty = stream.rows([], ask(stream.name))
    assert empty.height == 0
    assert set(empty.columns) <= set(stream.table.polars_schema)
    assert {"vendor_symbol", "line"} <= set(empty.columns)
    full = pl.DataFrame(schema=stream.table.polars_schema)
    for name in set(empty.columns) - {"timestamp"}:
        assert empty.schema[name] == full.schema[name], name
