"""How far apart the bars of a file stand: infers a bar length, or contradicts the one that a file's name states."""

from __future__ import annotations

from datetime import timedelta
from typing import NamedTuple

import numpy as np
import polars as pl

from marketdata_assets.core.faults import PayloadFault
from marketdata_assets.core.timeframes import TIMEFRAMES

NAMED = {t.duration: name for name, t in TIMEFRAMES.items()}
"""The timeframe of each bar length that is kept."""
_ENOUGH = 20
_NEARLY_ALL = 0.9


class Spacing(NamedTuple):
    """Distances between neighbouring bars of a symbol: the most common one (the shorter at a tie), its share, and how many there are."""

    common: timedelta
    share: float
    gaps: int


def spacing(symbols: pl.Series, instants: pl.Series) -> Spacing | None:
    """The spacing of bars of one or many symbols, repeated stamps counted once; None with fewer than two bars of any symbol."""
    kept = instants.is_not_null()
    if not kept.any():
        return None
    times = instants.filter(kept).to_physical().to_numpy()
    if (symbols == symbols.first()).all():
        gaps = np.diff(np.sort(times))
    else:
        owner = symbols.filter(kept).rank("dense").to_numpy()
        order = np.lexsort((times, owner))
        gaps = np.diff(times[order])[np.diff(owner[order]) == 0]
    lengths = pl.Series("length", gaps[gaps > 0]).value_counts(name="n").sort("n", "length", descending=[True, False])
    if not lengths.height:
        return None
    common, total = lengths.row(0), int(lengths["n"].sum())
    return Spacing(timedelta(microseconds=common[0]), common[1] / total, total)


def infer_timeframe(path: str, symbols: pl.Series, instants: pl.Series) -> str:
    """The timeframe whose length is the most common distance between the bars of a symbol; `PayloadFault` when there is none."""
    found = spacing(symbols, instants)
    name = NAMED.get(found.common) if found else None
    if name is None:
        said = f"its bars stand {_words(found.common)} apart" if found else "it has too few bars to tell"
        raise PayloadFault(
            f"telling the bar length of {path}",
            f"neither its name nor its format states it, and {said}",
            f"set `timeframe` in the source's `format:` to one of {', '.join(TIMEFRAMES)}",
            path=path,
        )
    return name


def check_spacing(path: str, name: str, symbols: pl.Series, instants: pl.Series) -> None:
    """`PayloadFault` when the bars cannot be of the stated length: closer together, or (20 and more) regularly farther apart.

    A thin market leaves irregular holes and passes; weekly and monthly bars under the name of daily ones do not.
    """
    found = spacing(symbols, instants)
    if found is None:
        return
    stated, many = TIMEFRAMES[name].duration, found.gaps >= _ENOUGH
    wider = many and found.common > stated and found.share >= _NEARLY_ALL
    monthly = many and found.common > stated == timedelta(days=1) and instants.drop_nulls().dt.day().n_unique() == 1
    if found.common < stated or wider or monthly:
        raise PayloadFault(
            f"reading {path} as {name} bars",
            f"its bars stand {_words(found.common)} apart",
            "land it under its own bar length, or set `timeframe` in the source's `format:`",
            path=path,
        )


def _words(gap: timedelta) -> str:
    return f"{gap.days} days" if gap >= timedelta(days=1) and not gap.seconds else str(gap)
