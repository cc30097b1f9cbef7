"""What a vendor's plans allow and cost, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from marketdata_assets.sources.api import Auth
from marketdata_assets.sources.budget import Budget

FREE = Decimal(0)


@dataclass(frozen=True)
class Plan:
    """One way to be a customer: its request budgets by name, and what a request costs in US dollars.

    `monthly_fee` is paid whether anything is asked or not, so routing does not weigh it. `monthly_requests` is the vendor's own
    allowance for a calendar month (UTC), None where it has none. `options` replace the defaults of the source's options under this plan;
    `base_url` is the host that serves it and `auth` where its key goes, each where that is another than the source's own.
    """

    name: str
    title: str
    budgets: Mapping[str, Budget]
    request_cost: Decimal = FREE
    monthly_fee: Decimal = FREE
    monthly_requests: int | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    base_url: str | None = None
    auth: Auth | None = None
