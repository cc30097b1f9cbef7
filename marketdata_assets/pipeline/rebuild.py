"""The past as it was known: validated bars rebuilt from raw rows that had arrived by an instant. Nothing is stored."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import polars as pl

from marketdata_assets.core.periods import Window, period_keys
from marketdata_assets.core.timeframes import timeframe as timeframe_named
from marketdata_assets.lake.layout import PartitionKey
from marketdata_assets.pipeline.bars import audited, normalized
from marketdata_assets.pipeline.platform import Platform
from marketdata_assets.schemas.audit import REFUSED_ROWS
from marketdata_assets.schemas.bars import RAW_BARS, VALIDATED_BARS


def validated_as_of(
    platform: Platform, asset_class: str, timeframe: str, symbols: Collection[str], window: Window, as_of: datetime
) -> pl.DataFrame:
    """The validated bars of `symbols` in the half-open `window` that this lake would have published at the instant `as_of`.

    Rows whose payload was received later take no part, in values or in judgement. VALIDATED_BARS, sorted by symbol and timestamp;
    empty when nothing was known then. Today's settings, rules and calendar judge them: code is not rewound, data are.
    """
    periods = period_keys(window.start, window.end, timeframe_named(timeframe).period)
    keys = [PartitionKey(period, symbol) for period in periods for symbol in sorted(symbols)]
    raw: dict[str, pl.DataFrame] = {}
    refused: dict[str, pl.DataFrame] = {}
    for source in platform.settings.sources_of(asset_class, timeframe):
        for table, rows in ((RAW_BARS, raw), (REFUSED_ROWS, refused)):
            path = platform.path(table, asset_class, timeframe, source)
            found = platform.lake.scan(path, table, periods=periods, symbols=symbols)
            rows[source] = found.filter(pl.col("known_at") <= as_of).collect()
    bars = normalized(platform, asset_class, timeframe, raw, as_of)
    if not bars.height:
        return VALIDATED_BARS.empty()
    rebuilt = audited(platform, asset_class, timeframe, bars, refused, keys, as_of).validated
    return rebuilt.filter(pl.col("timestamp") >= window.start, pl.col("timestamp") < window.end)
