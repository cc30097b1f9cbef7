"""Fetching where one source is chosen for each symbol: whoever is down is passed over, and its windows go to the next best."""

from __future__ import annotations

from collections.abc import Callable, Collection

import polars as pl

from marketdata_assets.core.faults import BudgetFault
from marketdata_assets.lake.layout import PartitionKey
from marketdata_assets.pipeline.assignment import assigned, notes, unserved
from marketdata_assets.pipeline.fetching import Fetched, fetch_wanted
from marketdata_assets.pipeline.lease import lease
from marketdata_assets.pipeline.platform import Platform
from marketdata_assets.pipeline.routing import Down
from marketdata_assets.schemas.audit import FETCHES, LandingState


def fetch_assigned(
    platform: Platform,
    asset_class: str,
    timeframe: str,
    keys: Collection[PartitionKey],
    *,
    sources: Collection[str] | None = None,
    progress: Callable[[int, int], None] | None = None,
    tell: Callable[[str], None] = lambda _: None,
) -> dict[str, Fetched]:
    """Ask for what `keys` lack, each window of one source (of `sources`, when given), and tell by source what came of it.

    A source that answers a symbol with a fault is not asked for it again in this call, one whose month has no room is not asked at all:
    the windows go to the next source that can serve them, until nobody is left. A source that was not asked is not told of. `tell` hears,
    in words, of sources that stand in for others, of tapes that change, and of windows that nobody can serve.
    """
    with lease(platform, f"{asset_class}_{timeframe}"):
        return _fetched(platform, asset_class, timeframe, keys, sources, progress, tell)


def _fetched(
    platform: Platform,
    asset_class: str,
    timeframe: str,
    keys: Collection[PartitionKey],
    sources: Collection[str] | None,
    progress: Callable[[int, int], None] | None,
    tell: Callable[[str], None],
) -> dict[str, Fetched]:
    failed: dict[tuple[str, str | None], str] = {}
    told: dict[str, Fetched] = {}
    while True:
        work = assigned(platform, asset_class, timeframe, keys, sources=sources, failed=failed)
        due = {source: wants for source, wants in work.wants.items() if wants}
        if not due:
            for note in unserved(work.routes):
                tell(note)
            return told
        for source, wants in due.items():
            for note in notes(work.routes, source):
                tell(f"{source} {note}")
            try:
                fetched = fetch_wanted(platform, source, timeframe, wants, progress=progress)
            except BudgetFault as fault:  # nothing of it was asked
                failed[source, None] = f"[{fault.code}] {fault.found}"
                continue
            before = told.get(source, Fetched(FETCHES.empty(), 0))
            told[source] = Fetched(pl.concat([before.rows, fetched.rows]), before.requests + fetched.requests)
            failed |= _failures(source, fetched)


def _failures(source: str, fetched: Fetched) -> Down:
    """Which symbols the source did not answer this time, and why."""
    vain = fetched.rows.filter(pl.col("state") == LandingState.REFUSED)
    return {(source, symbol): reason for symbol, reason in vain.select("symbol", "reason").iter_rows()}
