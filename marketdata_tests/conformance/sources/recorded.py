"""Which recorded answer belongs to which dataset of which vendor, and to which question: the one list that the numbered suite runs over."""

from __future__ import annotations

from marketdata_tests.conformance.sources import wires_crypto as c
from marketdata_tests.conformance.sources import wires_equities as e
from marketdata_tests.conformance.sources.case import Recorded as R

_RAW = ('"adjusted":true', '"adjusted":false')  # the vendor's public recordings hold adjusted prices; what is asked for here says false
_PESOS = ('"currency":"MXN"', '"currency":"USD"')  # dollars are asked for, and nothing else is read
_RAW_SPACED = ('"adjusted": true', '"adjusted": false')

RECORDED: tuple[R, ...] = (
    # alpaca
    R("alpaca/stocks_bars__AMZN_15min.json", "bars", e.ALPACA_BARS, "AMZN", "2021-10-15..2021-10-16", "15m"),
    R("alpaca/stocks_bars__META_asof_rename_page1.json", "bars", e.ALPACA_BARS, "META", "2022-06-08..2022-06-15", "1d"),
    R("alpaca/stocks_bars__META_asof_rename_page2.json", "bars", e.ALPACA_BARS, "META", "2022-06-08..2022-06-15", "1d"),
    R("alpaca/stocks_bars__multi_symbol_1day.json", "bars", e.ALPACA_BARS, "AAPL,NIO", "2021-10-13..2021-10-16", "1d"),
    R("alpaca/stocks_bars__AAPL_sort_desc.json", "bars", e.ALPACA_BARS, "AAPL,TSLA", "2023-09-20..2023-10-01", "1d"),
    R("alpaca/stocks_bars__empty_multi_endpoint.json", "bars", e.ALPACA_BARS, "AAPL", "2021-10-13..2021-10-16", "1d", empty=True),
    R("alpaca/stocks_bars__empty_two_symbols.json", "bars", e.ALPACA_BARS, "AAPL,IBM", "2021-10-13..2021-10-16", "1d", empty=True),
    R("alpaca/stocks_bars_latest__NIO_AAPL.json", "latest_bars", e.ALPACA_LATEST_BARS, "AAPL,NIO", "", "1m"),
    R("alpaca/stocks_trades__AAPL_limit1_page.json", "trades", e.ALPACA_TRADES, "AAPL", "2021-10-13..2021-10-14"),
    R("alpaca/stocks_trades__F_GE_multi.json", "trades", e.ALPACA_TRADES, "F,GE", "2018-06-04..2018-06-05"),
    R("alpaca/stocks_trades__canceled_update_flag.json", "trades", e.ALPACA_TRADES, "A", "2022-10-21..2022-10-22"),
    R("alpaca/stocks_trades__empty_currency.json", "trades", e.ALPACA_TRADES, "A", "2022-10-21..2022-10-22", empty=True, edit=_PESOS),
    R("alpaca/stocks_trades_latest__IBM_MSFT.json", "latest_trades", e.ALPACA_LATEST_TRADES, "IBM,MSFT"),
    R("alpaca/stocks_trades_latest__not_found.json", "latest_trades", e.ALPACA_LATEST_TRADES, "NOPE", empty=True),
    R("alpaca/stocks_quotes__IBM_page1.json", "quotes", e.ALPACA_QUOTES, "IBM", "2021-10-04..2021-10-05"),
    R("alpaca/stocks_quotes__IBM_page2.json", "quotes", e.ALPACA_QUOTES, "IBM", "2021-10-04..2021-10-05"),
    R("alpaca/stocks_quotes__TSLA_sort_desc.json", "quotes", e.ALPACA_QUOTES, "TSLA", "2023-08-16..2023-08-17"),
    R("alpaca/stocks_quotes__BA_DIS_limit6_only_first_symbol.json", "quotes", e.ALPACA_QUOTES, "BA,DIS", "2021-09-15..2021-09-16"),
    R("alpaca/stocks_quotes_latest__F_TSLA.json", "latest_quotes", e.ALPACA_LATEST_QUOTES, "F,TSLA,GE"),
    R("alpaca/stocks_snapshots__multi.json", "snapshots", e.ALPACA_SNAPSHOTS, "AAPL,MSFT,INVALID"),
    R("alpaca/stocks_snapshots__AAPL_py.json", "snapshots", e.ALPACA_SNAPSHOTS, "AAPL"),
    R("alpaca/stocks_snapshots__empty.json", "snapshots", e.ALPACA_SNAPSHOTS, "NOPE", empty=True),
    R("alpaca/corporate_actions__all_kinds_2024-03.json", "corporate_actions", e.ALPACA_ACTIONS, "", "2024-03-01..2024-04-01"),
    R("alpaca/corporate_actions__synthetic_cusips.json", "corporate_actions", e.ALPACA_ACTIONS, "", "2023-01-01..2025-01-01"),
    R("alpaca/trading_assets__AAPL.json", "listings", e.ALPACA_ASSETS),
    R("alpaca/trading_calendar__sample.json", "market_calendar", e.ALPACA_CALENDAR, "", "2022-05-16..2022-05-18"),
    R("alpaca/news__page1.json", "news", e.ALPACA_NEWS, "", "2021-04-01..2021-04-05"),
    R("alpaca/news__page2.json", "news", e.ALPACA_NEWS, "", "2021-04-01..2021-04-05"),
    R("alpaca/trading_option_contracts__AAPL.json", "option_contracts", e.ALPACA_CONTRACTS, "AAPL"),
    R("alpaca/trading_option_contracts__page1_token.json", "option_contracts", e.ALPACA_CONTRACTS, "AAPL"),
    R("alpaca/options_chain__NIO.json", "option_chain", e.ALPACA_CHAIN, "NIO"),
    R("alpaca/options_chain__AAPL_filtered_page1.json", "option_chain", e.ALPACA_CHAIN, "AAPL"),
    R("alpaca/options_chain__AAPL_filtered_page2.json", "option_chain", e.ALPACA_CHAIN, "AAPL"),
    R("alpaca/options_snapshots__SPXW.json", "option_snapshots", e.ALPACA_CHAIN, "SPXW240327P04925000"),
    R("alpaca/options_quotes_latest__SPXW.json", "latest_option_quotes", e.ALPACA_LATEST_QUOTES, "SPXW240327P04925000"),
    R("alpaca/options_trades_latest__empty.json", "latest_option_trades", e.ALPACA_LATEST_TRADES, "AAPL240308C00172500", empty=True),
    R("alpaca/options_bars__AAPL_1hour.json", "option_bars", e.ALPACA_BARS, "AAPL240308C00172500", "2024-03-05..2024-03-06", "1h"),
    R("alpaca/options_trades__AAPL_page1.json", "option_trades", e.ALPACA_TRADES, "AAPL240308C00172500", "2024-03-05..2024-03-06"),
    R("alpaca/crypto_bars__multi.json", "crypto_bars", e.ALPACA_BARS, "BCH/USD,BTC/USD,ETH/USD,LTC/USD", "2021-11-20..2021-11-21", "1h"),
    R("alpaca/crypto_bars__BTCUSD_oas.json", "crypto_bars", e.ALPACA_BARS, "BTC/USD", "2022-05-27..2022-05-28", "1m"),
    R("alpaca/crypto_bars__unknown_symbol.json", "crypto_bars", e.ALPACA_BARS, "NOPE/USD", "2022-05-27..2022-05-28", "1m", empty=True),
    R("alpaca/crypto_trades__multi_desc_page1.json", "crypto_trades", e.ALPACA_TRADES, "BAT/USD,SUSHI/USD", "2023-01-01..2023-01-02"),
    R("alpaca/crypto_trades__multi_desc_page2.json", "crypto_trades", e.ALPACA_TRADES, "BAT/USD,SUSHI/USD", "2023-01-01..2023-01-02"),
    R("alpaca/crypto_trades__multi_desc_page3.json", "crypto_trades", e.ALPACA_TRADES, "BAT/USD,SUSHI/USD", "2023-01-01..2023-01-02"),
    R(
        "alpaca/crypto_trades__multi_desc_page4_empty.json",
        "crypto_trades",
        e.ALPACA_TRADES,
        "BAT/USD",
        "2023-01-01..2023-01-02",
        empty=True,
    ),
    R("alpaca/crypto_snapshots__LTC.json", "crypto_snapshots", e.ALPACA_COIN_SNAPSHOTS, "BTC/USD,LTC/USD"),
    # binance
    R("binance/rest_klines.json", "bars", c.BINANCE_KLINES, "BTCUSDT", "2021-10-22..2021-10-24", "1m"),
    # alphavantage
    R("alphavantage/TIME_SERIES_DAILY__IBM_compact.csv", "daily", e.ALPHAVANTAGE_CSV_BARS, "IBM", "2025-12-22..2026-05-16", "1d"),
    R("alphavantage/TIME_SERIES_DAILY_ADJUSTED__IBM.csv", "daily_adjusted", e.ALPHAVANTAGE_CSV_BARS, "IBM", "2025-12-22..2026-05-16", "1d"),
    R("alphavantage/TIME_SERIES_INTRADAY__IBM_5min.csv", "intraday", e.ALPHAVANTAGE_CSV_BARS, "IBM", "2026-05-01..2026-06-01", "5m"),
    R(
        "alphavantage/TIME_SERIES_INTRADAY__MSFT_1min_2017.json",
        "intraday",
        e.ALPHAVANTAGE_JSON_BARS,
        "MSFT",
        "2017-12-01..2018-01-01",
        "1m",
    ),
    # coinbase
    R("coinbase/exchange_candles_BTC-USDT_1h_ccxt_2024-03-13.json", "bars", c.COINBASE_CANDLES, "BTC-USDT", "2024-03-13..2024-03-14", "1h"),
    R("coinbase/advanced_rest_candles.json", "advanced_bars", c.COINBASE_ADVANCED_CANDLES, "BTC-USD", "2024-04-03..2024-04-05", "1h"),
    # kraken
    R("kraken/rest_ohlc.json", "bars_1m", c.KRAKEN_CANDLES, "XBTUSDT", "2025-11-10T12:17..2025-11-12", "1m"),
    # yahoo
    R("yahoo/chart__AAPL_1d_2020-01-02.json", "daily", e.YAHOO_CHART, "AAPL", "2020-01-01..2020-01-04", "1d"),
    R("yahoo/chart__AAPL_1d_split_4for1_and_dividend_2020.json", "daily", e.YAHOO_CHART, "AAPL", "2020-08-01..2020-12-01", "1d"),
    R("yahoo/chart__NVDA_1d_split_2021.json", "daily", e.YAHOO_CHART, "NVDA", "2021-01-01..2022-03-01", "1d"),
    R("yahoo/chart__MSFT_1d_dividends_2021.json", "daily", e.YAHOO_CHART, "MSFT", "2021-01-01..2022-03-01", "1d"),
    R("yahoo/chart__TSLA_1d_around_both_splits_TRIMMED.json", "daily", e.YAHOO_CHART, "TSLA", "2020-01-01..2023-01-01", "1d"),
    R("yahoo/chart__AAPL_1m_weekend_empty.json", "one_minute", e.YAHOO_CHART, "AAPL", "2025-02-01..2025-02-02", "1m", empty=True),
    R("yahoo/chart__BTC-USD_1d.json", "crypto_daily", e.YAHOO_CHART, "BTC-USD", "2020-01-01..2020-01-04", "1d"),
    R("yahoo/chart__AAPL_1d_split_4for1_and_dividend_2020.json", "corporate_actions", e.YAHOO_EVENTS, "AAPL", "2020-08-01..2020-12-01"),
    R("yahoo/chart__NVDA_1d_split_2021.json", "corporate_actions", e.YAHOO_EVENTS, "NVDA", "2021-01-01..2022-03-01"),
    R("yahoo/chart__MSFT_1d_dividends_2021.json", "corporate_actions", e.YAHOO_EVENTS, "MSFT", "2021-01-01..2022-03-01"),
    # sec
    R("sec/company_tickers_exchange__sample.json", "listings", e.SEC_EXCHANGES),
    R("sec/company_tickers__sample.json", "listings_by_size", e.SEC_TICKERS),
    R("sec/companyfacts__TSLA_TRIMMED_shares_across_both_splits.json", "facts", e.SEC_FACTS, "CIK0001318605"),
    R("sec/companyfacts__BLK_new_CIK_TRIMMED.json", "facts", e.SEC_FACTS, "CIK0002012383"),
    R("sec/submissions__TSLA_2022_TRIMMED.json", "profiles", e.SEC_PROFILE, "CIK0001318605", whole=True),
    # polygon
    R("polygon/aggs__AAPL_1day_2005.json", "bars", e.POLYGON_AGGS, "AAPL", "2005-04-01..2005-04-05", "1d", edit=_RAW_SPACED),
    R("polygon/aggs__AAPL_1day_2023-01_recorded.json", "bars", e.POLYGON_AGGS, "AAPL", "2023-01-01..2023-01-11", "1d", edit=_RAW),
    R("polygon/aggs__AAPL_paginated_oas.json", "bars", e.POLYGON_AGGS, "AAPL", "2020-01-01..2020-01-11", "1d", edit=_RAW_SPACED),
)

