"""Pages, chunks and overlaps put together: what is the same counts once, what contradicts itself is set aside. Frames only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import polars as pl


class Merged(NamedTuple):
    """`rows`: one row a key, sorted by key. `conflicts`: every version of a key that came with different values; `rows` has none."""

    rows: pl.DataFrame
    conflicts: pl.DataFrame


def merge_pages(frames: Sequence[pl.DataFrame], key: Sequence[str], provenance: Sequence[str] = ()) -> Merged:
    """One table of several that may overlap, repeat each other or come in any order.

    Rows with the same `key` are the same fact when they agree in every column except `provenance` (payload hash, line): the first one
    stays. A null equals a null and NaN equals NaN. Frames have one schema; none at all gives two empty frames without columns.
    """
    if not frames:
        return Merged(pl.DataFrame(), pl.DataFrame())
    facts = [name for name in frames[0].columns if name not in provenance]
    told = pl.concat(frames).unique(subset=facts, keep="first", maintain_order=True)
    twice = pl.struct(key).is_duplicated()
    return Merged(told.filter(~twice).sort(key), told.filter(twice).sort(key, maintain_order=True))
