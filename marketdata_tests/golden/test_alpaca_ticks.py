"""Alpaca's recorded trades, quotes, order books and snapshots, read whole: expected numbers are those in the recordings' own text."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from marketdata_assets.core.periods import Window
from marketdata_assets.core.timeframes import timeframe
from marketdata_assets.sources.page import page_rows
from marketdata_assets.sources.question import Question
from marketdata_assets.sources.registry import vendor

pytestmark = pytest.mark.realdata
SOURCE = vendor("alpaca")
NOW = datetime(2026, 11, 1, tzinfo=UTC)


def rows(shared: Path, dataset: str, fixture: str, *symbols: str) -> pl.DataFrame:
    """The rows that the dataset makes of a recording, held to its table."""
    document = json.loads((shared / "fixtures" / "alpaca" / f"{fixture}.json").read_text())
    return told(dataset, document, *symbols)


def told(dataset: str, document: Any, *symbols: str) -> pl.DataFrame:
    found = SOURCE.dataset(dataset)
    frame = page_rows(
        found,
        Question(dataset, symbols, options=SOURCE.chosen({}), canonical=tuple(s.replace("/", "-") for s in symbols)),
        document,
        NOW,
        "a" * 64,
    )
    found.table.validate(found.table.conform(frame))
    return frame


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


TRADE = ("vendor_symbol", "timestamp", "price", "quantity", "exchange", "trade_id", "conditions", "tape")


def test_trades_of_two_stocks_are_read_with_their_conditions(shared: Path) -> None:
    assert rows(shared, "trades", "stocks_trades__F_GE_multi", "F", "GE").select(TRADE).rows() == [
        ("F", at("2018-06-04T19:18:17.439200Z"), 11.715, 5.0, "D", "442254", " ,I", "alpaca sip"),
        ("F", at("2018-06-04T19:18:18.745300Z"), 11.71, 200.0, "D", "442258", " ", "alpaca sip"),
        ("GE", at("2018-06-04T19:18:18.230500Z"), 13.74, 100.0, "D", "933063", " ", "alpaca sip"),
        ("GE", at("2018-06-04T19:18:18.620600Z"), 13.7317, 100.0, "D", "933066", " ,4,B", "alpaca sip"),
    ]


def test_nanoseconds_are_cut_to_microseconds(shared: Path) -> None:
    assert rows(shared, "trades", "stocks_trades__AAPL_limit1_page", "AAPL").select(TRADE).rows() == [
        ("AAPL", at("2021-10-13T08:00:00.089607Z"), 140.2, 595.0, "P", "1", "@,T", "alpaca sip")
    ]


def test_trades_taken_back_stay_and_say_so(shared: Path) -> None:
    assert rows(shared, "trades", "stocks_trades__canceled_update_flag", "A").select(TRADE).rows() == [
        ("A", at("2022-10-21T20:19:03.752176Z"), 129.88, 5.0, "D", "71697353758036", " ,T,I,canceled", "alpaca sip"),
        ("A", at("2022-10-21T20:19:03.876181Z"), 129.88, 2.0, "D", "71697353815352", " ,T,I,canceled", "alpaca sip"),
    ]


def test_no_trades_are_no_rows(shared: Path) -> None:
    document = json.loads((shared / "fixtures" / "alpaca" / "stocks_trades__empty_currency.json").read_text())
    assert told("trades", {**document, "currency": "USD"}, "AAPL").height == 0
    assert rows(shared, "latest_trades", "stocks_trades_latest__not_found", "NONE").height == 0
    assert rows(shared, "latest_option_trades", "options_trades_latest__empty", "AAPL240308C00172500").height == 0
    assert rows(shared, "crypto_trades", "crypto_trades__multi_desc_page4_empty", "BAT/USD").height == 0


def test_the_newest_trades_name_the_tape_of_the_free_plan(shared: Path) -> None:
    assert rows(shared, "latest_trades", "stocks_trades_latest__IBM_MSFT", "IBM", "MSFT").select(TRADE).rows() == [
        ("IBM", at("2021-10-11T23:42:47.895547Z"), 142.2, 197.0, "K", "52983525503560", " ,F,T", "alpaca iex"),
        ("MSFT", at("2021-10-11T23:59:39.380716Z"), 294.1, 100.0, "P", "28693", "@,T", "alpaca iex"),
    ]


def test_trades_of_options_have_one_condition(shared: Path) -> None:
    assert rows(shared, "option_trades", "options_trades__AAPL_page1", "AAPL240308C00172500").select(TRADE).rows() == [
        ("AAPL240308C00172500", at("2024-03-05T16:59:59.816906Z"), 0.98, 4.0, "C", None, "g", "alpaca options"),
        ("AAPL240308C00172500", at("2024-03-05T16:59:59.109319Z"), 0.99, 1.0, "U", None, "I", "alpaca options"),
    ]


def test_trades_of_coins_say_what_the_taker_did_and_pages_come_a_symbol_after_the_other(shared: Path) -> None:
    pages = [rows(shared, "crypto_trades", f"crypto_trades__multi_desc_page{n}", "BAT/USD", "SUSHI/USD") for n in (1, 2, 3)]
    seen = pl.concat(pages).select("vendor_symbol", "trade_id", "price", "quantity", "side").rows()
    assert seen == [
        ("BAT/USD", "1957857", 0.1684, 1929.5, "sell"),
        ("BAT/USD", "1957858", 0.1685, 90.41, "sell"),
        ("BAT/USD", "1957859", 0.169, 200.0, "buy"),
        ("BAT/USD", "1957860", 0.169, 591.75, "buy"),
        ("SUSHI/USD", "2590119", 0.94, 192.963, "sell"),
        ("SUSHI/USD", "2590120", 0.94, 73.687, "sell"),
        ("SUSHI/USD", "2590121", 0.943, 35.54, "buy"),
        ("SUSHI/USD", "2590122", 0.943, 291.15, "sell"),
        ("SUSHI/USD", "2590123", 0.942, 260.319, "sell"),
        ("SUSHI/USD", "2590124", 0.942, 307.35, "sell"),
        ("SUSHI/USD", "2590125", 0.941, 282.1, "sell"),
        ("SUSHI/USD", "2590126", 0.938, 19.2, "sell"),
    ]
    assert pages[1]["timestamp"][3] == at("2023-01-01T20:26:58.080Z")
    assert set(pages[0]["tape"]) == {"alpaca us"}


QUOTE = ("timestamp", "bid_exchange", "bid_price", "bid_size", "ask_exchange", "ask_price", "ask_size", "conditions")


def test_quotes_are_read_over_two_pages(shared: Path) -> None:
    first, second = (rows(shared, "quotes", f"stocks_quotes__IBM_page{n}", "IBM") for n in (1, 2))
    assert first["bid_size"].to_list() == [1, 1, 1, 1, 1, 1, 2, 2, 3, 6]
    assert first["ask_size"].to_list() == [2, 3, 2, 2, 2, 2, 2, 1, 1, 1]
    assert first.select(QUOTE).row(0) == (at("2021-10-04T18:00:14.012577Z"), "H", 143.68, 1.0, "N", 143.71, 2.0, "R")
    assert second.select(QUOTE).rows() == [
        (at("2021-10-04T18:00:14.180608Z"), "U", 143.69, 3.0, "N", 143.71, 1.0, "R"),
        (at("2021-10-04T18:00:14.210488Z"), "T", 143.69, 2.0, "N", 143.71, 1.0, "R"),
    ]


def test_a_full_page_may_hold_the_first_symbol_alone(shared: Path) -> None:
    page = rows(shared, "quotes", "stocks_quotes__BA_DIS_limit6_only_first_symbol", "BA", "DIS")
    assert page["vendor_symbol"].to_list() == ["BA"] * 6
    assert page["ask_price"].to_list() == [212.59, 212.59, 212.59, 212.59, 212.61, 212.64]
    assert page["bid_exchange"].to_list() == ["T", "J", "T", "N", "T", "T"]


def test_quotes_may_come_newest_first(shared: Path) -> None:
    assert rows(shared, "quotes", "stocks_quotes__TSLA_sort_desc", "TSLA").select(QUOTE).rows() == [
        (at("2023-08-16T18:59:59.185551Z"), "Q", 228.34, 2.0, "P", 228.35, 5.0, "R"),
        (at("2023-08-16T18:59:59.035085Z"), "U", 228.33, 1.0, "P", 228.35, 5.0, "R"),
    ]


def test_the_newest_quotes_are_read_a_row_a_symbol(shared: Path) -> None:
    seen = rows(shared, "latest_quotes", "stocks_quotes_latest__F_TSLA", "F", "TSLA", "GE").select("vendor_symbol", *QUOTE).rows()
    assert seen == [
        ("F", at("2021-10-12T00:00:00.002071Z"), "P", 15.01, 3.0, "P", 15.07, 3.0, "R"),
        ("TSLA", at("2021-10-11T23:59:58.020632Z"), "P", 792.0, 67.0, "P", 792.6, 1.0, "R"),
        ("GE", at("2021-10-11T23:02:28.423505Z"), "P", 104.03, 5.0, "P", 104.06, 2.0, "R"),
    ]


def test_a_side_with_price_zero_is_empty() -> None:
    quote = {"t": "2025-12-01T15:00:00Z", "ax": "N", "ap": 0, "as": 0, "bx": "T", "bp": 9.5, "bs": 300, "c": ["R"], "z": "A"}
    assert told("quotes", {"quotes": {"A": [quote]}}, "A").select(QUOTE).rows() == [
        (at("2025-12-01T15:00:00Z"), "T", 9.5, 300.0, "N", None, None, "R")
    ]


def test_the_newest_bars_of_a_minute_are_read(shared: Path) -> None:
    seen = rows(shared, "latest_bars", "stocks_bars_latest__NIO_AAPL", "NIO", "AAPL")
    order = ("vendor_symbol", "timestamp", "open", "high", "low", "close", "volume", "vwap", "trade_count", "tape")
    assert seen.select(order).rows() == [
        ("NIO", at("2021-10-11T23:59:00Z"), 35.57, 35.6, 35.56, 35.6, 1288.0, 35.586483, 9, "alpaca iex"),
        ("AAPL", at("2021-10-11T23:59:00Z"), 142.59, 142.63, 142.57, 142.59, 2714.0, 142.589071, 22, "alpaca iex"),
    ]


SNAPSHOT = (
    *("vendor_symbol", "timestamp", "last_price", "last_size", "bid_price", "bid_size", "ask_price", "ask_size"),
    *("open", "high", "low", "volume", "previous_close"),
)


def test_snapshots_leave_out_what_the_vendor_does_not_know(shared: Path) -> None:
    assert rows(shared, "snapshots", "stocks_snapshots__multi", "AAPL", "MSFT", "INVALID").select(SNAPSHOT).rows() == [
        (
            *("AAPL", at("2021-05-03T14:48:07.257820Z"), 133.4201, 145.0, 133.42, 15.0, 133.43, 7.0),
            *(132.04, 134.07, 131.83, 25846800.0, 131.46),
        ),
        (
            *("MSFT", at("2021-05-03T14:48:07.243353Z"), 253.8738, 100.0, 253.87, 2.0, 253.89, 2.0),
            *(253.34, 254.35, 251.8, 6100459.0, None),
        ),
    ]
    assert rows(shared, "snapshots", "stocks_snapshots__empty", "INVALID").height == 0
    assert rows(shared, "snapshots", "stocks_snapshots__AAPL_py", "AAPL").select(SNAPSHOT).rows() == [
        (
            *("AAPL", at("2022-03-18T14:33:58.547942Z"), 161.1998, 200.0, 161.19, 5.0, 161.2, 2.0),
            *(160.59, 161.92, 159.76, 31749988.0, 160.62),
        )
    ]


def test_snapshots_of_coins_are_read(shared: Path) -> None:
    assert rows(shared, "crypto_snapshots", "crypto_snapshots__LTC", "LTC/USD", "BTC/USD").select(SNAPSHOT).rows() == [
        (
            *("LTC/USD", at("2022-02-25T13:37:13.222241Z"), 106.8, 25.0, 106.745, 55.0, 106.82, 55.86),
            *(103.425, 106.9, 101.7, 5566.94, 103.455),
        ),
        (
            *("BTC/USD", at("2022-02-25T13:37:13.223584Z"), 39712.0, 0.0012, 39651.0, 0.405, 39668.0, 0.405),
            *(38453.0, 39721.0, 38001.0, 472.5707, 38379.0),
        ),
    ]


def test_an_order_book_is_ranked_from_the_best_price_on_each_side() -> None:
    book = {
        "t": "2024-05-01T00:00:00.5Z",
        "b": [{"p": 99.0, "s": 2}, {"p": 99.5, "s": 1}],
        "a": [{"p": 100.5, "s": 3}, {"p": 100, "s": 0.5}],
    }
    seen = told("order_books", {"orderbooks": {"BTC/USD": book}}, "BTC/USD")
    assert seen.select("side", "level", "price", "quantity").rows() == [
        ("bid", 1, 99.5, 1.0),
        ("bid", 2, 99.0, 2.0),
        ("ask", 1, 100.0, 0.5),
        ("ask", 2, 100.5, 3.0),
    ]
    assert seen["timestamp"].to_list() == [at("2024-05-01T00:00:00.500Z")] * 4
    assert told("order_books", {"orderbooks": {}}, "BTC/USD").height == 0


def test_bars_of_coins_and_options_are_read(shared: Path) -> None:
    question = Question(
        "crypto_bars", ("BTC/USD",), Window(at("2022-05-27T00:00:00Z"), at("2022-05-28T00:00:00Z")), timeframe("1m"), SOURCE.chosen({})
    )
    order = ("vendor_symbol", "timestamp", "open", "high", "low", "close", "volume", "vwap", "trade_count")
    document = json.loads((shared / "fixtures" / "alpaca" / "crypto_bars__BTCUSD_oas.json").read_text())
    assert SOURCE.dataset("crypto_bars").read(document, question).select(order).rows() == [
        ("BTC/USD", at("2022-05-27T10:18:00Z"), 28999.0, 29003.0, 28999.0, 29003.0, 0.01, 29001.0, 4)
    ]
    several = json.loads((shared / "fixtures" / "alpaca" / "crypto_bars__multi.json").read_text())
    seen = SOURCE.dataset("crypto_bars").read(several, question)
    assert seen["vendor_symbol"].to_list() == [name for name in ("BCH/USD", "BTC/USD", "ETH/USD", "LTC/USD") for _ in range(3)]
    assert seen["close"].to_list() == [583.29, 581.31, 582.3, 59660.38, 59654.1, 59638, 4432.48, 4434.87, 4433.8, 225.79, 225.75, 225.865]
    assert seen.select(order).row(3)[6:] == (542.20811667, 59522.345185, 34479)
    unknown = json.loads((shared / "fixtures" / "alpaca" / "crypto_bars__unknown_symbol.json").read_text())
    assert SOURCE.dataset("crypto_bars").read(unknown, question).height == 0
    hours = json.loads((shared / "fixtures" / "alpaca" / "options_bars__AAPL_1hour.json").read_text())
    contract = SOURCE.dataset("option_bars").read(hours, question)
    assert contract["close"].to_list() == [1.1, 0.99, 0.98, 0.97, 0.91, 0.9, 0.97]
    assert contract["volume"].to_list() == [82, 9959, 7637, 8483, 7925, 2895, 5669]
    assert contract.select(order).row(0) == ("AAPL240308C00172500", at("2024-03-05T14:00:00Z"), 1.23, 1.26, 1.1, 1.1, 82.0, 1.187683, 15)


def test_recordings_of_the_endpoints_of_one_symbol_hold_the_same_rows(shared: Path) -> None:
    folder = shared / "fixtures" / "alpaca"
    trades = json.loads((folder / "stocks_symbol_trades__AAPL_single.json").read_text())
    assert told("trades", {"trades": {trades["symbol"]: trades["trades"]}}, "AAPL").select(TRADE).rows() == [
        ("AAPL", at("2022-01-03T17:00:00.029591Z"), 181.47, 1.0, "Q", "73833", "@,I", "alpaca sip"),
        ("AAPL", at("2022-01-03T17:00:00.029591Z"), 181.47, 1.0, "Q", "73834", "@,I", "alpaca sip"),
    ]
    bars = json.loads((folder / "stocks_symbol_bars__AAPL_single.json").read_text())
    order = ("timestamp", "open", "high", "low", "close", "volume", "vwap", "trade_count")
    assert told("latest_bars", {"bars": {bars["symbol"]: bars["bars"]}}, "AAPL").select(order).rows() == [
        (at("2022-01-03T09:00:00Z"), 178.26, 178.26, 178.21, 178.21, 1118.0, 178.235733, 65)
    ]
    snapshot = json.loads((folder / "stocks_symbol_snapshot__AAPL_single.json").read_text())
    assert told("snapshots", {snapshot["symbol"]: snapshot}, "AAPL").select(SNAPSHOT).rows() == [
        (
            *("AAPL", at("2022-08-17T10:19:30.805564Z"), 172.55, 229.0, 172.51, 1.0, 172.65, 1.0),
            *(172.62, 173.71, 171.6618, 56457696.0, 173.19),
        )
    ]


def test_auctions_are_read_day_by_day(shared: Path) -> None:
    pages = [rows(shared, "auctions", f"stocks_auctions__AAPL_page{n}", "AAPL") for n in (1, 2, 3)]
    assert [page.height for page in pages] == [12, 12, 6]
    closes = pl.concat(pages).filter(pl.col("conditions") == "6").select("timestamp", "price", "quantity", "exchange", "tape").rows()
    assert closes == [
        (at("2022-10-17T20:00:01.135646Z"), 142.41, 7927137.0, "Q", "alpaca sip"),
        (at("2022-10-18T20:00:00.631295Z"), 143.75, 3979281.0, "Q", "alpaca sip"),
        (at("2022-10-19T20:00:01.384247Z"), 143.86, 4006543.0, "Q", "alpaca sip"),
        (at("2022-10-20T20:00:00.212258Z"), 143.39, 5250532.0, "Q", "alpaca sip"),
        (at("2022-10-21T20:00:00.551850Z"), 147.27, 6395818.0, "Q", "alpaca sip"),
    ]
    assert pages[2]["conditions"].to_list() == ["Q", "O", "Q", "M", "6", "M"]
    assert told("auctions", {"auctions": {}, "next_page_token": None}, "AAPL").height == 0