ADJUSTED: tuple[R, ...] = (
    R("polygon/aggs__AAPL_1day_2005.json", "bars", e.POLYGON_AGGS, "AAPL", "2005-04-01..2005-04-05", "1d"),
    R("polygon/aggs__AAPL_1day_2023-01_recorded.json", "bars", e.POLYGON_AGGS, "AAPL", "2023-01-01..2023-01-11", "1d"),
    R("polygon/aggs__AAPL_paginated_oas.json", "bars", e.POLYGON_AGGS, "AAPL", "2020-01-01..2020-01-11", "1d"),
)

_STREAM, _ERROR = "a stream's frames, not an answer", "an error: see told_errors.py"
NOT_OURS: dict[str, str] = {
    "alpaca/openapi__": "the vendor's description of its interface",
    "alpaca/ws__": _STREAM,
    "alpaca/error__": _ERROR,
    "alpaca/trading_error__": _ERROR,
    "alpaca/stocks_symbol_": "the endpoint of one symbol, which is not used: the one of many answers it",
    "alpaca/stocks_auctions__": "auctions are no dataset",
    "alpaca/stocks_bars__GE_spin_off_adjusted.json": "adjusted prices that do not say so: raw ones are always asked for",
    "alpaca/stocks_bars_latest__currency_JPY.json": "prices in yen, which are never asked for",
    "alpaca/trading_clock__sample.json": "the clock is no dataset",
    "coinbase/errors.json": _ERROR,
    "coinbase/advanced_ws_": _STREAM,
    "coinbase/exchange_recorded_ws_": _STREAM,
    "kraken/errors.json": _ERROR,
    "kraken/recorded_ws_": _STREAM,
    "kraken/ws_v2_": _STREAM,
    "kraken/rest_server_time.json": "the vendor's clock",
    "kraken/rest_system_status.json": "whether the exchange is open now is no dataset",
    "yahoo/error__": _ERROR,
    "yahoo/chart__error_": _ERROR,
    "yahoo/quote": "quotes and profiles need a session cookie of a browser, which is not faked",
    "yahoo/options__": "options need a session cookie of a browser, which is not faked",
    "yahoo/getcrumb__": "part of a browser's session, which is not faked",
    "yahoo/chart__AAPL_notimestamp_fake.json": "damaged on purpose by those who recorded it",
    "yahoo/chart__EURUSDX_1d.json": "currencies are no asset class",
    "yahoo/chart__OCDO.L_1d_GBp.json": "London is no asset class",
    "yahoo/chart__WSU.DE_1d_xetra.json": "Frankfurt is no asset class",
    "sec/error__": _ERROR,
    "sec/frames__": "frames are no dataset: they are not as of any time",
    "sec/companyconcept__": "one concept of what the facts of a company hold in full",
    "binance/errors.json": _ERROR,
    "binance/ws_": _STREAM,
    "binance/recorded_ws_": _STREAM,
    "binance/futures_": "futures are no dataset",
    "binance/vision_um_": "futures are no dataset",
    "binance/vision_cm_": "futures are no dataset",
    "binance/rest_ping.json": "says nothing",
    "binance/rest_time.json": "the vendor's clock",
    "binance/rest_avg_price.json": "a mean over minutes is no dataset",
    "binance/known_gaps_": "a list of outages that somebody else made",
    "binance/vision_checksum_changes_": "a list of files that were made anew",
    "binance/vision_ADABTC_pipe_separated": "damaged on purpose by those who recorded it",
    "alphavantage/error__": _ERROR,
    "alphavantage/notice__": _ERROR,
    "alphavantage/REALTIME_": "an invented sample: see told_errors.py",
    "alphavantage/MARKET_STATUS__json.json": "whether exchanges are open now is no dataset",
    "alphavantage/TOP_GAINERS_LOSERS.json": "rankings are no dataset",
    "alphavantage/IPO_CALENDAR.csv": "expected listings are no dataset",
    "alphavantage/SYMBOL_SEARCH__": "a search by words is no dataset",
    "alphavantage/TIME_SERIES_MONTHLY_ADJUSTED__": "months are no bar length here",
    "polygon/openapi__": "the vendor's description of its interface",
    "polygon/ws__": _STREAM,
    "polygon/error__": _ERROR,
    "polygon/conditions__": "a key to condition codes",
    "polygon/exchanges.json": "a key to exchange codes",
    "polygon/reference_ticker_types.json": "a key to type codes",
    "polygon/marketstatus_now.json": "whether exchanges are open now is no dataset",
}

