"""What is still to be done about landed files: what ought to be stored held against what is, and against the runs already asked for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from hashlib import sha256
from typing import NamedTuple

import polars as pl

from marketdata_assets.core.periods import period_expr, period_key
from marketdata_assets.core.timeframes import timeframe as timeframe_named
from marketdata_assets.defs.rectangles import Rectangle
from marketdata_assets.lake.layout import PartitionKey
from marketdata_assets.pipeline.inventory import NEIGHBOURHOOD, inventory, source_settings, touched
from marketdata_assets.pipeline.platform import Platform
from marketdata_assets.pipeline.raw import arrived, behind
from marketdata_assets.pipeline.twins import twins
from marketdata_assets.schemas.audit import LandingState
from marketdata_assets.schemas.bars import RAW_BARS, VALIDATED_BARS

ATTEMPTS = 3


class Progress(Enum):
    """How far a run has come that was asked for earlier."""

    UNDER_WAY = "under way"
    DONE = "done"
    FAILED = "failed"


class Asked(NamedTuple):
    """A run that was asked for: its rectangle, the digest of what was to be taken in then, and how far it has come."""

    rectangle: Rectangle
    digest: str
    progress: Progress


@dataclass(frozen=True)
class Desired:
    """The state that landed files call for: the payload hash of every partition they reach, and the partitions that lack it.

    `beside` are partitions whose first bars are judged against those of one that is behind, or which may hold the same series under
    another symbol; they are judged again with it.
    """

    wanted: Mapping[PartitionKey, str]
    behind: Collection[PartitionKey]
    beside: Collection[PartitionKey]

    def digest(self, rectangle: Rectangle) -> str:
        """One hash for all that is to be taken in within a rectangle: the same until something new lands there."""
        inside = sorted(f"{key} {payloads}" for key, payloads in self.wanted.items() if rectangle.holds(key))
        return sha256("\n".join(inside).encode()).hexdigest()[:16]


@dataclass
class Decision:
    """Partitions to ask a run for, those that a run is busy with, and those that failed too often.

    `doubtful` are partitions to ask for that lack a payload although a run that was to take it in succeeded.
    """

    ask: set[PartitionKey]
    busy: set[PartitionKey]
    given_up: set[PartitionKey]
    doubtful: set[PartitionKey]

    @property
    def settled(self) -> bool:
        """Whether nothing changes before something lands."""
        return not (self.ask or self.busy)


def desired(platform: Platform, source: str, timeframe: str) -> Desired:
    """The desired state of one source and bar length, from its inventory and the records of its raw partitions."""
    asset_class, files = source_settings(platform, source).asset_class, inventory(platform, source)
    keys = touched(platform, asset_class, files).get(timeframe, set())
    wanted, lacking = behind(platform, source, timeframe, keys)
    spans = files.filter(pl.col("state") == LandingState.LANDED, pl.col("timeframe") == timeframe, pl.col("last").is_not_null())
    stored = set(platform.lake.partitions(platform.path(VALIDATED_BARS, asset_class, timeframe)))
    kind = timeframe_named(timeframe).period
    ends = spans.select("symbol", "last").unique().iter_rows()
    beside = {
        PartitionKey(period_key(last + NEIGHBOURHOOD, kind), symbol)
        for symbol, last in ends
        if PartitionKey(period_key(last, kind), symbol) in lacking
    }
    alike = twins(files, timeframe, {key.symbol for key in lacking if key.symbol})
    beside |= {PartitionKey(key.period, other) for key in lacking for other in alike.get(key.symbol or "", ())}
    return Desired(wanted, lacking, (beside & stored) - lacking)


def decide(state: Desired, asked: Sequence[Asked]) -> Decision:
    """Which partitions to ask a run for now, given the runs asked for so far, the newest first.

    A partition that lacks a payload is asked for unless a run is busy with it. One whose last run failed is asked for again, at most
    three times with the same files, and then left to a person. Nothing here is remembered for ever: work that was lost lacks still,
    and is asked for again.
    """
    again: set[PartitionKey] = set()
    done: set[PartitionKey] = set()
    busy: set[PartitionKey] = set()
    doubtful: set[PartitionKey] = set()
    failures: Counter[PartitionKey] = Counter()
    for run in asked:
        inside = {key for key in state.wanted if run.rectangle.holds(key)}
        same = run.digest == state.digest(run.rectangle)
        if run.progress is Progress.UNDER_WAY:
            busy |= inside
        elif run.progress is Progress.DONE:
            done |= inside
            doubtful |= inside if same else set()
        else:
            again |= inside - done
            failures.update(inside - done if same else ())
    given_up = {key for key, times in failures.items() if times >= ATTEMPTS}
    ask = {*state.behind, *state.beside, *again} - busy - given_up
    return Decision(ask, busy, given_up, (doubtful & set(state.behind) & ask) - again)


def hollow(platform: Platform, source: str, timeframe: str, keys: Collection[PartitionKey]) -> set[PartitionKey]:
    """Those of `keys` that payloads span without a bar in them, a year of a gap: nothing is stored there, however often one asks."""
    came = arrived(platform, source, timeframe, keys)
    period = period_expr(RAW_BARS.dated_by, timeframe_named(timeframe).period)
    full = {PartitionKey(*row) for row in came.bars.select(period, "symbol").unique().iter_rows()}
    path = platform.path(RAW_BARS, source_settings(platform, source).asset_class, timeframe, source)
    return set(keys) - full - came.unchanged - set(platform.lake.partitions(path))
