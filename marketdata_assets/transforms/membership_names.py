"""Which instrument a membership source means by a ticker, and which ticker an instrument bore: dated names beyond instruments.csv."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from itertools import pairwise

import polars as pl

from marketdata_assets.core.aliases import ANY_SOURCE, Alias
from marketdata_assets.core.faults import ConfigFault
from marketdata_assets.core.identity import Holder, Identity
from marketdata_assets.core.instruments import Instruments
from marketdata_assets.core.spellings import guesses

COLUMNS = ("symbol", "source", "spelling", "start", "end", "evidence")
LISTED = "listed"
LAG = timedelta(days=31)
"""How long after a rename a source may still write the old ticker."""
NAMES = pl.Schema(
    [
        ("spelling", pl.String),
        ("symbol", pl.String),
        ("named_from", pl.Date),
        ("named_to", pl.Date),
        ("written_from", pl.Date),
        ("written_to", pl.Date),
    ]
)


@dataclass(frozen=True)
class TickerChange:
    """An instrument bore a ticker on `[start, end)`, and who says so. Source `listed`: as the exchange had it, not all files do."""

    symbol: str
    alias: Alias
    evidence: str


def parse_ticker_changes(text: str, where: str) -> list[TickerChange]:
    """The rows of ticker_changes.csv; `ConfigFault` with the line for other columns, a bad date, or a row without evidence."""
    found: list[TickerChange] = []
    for line, cells in enumerate(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline="")), start=1):
        if line == 1:
            if tuple(cells) != COLUMNS:
                raise ConfigFault(f"reading {where}, line 1", f"its columns are {cells}", f"write {','.join(COLUMNS)}")
            continue
        try:
            symbol, source, spelling, start, end, evidence = (cell.strip() for cell in cells)
            alias = Alias(source, spelling, date.fromisoformat(start) if start else None, date.fromisoformat(end) if end else None)
        except ValueError as error:
            raise ConfigFault(f"reading {where}, line {line}", str(error), "give six cells, dates as 2022-06-09") from None
        if not evidence:
            raise ConfigFault(f"reading {where}, line {line}", f"{spelling} has no evidence", "say where the change is documented")
        found.append(TickerChange(symbol, alias, evidence))
    return found


class Names:
    """The names that one membership source uses: instruments.csv first, then the documented ticker changes that do not contradict it.

    `listed`: the source writes the ticker of the time as the exchange had it (WM was Washington Mutual in 2008); otherwise it may
    write later tickers for the past, and `listed` changes say nothing about it.
    """

    def __init__(
        self, instruments: Instruments, changes: Iterable[TickerChange], source: str, asset_class: str, *, listed: bool = False
    ) -> None:
        self._source, self._asset_class = source, asset_class
        self._claims = {row.symbol: list(row.aliases) for row in instruments if row.asset_class == asset_class}
        taken = [alias for aliases in self._claims.values() for alias in aliases]
        for change in changes:
            alias = change.alias
            if alias.source == LISTED:
                if not listed:
                    continue
                alias = Alias(ANY_SOURCE, alias.spelling, alias.start, alias.end)
            if not any((a.source, a.spelling) == (alias.source, alias.spelling) and a.overlaps(alias) for a in taken):
                self._claims.setdefault(change.symbol, []).append(alias)
                taken.append(alias)

    @cached_property
    def _identity(self) -> Identity:
        identity = Identity()
        for symbol, aliases in self._claims.items():
            identity.add(symbol, self._asset_class, tuple(aliases))
        return identity

    def holders(self, spelling: str, written: date = date.max) -> list[Holder]:
        """Whom the source means by a ticker over all time in a file of the day `written`, nobody left out: adjoining half-open spans.

        A span that no alias covers belongs to the only instrument that ever bore the ticker, when it bore it later (the source writes
        later tickers for the past, which it can only do once they are borne) or until a month before (the source lags); else to the
        ticker itself.
        """
        known = self._identity.holders(self._source, spelling, self._asset_class)
        named = {holder.symbol for holder in known if holder.symbol}
        sole = named.pop() if len(named) == 1 else None
        itself = next(iter(guesses(spelling, self._asset_class)), spelling.upper())
        filled: list[Holder] = []
        for at, holder in enumerate(known):
            if holder.symbol:
                filled.append(holder)
            elif sole and any(later.symbol and (later.start or date.min) <= written for later in known[at + 1 :]):
                filled.append(Holder(holder.start, holder.end, sole))
            elif sole and holder.start is not None:
                lagging = holder.start + LAG
                if holder.end is not None and holder.end <= lagging:
                    filled.append(Holder(holder.start, holder.end, sole))
                else:
                    filled += [Holder(holder.start, lagging, sole), Holder(lagging, holder.end, itself)]
            else:
                filled.append(Holder(holder.start, holder.end, itself))
        return filled

    def frame(self, spellings: Sequence[str]) -> pl.DataFrame:
        """Whom each ticker meant on `[named_from, named_to)` in files of `[written_from, written_to)`; open sides are null."""
        rows = [row for spelling in sorted(set(spellings)) for row in self._meanings(spelling)]
        return pl.DataFrame(rows, schema=NAMES, orient="row")

    def _meanings(self, spelling: str) -> list[tuple[object, ...]]:
        borne = self._identity.holders(self._source, spelling, self._asset_class)
        cuts: list[date | None] = sorted({h.start for h in borne if h.symbol and h.start})  # type: ignore[assignment]
        edges = [None, *cuts, None]
        return [
            (spelling, h.symbol, h.start, h.end, since, until)
            for since, until in pairwise(edges)
            for h in self.holders(spelling, since or date.min)
        ]


def listed_tickers(instruments: Instruments, changes: Iterable[TickerChange], asset_class: str) -> pl.DataFrame:
    """(symbol, ticker, named_from, named_to): what an instrument was called on the exchange while it was not called by its symbol."""
    rows = [
        (change.symbol, change.alias.spelling, change.alias.start, change.alias.end)
        for change in changes
        if change.alias.source in {LISTED, ANY_SOURCE}
    ]
    known = {(symbol, ticker) for symbol, ticker, *_ in rows}
    rows += [
        (row.symbol, alias.spelling, alias.start, alias.end)
        for row in instruments
        if row.asset_class == asset_class
        for alias in row.aliases
        if alias.source == ANY_SOURCE and alias.dated and (row.symbol, alias.spelling) not in known
    ]
    return pl.DataFrame(
        rows, schema={"symbol": pl.String, "ticker": pl.String, "named_from": pl.Date, "named_to": pl.Date}, orient="row"
    ).sort("symbol", "named_from", nulls_last=False)