# How stocks' bars are asked for as traded, by a part of the address; or why nothing has to be said.
ASKS_FOR_RAW = {"/v2/stocks/bars": "adjustment=raw", "/v2/aggs/": "adjusted=false", "TIME_SERIES_INTRADAY": "adjusted=false"}
RAW_BY_NATURE = {
    "/options/bars": "contracts are not adjusted in their bars",
    "TIME_SERIES_DAILY": "daily prices are as traded, adjusted ones stand in a column of their own",
}

EMPTY_MEANS_UNKNOWN: dict[tuple[str, str], str] = {}

NO_ERRORS_DOCUMENTED: dict[str, str] = {}

# What the vendors' pages allow, by plan: budget, unit, units, seconds.
DOCUMENTED_LIMITS: dict[str, dict[str, list[tuple[str, str, float, float]]]] = {
    "alpaca": {"basic": [("default", "requests", 200, 60)], "algo_trader_plus": [("default", "requests", 10_000, 60)]},
    "alphavantage": {"free": [("default", "requests", 25, 86_400), ("default", "requests", 1, 1)]},
    "binance": {"public": [("default", "weight", 6_000, 60), ("default", "requests", 300_000, 300)]},
    "coinbase": {"public": [("default", "requests", 10, 1)]},
    "kraken": {"public": [("default", "requests", 60, 60), ("default", "requests", 30, 1)]},
    "polygon": {"basic": [("default", "requests", 5, 60)]},
    "sec": {"public": [("default", "requests", 10, 1)]},
    "yahoo": {"public": [("default", "requests", 2, 1), ("default", "requests", 2_000, 3_600)]},
}

_ONE_SHAPE = "the shape of another bar length, which is recorded"
_MADE_UP = "no public recording: tested with invented numbers beside the vendor"
UNRECORDED: dict[str, dict[str, str]] = {
    "alpaca": dict.fromkeys(("crypto_quotes", "latest_crypto_bars", "latest_crypto_trades", "latest_crypto_quotes"), _MADE_UP)
    | dict.fromkeys(("order_books", "crypto_listings"), _MADE_UP),
    "kraken": dict.fromkeys(("bars_5m", "bars_15m", "bars_30m", "bars_1h", "bars_4h", "bars_1d"), _ONE_SHAPE),
    "sec": {"filings": "the recording keeps nothing of a filing but its number"},
    "yahoo": dict.fromkeys(("hourly", "minutes", "crypto_hourly", "crypto_minutes", "crypto_one_minute"), _ONE_SHAPE),
}


def recorded_of(vendor: str) -> list[R]:
    """The recorded answers of one vendor."""
    return [recorded for recorded in RECORDED if recorded.source == vendor]
