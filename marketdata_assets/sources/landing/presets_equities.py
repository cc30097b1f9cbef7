"""Presets of equity vendors' files."""

from __future__ import annotations

from typing import Any

from marketdata_assets.core.basis import PriceBasis
from marketdata_assets.sources.landing.format import LandingFormat, NotABar, Stamp

_TICKER = r"(?:^|/)(?P<symbol>[^/]+?)(?:_data)?$"
_ALPHA_VANTAGE = (
    r"(?i)(?:^|/)(?:(?:time_series_)?daily_+(?:adjusted_+)?)?(?P<symbol>[^/]+?)(?:_daily)?(?:_adjusted)?(?:_(?:compact|full))?$"
)
_INTRADAY = (
    r"(?i)(?:^|/)(?:time_series_)?intraday_+(?P<interval>\d+min)_+(?P<symbol>[^/_]+)(?:_[^/]*)?$",
    r"(?i)(?:^|/)(?:(?:time_series_)?intraday_+)?(?P<symbol>[^/_]+)_+(?P<interval>\d+min)(?:_[^/]*)?$",
    r"(?:^|/)(?P<symbol>[^/_]+)$",
)
_LOWER = {"timestamp": "date", "open": "open", "high": "high", "low": "low", "close": "close", "volume": "volume"}
_STAMPED = {**_LOWER, "timestamp": "timestamp"}
_DATE = Stamp(formats=("%Y-%m-%d",), zone="America/New_York")
_WRITTEN = Stamp(
    formats=("%Y-%m-%d %H:%M:%S", "%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S%.f"), zone="America/New_York", offset="drop"
)
_SPLIT: dict[str, Any] = {"price_basis": PriceBasis.SPLIT_ADJUSTED, "volume_basis": PriceBasis.SPLIT_ADJUSTED}
_DAILY: dict[str, Any] = {"asset_class": "us_equities", "timeframe": "1d", "tape": "consolidated", "files": (_TICKER,)}

