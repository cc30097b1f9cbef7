"""Presets of Polygon's flat files: a day of bars of every US stock in one file."""

from __future__ import annotations

from typing import Any

from marketdata_assets.sources.landing.format import LandingFormat, NotABar, Stamp

_ELSEWHERE = (
    NotABar(rule="not_stocks", pattern=r"(?:^|/)us_options_opra/", reason="aggregates of options, not of stocks"),
    NotABar(
        rule="not_stocks",
        pattern=r"(?:^|/)(?:us_indices|global_forex|global_crypto)/",
        reason="aggregates of another market, not of stocks",
    ),
    NotABar(rule="not_bars", pattern=r"(?:^|/)us_stocks_sip/(?:trades|quotes)_v\d+/", reason="trades or quotes, not bars"),
)
_AGGREGATES: dict[str, Any] = {
    "asset_class": "us_equities",
    "headers": ("ticker,volume,open,close,high,low,window_start,transactions",),
    "columns": {
        "symbol": "ticker",
        "timestamp": "window_start",
        "open": "open",
        "high": "high",
        "low": "low",
        "close": "close",
        "volume": "volume",
        "trade_count": "transactions",
    },
    "files": (r"(?:^|/)(?P<date>\d{4}-\d{2}-\d{2})$",),
    "tape": "consolidated",
    "other_files": _ELSEWHERE,
}
_STAMP = Stamp(formats=(), unit="ns", zone="America/New_York")

POLYGON_DAYS = LandingFormat(
    **_AGGREGATES,
    name="polygon_day_aggs",
    example="us_stocks_sip/day_aggs_v1/2024/01/2024-01-02.csv.gz",
    title="Polygon (Massive) flat files, day aggregates",
    trap="raw; thousands of symbols in a file, with `strangers: leave_out` those nobody configured are counted instead of read; its layout "
    "is that of the minutes, so keep the folder's name day_aggs_v1",
    stamp=_STAMP,
    timeframe="1d",
    folders=("day",),
)
POLYGON_MINUTES = LandingFormat(
    **_AGGREGATES,
    name="polygon_minute_aggs",
    example="us_stocks_sip/minute_aggs_v1/2024/01/2024-01-02.csv.gz",
    title="Polygon (Massive) flat files, minute aggregates",
    trap="raw, extended hours included; a minute without a trade has no row; see `polygon_day_aggs` for strangers and the folder",
    stamp=_STAMP,
    timeframe="1m",
    folders=("minute",),
)
POLYGON = (POLYGON_DAYS, POLYGON_MINUTES)
