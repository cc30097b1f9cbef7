"""The proof itself: build, exchange the future, build again, compare the past."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl

from marketdata_assets.transforms.lookahead.compare import DIFFERENCES_SCHEMA, differences
from marketdata_assets.transforms.lookahead.inputs import Build, PanelInputs
from marketdata_assets.transforms.lookahead.mutations import EVERYTHING, NOTHING, SINGLE, TRUNCATED, Mutation

LEAKS_SCHEMA = pl.Schema({"cut": pl.Date(), "mutation": pl.String(), **DIFFERENCES_SCHEMA})
"""One column that changed before `cut` although only what came after it was exchanged."""


@dataclass(frozen=True)
class Proof:
    """What was tried and what leaked: cut days, panels built, rows compared, and LEAKS (none: proven on these days)."""

    cuts: Sequence[date]
    builds: int
    rows: int
    columns: int
    leaks: pl.DataFrame

    @property
    def passed(self) -> bool:
        """Whether no value moved."""
        return not self.leaks.height

    @property
    def leaking(self) -> list[str]:
        """The columns that moved, the widest leak first; `(row)` for rows that came or went."""
        widest = self.leaks.group_by("column").agg(pl.col("rows").max()).sort("rows", "column", descending=[True, False])
        return widest["column"].to_list()


def prove(
    build: Build,
    inputs: PanelInputs,
    cuts: Sequence[date],
    *,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> Proof:
    """Whether the panel that `build` makes sees the future, judged at each day of `cuts`.

    At a cut the future is taken away once and replaced by another one once (`mutations.EVERYTHING`); rows up to and including the cut must
    stay equal to the bit. Where one does not, each change is tried by itself to tell which of them shows through. Before all of it
    the panel is built from the same inputs twice: one that differs from itself proves nothing and is reported as mutation `nothing`.
    """
    panel = build(inputs)
    rng = np.random.default_rng(seed)
    builds, rows, found = 1, 0, []
    last = panel["date"].max()
    steps = [(last, NOTHING)] if isinstance(last, date) else []
    steps += [(cut, mutation) for cut in cuts for mutation in (TRUNCATED, EVERYTHING)]
    for done, (cut, mutation) in enumerate(steps, start=1):
        told = _tried(build, inputs, panel, cut, mutation, rng)
        builds += 1
        rows += panel.filter(pl.col("date") <= cut).height
        if told.height and mutation is EVERYTHING:
            single = [_tried(build, inputs, panel, cut, each, rng) for each in SINGLE]
            builds += len(single)
            told = pl.concat([told, *single])
        found.append(told)
        if progress:
            progress(done, len(steps))
    leaks = pl.concat([LEAKS_SCHEMA.to_frame(), *found])
    return Proof(list(cuts), builds, rows, panel.width - 2, leaks)


def _tried(build: Build, inputs: PanelInputs, panel: pl.DataFrame, cut: date, mutation: Mutation, rng: np.random.Generator) -> pl.DataFrame:
    other = build(mutation.change(inputs, cut, rng))
    return differences(panel, other, cut).select(pl.lit(cut).alias("cut"), pl.lit(mutation.name).alias("mutation"), pl.all())
