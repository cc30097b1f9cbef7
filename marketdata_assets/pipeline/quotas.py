"""What the vendors' own windows have room for now: requests a second, a minute, a day, as the state folder of this machine knows it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from marketdata_assets.pipeline.connection import secrets_of
from marketdata_assets.pipeline.platform import Platform
from marketdata_assets.sources.budget import Budget
from marketdata_assets.sources.ledger import books_file
from marketdata_assets.sources.redaction import Keyring
from marketdata_assets.sources.throttle import Throttle

_NAMED = {1: "second", 60: "minute", 3600: "hour", 86_400: "day"}


@dataclass(frozen=True)
class WindowLeft:
    """One window of one budget: `left` of `limit` units may still be used in any `per` seconds."""

    budget: str
    left: int
    limit: int
    per: float
    unit: str

    def __str__(self) -> str:
        span = _NAMED.get(int(self.per), f"{self.per:g} s") if self.per == int(self.per) else f"{self.per:g} s"
        return f"{self.left} of {self.limit} {self.unit} a {span}"


def windows_left(platform: Platform, source: str) -> list[WindowLeft]:
    """Every window of a networked source's budgets under its plan; those that nothing was asked under yet have all of it left."""
    config = platform.settings.sources[source]
    vendor = config.source()
    secrets = secrets_of(platform, vendor)
    found: dict[str, list[WindowLeft]] = {}
    for api in vendor.apis_for(config.plan, platform.address(config)):
        owner = Keyring(api.name, api.auth, secrets).owner
        for name, budget in api.budgets.items():
            who = owner if budget.scope == "key" else ""
            found.setdefault(name, _windows(platform, api.name, name, budget, who))
    return [window for windows in found.values() for window in windows]


def _windows(platform: Platform, api: str, name: str, budget: Budget, owner: str) -> list[WindowLeft]:
    folder = platform.settings.state
    left = [quota.limit for quota in budget.quotas]
    if books_file(folder, api, name, budget, owner).exists():
        throttle = Throttle(api, name, budget, owner=owner, folder=folder)
        try:
            left = asyncio.run(throttle.left())
        finally:
            throttle.close()
    return [WindowLeft(name, n, quota.limit, quota.per, quota.unit) for n, quota in zip(left, budget.quotas, strict=True)]
