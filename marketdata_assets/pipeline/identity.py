"""A vendor's series split by whom its spelling meant at each date."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from datetime import date

import polars as pl

from marketdata_assets.core.faults import SymbolFault
from marketdata_assets.core.instruments import Instruments
from marketdata_assets.sources.landing.strangers import Known


def known_to(instruments: Instruments, source: str, asset_class: str) -> Known:
    """A function of a source's spellings that says which of them mean an instrument, on any date."""

    def known(spellings: Collection[str]) -> Collection[str]:
        return [each for each in spellings if any(holder.symbol for holder in instruments.holders(source, each, asset_class))]

    return known


def canonical(
    instruments: Instruments,
    source: str,
    asset_class: str,
    spelling: str,
    rows: pl.DataFrame,
    dated_by: str = "timestamp",
    left_out: Counter[str] | None = None,
) -> Iterator[tuple[str, pl.DataFrame]]:
    """(canonical symbol, its rows) for every instrument that `spelling` meant on the dates of `rows`.

    A ticker that changed hands inside the series is split on the day it did. A stretch that belongs to nobody known is a
    `SymbolFault`, as is a spelling no instrument answers to; with `left_out`, its rows are counted in there by the spelling instead.
    A series without rows is one empty frame under the spelling's holder.
    """
    holders = instruments.holders(source, spelling, asset_class)
    if left_out is not None and not any(holder.symbol for holder in holders):
        left_out[spelling] += rows.height
        return
    if len(holders) == 1 or not rows.height:
        yield instruments.resolve(source, spelling, asset_class), rows
        return
    day = pl.col(dated_by).cast(pl.Date)
    for holder in holders:
        after = day >= (holder.start or date.min)
        before = day < holder.end if holder.end else pl.lit(value=True)
        mine = rows.filter(after & before)
        if not mine.height:
            continue
        if holder.symbol is None and left_out is not None:
            left_out[spelling] += mine.height
            continue
        if holder.symbol is None:
            first = mine[dated_by].cast(pl.Date).sort()[0]
            raise SymbolFault(
                f"finding the {asset_class} instrument behind {source}'s {spelling!r} on {first}",
                "the ticker belonged to nobody the instruments file knows",
                "add the instrument that held it then, with a dated alias",
            )
        yield holder.symbol, mine
