"""Which source is asked for which windows: what no source has answered yet, routed by the facts of the moment."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from itertools import pairwise

from marketdata_assets.core import clock
from marketdata_assets.core.periods import Window
from marketdata_assets.core.timeframes import timeframe as timeframe_named
from marketdata_assets.lake.layout import PartitionKey
from marketdata_assets.pipeline.budgets import month_standing, with_more
from marketdata_assets.pipeline.connection import api_of, missing_variables
from marketdata_assets.pipeline.fetching import expected_bars, parts_of
from marketdata_assets.pipeline.health import down
from marketdata_assets.pipeline.platform import Platform
from marketdata_assets.pipeline.routing import Candidate, Down, Need, Route, Series, route
from marketdata_assets.pipeline.wanted import Span, Want, bars_of, chosen_options, covered, limits, wanted, without
from marketdata_assets.schemas.bars import RAW_BARS
from marketdata_assets.sources.question import Data


@dataclass(frozen=True)
class Assignment:
    """The routes of everything lacking, and for each source the windows it is to be asked for, spelled its way."""

    routes: Sequence[Route]
    wants: Mapping[str, Sequence[Want]]


def assigned(
    platform: Platform,
    asset_class: str,
    timeframe: str,
    keys: Collection[PartitionKey],
    *,
    sources: Collection[str] | None = None,
    failed: Down | None = None,
    freshness: timedelta | None = None,
    taken: Mapping[str, int] | None = None,
) -> Assignment:
    """What `keys` lack of every networked source together, each window given to one of them (of `sources`, when given).

    A window that any of them has answered is not lacking. `failed` adds to what the inventory tells of sources that are down. A window
    that reaches beyond a source's history is cut there, so that a short history still serves its end. `taken` are requests by source that
    the month has room for no longer, though nobody has reserved them yet.
    """
    now = clock.now()
    names = [n for n in networked(platform, asset_class, timeframe) if sources is None or n in sources]
    wants = {name: wanted(platform, name, timeframe, keys) for name in names}
    found = candidates(platform, names, timeframe, taken or {})
    needs = _needs(platform, asset_class, timeframe, wants, freshness)
    routes = route(
        needs,
        found,
        now=now,
        rules=platform.settings.routing,  # type: ignore[arg-type]
        stored=stored_tapes(platform, asset_class, timeframe, names, {need.symbol for need in needs}),
        down={**_nothing_there(wants, needs), **down(platform, names, timeframe, now), **(failed or {})},
    )
    return Assignment(routes, {name: _asked_of(platform, name, wants[name], routes) for name in names})


def networked(platform: Platform, asset_class: str, timeframe: str) -> list[str]:
    """The enabled sources of an asset class that are asked over the network for bars of this length, the preferred one first."""
    return [name for name, config in platform.settings.sources_of(asset_class, timeframe).items() if config.networked]


def candidates(platform: Platform, names: Iterable[str], timeframe: str, taken: Mapping[str, int]) -> list[Candidate]:
    """Configured sources as routing sees them now: plan, options, keys and the room of their month, less what is `taken`."""
    found = []
    for name in names:
        config = platform.settings.sources[name]
        vendor = config.source()
        found.append(
            Candidate(
                name,
                vendor,
                vendor.plan(config.plan),
                chosen_options(config),
                config.asset_class,
                config.timeframes,
                config.priority,
                tuple(missing_variables(platform, vendor, api_of(platform, name, bars_of(config, timeframe)))),
                with_more(month_standing(platform, name), taken.get(name, 0)).requests_left,
                config.tape,
                limits(platform, config, bars_of(config, timeframe), timeframe)[1],
            )
        )
    return found


def stored_tapes(
    platform: Platform, asset_class: str, timeframe: str, sources: Iterable[str], symbols: Collection[str]
) -> dict[Series, set[str]]:
    """The tape of the newest stored raw bars of each series, over these sources; series without bars are left out."""
    found: dict[Series, set[str]] = {}
    for source in sources:
        path = platform.path(RAW_BARS, asset_class, timeframe, source)
        newest = {key.symbol: key for key in platform.lake.partitions(path) if key.symbol in symbols}
        tapes = platform.lake.scan(path, RAW_BARS, keys=list(newest.values()), columns=["symbol", "tape"]).unique().collect()
        for symbol, tape in tapes.sort("symbol", "tape").iter_rows():
            found.setdefault((asset_class, symbol, Data.BARS, timeframe), set()).add(tape)
    return found


def _nothing_there(wants: Mapping[str, Sequence[Want]], needs: Sequence[Need]) -> dict[tuple[str, str | None], str]:
    """Sources that have no name for a symbol on the dates that are lacking, though others do."""
    symbols = {need.symbol for need in needs}
    return {
        (name, symbol): "it has nothing of the symbol on these dates"
        for name, mine in wants.items()
        for symbol in sorted(symbols - {want.symbol for want in mine})
    }


def _needs(
    platform: Platform, asset_class: str, timeframe: str, wants: Mapping[str, Sequence[Want]], freshness: timedelta | None
) -> list[Need]:
    length, now = timeframe_named(timeframe), clock.now()
    datasets = {name: bars_of(platform.settings.sources[name], timeframe) for name in wants}
    answered = {name: covered(platform, name, dataset, timeframe) for name, dataset in datasets.items()}
    borders = sorted({_midnight_after(now - d.history) for d in datasets.values() if d.history is not None})
    bars = cache(lambda window: expected_bars(platform, asset_class, length, window))
    needs: list[Need] = []
    spans: dict[str, list[Span]] = {}
    for want in (want for mine in wants.values() for want in mine):
        spans.setdefault(want.symbol, []).append((want.window.start, want.window.end))
    for symbol in sorted(spans):
        asked = _merged(spans[symbol])
        have = _merged(span for each in answered.values() for span in each.get(symbol, []))
        for start, end in without(asked, have):
            cuts = [start, *(at for at in borders if start < at < end), end]
            windows = [Window(a, b) for a, b in pairwise(cuts)]
            for window in windows:
                parts = tuple((part, bars(part)) for part in parts_of(window, length))
                needs.append(Need(asset_class, symbol, timeframe, window, sum(n for _, n in parts), freshness, parts=parts))
    return needs


def _asked_of(platform: Platform, source: str, wants: Sequence[Want], routes: Sequence[Route]) -> list[Want]:
    """Those of a source's wants that lie in windows routed to it, with the overlap before them."""
    overlap = timedelta(days=platform.settings.sources[source].overlap_days)
    mine: dict[str, list[Span]] = {}
    for each in routes:
        if each.source == source:
            mine.setdefault(each.need.symbol, []).append((each.need.window.start, each.need.window.end))
    found: list[Want] = []
    for want in wants:
        for start, end in _merged(mine.get(want.symbol, [])):
            first, last = max(want.window.start, start - overlap), min(want.window.end, end)
            if first < last and last > start:
                found.append(want._replace(window=Window(first, last)))
    return found


