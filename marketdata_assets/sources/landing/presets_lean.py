"""Presets of QuantConnect LEAN's zips of trade bars."""

from __future__ import annotations

from typing import Any

from marketdata_assets.sources.landing.format import LandingFormat, NotABar, Stamp

_NEW_YORK = "America/New_York"
_NAMES = ("time", "open", "high", "low", "close", "volume")
_VENUE = r"(?:^|/)crypto/(?P<tape>[a-z0-9]+)/"
# A name of eight digits is the day of a minute file, not a ticker.
_LONG = r"(?!\d{8}_)(?P<symbol>[^/_]+?)(?:_(?:daily|hour))?(?:_trade)?$"
_MINUTE = r"(?P<symbol>[^/]+)/(?P<date>\d{8})_trade$"
_MINUTE_MEMBER = (r"(?:^|/)(?P<date>\d{8})_(?P<symbol>[^/]+)_minute_trade$", r"(?:^|/)(?P<symbol>[^/]+)_minute_(?P<date>\d{8})_trade$")
_LONG_BARS = (rf"(?:^|/){_LONG}",)
_MINUTE_BARS = (rf"(?:^|/){_MINUTE}", *_MINUTE_MEMBER)
_VENUE_LONG_BARS = (rf"(?:{_VENUE}(?:daily|hour)/|^|/){_LONG}",)
_VENUE_MINUTE_BARS = (rf"(?:{_VENUE}minute/|^|/){_MINUTE}", *_MINUTE_MEMBER)
_OTHERS = (
    NotABar(rule="not_bars", pattern=r"(?i)_quote(?:_tick)?$", reason="quotes (bid and ask), not trade bars"),
    NotABar(rule="not_bars", pattern=r"(?i)(?:^|/)tick/|_(?:trade_)?tick$", reason="ticks (single trades), not bars"),
    NotABar(rule="not_bars", pattern=r"_second_trade$|(?:^|/)second/", reason="second bars; the shortest bar kept here is 1m"),
    NotABar(rule="not_bars", pattern=r"(?:^|/)(?:factor_files|map_files|coarse|universes)/", reason="LEAN's reference data, not bars"),
)
_ROWS: dict[str, Any] = {
    "header": False,
    "names": _NAMES,
    "columns": {"timestamp": "time", **{name: name for name in _NAMES[1:]}},
    "symbol_case": "upper",
    "other_files": _OTHERS,
}
_EQUITY: dict[str, Any] = {
    **_ROWS,
    "asset_class": "us_equities",
    "price_divisor": 10_000,
    "tape": "consolidated",
    "trap": "New York wall clock; prices written times 10000; keyed by ticker, so that one file may hold two companies in turn",
}
_CRYPTO: dict[str, Any] = {
    **_ROWS,
    "asset_class": "crypto",
    "trap": "UTC; prices not scaled; the tape is the venue's folder (crypto/coinbase/...), otherwise to be configured",
}
_AT = ("%Y%m%d %H:%M",)

LEAN_DAILY = LandingFormat(
    **_EQUITY,
    name="lean_daily_zip",
    title="LEAN daily trade bars, equities",
    example="equity/usa/daily/aapl.zip",
    timeframe="1d",
    files=_LONG_BARS,
    folders=("equity", "daily"),
    stamp=Stamp(formats=_AT, zone=_NEW_YORK),
)
LEAN_HOUR = LandingFormat(
    **_EQUITY,
    name="lean_hour_zip",
    title="LEAN hour trade bars, equities",
    example="equity/usa/hour/aapl.zip",
    timeframe="1h",
    files=_LONG_BARS,
    folders=("equity", "hour"),
    stamp=Stamp(formats=_AT, zone=_NEW_YORK),
)
LEAN_MINUTE = LandingFormat(
    **_EQUITY,
    name="lean_minute_zip",
    title="LEAN minute trade bars, equities",
    example="equity/usa/minute/aapl/20240102_trade.zip",
    timeframe="1m",
    files=_MINUTE_BARS,
    folders=("equity", "minute"),
    stamp=Stamp(formats=(), unit="ms", since="midnight", zone=_NEW_YORK),
)
LEAN_CRYPTO_DAILY = LandingFormat(
    **_CRYPTO,
    name="lean_crypto_daily_zip",
    title="LEAN daily trade bars, crypto",
    example="crypto/coinbase/daily/btcusd_trade.zip",
    timeframe="1d",
    files=_VENUE_LONG_BARS,
    folders=("crypto", "daily"),
    stamp=Stamp(formats=_AT),
)
LEAN_CRYPTO_HOUR = LandingFormat(
    **_CRYPTO,
    name="lean_crypto_hour_zip",
    title="LEAN hour trade bars, crypto",
    example="crypto/coinbase/hour/btcusd_trade.zip",
    timeframe="1h",
    files=_VENUE_LONG_BARS,
    folders=("crypto", "hour"),
    stamp=Stamp(formats=_AT),
)
LEAN_CRYPTO_MINUTE = LandingFormat(
    **_CRYPTO,
    name="lean_crypto_minute_zip",
    title="LEAN minute trade bars, crypto",
    example="crypto/coinbase/minute/btcusd/20240102_trade.zip",
    timeframe="1m",
    files=_VENUE_MINUTE_BARS,
    folders=("crypto", "minute"),
    stamp=Stamp(formats=(), unit="ms", since="midnight"),
)
LEAN = (LEAN_DAILY, LEAN_HOUR, LEAN_MINUTE, LEAN_CRYPTO_DAILY, LEAN_CRYPTO_HOUR, LEAN_CRYPTO_MINUTE)
