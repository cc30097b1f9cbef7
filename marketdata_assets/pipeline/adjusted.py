"""Adjusted views of validated bars: views, never stored, made of the split events and dividends that were known."""

from __future__ import annotations

from datetime import datetime

import polars as pl

from marketdata_assets.core.sessions import ROUND_THE_CLOCK
from marketdata_assets.pipeline.platform import Platform
from marketdata_assets.pipeline.split_events import reported_events, split_events, stored_split_events
from marketdata_assets.schemas.splits import SPLIT_EVENTS
from marketdata_assets.transforms.adjust import PRICES, How, adjusted


def adjusted_view(
    platform: Platform, asset_class: str, bars: pl.DataFrame, how: How, as_of: datetime | None = None, daily: pl.DataFrame | None = None
) -> pl.DataFrame:
    """`bars` (VALIDATED_BARS of one asset class, any length) on the basis `how`, as it was known by `as_of`; see `transforms.adjust`.

    `daily` are the daily bars of the same symbols from the first of `bars` until the newest one known: dividends are measured by the
    closes before them, and with `as_of` splits by the bars known then. Coins are what they are on every basis. `AdjustmentFault` for a
    symbol about whose events sources contradict each other.
    """
    if how == "raw" or not bars.height or platform.calendar(asset_class).name == ROUND_THE_CLOCK:
        return bars
    events = known_split_events(platform, asset_class, as_of, daily).filter(pl.col("symbol").is_in(bars["symbol"].unique().to_list()))
    scaled = adjusted(bars, events, "split", as_of)
    if how == "split" or daily is None:
        return scaled
    paid = reported_events(platform, asset_class, as_of).filter(pl.col("symbol").is_in(bars["symbol"].unique().to_list()))
    whole = adjusted(daily, events, "split+dividend", as_of, dividends=paid)
    if _same_bars(bars, daily):
        return whole.join(bars.select("symbol", "timestamp"), on=["symbol", "timestamp"], how="semi", maintain_order="left")
    shares = adjusted(daily, events, "split", as_of)
    left = shares.select("symbol", "session", _of_shares="close").with_columns(_left=whole["close"] / pl.col("_of_shares"))
    told = scaled.join(left.select("symbol", "session", "_left"), on=["symbol", "session"], how="left", maintain_order="left")
    return told.with_columns(pl.col(name) * pl.col("_left") for name in PRICES).drop("_left")


def known_split_events(
    platform: Platform, asset_class: str, as_of: datetime | None = None, daily: pl.DataFrame | None = None
) -> pl.DataFrame:
    """The split events as they stand, stored or else judged now; with `as_of`, judged by what was known then."""
    if as_of is not None:
        return split_events(platform, asset_class, as_of, daily)
    if platform.lake.partitions(platform.path(SPLIT_EVENTS, asset_class)):
        return stored_split_events(platform, asset_class)
    return split_events(platform, asset_class)


def _same_bars(bars: pl.DataFrame, daily: pl.DataFrame) -> bool:
    """Whether `bars` are some of `daily` themselves."""
    key = ["symbol", "timestamp"]
    return not bars.join(daily, on=key, how="anti").height and bars["timestamp"].dt.time().n_unique() == 1
