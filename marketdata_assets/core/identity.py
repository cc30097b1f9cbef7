"""Whom a vendor's spelling means on which date: aliases, canonical symbols and mechanical spellings in one order."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

from marketdata_assets.core.aliases import ANY_SOURCE, Alias
from marketdata_assets.core.faults import ConfigFault
from marketdata_assets.core.spellings import guesses


@dataclass(frozen=True)
class Holder:
    """Whom a spelling means on the dates `[start, end)`; None leaves that side open, `symbol` None: nobody known."""

    start: date | None
    end: date | None
    symbol: str | None


@dataclass(frozen=True)
class _Claim:
    alias: Alias
    symbol: str
    asset_class: str


class Identity:
    """The index of every spelling; `Instruments` fills it and asks it."""

    def __init__(self) -> None:
        self._classes: dict[str, str] = {}
        self._index: dict[tuple[str, str], list[_Claim]] = {}

    def add(self, symbol: str, asset_class: str, aliases: tuple[Alias, ...]) -> None:
        """Takes one instrument in; `ConfigFault` when its symbol or a spelling on some date is taken already."""
        if symbol in self._classes:
            raise ConfigFault(f"adding {symbol}", "the symbol is there already", "keep one row for each symbol")
        self._classes[symbol] = asset_class
        for alias in aliases:
            claims = self._index.setdefault((alias.source, alias.spelling), [])
            for other in claims:
                if other.asset_class == asset_class and other.alias.overlaps(alias):
                    raise ConfigFault(
                        f"giving {symbol} the alias {alias}",
                        f"{other.symbol} has {other.alias}, which overlaps it",
                        "date both so that one day has one holder; spans are half-open",
                    )
            claims.append(_Claim(alias, symbol, asset_class))

    def refuse_shadowed(self, symbol: str, asset_class: str, aliases: tuple[Alias, ...]) -> None:
        """`ConfigFault` when an undated alias is another instrument's symbol, which would always win; ask once all are added."""
        for alias in aliases:
            if not alias.dated and alias.spelling != symbol and self.knows(alias.spelling, asset_class):
                raise ConfigFault(
                    f"giving {symbol} the alias {alias}",
                    f"{alias.spelling} is itself an instrument, which would always win",
                    "date the alias, as in source:SPELLING@2012-05-18..2022-06-09, or drop it",
                )

    def knows(self, symbol: str, asset_class: str) -> bool:
        """Whether `symbol` is the canonical symbol of an instrument of the class."""
        return self._classes.get(symbol) == asset_class

    def find(self, source: str, spelling: str, asset_class: str, on: date | None) -> str | None:
        """The canonical symbol, or None; the order is told at `Instruments.resolve`."""
        found = self._named(source, spelling, asset_class, on)
        if found is None and (raised := _raised(spelling)) != spelling:
            found = self._named(source, raised, asset_class, on)
        if found is None:
            named = (self._named(source, guess, asset_class, on) for guess in guesses(spelling, asset_class))
            found = next((symbol for symbol in named if symbol), None)
        return found

    def holders(self, source: str, spelling: str, asset_class: str) -> list[Holder]:
        """Whom the spelling means over all time: adjoining spans, ascending, neighbours with different answers."""
        claims = [c for text in {spelling, _raised(spelling)} for c in self._claims(source, text, asset_class)]
        cuts = sorted({day for claim in claims for day in (claim.alias.start, claim.alias.end) if day})
        edges: list[date | None] = [None, *cuts, None]
        spans: list[Holder] = []
        for start, end in pairwise(edges):
            on = start or (cuts[0] - timedelta(days=1) if cuts else None)
            symbol = self.find(source, spelling, asset_class, on)
            if spans and spans[-1].symbol == symbol:
                spans[-1] = Holder(spans[-1].start, end, symbol)
            else:
                spans.append(Holder(start, end, symbol))
        return spans

    def _claims(self, source: str, spelling: str, asset_class: str) -> list[_Claim]:
        found = [claim for name in (source, ANY_SOURCE) for claim in self._index.get((name, spelling), [])]
        return [claim for claim in found if claim.asset_class == asset_class]

    def _named(self, source: str, spelling: str, asset_class: str, on: date | None) -> str | None:
        claims = self._claims(source, spelling, asset_class)
        dated = [claim for claim in claims if claim.alias.dated]
        if on is not None:
            for claim in dated:
                if claim.alias.holds(on):
                    return claim.symbol
        limited = on is not None and any(claim.symbol == spelling for claim in dated)
        if self.knows(spelling, asset_class) and not limited:
            return spelling
        for claim in claims:
            if not claim.alias.dated:
                return claim.symbol
        sole = {claim.symbol for claim in dated}
        return sole.pop() if on is None and len(sole) == 1 else None


def _raised(spelling: str) -> str:
    return spelling.upper() if spelling == spelling.lower() else spelling
