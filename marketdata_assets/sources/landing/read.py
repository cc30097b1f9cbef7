"""A landed payload to series of bars: the one door to everything in this folder."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

import polars as pl

from marketdata_assets.core.faults import PayloadFault
from marketdata_assets.sources.landing.bounded import Member, members
from marketdata_assets.sources.landing.checksums import SUFFIX, is_checksum, verify_checksum
from marketdata_assets.sources.landing.columnar import read_columnar
from marketdata_assets.sources.landing.content import HEAD, kind_of
from marketdata_assets.sources.landing.delimited import read_delimited
from marketdata_assets.sources.landing.evidence import evidence
from marketdata_assets.sources.landing.format import LandingFormat
from marketdata_assets.sources.landing.ipc_sizes import ARROW
from marketdata_assets.sources.landing.json_rows import read_json
from marketdata_assets.sources.landing.limits import LIMITS, Limits
from marketdata_assets.sources.landing.names import facts
from marketdata_assets.sources.landing.parquet_sizes import PARQUET
from marketdata_assets.sources.landing.recognise import recognise, refuse_other_files
from marketdata_assets.sources.landing.rows import Rows
from marketdata_assets.sources.landing.shape import Series, series_of
from marketdata_assets.sources.landing.strangers import Known, left_out_note

_A_SERIES = 1 << 13  # bytes that the frames of a series take, however few its rows
_READERS = {"csv": read_delimited, "json": read_json, "feather": read_columnar, "parquet": read_columnar}


class Reading(NamedTuple):
    """What a payload says: the format it is in, a series per symbol and bar length, and notes on how it had to be read."""

    format: str
    series: list[Series]
    notes: list[str]

    def weight(self, size: int) -> int:
        """About how many bytes it takes to keep, read from a payload of `size` bytes."""
        return max(size, len(self.series) * _A_SERIES)


def read_payload(
    path: str,
    data: bytes,
    *,
    format: LandingFormat | None,  # noqa: A002 - the word of marketdata.yaml
    limits: Limits = LIMITS,
    asset_class: str | None = None,
    checksum: bytes | None = None,
    known: Known | None = None,
) -> Reading:
    """The bars and refused rows of a payload, nothing dropped: every row is a bar or a refused row, and `line` says which it was.

    `path`: below the source's landing folder. `format`: None recognises it. `asset_class`: of the source, where it decides between
    formats. `checksum`: what a `.CHECKSUM` file beside it says. `known`: series of other symbols are left out, and a note counts them.
    Lines count through all members of a zip; a `.CHECKSUM` itself is no
    series. `PayloadFault` or its `LimitFault` when the payload as a whole is refused, always before anything of it is returned.
    """
    if is_checksum(path):
        return Reading("checksum", [], [f"the checksum of {path.removesuffix(SUFFIX).rsplit('/', 1)[-1]}, not data"])
    if checksum is not None:
        verify_checksum(path, data, checksum)
    series: list[Series] = []
    notes: list[str] = []
    left: Counter[str] = Counter()
    layout = format
    before = 0
    for member, several in _announced(path, data, limits):
        where = f"{path}/{member.name}" if several else path
        paths = [path, member.name] if member.name and not several else [where]
        layout = _layout(paths, member.data, format, asset_class, before=layout)
        rows, found, said, strangers = _read(where, paths, member.data, layout, limits, known)
        left.update(strangers)
        series += [_moved(one, before) for one in found]
        notes += [f"{member.name}: {note}" if several else note for note in said]
        before += max([0, *rows.cells["line"].tail(1), *rows.torn["line"].tail(1)])
    return Reading(layout.name if layout else "", _joined(series), [*dict.fromkeys(notes), *left_out_note(left)])


def _announced(path: str, data: bytes, limits: Limits) -> Iterator[tuple[Member, bool]]:
    """The members of a payload, each with whether it has company."""
    unpacked = members(path, data, limits)
    first, second = next(unpacked), next(unpacked, None)
    yield first, second is not None
    if second is not None:
        yield second, True
        yield from ((member, True) for member in unpacked)


def _layout(
    paths: list[str], data: bytes, given: LandingFormat | None, asset_class: str | None, before: LandingFormat | None
) -> LandingFormat:
    """The format to read a member by: the configured one, or the one it is recognised to be in, which no other member may contradict."""
    if given is None:
        member = paths[1] if len(paths) > 1 else ""
        head = data if data.startswith((ARROW, PARQUET)) else data[:HEAD]
        found = recognise(paths[0], head, member=member, asset_class=asset_class)
        if before not in (None, found):
            raise PayloadFault(
                f"recognising the format of {paths[0]}",
                f"it is {found.name}, other files in its zip are not",
                "land them apart",
                path=paths[0],
            )
        return found
    refuse_other_files(paths, [given])
    kind = kind_of(paths[0], data)
    if kind != given.kind:
        raise PayloadFault(
            f"reading {paths[0]} as {given.name}",
            f"it is {kind}, where {given.kind} is due: {evidence(data)!r}",
            "correct `format:` of the source in marketdata.yaml, or keep the file out of its folder",
            path=paths[0],
        )
    return given


def _read(
    path: str, paths: list[str], data: bytes, layout: LandingFormat, limits: Limits, known: Known | None
) -> tuple[Rows, list[Series], list[str], Counter[str]]:
    try:
        rows = _READERS[layout.kind](path, data, layout, limits)
        return rows, *series_of(path, rows, layout, facts(layout, paths), known)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        found = f"it cannot be parsed ({(str(error) or type(error).__name__).splitlines()[0][:120]})"
        raise PayloadFault(f"reading {path} as {layout.name}", found, "check the file; if it is sound, report it", path=path) from None


def _moved(series: Series, by: int) -> Series:
    shift = pl.col("line") + by
    return series._replace(bars=series.bars.with_columns(shift), refused=series.refused.with_columns(shift)) if by else series


def _joined(parts: list[Series]) -> list[Series]:
    """One series per symbol and bar length, where several members of a zip held pieces of it."""
    together: dict[tuple[str, str], Series] = {}
    for part in parts:
        key = (part.vendor_symbol, part.timeframe)
        if key in together:
            old = together[key]
            part = old._replace(bars=pl.concat([old.bars, part.bars]), refused=pl.concat([old.refused, part.refused]))
        together[key] = part
    return list(together.values())
