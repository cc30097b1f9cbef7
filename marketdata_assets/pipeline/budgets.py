"""A month of a source in requests and dollars: what it may ask for, what is spent and reserved, and what is left."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

import polars as pl

from marketdata_assets.core import clock
from marketdata_assets.core.faults import BudgetFault
from marketdata_assets.core.periods import PeriodKind, period_key, period_window
from marketdata_assets.pipeline.platform import Platform
from marketdata_assets.schemas.usage import USAGE, UsageState
from marketdata_assets.settings import Settings

_MICRO = 1_000_000


@dataclass(frozen=True)
class Terms:
    """What a configured source may ask for in a calendar month (UTC), and what a request costs.

    `requests` and `micro_usd` are the user's own limits for the source, `allowance` is the vendor's for the plan, which all sources
    of that vendor share. None is no limit.
    """

    source: str
    vendor: str
    plan: str
    request_cost: Decimal = Decimal(0)
    requests: int | None = None
    micro_usd: int | None = None
    allowance: int | None = None

    def price(self, requests: int) -> int:
        """What so many requests cost, in millionths of a US dollar, rounded up."""
        return math.ceil(self.request_cost * requests * _MICRO)


@dataclass(frozen=True)
class Standing:
    """How the month of a source stands: its own requests and micro-dollars, and the requests of all sources of its vendor."""

    terms: Terms
    month: str
    spent: int = 0
    reserved: int = 0
    spent_micro_usd: int = 0
    reserved_micro_usd: int = 0
    vendor_requests: int = 0

    @property
    def requests_left(self) -> int | None:
        """Requests that the source may still ask for this month, under the user's limits and the vendor's; None for no limit."""
        rooms = []
        if self.terms.requests is not None:
            rooms.append(self.terms.requests - self.spent - self.reserved)
        if self.terms.allowance is not None:
            rooms.append(self.terms.allowance - self.vendor_requests)
        if self.micro_usd_left is not None and self.terms.request_cost:
            rooms.append(int(Decimal(self.micro_usd_left) / (self.terms.request_cost * _MICRO)))
        return max(0, min(rooms)) if rooms else None

    @property
    def micro_usd_left(self) -> int | None:
        """Micro-dollars that the source may still cost this month; None for no limit."""
        if self.terms.micro_usd is None:
            return None
        return max(0, self.terms.micro_usd - self.spent_micro_usd - self.reserved_micro_usd)

    @property
    def used_share(self) -> float:
        """The largest share of any limit that is spent or reserved; 0 without a limit, 1 for a limit of nothing."""
        used = [
            (self.spent + self.reserved, self.terms.requests),
            (self.vendor_requests, self.terms.allowance),
            (self.spent_micro_usd + self.reserved_micro_usd, self.terms.micro_usd),
        ]
        return max([0.0, *(amount / limit if limit else 1.0 for amount, limit in used if limit is not None)])


def terms_of(settings: Settings, source: str) -> Terms:
    """The monthly limits and the price of a configured source that is asked over the network."""
    config = settings.sources[source]
    vendor = config.source()
    plan = vendor.plan(config.plan)
    dollars = None if config.monthly_usd is None else int(config.monthly_usd * _MICRO)
    return Terms(source, vendor.name, plan.name, plan.request_cost, config.monthly_requests, dollars, plan.monthly_requests)


def ledger_path(vendor: str) -> str:
    """Where the ledger of a vendor lies in the lake."""
    return f"{USAGE.name}/{vendor}"


def month_standing(platform: Platform, source: str, month: str | None = None) -> Standing:
    """How a month (`2026-11`; this one when None) of a networked source stands now, running fetches included."""
    terms, now = terms_of(platform.settings, source), clock.now()
    month = month or period_key(now, PeriodKind.MONTH)
    return standing(platform.lake.scan(ledger_path(terms.vendor), USAGE, periods=[month]).collect(), terms, month, now)


def standing(rows: pl.DataFrame, terms: Terms, month: str, now: datetime) -> Standing:
    """How the month stands at `now` by the rows of its ledger: what is spent, and the newest word of every live reservation."""
    counted = counted_rows(rows, now)
    mine = counted.filter(pl.col("source") == terms.source)

    def total(state: UsageState, amount: str) -> int:
        return int(mine.filter(pl.col("state") == state)[amount].sum())

    return Standing(
        terms,
        month,
        spent=total(UsageState.SPENT, "requests"),
        reserved=total(UsageState.RESERVED, "requests"),
        spent_micro_usd=total(UsageState.SPENT, "micro_usd"),
        reserved_micro_usd=total(UsageState.RESERVED, "micro_usd"),
        vendor_requests=int(counted["requests"].sum()),
    )


def counted_rows(rows: pl.DataFrame, now: datetime) -> pl.DataFrame:
    """The rows of a ledger that count at `now`: everything spent, and of each reservation that has not lapsed its last entry."""
    newest = pl.col("entry") == pl.col("entry").max().over("reservation", "state")
    live = (pl.col("state") == UsageState.RESERVED) & newest & (pl.col("expires_at") > now)
    return rows.filter((pl.col("state") == UsageState.SPENT) | live)


def with_more(before: Standing, requests: int) -> Standing:
    """The standing with so many requests reserved on top."""
    return replace(
        before,
        reserved=before.reserved + requests,
        reserved_micro_usd=before.reserved_micro_usd + before.terms.price(requests),
        vendor_requests=before.vendor_requests + requests,
    )


def usd(micro_usd: int) -> Decimal:
    """Micro-dollars as dollars, exact."""
    return Decimal(micro_usd) / _MICRO


def require_room(after: Standing, asked: int) -> None:
    """Nothing when the month holds everything, the `asked` requests included; otherwise `BudgetFault` with the figures."""
    terms, used = after.terms, after.spent + after.reserved - asked
    limits = (
        ("requests", used, asked, terms.requests, f"raise sources.{terms.source}.monthly_requests"),
        ("requests of the plan", after.vendor_requests - asked, asked, terms.allowance, f"take a larger plan of {terms.vendor}"),
        (
            "micro-dollars",
            after.spent_micro_usd + after.reserved_micro_usd - terms.price(asked),
            terms.price(asked),
            terms.micro_usd,
            f"raise sources.{terms.source}.monthly_usd",
        ),
    )
    for unit, before, wanted, limit, remedy in limits:
        if limit is not None and before + wanted > limit:
            left, opens = max(0, limit - before), period_window(after.month).end.date()
            raise BudgetFault(
                f"reserving {asked:,} requests to {terms.source} in {after.month}",
                f"they take {wanted:,} {unit}; of {limit:,} a month {before:,} are spent or reserved, {left:,} left",
                f"ask for less, {remedy}, or wait for {opens}",
                source=terms.source,
                month=after.month,
                asked=asked,
                left=left,
                unit=unit,
            )
