"""What the answers of vendors of stocks say, row by row; shares no code with the vendors' readers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from marketdata_tests.conformance.sources.case import Recorded, Told, Wire
from marketdata_tests.conformance.sources.containers import BySymbol, Columns, Csv, Leaves, ListAt, OnePer, Twigs
from marketdata_tests.conformance.sources.instants import day, midnight, rfc3339, session, since_1970, wall


def _labelled(instant: datetime, recorded: Recorded) -> datetime:
    return session(instant) if recorded.timeframe == "1d" else instant


def _alpaca_bar(key: str, row: Any, recorded: Recorded) -> Sequence[Told]:
    at = _labelled(rfc3339(row["t"]), recorded)
    prices = {"open": row["o"], "high": row["h"], "low": row["l"], "close": row["c"], "volume": row["v"], "vwap": row["vw"]}
    return [{"vendor_symbol": key or recorded.symbols, "timestamp": at, **prices, "trade_count": row["n"]}]


def _alpaca_trade(key: str, row: Any, recorded: Recorded) -> Sequence[Told]:
    at = rfc3339(row["t"])
    return [{"vendor_symbol": key or recorded.symbols, "timestamp": at, "price": row["p"], "quantity": row["s"]}]


def _alpaca_auctions(key: str, row: Any, recorded: Recorded) -> Sequence[Told]:
    return [told for print_ in (*row["o"], *row["c"]) if "s" in print_ for told in _alpaca_trade(key, print_, recorded)]


def _alpaca_quote(key: str, row: Any, recorded: Recorded) -> Sequence[Told]:
    sides = {"bid_price": row["bp"], "bid_size": row["bs"], "ask_price": row["ap"], "ask_size": row["as"]}
    open_sides = {n: None if sides[n[:3] + "_price"] == "0" else v for n, v in sides.items()}
    return [{"vendor_symbol": key or recorded.symbols, "timestamp": rfc3339(row["t"]), **open_sides}]


def _alpaca_snapshot(key: str, row: Any, recorded: Recorded) -> Sequence[Told]:
    trade, quote, today, before = row["latestTrade"], row["latestQuote"], row["dailyBar"], row["prevDailyBar"] or {}
    told: Told = {
        "vendor_symbol": key,
        "last_price": trade["p"],
        "last_size": trade["s"],
        "bid_price": quote["bp"],
        "ask_price": quote["ap"],
    }
    told |= {"open": today["o"], "high": today["h"], "low": today["l"], "volume": today["v"], "previous_close": before.get("c")}
    return [told | {"timestamp": max(rfc3339(trade["t"]), rfc3339(quote["t"]), rfc3339(row["minuteBar"]["t"]))}]


_ALPACA_KINDS = {
    "forward_splits": "split",
    "reverse_splits": "split",
    "stock_dividends": "stock_dividend",
    "cash_dividends": "cash_dividend",
    "spin_offs": "spin_off",
    "name_changes": "rename",
    "worthless_removals": "delisting",
    "cash_mergers": "merger",
    "stock_mergers": "merger",
    "stock_and_cash_mergers": "merger",
}


def _alpaca_action(key: str, row: Any, recorded: Recorded) -> Sequence[Told]:
    kind = _ALPACA_KINDS.get(key, "other")
    told: Told = {"kind": kind, "process_date": day(row["process_date"]), "payable_date": day(row.get("payable_date"))}
    told |= {"record_date": day(row.get("record_date")), "event_id": row.get("id")}
    told |= {"old_symbol": row.get("old_symbol") if kind == "rename" else None}
    told |= {"new_symbol": row.get("acquirer_symbol") or row.get("new_symbol"), "amount": None, "ratio": None}
    for new, old in (("new_rate", "old_rate"), ("new_rate", "source_rate"), ("acquirer_rate", "acquiree_rate")):
        if new in row and old in row:
            told |= {"ratio": float(row[new]) / float(row[old])}
    if kind == "stock_dividend":
        told |= {"ratio": float(1 + Decimal(row["rate"]))}
    elif key == "rights_distributions":
        told |= {"ratio": row["rate"]}
    else:
        told |= {"amount": row.get("cash_rate") or row.get("rate")}
    return [told]


def _alpaca_news(key: str, row: Any, recorded: Recorded) -> Sequence[Told]:
    told: Told = {"article_id": row["id"], "published_at": rfc3339(row["created_at"]), "updated_at": rfc3339(row["updated_at"])}
    return [told | {"headline": row["headline"], "symbols": ",".join(row["symbols"])}]


def _alpaca_chain(key: str, row: Any, recorded: Recorded) -> Sequence[Told]:
    quote, trade, greeks = row["latestQuote"], row.get("latestTrade") or {}, row.get("greeks") or {}
    told: Told = {
        "vendor_symbol": key,
        "bid_price": quote["bp"],
        "bid_size": quote["bs"],
        "ask_price": quote["ap"],
        "ask_size": quote["as"],
    }
    return [told | {"last_price": trade.get("p"), "delta": greeks.get("delta"), "implied_volatility": row.get("impliedVolatility")}]


def _alpaca_asset(key: str, row: Any, recorded: Recorded) -> Sequence[Told]:
    return [{"vendor_symbol": row["symbol"], "name": row["name"], "exchange": row["exchange"], "active": row["status"] == "active"}]


def _alpaca_contract(key: str, row: Any, recorded: Recorded) -> Sequence[Told]:
    told: Told = {"vendor_symbol": row["symbol"], "underlying": row["underlying_symbol"], "kind": row["type"], "style": row["style"]}
    return [told | {"strike": row["strike_price"], "expires_on": day(row["expiration_date"]), "multiplier": row.get("multiplier")}]


def _alpaca_day(key: str, row: Any, recorded: Recorded) -> Sequence[Told]:
    opens, closes = (wall(f"{row['date']} {row[name]}:00") for name in ("open", "close"))
    return [{"session": day(row["date"]), "opens_at": opens, "closes_at": closes}]


def _alphavantage_bar(key: str, row: Any, recorded: Recorded) -> Sequence[Told]:
    plain = {name.partition(". ")[2] or name: value for name, value in row.items()}
    stamp = plain.pop("timestamp", key)
    at = midnight(datetime.fromisoformat(stamp).date()) if recorded.timeframe == "1d" else wall(stamp)
    told: Told = {"vendor_symbol": recorded.symbols, "timestamp": at, **{n: plain[n] for n in ("open", "high", "low", "close", "volume")}}
    if "adjusted_close" in plain:
        told |= {"adj_close": plain["adjusted_close"], "dividend": plain["dividend_amount"], "split_ratio": plain["split_coefficient"]}
    return [told]


def _alphavantage_split(key: str, row: Any, recorded: Recorded) -> Sequence[Told]:
    return [{"vendor_symbol": recorded.symbols, "kind": "split", "ex_date": day(row["effective_date"]), "ratio": row["split_factor"]}]


def _alphavantage_dividend(key: str, row: Any, recorded: Recorded) -> Sequence[Told]:
    told: Told = {
        "vendor_symbol": recorded.symbols,
        "kind": "cash_dividend",
        "ex_date": day(row["ex_dividend_date"]),
        "amount": row["amount"],
    }
    return [
        told
        | {"declared_on": day(row["declaration_date"]), "record_date": day(row["record_date"]), "payable_date": day(row["payment_date"])}
    ]


def _alphavantage_listing(key: str, row: Any, recorded: Recorded) -> Sequence[Told]:
    told: Told = {
        "vendor_symbol": row["symbol"],
        "name": row["name"] or None,
        "exchange": row["exchange"],
        "listed_on": day(row["ipoDate"]),
    }
    return [told | {"delisted_on": day(row["delistingDate"]), "active": row["status"] == "Active"}]


def _alphavantage_quote(key: str, row: Any, recorded: Recorded) -> Sequence[Told]:
    plain = {name.partition(". ")[2] or name: value for name, value in row.items()}
    told: Told = {"vendor_symbol": plain["symbol"], "last_price": plain["price"], "open": plain["open"], "high": plain["high"]}
    previous = plain.get("previous close") or plain["previousClose"]
    return [told | {"low": plain["low"], "volume": plain["volume"], "previous_close": previous}]


def _polygon_agg(key: str, row: Any, recorded: Recorded) -> Sequence[Told]:
    told: Told = {"vendor_symbol": row.get("T") or key, "timestamp": _labelled(since_1970(row["t"], "ms"), recorded)}
    prices = {"open": row["o"], "high": row["h"], "low": row["l"], "close": row["c"], "volume": row["v"], "vwap": row.get("vw")}
    return [told | prices | {"trade_count": row.get("n")}]


def _polygon_trade(key: str, row: Any, recorded: Recorded) -> Sequence[Told]:
    at = since_1970(row["sip_timestamp"], "ns")
    return [{"vendor_symbol": recorded.symbols, "timestamp": at, "price": row["price"], "quantity": row["size"], "trade_id": row["id"]}]


def _polygon_quote(key: str, row: Any, recorded: Recorded) -> Sequence[Told]:
    told: Told = {"vendor_symbol": recorded.symbols, "timestamp": since_1970(row["sip_timestamp"], "ns")}
    sides = {n: row.get(n) for n in ("bid_price", "bid_size", "ask_price", "ask_size")}
    return [told | {n: None if sides[n[:3] + "_price"] in (None, "0") else v for n, v in sides.items()}]


def _polygon_split(key: str, row: Any, recorded: Recorded) -> Sequence[Told]:
    told: Told = {"vendor_symbol": row["ticker"], "ex_date": day(row["execution_date"])}
    return [told | {"ratio": float(row["split_to"]) / float(row["split_from"])}]


def _polygon_dividend(key: str, row: Any, recorded: Recorded) -> Sequence[Told]:
    told: Told = {
        "vendor_symbol": row["ticker"],
        "kind": "cash_dividend",
        "ex_date": day(row["ex_dividend_date"]),
        "amount": row["cash_amount"],
    }
    return [told | {"payable_date": day(row.get("pay_date")), "declared_on": day(row.get("declaration_date"))}]


def _polygon_ticker(key: str, row: Any, recorded: Recorded) -> Sequence[Told]:
    return [{"vendor_symbol": row["ticker"], "name": row["name"], "active": row["active"], "exchange": row.get("primary_exchange")}]


def _polygon_event(key: str, row: Any, recorded: Recorded) -> Sequence[Told]:
    return [{"new_symbol": row["ticker_change"]["ticker"], "ex_date": day(row["date"])}]


def _polygon_contract(key: str, row: Any, recorded: Recorded) -> Sequence[Told]:
    told: Told = {"vendor_symbol": row["ticker"], "underlying": row["underlying_ticker"], "kind": row["contract_type"]}
    return [told | {"strike": row["strike_price"], "expires_on": day(row["expiration_date"]), "multiplier": row["shares_per_contract"]}]


def _polygon_news(key: str, row: Any, recorded: Recorded) -> Sequence[Told]:
    return [{"article_id": row["id"], "published_at": rfc3339(row["published_utc"]), "headline": row["title"]}]


def _polygon_open_close(key: str, row: Any, recorded: Recorded) -> Sequence[Told]:
    told: Told = {"vendor_symbol": row["symbol"], "timestamp": midnight(datetime.fromisoformat(row["from"]).date())}
    return [told | {name: row[name] for name in ("open", "high", "low", "close", "volume")}]


def _polygon_last_trade(key: str, row: Any, recorded: Recorded) -> Sequence[Told]:
    return [
        {"vendor_symbol": row["T"], "timestamp": since_1970(row["t"], "ns"), "price": row["p"], "quantity": row["s"], "trade_id": row["i"]}
    ]


def _polygon_last_quote(key: str, row: Any, recorded: Recorded) -> Sequence[Told]:
    told: Told = {"vendor_symbol": row["T"], "timestamp": since_1970(row["t"], "ns")}
    return [told | {"bid_price": row["p"], "bid_size": row["s"], "ask_price": row["P"], "ask_size": row["S"]}]


def _polygon_state(key: str, row: Any, recorded: Recorded) -> Sequence[Told]:
    if "error" in row:
        return []
    trade, quote, day_ = row.get("last_trade") or {}, row.get("last_quote") or {}, row.get("session") or {}
    told: Told = {"vendor_symbol": row["ticker"], "last_price": trade.get("price"), "bid_price": quote.get("bid")}
    return [told | {"ask_price": quote.get("ask"), "high": day_.get("high"), "previous_close": day_.get("previous_close")}]


def _polygon_stock_state(key: str, row: Any, recorded: Recorded) -> Sequence[Told]:
    trade, quote, today = row["lastTrade"], row["lastQuote"], row["day"]
    told: Told = {"vendor_symbol": row["ticker"], "last_price": trade["p"], "bid_price": quote["p"], "ask_price": quote["P"]}
    return [
        told | {"open": today["o"], "volume": today["v"], "previous_close": row["prevDay"]["c"], "timestamp": since_1970(quote["t"], "ns")}
    ]


def _polygon_profile(key: str, row: Any, recorded: Recorded) -> Sequence[Told]:
    return [{"name": name} for name, _ in _fields(row, "")]


def _polygon_chain(key: str, row: Any, recorded: Recorded) -> Sequence[Told]:
    told: Told = {"vendor_symbol": row["details"]["ticker"], "bid_price": row["last_quote"]["bid"], "ask_price": row["last_quote"]["ask"]}
    return [told | {"delta": row["greeks"]["delta"], "open_interest": row["open_interest"], "volume": row["day"]["volume"]}]


def _alphavantage_profile(key: str, row: Any, recorded: Recorded) -> Sequence[Told]:
    missing = ("None", "-")
    return [{"vendor_symbol": row["Symbol"], "name": name, "value": None if value in missing else value} for name, value in row.items()]


def _yahoo_bar(key: str, row: Any, recorded: Recorded) -> Sequence[Told]:
    if all(row.get(name) is None for name in ("open", "high", "low", "close")):
        return []
    instant = since_1970(row["at"], "s")
    daily = midnight(instant.date()) if recorded.symbols == "BTC-USD" else session(instant)
    told: Told = {"vendor_symbol": recorded.symbols, "timestamp": daily if recorded.timeframe == "1d" else instant}
    told |= {name: row.get(name) for name in ("open", "high", "low", "close", "volume")}
    return [told | ({"adj_close": row["adjclose"]} if "adjclose" in row else {})]


def _sec_fact(key: str, row: Any, recorded: Recorded) -> Sequence[Told]:
    told: Told = {"period_end": day(row["end"]), "period_start": day(row.get("start")), "value": row["val"], "accession": row["accn"]}
    return [told | {"filed_on": day(row["filed"]), "form": row["form"], "fiscal_year": row["fy"], "fiscal_period": row["fp"]}]


def _sec_listing(key: str, row: Any, recorded: Recorded) -> Sequence[Told]:
    _, name, ticker, exchange = row
    return [{"vendor_symbol": ticker, "name": name, "exchange": exchange}]


def _sec_ticker(key: str, row: Any, recorded: Recorded) -> Sequence[Told]:
    return [{"vendor_symbol": row["ticker"], "name": row["title"]}]


def _fields(row: Any, name: str) -> Iterator[tuple[str, Any]]:
    if isinstance(row, dict):
        for key, value in row.items():
            yield from _fields(value, f"{name}.{key}".strip("."))
    elif isinstance(row, list) and any(isinstance(value, dict) for value in row):
        for place, value in enumerate(row, 1):
            yield from _fields(value, f"{name}.{place}")
    else:
        yield name, row


def _sec_profile(key: str, row: Any, recorded: Recorded) -> Sequence[Told]:
    plain = {name: value for name, value in row.items() if name != "filings"}
    return [{"name": name} for name, _ in _fields(plain, "")]


def _yahoo_event(key: str, row: Any, recorded: Recorded) -> Sequence[Told]:
    told: Told = {"vendor_symbol": recorded.symbols, "ex_date": session(since_1970(row["date"], "s")).date()}
    if "amount" in row:
        return [told | {"kind": "cash_dividend", "amount": row["amount"]}]
    return [told | {"kind": "split", "ratio": float(row["numerator"]) / float(row["denominator"])}]


def _finnhub_bar(key: str, row: Any, recorded: Recorded) -> Sequence[Told]:
    told: Told = {"vendor_symbol": recorded.symbols, "timestamp": _labelled(since_1970(row["t"], "s"), recorded)}
    return [told | {"open": row["o"], "high": row["h"], "low": row["l"], "close": row["c"], "volume": row["v"]}]


_QUOTE = "indicators.quote.0."
_YAHOO = {
    "at": "timestamp",
    **{n: _QUOTE + n for n in ("open", "high", "low", "close", "volume")},
    "adjclose": "indicators.adjclose.0.adjclose",
}

ALPACA_BARS = Wire(BySymbol("bars"), _alpaca_bar)
ALPACA_LATEST_BARS = Wire(OnePer("bars"), _alpaca_bar)
ALPACA_TRADES = Wire(BySymbol("trades"), _alpaca_trade)
ALPACA_LATEST_TRADES = Wire(OnePer("trades"), _alpaca_trade)
ALPACA_AUCTIONS = Wire(BySymbol("auctions"), _alpaca_auctions)
ALPACA_QUOTES = Wire(BySymbol("quotes"), _alpaca_quote)
ALPACA_LATEST_QUOTES = Wire(OnePer("quotes"), _alpaca_quote)
ALPACA_SNAPSHOTS = Wire(OnePer(), _alpaca_snapshot)
ALPACA_COIN_SNAPSHOTS = Wire(OnePer("snapshots"), _alpaca_snapshot)
ALPACA_ACTIONS = Wire(BySymbol("corporate_actions"), _alpaca_action)
ALPACA_NEWS = Wire(ListAt("news"), _alpaca_news)
ALPACA_CHAIN = Wire(OnePer("snapshots"), _alpaca_chain)
ALPACA_ASSETS = Wire(ListAt(), _alpaca_asset)
ALPACA_CONTRACTS = Wire(ListAt("option_contracts"), _alpaca_contract)
ALPACA_CALENDAR = Wire(ListAt(), _alpaca_day)
ALPHAVANTAGE_CSV_BARS = Wire(Csv(), _alphavantage_bar)
ALPHAVANTAGE_JSON_BARS = Wire(OnePer("~Time Series"), _alphavantage_bar)
ALPHAVANTAGE_SPLITS = Wire(Csv(), _alphavantage_split)
ALPHAVANTAGE_DIVIDENDS = Wire(Csv(), _alphavantage_dividend)
ALPHAVANTAGE_LISTINGS = Wire(Csv(), _alphavantage_listing)
ALPHAVANTAGE_JSON_QUOTE = Wire(ListAt("Global Quote"), _alphavantage_quote)
POLYGON_AGGS = Wire(ListAt("results", "ticker", ("resultsCount", "queryCount", "count")), _polygon_agg)
POLYGON_TRADES = Wire(ListAt("results"), _polygon_trade)
POLYGON_QUOTES = Wire(ListAt("results"), _polygon_quote)
POLYGON_SPLITS = Wire(ListAt("results"), _polygon_split)
POLYGON_DIVIDENDS = Wire(ListAt("results"), _polygon_dividend)
POLYGON_TICKERS = Wire(ListAt("results"), _polygon_ticker)
POLYGON_EVENTS = Wire(ListAt("results.events"), _polygon_event)
POLYGON_CONTRACTS = Wire(ListAt("results"), _polygon_contract)
POLYGON_NEWS = Wire(ListAt("results"), _polygon_news)
POLYGON_OPEN_CLOSE = Wire(ListAt(), _polygon_open_close)
POLYGON_LAST_TRADE = Wire(ListAt("results"), _polygon_last_trade)
POLYGON_LAST_QUOTE = Wire(ListAt("results"), _polygon_last_quote)
POLYGON_STATES = Wire(ListAt("results"), _polygon_state)
POLYGON_STOCK_STATE = Wire(ListAt("ticker"), _polygon_stock_state)
POLYGON_PROFILE = Wire(ListAt("results"), _polygon_profile)
POLYGON_CHAIN = Wire(ListAt("results"), _polygon_chain)
ALPHAVANTAGE_PROFILE = Wire(ListAt(), _alphavantage_profile)
YAHOO_CHART = Wire(Columns(_YAHOO, "at", "chart.result.0"), _yahoo_bar)
YAHOO_EVENTS = Wire(Twigs("chart.result.0.events"), _yahoo_event)
SEC_EXCHANGES = Wire(ListAt("data"), _sec_listing)
SEC_TICKERS = Wire(OnePer(), _sec_ticker)
SEC_PROFILE = Wire(ListAt(), _sec_profile)
SEC_FACTS = Wire(Leaves("facts"), _sec_fact)
FINNHUB_CANDLES = Wire(Columns({n: n for n in "tohlcv"}, "t"), _finnhub_bar)