TIINGO = LandingFormat(
    **_DAILY,
    name="tiingo_csv",
    example="AAPL.csv.gz",
    title="Tiingo end of day",
    trap="00:00+00:00 stands for the New York date; splitFactor also carries spin-offs; adj* columns know the future",
    headers=(
        "symbol,date,close,high,low,open,volume,adjClose,adjHigh,adjLow,adjOpen,adjVolume,divCash,splitFactor",
        "date,close,high,low,open,volume,adjClose,adjHigh,adjLow,adjOpen,adjVolume,divCash,splitFactor",
    ),
    columns={**_LOWER, "symbol": "symbol", "adj_close": "adjClose", "dividend": "divCash", "split_ratio": "splitFactor"},
    stamp=_WRITTEN,
)
QUANDL = LandingFormat(
    **_DAILY,
    name="quandl_wiki_csv",
    example="AAPL.csv",
    title="Quandl WIKI prices",
    trap="raw prices and raw volumes; the set ended in March 2018",
    headers=("Date,Open,High,Low,Close,Volume,Ex-Dividend,Split Ratio,Adj. Open,Adj. High,Adj. Low,Adj. Close,Adj. Volume",),
    columns={**_LOWER, "adj_close": "Adj. Close", "dividend": "Ex-Dividend", "split_ratio": "Split Ratio"},
    stamp=_DATE,
)
ALPHA_VANTAGE_DAILY = LandingFormat(
    **{**_DAILY, "files": (_ALPHA_VANTAGE,)},
    name="alphavantage_daily_csv",
    example="daily_AAPL.csv",
    title="Alpha Vantage TIME_SERIES_DAILY",
    trap="raw, newest row first, no split column; a refusal of the vendor arrives as JSON under the name of a csv",
    headers=("timestamp,open,high,low,close,volume",),
    columns=_STAMPED,
    stamp=_DATE,
)
ALPHA_VANTAGE_ADJUSTED = LandingFormat(
    **{**_DAILY, "files": (_ALPHA_VANTAGE,)},
    name="alphavantage_daily_adjusted_csv",
    example="daily_adjusted_AAPL.csv",
    title="Alpha Vantage TIME_SERIES_DAILY_ADJUSTED",
    trap="open to volume are raw; adjusted_close knows the future; split_coefficient may read 7.00000700001 for 7, and carries spin-offs",
    headers=("timestamp,open,high,low,close,adjusted_close,volume,dividend_amount,split_coefficient",),
    columns={**_STAMPED, "adj_close": "adjusted_close", "dividend": "dividend_amount", "split_ratio": "split_coefficient"},
    stamp=_DATE,
)
ALPHA_VANTAGE_INTRADAY = LandingFormat(
    name="alphavantage_intraday_csv",
    example="intraday_AMZN_60min.csv",
    title="Alpha Vantage intraday, bars stamped at their end (downloads up to 2021, first column `time`)",
    trap="New York wall clock, pre and post market included; half days stop early and may carry a lone later bar",
    asset_class="us_equities",
    headers=("time,open,high,low,close,volume",),
    columns={**_LOWER, "timestamp": "time"},
    files=_INTRADAY,
    stamp=Stamp(formats=("%Y-%m-%d %H:%M:%S",), zone="America/New_York", label="end", hours=("04:00", "20:00")),
    tape="consolidated",
)
ALPHA_VANTAGE_INTRADAY_START = LandingFormat(
    name="alphavantage_intraday_start_csv",
    example="intraday_IBM_5min.csv",
    title="Alpha Vantage TIME_SERIES_INTRADAY as served today, bars stamped at their start (first column `timestamp`)",
    trap="adjusted for splits and dividends unless it was asked for with adjusted=false; then configure price_basis raw",
    asset_class="us_equities",
    headers=("timestamp,open,high,low,close,volume",),
    columns=_STAMPED,
    files=_INTRADAY,
    stamp=Stamp(formats=("%Y-%m-%d %H:%M:%S",), zone="America/New_York", label="start", hours=("04:00", "20:00")),
    price_basis=PriceBasis.SPLIT_DIVIDEND_ADJUSTED,
    volume_basis=PriceBasis.SPLIT_ADJUSTED,
    tape="consolidated",
)
YAHOO_OLD = LandingFormat(
    **_DAILY,
    name="yahoo_csv_old",
    example="AAPL.csv",
    title="Yahoo ichart download (until May 2017)",
    trap="prices raw but volume split-adjusted: price times volume is wrong by the split factor",
    headers=("Date,Open,High,Low,Close,Volume,Adj Close",),
    columns={**_LOWER, "adj_close": "Adj Close"},
    stamp=_DATE,
    volume_basis=PriceBasis.SPLIT_ADJUSTED,
)
YAHOO_NEW = LandingFormat(
    **_DAILY,
    **_SPLIT,
    name="yahoo_csv_new",
    example="AAPL.csv",
    title="Yahoo download (since May 2017)",
    trap="split-adjusted as of the download; days without data say null in every cell",
    headers=("Date,Open,High,Low,Close,Adj Close,Volume",),
    columns={**_LOWER, "adj_close": "Adj Close"},
    stamp=_DATE,
)
_EVENT_ROWS = (
    NotABar(rule="split_row", pattern=r"\d+(?:\.\d+)?:\d+(?:\.\d+)? Stock Splits?", reason="a split announcement among the bars"),
    NotABar(rule="dividend_row", pattern=r"[\d.]+ (?:Dividend|Capital Gain|Distribution)", reason="a dividend announcement among the bars"),
    NotABar(rule="footnote", pattern=r"\*\s*Close price adjusted", reason="the table's footnote"),
)
YAHOO_TABLE = LandingFormat(
    **{**_DAILY, "files": (_ALPHA_VANTAGE,)},
    **_SPLIT,
    name="yahoo_history_table",
    example="daily_AAPL.csv",
    title="Yahoo history page, scraped",
    trap="split-adjusted; two decimals; splits and dividends stand as rows of their own and become refused rows that keep their text",
    headers=(",Date,Open,High,Low,Close*,Adj Close**,Volume", "Date,Open,High,Low,Close*,Adj Close**,Volume"),
    columns={**_LOWER, "close": "Close*", "adj_close": "Adj Close**"},
    stamp=Stamp(formats=("%b %d, %Y",), zone="America/New_York"),
    thousands=",",
    other_rows=_EVENT_ROWS,
)
_YFINANCE: dict[str, Any] = {
    **_DAILY,
    "files": (_ALPHA_VANTAGE,),
    "columns": {**_LOWER, "adj_close": ("adjusted_close", "Adj Close"), "dividend": "Dividends", "split_ratio": "Stock Splits"},
    "stamp": _WRITTEN,
    "no_split": 0.0,
}
YFINANCE = LandingFormat(
    **_YFINANCE,
    **_SPLIT,
    name="yfinance_csv",
    example="AAPL.csv",
    title="yfinance history with auto_adjust=False, saved by pandas",
    trap="split-adjusted; the stamp is local midnight whose offset flips with daylight saving; Stock Splits says 0 for none",
    headers=(
        "Date,open,high,low,close,adjusted_close,volume",
        "Date,Open,High,Low,Close,Adj Close,Volume,Dividends,Stock Splits",
        "Date,Open,High,Low,Close,Adj Close,Volume,Dividends,Stock Splits,Capital Gains",
    ),
)
YFINANCE_AUTO = LandingFormat(
    **_YFINANCE,
    name="yfinance_auto_adjusted_csv",
    example="AAPL.csv",
    title="yfinance history as it comes by default (auto_adjust=True), saved by pandas",
    trap="without an Adj Close column every price is already adjusted for splits and dividends: good for comparison only",
    headers=(
        "Date,Open,High,Low,Close,Volume,Dividends,Stock Splits",
        "Date,Open,High,Low,Close,Volume,Dividends,Stock Splits,Capital Gains",
    ),
    price_basis=PriceBasis.SPLIT_DIVIDEND_ADJUSTED,
    volume_basis=PriceBasis.SPLIT_ADJUSTED,
)
KAGGLE = LandingFormat(
    **_DAILY,
    **_SPLIT,
    name="kaggle_sp500_csv",
    example="all_stocks_5yr.csv",
    title="Kaggle S&P 500 stock data, one file or one per symbol",
    trap="split-adjusted, not for spin-offs; a 2017 edition holds one series under every name",
    headers=("date,open,high,low,close,volume,Name",),
    columns={**_LOWER, "symbol": "Name"},
    stamp=_DATE,
)
EQUITIES = (
    TIINGO,
    QUANDL,
    ALPHA_VANTAGE_DAILY,
    ALPHA_VANTAGE_ADJUSTED,
    ALPHA_VANTAGE_INTRADAY,
    ALPHA_VANTAGE_INTRADAY_START,
    YAHOO_OLD,
    YAHOO_NEW,
    YAHOO_TABLE,
    YFINANCE,
    YFINANCE_AUTO,
    KAGGLE,
)
