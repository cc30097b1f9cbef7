"""What was spent on vendors in a month, by source, plan and endpoint, and what each source has left."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import polars as pl

from marketdata_assets.core import clock
from marketdata_assets.core.faults import PartitionFault, QueryFault
from marketdata_assets.core.periods import PeriodKind, period_key, period_window
from marketdata_assets.lake.layout import key_of
from marketdata_assets.pipeline.budgets import Standing, ledger_path, month_standing, usd
from marketdata_assets.pipeline.platform import Platform
from marketdata_assets.schemas.usage import USAGE, UsageState


@dataclass(frozen=True)
class Spent:
    """What a source asked of one endpoint in a month: requests (retries included), the vendor's units, bytes, and US dollars."""

    vendor: str
    source: str
    plan: str
    endpoint: str
    requests: int
    weight: int
    wire_bytes: int
    cost: Decimal


def this_month() -> str:
    """The calendar month of now, UTC: `2026-11`."""
    return period_key(clock.now(), PeriodKind.MONTH)


def spent(platform: Platform, month: str | None = None) -> list[Spent]:
    """Everything booked in a month (this one when None), by vendor, source, plan and endpoint; sources no longer configured too.

    `QueryFault` for a text that is no month.
    """
    month = month or this_month()
    if not _is_month(month):
        raise QueryFault("reading the month", f"{month[:40]!r} is none", "write it as 2026-11")
    found: list[Spent] = []
    for vendor in _vendors(platform, month):
        rows = platform.lake.scan(ledger_path(vendor), USAGE, periods=[month]).filter(pl.col("state") == UsageState.SPENT)
        sums = rows.group_by("source", "plan", "endpoint").agg(pl.col("requests", "weight", "wire_bytes", "micro_usd").sum())
        for row in sums.sort("source", "plan", "endpoint").collect().iter_rows(named=True):
            cost = usd(row.pop("micro_usd"))
            found.append(Spent(vendor, **row, cost=cost))
    return found


def standings(platform: Platform, month: str | None = None) -> list[Standing]:
    """How a month (this one when None) stands for every networked source, in the order of marketdata.yaml."""
    return [month_standing(platform, name, month) for name, config in platform.settings.sources.items() if config.networked]


def _vendors(platform: Platform, month: str) -> list[str]:
    """Vendors that have a ledger of the month, sorted."""
    found = (key_of(entry.path) for entry in platform.lake.store.list(USAGE.name))
    return sorted(path.removeprefix(f"{USAGE.name}/") for path, key in filter(None, found) if key.period == month)


def _is_month(text: str) -> bool:
    try:
        return period_key(period_window(text).start, PeriodKind.MONTH) == text
    except PartitionFault:
        return False
