"""A platform on a temporary folder: a marketdata.yaml is written, read back and opened, the way a user's is."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from marketdata_assets.pipeline.bars import Audited, audited, normalized
from marketdata_assets.pipeline.discover import add_instruments, discover
from marketdata_assets.pipeline.inventory import inventory, touched
from marketdata_assets.pipeline.landing import refresh
from marketdata_assets.pipeline.platform import Platform, open_platform
from marketdata_assets.pipeline.raw import arrived, publish_raw
from marketdata_assets.schemas.audit import REFUSED_ROWS
from marketdata_assets.schemas.bars import RAW_BARS
from marketdata_assets.settings import load_settings

CALENDARS = {"us_equities": ("XNYS", "USD"), "crypto": ("24/7", "USD")}


def write_config(
    folder: Path,
    asset_class: str,
    sources: Mapping[str, Mapping[str, Any]],
    *,
    timeframes: tuple[str, ...] = ("1d",),
    start: date = date(2000, 1, 1),
    **more: Any,
) -> Path:
    """marketdata.yaml in `folder`; each source needs `landing` and may give `format`, `priority`, `timeframes`, `tape`."""
    calendar, currency = CALENDARS[asset_class]
    values = {
        "market": "real",
        "lake": "lake",
        "instruments": "instruments.csv",
        "asset_classes": {asset_class: {"calendar": calendar, "currency": currency, "start": start, "timeframes": list(timeframes)}},
        "sources": {
            name: {"asset_class": asset_class, "timeframes": list(timeframes), "priority": 10 * at, **source}
            for at, (name, source) in enumerate(sources.items(), start=1)
        },
        **more,
    }
    path = folder / "marketdata.yaml"
    path.write_text(yaml.safe_dump(values, sort_keys=False))
    return path


def opened(folder: Path, *, discovered: bool = True) -> Platform:
    """The platform of `folder`/marketdata.yaml, with every symbol that its landing folders hold among the instruments."""
    instruments = folder / "instruments.csv"
    if not instruments.exists():
        instruments.write_text("symbol,asset_class,exchange,currency,sector,listed_on,delisted_on,aliases\n")
    settings = load_settings(folder / "marketdata.yaml", {})
    platform = open_platform(settings)
    for source in settings.sources if discovered else ():
        add_instruments(instruments, discover(platform, source).instruments)
        platform = open_platform(settings)
    return platform


def ingested(platform: Platform, asset_class: str, timeframe: str) -> Audited:
    """Everything that landed for an asset class and bar length, taken in, published raw, and audited as one rectangle."""
    keys = set()
    sources = platform.settings.sources_of(asset_class, timeframe)
    for source in sources:
        refresh(platform, source)
        keys |= touched(platform, asset_class, inventory(platform, source)).get(timeframe, set())
    raw, refused = {}, {}
    for source in sources:
        publish_raw(platform, source, timeframe, keys, arrived(platform, source, timeframe, keys))
        raw[source] = platform.lake.scan(platform.path(RAW_BARS, asset_class, timeframe, source), RAW_BARS).collect()
        refused[source] = platform.lake.scan(platform.path(REFUSED_ROWS, asset_class, timeframe, source), REFUSED_ROWS).collect()
    bars = normalized(platform, asset_class, timeframe, raw)
    return audited(platform, asset_class, timeframe, bars, refused, keys)
