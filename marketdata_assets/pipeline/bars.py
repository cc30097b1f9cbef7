"""From raw bars to validated ones: normalize each source, audit all of them together, choose between those that passed."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import NamedTuple

import polars as pl

from marketdata_assets.core.timeframes import timeframe as timeframe_named
from marketdata_assets.lake.layout import PartitionKey
from marketdata_assets.pipeline.circumstances import audit_context, failed_spans, neighbouring_raw
from marketdata_assets.pipeline.platform import Platform
from marketdata_assets.rules.audit import Audit, audit
from marketdata_assets.rules.context import AuditContext
from marketdata_assets.schemas.audit import QUARANTINE
from marketdata_assets.schemas.bars import NORMALIZED_BARS
from marketdata_assets.transforms.arbitrate import arbitrate
from marketdata_assets.transforms.coverage import coverage
from marketdata_assets.transforms.normalize import normalize


class Audited(NamedTuple):
    """The audit's outcome: validated bars, what was kept out, what is missing, and what every rule found."""

    validated: pl.DataFrame
    quarantine: pl.DataFrame
    coverage: pl.DataFrame
    findings: pl.DataFrame


def normalized(
    platform: Platform, asset_class: str, timeframe: str, raw: Mapping[str, pl.DataFrame], as_of: datetime | None = None
) -> pl.DataFrame:
    """Normalized bars of several sources, given each one's raw bars; currencies come from the instruments."""
    config = platform.settings.asset_classes[asset_class]  # type: ignore[index]
    currencies = {s: platform.instruments.get(s).currency for s in platform.symbols(asset_class)}
    parts = [
        normalize(
            bars,
            source=source,
            currency=config.currency,
            sessions=_sessions(platform, asset_class, bars),
            intraday=timeframe_named(timeframe).intraday,
            as_of=as_of,
        ).bars
        for source, bars in raw.items()
        if bars.height
    ]
    if not parts:
        return NORMALIZED_BARS.empty()
    currency = pl.col("symbol").replace_strict(currencies, default=config.currency, return_dtype=pl.String)
    return NORMALIZED_BARS.conform(pl.concat(parts).with_columns(currency.alias("currency")))


def audited(
    platform: Platform,
    asset_class: str,
    timeframe: str,
    bars: pl.DataFrame,
    refused: Mapping[str, pl.DataFrame],
    keys: Collection[PartitionKey],
    as_of: datetime | None = None,
) -> Audited:
    """Validated bars, quarantine and coverage of the partitions `keys`, from their normalized bars and each source's refused rows.

    `AuditFault` when the frame fails as a whole. Neighbours across the borders of the partitions come from the payload archive.
    """
    context, verdict = judged(platform, asset_class, timeframe, bars, keys, as_of)
    verdict.require_publishable()
    sources = list(platform.settings.sources_of(asset_class, timeframe))
    validated = arbitrate(verdict.kept, priority=sources, tolerance_bps=context.agreement_bps)
    quarantine = QUARANTINE.conform(pl.concat([verdict.quarantine, *(_unread(rows, source) for source, rows in refused.items())]))
    covered = coverage(
        validated,
        quarantine,
        sessions=context.sessions,
        symbols=_given(context.symbols),
        spans=_given(context.spans),
        window=context.window or (date.min, date.min),
        timeframe=context.timeframe,
        kept=verdict.kept,
        failures=failed_spans(platform, asset_class, timeframe, as_of),
        gap_minutes=context.thresholds.gap_minutes,
    )
    return Audited(validated, quarantine, covered, verdict.findings)


def judged(
    platform: Platform,
    asset_class: str,
    timeframe: str,
    bars: pl.DataFrame,
    keys: Collection[PartitionKey],
    as_of: datetime | None = None,
    freshness_at: datetime | None = None,
) -> tuple[AuditContext, Audit]:
    """The verdict of every rule on the normalized bars of `keys`, and the circumstances it was given in; a blocking one is not raised.

    `freshness_at` is the instant at which a check asks how old the newest bar is; data never depend on it.
    """
    around = normalized(platform, asset_class, timeframe, neighbouring_raw(platform, asset_class, timeframe, keys, as_of), as_of)
    context = replace(audit_context(platform, asset_class, timeframe, keys, around, as_of), as_of=freshness_at)
    return context, audit(bars, context)


def _given(frame: pl.DataFrame | None) -> pl.DataFrame:
    return pl.DataFrame() if frame is None else frame


def _unread(rows: pl.DataFrame, source: str) -> pl.DataFrame:
    """Refused rows of one source as quarantined ones: no bar, hence no timestamp."""
    return QUARANTINE.conform(rows.with_columns(source=pl.lit(source)))


def _sessions(platform: Platform, asset_class: str, bars: pl.DataFrame) -> pl.DataFrame:
    """The sessions that `bars`, at least one, reach over."""
    first, last = bars.select(pl.col("timestamp").min().dt.date().alias("first"), pl.col("timestamp").max().dt.date().alias("last")).row(0)
    calendar = platform.calendar(asset_class)
    return calendar.sessions(*calendar.clip(first, last + timedelta(days=1)))
