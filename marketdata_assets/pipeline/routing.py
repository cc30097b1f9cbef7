"""Which source is asked for what: the cheapest that can serve, and of every other one why not. Pure: all facts are arguments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from marketdata_assets.core.basis import PriceBasis
from marketdata_assets.core.periods import Window
from marketdata_assets.core.timeframes import timeframe as timeframe_named
from marketdata_assets.pipeline.estimates import share_of_requests
from marketdata_assets.settings import RoutingSettings
from marketdata_assets.sources.dataset import Dataset
from marketdata_assets.sources.plans import Plan
from marketdata_assets.sources.question import Data, Question
from marketdata_assets.sources.source import Source

Series = tuple[str, str, Data, str]
"""Asset class, symbol, data, bar length: what is served from one tape."""
Down = Mapping[tuple[str, str | None], str]
"""Why a source is not to be asked now, for one symbol or (None) for any."""


@dataclass(frozen=True)
class Need:
    """Bars of a symbol over a half-open UTC window in which it has room for `bars` of them.

    With `freshness`, sources whose bars come later than that after their end do not serve. `parts` are the windows, each with its
    bars, in which it will be asked for; without them it is asked for whole.
    """

    asset_class: str
    symbol: str
    timeframe: str
    window: Window
    bars: int
    freshness: timedelta | None = None
    data: Data = Data.BARS
    parts: tuple[tuple[Window, int], ...] = ()

    @property
    def series(self) -> Series:
        """What the window is a part of."""
        return (self.asset_class, self.symbol, self.data, self.timeframe)


@dataclass(frozen=True)
class Candidate:
    """A configured source as routing sees it: what it could serve, and what hinders it now.

    `missing` are environment variables that hold no key, `requests_left` what the month has room for (None: no limit), `tape` where its
    trades were seen if the configuration says so. Bars that start at `until` or later are not out yet; without it, those that
    end within the dataset's delay are not.
    """

    name: str
    source: Source
    plan: Plan
    options: Mapping[str, str] = field(default_factory=dict)
    asset_class: str = "us_equities"
    timeframes: tuple[str, ...] = ()
    priority: int = 100
    missing: tuple[str, ...] = ()
    requests_left: int | None = None
    tape: str | None = None
    until: datetime | None = None


@dataclass(frozen=True)
class Route:
    """The source chosen for a need (None: nobody can serve), what it takes, and why each other one was passed over.

    `requests` is this need's share of the requests of a large fetch. `stands_in_for` are the sources that would have come first but are
    down; `changes_tape` is the tape of what is stored where the chosen one's differs, empty otherwise.
    """

    need: Need
    source: str | None
    tape: str
    requests: Fraction
    cost: Decimal
    passed_over: Mapping[str, str]
    stands_in_for: tuple[str, ...] = ()
    changes_tape: str = ""


@dataclass(frozen=True)
class _Offer:
    candidate: Candidate
    tape: str
    requests: Fraction
    down: str

    @property
    def cost(self) -> Fraction:
        return Fraction(self.candidate.plan.request_cost) * self.requests


def route(
    needs: Sequence[Need],
    candidates: Sequence[Candidate],
    *,
    now: datetime,
    rules: Mapping[str, RoutingSettings] | None = None,
    stored: Mapping[Series, AbstractSet[str]] | None = None,
    down: Down | None = None,
) -> list[Route]:
    """One route a need, series by series in the order they first appear.

    A candidate serves when it has the data at that bar length within its plan (bars with prices as traded), its history reaches back
    far enough, its bars come soon enough, its keys are set, it is not down, and its month has room for what the needs before took and
    this one. Among those that serve: the preferred ones, then the cheapest (cost of a request times requests), then the lower priority
    number, then the name.

    All windows of a series come from sources of one tape: that of `stored`, or else the tape that serves most windows, the cheapest of
    those. Only `mix_tapes` allows another, and the route says so. `down` names sources that have just failed: the next best stands in.
    """
    left = {c.name: None if c.requests_left is None else Fraction(c.requests_left) for c in candidates}
    shares: _Shares = {}
    routes: list[Route] = []
    for series, windows in _by_series(needs).items():
        rule = (rules or {}).get(series[0], RoutingSettings())
        judge = _Judge(candidates, rule, now, down or {}, shares)
        judged = [(need, *judge.offers(need)) for need in windows]
        held = (stored or {}).get(series, frozenset[str]())
        tapes = None if rule.mix_tapes else held or _one_tape([[o for o in offers if not o.down] for _, offers, _ in judged], judge)
        for need, offers, reasons in judged:
            routes.append(_routed(need, judge.ranked(offers), reasons, left, tapes, held))
    return routes


_Shares = dict[tuple[str, str, tuple[tuple[Window, int], ...]], Fraction]
"""Requests by source, bar length and parts: they do not depend on which symbol is asked for, and are worked out once."""


class _Judge:
    """Who can serve a need, and in which order they are asked."""

    def __init__(self, candidates: Sequence[Candidate], rule: RoutingSettings, now: datetime, down: Down, shares: _Shares) -> None:
        self._candidates, self._rule, self._now, self._down = candidates, rule, now, down
        self._shares = shares

    def offers(self, need: Need) -> tuple[list[_Offer], dict[str, str]]:
        """The offers for a need, those of sources that are down among them, and why the others make none."""
        found: list[_Offer] = []
        reasons: dict[str, str] = {}
        for candidate in self._candidates:
            dataset = candidate.source.serving(need.data, need.asset_class, need.timeframe)
            reason = self._hindrance(need, candidate, dataset)
            if reason or dataset is None:
                reasons[candidate.name] = reason
                continue
            requests = self._requests(need, candidate, dataset)
            down = self._down.get((candidate.name, None)) or self._down.get((candidate.name, need.symbol)) or ""
            found.append(_Offer(candidate, candidate.tape or dataset.tape_of(candidate.options), requests, down))
        return found, reasons

    def ranked(self, offers: Sequence[_Offer]) -> list[_Offer]:
        """The best offer first."""
        return sorted(offers, key=self.rank)

    def rank(self, offer: _Offer) -> tuple[int, Fraction, int, str]:
        """Preferred, cheap, of low priority number, first by name."""
        name, prefer = offer.candidate.name, self._rule.prefer
        return (prefer.index(name) if name in prefer else len(prefer), offer.cost, offer.candidate.priority, name)

    def _requests(self, need: Need, candidate: Candidate, dataset: Dataset) -> Fraction:
        parts = need.parts or ((need.window, need.bars),)
        known = (candidate.name, need.timeframe, parts)
        if known not in self._shares:
            whole = _question(need, candidate, dataset)
            self._shares[known] = sum(
                (share_of_requests(dataset, whole.about(whole.symbols, part), bars) for part, bars in parts), Fraction(0)
            )
        return self._shares[known]

    def _hindrance(self, need: Need, candidate: Candidate, dataset: Dataset | None) -> str:
        if candidate.asset_class != need.asset_class or (candidate.timeframes and need.timeframe not in candidate.timeframes):
            return f"is configured for {candidate.asset_class} {', '.join(candidate.timeframes)}".rstrip()
        if candidate.name in self._rule.never:
            return f"routing.{need.asset_class}.never names it"
        if dataset is None:
            return f"has no {need.asset_class} {need.data.value} of {need.timeframe}"
        if not dataset.serves(candidate.plan.name):
            return f"the plan {candidate.plan.name} does not include {dataset.name}"
        if need.data is Data.BARS and dataset.price_basis is not PriceBasis.RAW:
            return f"its prices are {dataset.price_basis.value}, which serve for comparison only"
        if candidate.missing:
            return f"{' and '.join(candidate.missing)} {'is' if len(candidate.missing) == 1 else 'are'} not set"
        return self._too_old_or_late(need, dataset, candidate.until)

    def _too_old_or_late(self, need: Need, dataset: Dataset, until: datetime | None) -> str:
        limits = [need.freshness] if need.freshness is not None else []
        if self._rule.max_delay_minutes is not None:
            limits.append(timedelta(minutes=self._rule.max_delay_minutes))
        if limits and dataset.delay > min(limits):
            return f"its bars come {_spoken(dataset.delay)} after their end, {_spoken(min(limits))} is the most"
        until = until or self._now - dataset.delay - timeframe_named(need.timeframe).duration + timedelta(microseconds=1)
        if need.window.start >= until:
            return f"nothing of the window is out yet: its bars come {_spoken(dataset.delay)} after their end"
        if dataset.history is not None and need.window.start < self._now - dataset.history:
            return f"its history begins {(self._now - dataset.history).date()}"
        return ""


def _routed(
    need: Need,
    ranked: Sequence[_Offer],
    reasons: Mapping[str, str],
    left: dict[str, Fraction | None],
    tapes: AbstractSet[str] | None,
    held: AbstractSet[str],
) -> Route:
    """The first offer that is up, of an allowed tape and within its month; it takes its requests from `left`."""
    passed, chosen, stands_in_for = dict(reasons), None, list[str]()
    for offer in ranked:
        name, room = offer.candidate.name, left[offer.candidate.name]
        if tapes is not None and offer.tape not in tapes:
            passed[name] = (
                f"its tape is {offer.tape}; the series comes from {', '.join(sorted(tapes))} (routing.{need.asset_class}.mix_tapes)"
            )
        elif offer.down:
            passed[name] = offer.down
            if chosen is None:
                stands_in_for.append(name)
        elif room is not None and room < offer.requests:
            passed[name] = f"takes about {float(offer.requests):.4g} requests, {float(room):.4g} are left this month"
        elif chosen is None:
            chosen = offer
            left[name] = None if room is None else room - offer.requests
        else:
            passed[name] = _why_after(offer, chosen)
    if chosen is None:
        return Route(need, None, "", Fraction(0), Decimal(0), passed)
    changes = ", ".join(sorted(held)) if held and chosen.tape not in held else ""
    return Route(
        need,
        chosen.candidate.name,
        chosen.tape,
        chosen.requests,
        _decimal(chosen.cost),
        passed,
        tuple(stands_in_for),
        changes,
    )


def _why_after(offer: _Offer, chosen: _Offer) -> str:
    if offer.cost != chosen.cost and offer.cost > chosen.cost:
        return f"costs ${_decimal(offer.cost)}, {chosen.candidate.name} ${_decimal(chosen.cost)}"
    if offer.cost < chosen.cost:
        return f"{chosen.candidate.name} is preferred"
    if offer.candidate.priority != chosen.candidate.priority:
        return f"priority {offer.candidate.priority}, {chosen.candidate.name} has {chosen.candidate.priority}"
    return f"equal to {chosen.candidate.name}, later by name"


def _one_tape(offers: Sequence[Sequence[_Offer]], judge: _Judge) -> AbstractSet[str]:
    """The tape that serves most windows; of equals the one whose offers rank best."""
    best: dict[str, list[tuple[int, Fraction, int, str]]] = {}
    for window in offers:
        by_tape: dict[str, tuple[int, Fraction, int, str]] = {}
        for offer in judge.ranked(window):
            by_tape.setdefault(offer.tape, judge.rank(offer))
        for tape, rank in by_tape.items():
            best.setdefault(tape, []).append(rank)
    return {min(best, key=lambda tape: (-len(best[tape]), sorted(best[tape]), tape))} if best else frozenset()


def _by_series(needs: Sequence[Need]) -> dict[Series, list[Need]]:
    found: dict[Series, list[Need]] = {}
    for need in needs:
        found.setdefault(need.series, []).append(need)
    return found


def _question(need: Need, candidate: Candidate, dataset: Dataset) -> Question:
    theirs = candidate.source.spellings[need.asset_class].theirs(need.symbol)
    return Question(dataset.name, (theirs,), need.window, timeframe_named(need.timeframe), candidate.options, (need.symbol,))


def _decimal(amount: Fraction) -> Decimal:
    """Dollars to a millionth of a cent, without trailing zeros."""
    return (Decimal(amount.numerator) / Decimal(amount.denominator)).quantize(Decimal("1E-8")).normalize() + 0


def _spoken(span: timedelta) -> str:
    """A span as people say it: `15 min`, `6 h`, `1 d`."""
    minutes = span.total_seconds() / 60
    for size, name in ((1440, "d"), (60, "h"), (1, "min")):
        if minutes >= size and minutes % size == 0:
            return f"{minutes / size:.0f} {name}"
    return f"{minutes:g} min"