def _merged(spans: Iterable[Span]) -> list[Span]:
    """The spans as disjoint ones, ascending."""
    found: list[Span] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return found


def _midnight_after(at: datetime) -> datetime:
    return at.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)


def notes(routes: Iterable[Route], source: str) -> list[str]:
    """What a person ought to know of a source's routes: for whom it stands in, and tapes that change; nothing when all is as usual."""
    mine = [each for each in routes if each.source == source]
    stands: dict[tuple[str, str], set[str]] = {}
    changed: dict[tuple[str, str], set[str]] = {}
    for each in mine:
        for name in each.stands_in_for:
            stands.setdefault((name, each.passed_over[name]), set()).add(each.need.symbol)
        if each.changes_tape:
            changed.setdefault((each.changes_tape, each.tape), set()).add(each.need.symbol)
    told = [f"stands in for {name} for {_some(symbols)}: {reason}" for (name, reason), symbols in sorted(stands.items())]
    return told + [f"the tape of {_some(symbols)} changes from {old} to {new}" for (old, new), symbols in sorted(changed.items())]


def unserved(routes: Iterable[Route]) -> list[str]:
    """The windows that nobody can serve, in words, those with the same reasons together."""
    kinds: dict[str, set[str]] = {}
    for each in routes:
        if each.source is None:
            why = "; ".join(f"{name}: {reason}" for name, reason in sorted(each.passed_over.items()))
            kinds.setdefault(why, set()).add(each.need.symbol)
    return [f"nobody can serve {_some(symbols)}: {why}" for why, symbols in sorted(kinds.items())]


def _some(symbols: Collection[str]) -> str:
    first = sorted(symbols)[:3]
    return ", ".join(first) + (f" and {len(symbols) - len(first)} more" if len(symbols) > len(first) else "")
