"""What the answers of vendors of crypto say, row by row; shares no code with the vendors' readers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from marketdata_assets.core.timeframes import timeframe
from marketdata_tests.conformance.sources.case import Recorded, Told, Wire
from marketdata_tests.conformance.sources.containers import BySymbol, Columns, Csv, ListAt, OnePer, Zipped
from marketdata_tests.conformance.sources.instants import rfc3339, since_1970

_SIDES = {"b": "buy", "s": "sell", "buy": "buy", "sell": "sell", "BUY": "buy", "SELL": "sell"}
_OTHER = {"buy": "sell", "sell": "buy"}


def _bar(recorded: Recorded, at: Any, cells: Sequence[Any], names: str) -> Sequence[Told]:
    return [{"vendor_symbol": recorded.symbols, "timestamp": at, **dict(zip(names.split(), cells, strict=True))}]


def _binance_kline(key: str, row: Any, recorded: Recorded) -> Sequence[Told]:
    unit = "us" if len(row[0]) > 14 else "ms"
    return _bar(recorded, since_1970(row[0], unit), [*row[1:6], row[8]], "open high low close volume trade_count")


def _binance_agg_trade(key: str, row: Any, recorded: Recorded) -> Sequence[Told]:
    side = "sell" if row["m"] else "buy"
    told: Told = {"vendor_symbol": recorded.symbols, "timestamp": since_1970(row["T"], "ms"), "price": row["p"], "quantity": row["q"]}
    return [told | {"side": side, "trade_id": row["a"]}]


def _binance_trade(key: str, row: Any, recorded: Recorded) -> Sequence[Told]:
    told: Told = {
        "vendor_symbol": recorded.symbols,
        "timestamp": since_1970(row["time"], "ms"),
        "price": row["price"],
        "quantity": row["qty"],
    }
    return [told | {"side": "sell" if row["isBuyerMaker"] else "buy", "trade_id": row["id"]}]


def _binance_level(key: str, row: Any, recorded: Recorded) -> Sequence[Told]:
    return [{"vendor_symbol": recorded.symbols, "side": key.removesuffix("s"), "price": row[0], "quantity": row[1]}]


def _binance_pair(key: str, row: Any, recorded: Recorded) -> Sequence[Told]:
    filters = {f["filterType"]: f for f in row["filters"]}
    told: Told = {
        "vendor_symbol": row["symbol"],
        "base": row["baseAsset"],
        "currency": row["quoteAsset"],
        "active": row["status"] == "TRADING",
    }
    return [told | {"tick_size": filters["PRICE_FILTER"]["tickSize"], "lot_size": filters["LOT_SIZE"]["stepSize"]}]


def _binance_best(key: str, row: Any, recorded: Recorded) -> Sequence[Told]:
    told: Told = {"vendor_symbol": row["symbol"], "bid_price": row["bidPrice"], "bid_size": row["bidQty"]}
    return [told | {"ask_price": row["askPrice"], "ask_size": row["askQty"]}]


def _binance_price(key: str, row: Any, recorded: Recorded) -> Sequence[Told]:
    return [{"vendor_symbol": row["symbol"], "last_price": row["price"]}]


def _coinbase_candle(key: str, row: Any, recorded: Recorded) -> Sequence[Told]:
    return _bar(recorded, since_1970(row[0], "s"), row[1:6], "low high open close volume")


def _coinbase_advanced_candle(key: str, row: Any, recorded: Recorded) -> Sequence[Told]:
    cells = [row[name] for name in ("low", "high", "open", "close", "volume")]
    return _bar(recorded, since_1970(row["start"], "s"), cells, "low high open close volume")


def _coinbase_trade(key: str, row: Any, recorded: Recorded) -> Sequence[Told]:
    told: Told = {"vendor_symbol": row.get("product_id", recorded.symbols), "timestamp": rfc3339(row["time"]), "price": row["price"]}
    return [told | {"quantity": row["size"], "side": _OTHER[_SIDES[row["side"]]], "trade_id": row["trade_id"]}]


def _coinbase_level(key: str, row: Any, recorded: Recorded) -> Sequence[Told]:
    return [{"vendor_symbol": recorded.symbols, "side": key.removesuffix("s"), "price": row["price"], "quantity": row["size"]}]


def _coinbase_product(key: str, row: Any, recorded: Recorded) -> Sequence[Told]:
    return [{"vendor_symbol": row["product_id"]}]


def _coinbase_listed(key: str, row: Any, recorded: Recorded) -> Sequence[Told]:
    told: Told = {"vendor_symbol": row["id"], "base": row["base_currency"], "currency": row["quote_currency"]}
    return [told | {"tick_size": row["quote_increment"], "lot_size": row["base_increment"]}]


def _coinbase_ticker(key: str, row: Any, recorded: Recorded) -> Sequence[Told]:
    told: Told = {
        "vendor_symbol": recorded.symbols,
        "last_price": row["price"],
        "last_size": row["size"],
        "timestamp": rfc3339(row["time"]),
    }
    return [told | {"bid_price": row["bid"], "ask_price": row["ask"]}]


def _kraken_candle(key: str, row: Any, recorded: Recorded) -> Sequence[Told]:
    names = "open high low close volume trade_count"
    return _bar(recorded, since_1970(row[0], "s"), [*row[1:5], row[6], row[7]], names)


def _kraken_trade(key: str, row: Any, recorded: Recorded) -> Sequence[Told]:
    told: Told = {"vendor_symbol": recorded.symbols, "timestamp": since_1970(row[2], "s"), "price": row[0], "quantity": row[1]}
    return [told | {"side": _SIDES[row[3]], "trade_id": row[6]}]


def _kraken_level(key: str, row: Any, recorded: Recorded) -> Sequence[Told]:
    return [{"vendor_symbol": recorded.symbols, "side": key.removesuffix("s"), "price": row[0], "quantity": row[1]}]


def _kraken_pair(key: str, row: Any, recorded: Recorded) -> Sequence[Told]:
    step = row.get("tick_size") or f"1e-{row['pair_decimals']}"
    return [{"vendor_symbol": row["altname"], "tick_size": step, "lot_size": f"1e-{row['lot_decimals']}"}]


def _kraken_ticker(key: str, row: Any, recorded: Recorded) -> Sequence[Told]:
    return [{"last_price": row["c"][0], "last_size": row["c"][1], "bid_price": row["b"][0], "ask_price": row["a"][0], "open": row["o"]}]


def _coingecko_candle(key: str, row: Any, recorded: Recorded) -> Sequence[Told]:
    start = since_1970(row[0], "ms") - timeframe(recorded.timeframe).duration
    return _bar(recorded, start, row[1:5], "open high low close")


def _coingecko_point(key: str, row: Any, recorded: Recorded) -> Sequence[Told]:
    told: Told = {"vendor_symbol": recorded.symbols, "timestamp": since_1970(row["price"][0], "ms"), "price": row["price"][1]}
    return [told | {"market_cap": row.get("cap", [None, None])[1], "volume": row.get("volume", [None, None])[1]}]


def _coingecko_coin(key: str, row: Any, recorded: Recorded) -> Sequence[Told]:
    return [{"vendor_symbol": row["id"], "name": row["name"]}]


def _coingecko_market(key: str, row: Any, recorded: Recorded) -> Sequence[Told]:
    return [{"vendor_symbol": row["id"], "last_price": row["current_price"]}]


def _coingecko_price(key: str, row: Any, recorded: Recorded) -> Sequence[Told]:
    return [{"vendor_symbol": key, "last_price": row["usd"]}]


_POINT = {"price": "prices", "cap": "market_caps", "volume": "total_volumes"}
_BOOK = ("bids", "asks")

BINANCE_KLINES = Wire(ListAt(), _binance_kline)
BINANCE_DUMP = Wire(Zipped(Csv(header=False)), _binance_kline)
BINANCE_PRICES = Wire(ListAt(), _binance_price)
BINANCE_AGG_TRADES = Wire(ListAt(), _binance_agg_trade)
BINANCE_TRADES = Wire(ListAt(), _binance_trade)
BINANCE_DEPTH = Wire(BySymbol("", _BOOK), _binance_level)
BINANCE_PAIRS = Wire(ListAt("symbols"), _binance_pair)
BINANCE_BEST = Wire(ListAt(), _binance_best)
COINBASE_CANDLES = Wire(ListAt(), _coinbase_candle)
COINBASE_ADVANCED_CANDLES = Wire(ListAt("candles"), _coinbase_advanced_candle)
COINBASE_TRADES = Wire(ListAt(), _coinbase_trade)
COINBASE_ADVANCED_TRADES = Wire(ListAt("trades"), _coinbase_trade)
COINBASE_ADVANCED_BOOK = Wire(BySymbol("pricebook", _BOOK), _coinbase_level)
COINBASE_ADVANCED_PRODUCTS = Wire(ListAt("products"), _coinbase_product)
COINBASE_PRODUCTS = Wire(ListAt(), _coinbase_listed)
COINBASE_TICKER = Wire(ListAt(), _coinbase_ticker)
KRAKEN_CANDLES = Wire(BySymbol("result", stays=True), _kraken_candle)
KRAKEN_TRADES = Wire(BySymbol("result", stays=True), _kraken_trade)
KRAKEN_BOOK = Wire(BySymbol("result.XBTUSDT", _BOOK), _kraken_level)
KRAKEN_PAIRS = Wire(OnePer("result"), _kraken_pair)
KRAKEN_TICKER = Wire(OnePer("result"), _kraken_ticker)
COINGECKO_CANDLES = Wire(ListAt(), _coingecko_candle)
COINGECKO_CHART = Wire(Columns(_POINT, "price"), _coingecko_point)
COINGECKO_COINS = Wire(ListAt(), _coingecko_coin)
COINGECKO_MARKETS = Wire(ListAt(), _coingecko_market)
COINGECKO_PRICES = Wire(OnePer(), _coingecko_price)
