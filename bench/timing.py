"""Median of repeated runs, and a table of ratios."""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Measure:
    """One contest: what was done, by whom, the median seconds of each and the ratio rival / ours (above 1: we are faster)."""

    what: str
    ours: float
    rival: float
    rival_name: str
    repeats: int
    note: str = ""

    @property
    def ratio(self) -> float:
        """Rival's seconds over ours."""
        return self.rival / self.ours if self.ours else float("inf")


def alternating(ours: Callable[[], object], rival: Callable[[], object], repeats: int) -> tuple[float, float]:
    """Median seconds of both, run in turns so that a busy machine hurts both alike."""
    mine: list[float] = []
    theirs: list[float] = []
    for _ in range(repeats):
        mine.append(_seconds(ours))
        theirs.append(_seconds(rival))
    return statistics.median(mine), statistics.median(theirs)


def report(measures: list[Measure], *, as_json: bool) -> None:
    """Print the measures as a Markdown table, or as JSON."""
    if as_json:
        sys.stdout.write(json.dumps([{**asdict(m), "ratio": m.ratio} for m in measures], indent=2) + "\n")
        return
    sys.stdout.write("| what | ours, s | rival, s | rival | rival / ours | note |\n|---|---|---|---|---|---|\n")
    for m in measures:
        sys.stdout.write(f"| {m.what} | {m.ours:.3f} | {m.rival:.3f} | {m.rival_name} | {m.ratio:.2f} | {m.note} |\n")


def _seconds(run: Callable[[], object]) -> float:
    started = time.perf_counter()
    run()
    return time.perf_counter() - started
