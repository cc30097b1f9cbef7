"""Who is who: canonical symbols, what they are, and which vendor's spelling means which of them on which date."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl

from marketdata_assets.core.aliases import Alias, format_aliases, parse_aliases
from marketdata_assets.core.faults import ConfigFault, Fault, SymbolFault
from marketdata_assets.core.identity import Holder, Identity
from marketdata_assets.core.sectors import SECTORS
from marketdata_assets.core.spellings import guess_canonical as guess_canonical  # noqa: PLC0414 - part of this module's surface
from marketdata_assets.core.symbols import require_canonical

COLUMNS = ("symbol", "asset_class", "exchange", "currency", "sector", "listed_on", "delisted_on", "aliases")


@dataclass(frozen=True)
class Instrument:
    """One thing that trades. It lives on the dates `[listed_on, delisted_on)`; None means not known, or still trading.

    `exchange` names the calendar (`XNYS`, `XNAS`, `CRYPTO`), `currency` the unit of its prices, `sector` a GICS sector.
    """

    symbol: str
    asset_class: str
    exchange: str
    currency: str
    sector: str | None = None
    listed_on: date | None = None
    delisted_on: date | None = None
    aliases: tuple[Alias, ...] = ()

    def __post_init__(self) -> None:
        require_canonical(self.symbol)
        for name in ("asset_class", "exchange", "currency"):
            value = getattr(self, name)
            if not value.replace("_", "").isalnum() or not value.isascii():
                raise ConfigFault(f"describing {self.symbol}", f"its {name} is {value[:40]!r}", "use letters, digits and '_'")
        if self.sector is not None and self.sector not in SECTORS:
            raise ConfigFault(
                f"describing {self.symbol}", f"sector {self.sector[:40]!r} is unknown", f"leave it empty or use one of {', '.join(SECTORS)}"
            )
        if self.listed_on and self.delisted_on and self.listed_on >= self.delisted_on:
            raise ConfigFault(
                f"describing {self.symbol}", f"listed {self.listed_on}, delisted {self.delisted_on}", "the listing comes first"
            )


class Instruments:
    """All instruments of the platform: each symbol once, and no spelling that could mean two of them on one date.

    `ConfigFault` otherwise, with the file and line where `parse_instruments` gave them.
    """

    def __init__(self, rows: Iterable[Instrument], *, where: str = "", lines: Sequence[int] = ()) -> None:
        self._rows = tuple(rows)
        self._by_symbol = {row.symbol: row for row in self._rows}
        self._identity = Identity()
        self._holders: dict[tuple[str, str, str], list[Holder]] = {}
        for check in (self._identity.add, self._identity.refuse_shadowed):
            for at, row in enumerate(self._rows):
                try:
                    check(row.symbol, row.asset_class, row.aliases)
                except ConfigFault as fault:
                    raise _placed(fault, where, lines[at] if lines else None) from None

    def __iter__(self) -> Iterator[Instrument]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def __contains__(self, symbol: object) -> bool:
        return symbol in self._by_symbol

    def symbols(self, asset_class: str) -> list[str]:
        """Every canonical symbol of an asset class, sorted."""
        return sorted(row.symbol for row in self._rows if row.asset_class == asset_class)

    def get(self, symbol: str) -> Instrument:
        """The instrument with this canonical symbol; `SymbolFault` when there is none."""
        try:
            return self._by_symbol[symbol]
        except KeyError:
            raise SymbolFault(
                "looking up an instrument",
                f"{symbol[:64]!r} is not in the instruments file",
                "see `marketdata instruments`; `marketdata instruments discover --source NAME` adds what a landing folder holds",
            ) from None

    def resolve(self, source: str, spelling: str, asset_class: str, on: date | None = None) -> str:
        """The canonical symbol that `source` means by `spelling` on the date `on`.

        In this order: an alias dated for that day (the source's own before `*`), the canonical symbol itself, an undated alias (the
        source's own before `*`); then the same for the spelling in capitals when it has small letters only, then for its mechanical
        form (`guess_canonical`). A dated alias that repeats an instrument's own symbol limits it: `lean:WM@2009-08-05..` says that
        LEAN's `WM` of 2005 is somebody else. Without `on`, a dated alias answers only when all dated claims to the spelling
        are one instrument's. `SymbolFault` when nobody answers.
        """
        found = self._identity.find(source, spelling, asset_class, on)
        if found is None:
            raise SymbolFault(
                f"finding the {asset_class} instrument behind {source}'s {spelling[:64]!r}" + (f" on {on}" if on else ""),
                "no instrument answers to it",
                f"run `marketdata instruments discover --source {source}`, or give an instrument this alias",
                source=source,
                symbol=spelling[:64],
            )
        return found

    def holders(self, source: str, spelling: str, asset_class: str) -> list[Holder]:
        """Whom the spelling means over all time, as adjoining half-open spans: a single one unless dated aliases part it.

        A file that runs across a rename or a reused ticker is split by joining these spans on its date column.
        """
        asked = (source, spelling, asset_class)
        if asked not in self._holders:  # a file a day of a whole market asks for the same ten thousand every time
            self._holders[asked] = self._identity.holders(*asked)
        return self._holders[asked]

    def frame(self) -> pl.DataFrame:
        """One row an instrument, in file order: the columns of instruments.csv, dates as Date, aliases as their text."""
        schema = {name: pl.Date if name.endswith("_on") else pl.String for name in COLUMNS}
        fields = COLUMNS[:-1]
        rows = [(*(getattr(row, name) for name in fields), format_aliases(row.aliases)) for row in self._rows]
        return pl.DataFrame(rows, schema=schema, orient="row")


def parse_instruments(text: str, where: str) -> Instruments:
    """The instruments of a CSV text with exactly the columns `COLUMNS`; every cell is text, so `NA`, `TRUE`, `000001`, `1E5` stay.

    Blank lines are passed over. `ConfigFault` with the path `where` and the line for an unknown or missing column, a row
    of another width, a bad date, sector, symbol or alias, a symbol given twice, or a spelling that two instruments claim for one day.
    """
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    rows: list[Instrument] = []
    lines: list[int] = []
    try:
        for cells in reader:
            if reader.line_num == 1:
                _require_header(cells)
            elif cells:
                rows.append(_instrument(cells))
                lines.append(reader.line_num)
        if not reader.line_num:
            _require_header([])
    except (Fault, csv.Error) as error:
        fault = error if isinstance(error, Fault) else ConfigFault("reading it as CSV", str(error), "quote the cell properly")
        raise _placed(fault, where, reader.line_num) from None
    return Instruments(rows, where=where, lines=lines)


def format_instruments(instruments: Iterable[Instrument]) -> str:
    """The CSV text that `parse_instruments` reads back to equal instruments."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in instruments:
        writer.writerow([*(getattr(row, name) or "" for name in COLUMNS[:-1]), format_aliases(row.aliases)])
    return out.getvalue()


def _require_header(cells: list[str]) -> None:
    if tuple(cells) != COLUMNS:
        odd = [f"unknown column {name[:40]!r}" for name in cells if name not in COLUMNS]
        odd += [f"no column {name!r}" for name in COLUMNS if name not in cells]
        raise ConfigFault("reading the header", ", ".join(odd) or "columns in another order", f"write {','.join(COLUMNS)}")


def _instrument(cells: list[str]) -> Instrument:
    if len(cells) != len(COLUMNS):
        raise ConfigFault("reading an instrument", f"{len(cells)} cells, not {len(COLUMNS)}", f"fill {','.join(COLUMNS)}")
    symbol, asset_class, exchange, currency, sector, listed_on, delisted_on, aliases = (cell.strip() for cell in cells)
    return Instrument(symbol, asset_class, exchange, currency, sector or None, _day(listed_on), _day(delisted_on), parse_aliases(aliases))


def _day(text: str) -> date | None:
    if not text:
        return None
    try:
        if len(text) == 10:
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise ConfigFault("reading a date", f"{text[:40]!r} is none", "write it as 2022-06-09, or leave the cell empty")


def _placed(fault: Fault, where: str, line: int | None) -> ConfigFault:
    place = f"{where}, line {line}: " if where and line else ""
    return ConfigFault(place + fault.tried, fault.found, fault.remedy, path=where or None, line=line)
