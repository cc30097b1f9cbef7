"""On which days the future is exchanged: random ones, and random ones of those at which a leak would show."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from datetime import date

import numpy as np
import polars as pl

from marketdata_assets.transforms.lookahead.inputs import PanelInputs, announced


def cut_dates(inputs: PanelInputs, sessions: Sequence[date], count: int, seed: int = 0) -> list[date]:
    """`count` different days of `sessions` (ascending), the last one excepted, ascending; the same for the same seed.

    Every other one is drawn from the days just before something happens (a split, a change of members, listings or sectors) or on which
    a symbol pauses; a leak of such a thing shows there and perhaps nowhere else.
    """
    usable = list(sessions[:-1])
    if not usable:
        return []
    rng = np.random.default_rng(seed)
    kinds = [days for days in _telling(inputs, usable) if days]
    chosen: set[date] = set()
    for at in range(min(count, len(usable))):
        pool = kinds[(at // 2) % len(kinds)] if at % 2 and kinds else usable
        left = [day for day in pool if day not in chosen] or [day for day in usable if day not in chosen]
        chosen.add(left[int(rng.integers(len(left)))])
    return sorted(chosen)


def _telling(inputs: PanelInputs, usable: Sequence[date]) -> list[list[date]]:
    """Days by what is about to happen, each kind ascending."""
    spells = [frame for frame in (inputs.members, inputs.listings) if frame.height]
    ends = [day for frame in spells for day in frame["effective_to"].drop_nulls()]
    begins = [day for frame in spells for day in frame["effective_from"].drop_nulls()]
    events = inputs.events.select(known=announced(inputs.events), ex="ex_date")
    return [
        _before(events["ex"].drop_nulls().to_list(), usable),
        _pauses(inputs, usable),
        _before(ends, usable),
        _before(inputs.sectors["effective_from"].drop_nulls().to_list(), usable),
        _before(begins, usable),
        _before(inputs.revisions["known_on"].drop_nulls().to_list(), usable),
        _before(events["known"].drop_nulls().to_list(), usable),
    ]


def _before(days: Sequence[date], usable: Sequence[date]) -> list[date]:
    return sorted({usable[at - 1] for day in days if (at := bisect_left(usable, day)) > 0 and at < len(usable)})


def _pauses(inputs: PanelInputs, usable: Sequence[date]) -> list[date]:
    """Days on which a symbol does not trade although it did before and does again."""
    days = pl.DataFrame({"session": inputs.sessions}).with_row_index("at")
    placed = inputs.bars.select("symbol", "session").join(days, on="session").sort("symbol", "at")
    after = placed.with_columns(skipped=pl.col("at").cast(pl.Int64).diff().over("symbol")).filter(pl.col("skipped") > 1)
    found: set[date] = set()
    for end, skipped in after.select("session", "skipped").head(200).iter_rows():
        at = bisect_right(usable, end) - 1
        found |= {usable[k] for k in range(max(0, at - int(skipped) + 1), at)}
    return sorted(found)
