"""A platform whose lake holds validated daily bars of invented symbols, for tests of the feature panel."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from marketdata_assets.core.periods import PeriodKind
from marketdata_assets.core.sessions import calendar
from marketdata_assets.lake.layout import PartitionKey
from marketdata_assets.pipeline.platform import Platform, open_platform
from marketdata_assets.schemas.bars import VALIDATED_BARS
from marketdata_assets.schemas.splits import SPLIT_EVENTS
from marketdata_assets.settings import load_settings
from marketdata_tests.support.platforms import write_config

CLASS = "us_equities"
KNOWN = datetime(2026, 1, 1, tzinfo=UTC)
SECTORS = ("Energy", "Financials", "Utilities")
SPLIT = ("SYM00", date(2023, 9, 5), 4.0)
NAMES = tuple(f"SYM{n:02d}" for n in range(14))


def symbols_bars(start: date = date(2022, 6, 1), end: date = date(2024, 7, 1), seed: int = 3) -> pl.DataFrame:
    """VALIDATED_BARS of NAMES on every session of the span: SYM00 splits, SYM03 begins in 2023, SYM05 pauses for nine sessions."""
    days = calendar("XNYS").sessions(start, end)["session"].to_list()
    rng = np.random.default_rng(seed)
    parts = []
    for at, name in enumerate(NAMES):
        mine = [day for day in days if day >= date(2023, 2, 1)] if at == 3 else days
        mine = [day for k, day in enumerate(mine) if not (at == 5 and 300 <= k < 309)]
        close = 40.0 * np.exp(np.cumsum(rng.normal(0.0004, 0.018, len(mine))))
        opened = close * np.exp(rng.normal(0.0, 0.006, len(mine)))
        ratio = np.array([SPLIT[2] if name == SPLIT[0] and day < SPLIT[1] else 1.0 for day in mine])
        high, low = np.maximum(opened, close) * 1.01, np.minimum(opened, close) * 0.99
        prices = {n: x * ratio for n, x in zip(("open", "high", "low", "close"), (opened, high, low, close), strict=True)}
        volume = np.round(1e6 * np.exp(rng.normal(0.0, 0.3, len(mine)))) / ratio
        parts.append(pl.DataFrame({"symbol": [name] * len(mine), "session": mine, **prices, "volume": volume}))
    return validated(pl.concat(parts))


def validated(bars: pl.DataFrame) -> pl.DataFrame:
    """Bars of (symbol, session, prices, volume) as VALIDATED_BARS."""
    words = {
        "volume_basis": "raw",
        "source": "tiingo",
        "tape": "consolidated",
        "currency": "USD",
        "quality_flags": "",
        "payload_sha256": "0" * 64,
    }
    numbers = {"n_sources": 1, "n_agreeing": 1, "max_deviation_bps": 0.0, "quality_score": 100.0}
    told = {name: pl.lit(value) for name, value in {**words, **numbers, "known_at": KNOWN}.items()}
    return VALIDATED_BARS.conform(bars.with_columns(timestamp=pl.col("session").cast(pl.Datetime("us", "UTC")), **told))


def split_events(*events: tuple[str, date, float], **more: Any) -> pl.DataFrame:
    """SPLIT_EVENTS that adjusted views apply."""
    words = {"verdict": "applied", "reason": "told", "reported_by": "tiingo", "reported_ratios": "", "vendor_errors": "", "known_at": KNOWN}
    flags = {"detected": True, "conflicting": False, "hidden_in_gap": False}
    frame = pl.DataFrame(list(events), schema={"symbol": pl.String, "ex_date": pl.Date, "ratio": pl.Float64}, orient="row")
    return SPLIT_EVENTS.conform(frame.with_columns(**{name: pl.lit(value) for name, value in {**words, **flags, **more}.items()}))


def panel_platform(folder: Path, *, bars: pl.DataFrame | None = None, events: pl.DataFrame | None = None, **panel: Any) -> Platform:
    """A platform with `panels: us_equities` in `folder`, its bars and split events published."""
    rows = [f"{name},{CLASS},XNYS,USD,{SECTORS[at % 3]},,{'2024-04-15' if at == 7 else ''}," for at, name in enumerate(NAMES)]
    header = "symbol,asset_class,exchange,currency,sector,listed_on,delisted_on,aliases"
    (folder / "instruments.csv").write_text("\n".join([header, *rows]) + "\n")
    sources = {"tiingo": {"landing": "landing/tiingo", "format": "tiingo_csv"}}
    write_config(folder, CLASS, sources, start=date(2022, 1, 1), panels={CLASS: panel or {"universe": "all"}})
    platform = open_platform(load_settings(folder / "marketdata.yaml", {}))
    put_bars(platform, symbols_bars() if bars is None else bars)
    put_events(platform, split_events(SPLIT) if events is None else events)
    return platform


def put_bars(platform: Platform, bars: pl.DataFrame) -> None:
    """Publish bars as the validated partitions of their years and symbols."""
    platform.lake.publish_frame(f"{CLASS}/validated_bars_1d", VALIDATED_BARS, bars, period=PeriodKind.YEAR)


def put_events(platform: Platform, events: pl.DataFrame) -> None:
    """Publish split events by year."""
    years = events["ex_date"].dt.year().unique().sort()
    frames = {PartitionKey(str(year)): events.filter(pl.col("ex_date").dt.year() == year) for year in years}
    platform.lake.publish(f"{CLASS}/split_events", SPLIT_EVENTS, frames)
