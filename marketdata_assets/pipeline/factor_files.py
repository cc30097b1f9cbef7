"""Landed factor files: the splits and dividends they imply, in every version that landed."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import polars as pl

from marketdata_assets.pipeline.inventory import inventory, source_settings
from marketdata_assets.pipeline.platform import Platform
from marketdata_assets.schemas.actions import CORPORATE_ACTIONS
from marketdata_assets.schemas.audit import LandingState
from marketdata_assets.sources.landing.lean_factors import FORMAT, read_factor_file
from marketdata_assets.transforms.actions import dated

_AHEAD = timedelta(days=30)


def factor_sessions(platform: Platform, asset_class: str, until: datetime) -> pl.DataFrame:
    """All sessions the calendar knows up to a month after `until`: the ex-date is the session after a row of factors."""
    calendar = platform.calendar(asset_class)
    return calendar.sessions(*calendar.clip(date.min, until.date() + _AHEAD))


def factor_file_events(platform: Platform, source: str) -> pl.DataFrame:
    """What the factor files that landed for a source tell (CORPORATE_ACTIONS without our symbols), repetitions included."""
    config = source_settings(platform, source)
    held = inventory(platform, source).filter(pl.col("state") == LandingState.LANDED, pl.col("format") == FORMAT)
    parts = [CORPORATE_ACTIONS.empty()]
    for path, payload, known_at in held.select("path", "payload_sha256", "known_at").unique().sort("known_at", "path").iter_rows():
        sessions = factor_sessions(platform, config.asset_class, known_at)
        rows = read_factor_file(path, platform.lake.archive.get(payload), sessions)
        receipt = (pl.lit(known_at).cast(pl.Datetime("us", "UTC")).alias("known_at"), pl.lit(payload).alias("payload_sha256"))
        parts.append(dated(rows.with_columns(*receipt)))
    return pl.concat(parts)
