"""What a fetch would take before it is made: requests, time and money by source, and whether the month has room for it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache

from marketdata_assets.core.faults import BudgetFault, ConfigFault
from marketdata_assets.core.periods import period_keys
from marketdata_assets.core.timeframes import Timeframe
from marketdata_assets.core.timeframes import timeframe as timeframe_named
from marketdata_assets.lake.layout import PartitionKey
from marketdata_assets.pipeline.assignment import assigned, networked
from marketdata_assets.pipeline.budgets import Standing, month_standing, require_room, usd, with_more
from marketdata_assets.pipeline.connection import api_of, missing_variables
from marketdata_assets.pipeline.estimates import requests_for_batches
from marketdata_assets.pipeline.fetching import batches, expected_bars
from marketdata_assets.pipeline.platform import Platform
from marketdata_assets.pipeline.routing import Route
from marketdata_assets.pipeline.wanted import Want, bars_of, chosen_options, wanted
from marketdata_assets.sources.budget import Budget
from marketdata_assets.sources.question import Question

AUTO = "auto"


@dataclass(frozen=True)
class SourcePlan:
    """What one source would be asked for at one bar length.

    `bars` counts what the calendar has room for in regular hours; `requests` includes pages, not retries; `seconds` is the least that
    the plan's budgets allow; `standing` is the month before it. `refused` says why it would not begin, empty when it would.
    """

    source: str
    asset_class: str
    timeframe: str
    partitions: int
    symbols: int
    windows: int
    bars: int
    requests: int
    seconds: float
    standing: Standing
    refused: str = ""

    @property
    def cost(self) -> Decimal:
        """US dollars for the requests."""
        return usd(self.standing.terms.price(self.requests))

    @property
    def requests_left(self) -> int | None:
        """Requests that the month would have left; None without a limit."""
        left = self.standing.requests_left
        return None if left is None else max(0, left - self.requests)

    @property
    def usd_left(self) -> Decimal | None:
        """Dollars that the month would have left; None without a limit."""
        left = self.standing.micro_usd_left
        return None if left is None else usd(max(0, left - self.standing.terms.price(self.requests)))


@dataclass(frozen=True)
class Plan:
    """The plan of each source that would be asked, and in `auto` every window's route."""

    sources: Sequence[SourcePlan]
    routes: Sequence[Route] = ()

    @property
    def refused(self) -> bool:
        """Whether a source would refuse to begin, or a window has nobody to serve it."""
        return any(each.refused for each in self.sources) or any(route.source is None for route in self.routes)


def planned(
    platform: Platform,
    asset_class: str,
    timeframe: str,
    keys: Collection[PartitionKey],
    *,
    sources: str | Sequence[str] | None = None,
    again: bool = False,
    taken: Mapping[str, int] | None = None,
) -> Plan:
    """What fetching `keys` would take; nothing is asked and nothing is reserved.

    `sources` are names, each of which would fetch everything it lacks, or `auto`: one for each symbol's window. Without it the asset
    class's own `fetch` decides. `taken` are the requests by source of plans that come before this one in the month. `ConfigFault` for a
    name that is no networked source with bars of this length.
    """
    there, before = networked(platform, asset_class, timeframe), taken or {}
    if sources is None:
        sources = AUTO if platform.settings.asset_classes[asset_class].fetch == AUTO else there  # type: ignore[index]
    if sources == AUTO:
        assignment = assigned(platform, asset_class, timeframe, keys, taken=before)
        return Plan([_of(platform, n, timeframe, w, before.get(n, 0)) for n, w in assignment.wants.items() if w], assignment.routes)
    for name in sources:
        if name not in there:
            raise ConfigFault(
                f"planning {asset_class} {timeframe} bars",
                f"{name[:40]!r} is no enabled source that is asked for them over the network",
                f"there is {', '.join(there) or 'none; give a source a `vendor` in marketdata.yaml'}",
            )
    wants = {name: wanted(platform, name, timeframe, keys, again=again) for name in sources}
    return Plan([_of(platform, name, timeframe, mine, before.get(name, 0)) for name, mine in wants.items()])


def seconds_for(budget: Budget, requests: int, weight: int) -> float:
    """The least time in which a budget lets so many requests of this weight leave, when nothing of it is used yet."""
    paces = [(max(0, requests * quota.cost(weight) - quota.burst), quota.per / (quota.limit * budget.headroom)) for quota in budget.quotas]
    return max([0.0, *(units * gap for units, gap in paces)])


def _of(platform: Platform, source: str, timeframe: str, wants: Sequence[Want], taken: int) -> SourcePlan:
    config, length = platform.settings.sources[source], timeframe_named(timeframe)
    dataset = bars_of(config, timeframe)
    bars = cache(lambda window: expected_bars(platform, config.asset_class, length, window))
    asked = batches(platform, source, dataset, length, wants)
    base = Question(dataset.name, (), None, length, chosen_options(config))
    requests = requests_for_batches(dataset, base, asked, bars)
    api, now = api_of(platform, source, dataset), with_more(month_standing(platform, source), taken)
    weight = 1
    if asked:
        first = dataset.ask(base.naming({s: s for s in asked[0].symbols}).about(asked[0].symbols, asked[0].window))
        weight = max([1, *(dataset.endpoint.cost(request) for request in first)])
    lacking = missing_variables(platform, config.source(), api)
    return SourcePlan(
        source,
        config.asset_class,
        timeframe,
        len({(key, want.symbol) for want in wants for key in _periods(want, length)}),
        len({want.symbol for want in wants}),
        len(wants),
        sum(bars(want.window) for want in wants),
        requests,
        seconds_for(api.budgets[dataset.endpoint.budget], requests, weight),
        now,
        f"{' and '.join(lacking)} not set" if lacking and wants else _no_room(now, requests),
    )


def _no_room(now: Standing, requests: int) -> str:
    try:
        require_room(with_more(now, requests), requests)
    except BudgetFault as fault:
        return fault.found
    return ""


def _periods(want: Want, length: Timeframe) -> list[str]:
    return period_keys(want.window.start, want.window.end, length.period)
