"""Which landing format a file is in: told by header, path and stamps, never guessed between two."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

import polars as pl
import pyarrow as pa

from marketdata_assets.core.faults import PayloadFault
from marketdata_assets.sources.landing.columnar import column_names
from marketdata_assets.sources.landing.content import HEAD, Kind, kind_of
from marketdata_assets.sources.landing.delimited import BOM, first_line, has_header, positions, split_line
from marketdata_assets.sources.landing.evidence import evidence
from marketdata_assets.sources.landing.format import PRICES, LandingFormat
from marketdata_assets.sources.landing.json_rows import first_row
from marketdata_assets.sources.landing.names import facts, stem
from marketdata_assets.sources.landing.narrowing import narrowed
from marketdata_assets.sources.landing.presets import PRESETS
from marketdata_assets.sources.landing.stamps import read_stamps

_SHOWN = 3
_SAMPLE = 20
_OTHER_DELIMITERS = {"|": "|", ";": ";", "\t": "tab"}


class _Sight(NamedTuple):
    """What recognition looks at: the paths, the kind of content, its first names or values, its head, and the fields of a few lines."""

    paths: list[str]
    kind: Kind
    first: list[str]
    head: bytes
    sample: list[list[str]]


def recognise(path: str, head: bytes, *, member: str = "", asset_class: str | None = None) -> LandingFormat:
    """The preset that a file is in: its header is one the preset lists, or its name is the vendor's, and its first stamps are readable.

    `head`: the first 64 KiB, unpacked; all of a feather or parquet, which state their columns at the end. `member`: the name inside
    a zip. `PayloadFault` when nothing or more than one fits, with what was found, what was tried and how to configure it.
    """
    paths = [p for p in (path, member) if p]
    kind = kind_of(path, head)
    whole = head[: head.rfind(b"\n") + 1] if kind == "csv" and len(head) >= HEAD else head
    sight = _Sight(paths, kind, _first(kind, head), whole, _sample(whole) if kind == "csv" else [])
    verdicts = {preset.name: _unfit(preset, sight, asset_class) for preset in PRESETS.values() if preset.headers or preset.names}
    fitting = [PRESETS[name] for name, why in verdicts.items() if why is None]
    if len(fitting) > 1:
        fitting = narrowed(fitting, paths, whole)
    # Ticks and quotes may have the very shape of bars; and what has no known shape may be named as something known.
    refuse_other_files(paths, fitting or PRESETS.values())
    if len(fitting) == 1:
        return fitting[0]
    raise _unknown(sight, {name: why for name, why in verdicts.items() if why}, [preset.name for preset in fitting])


def refuse_other_files(paths: list[str], formats: Iterable[LandingFormat]) -> None:
    """`PayloadFault` for a file that its path gives away as something else than bars: quotes, ticks, reference data."""
    for layout in formats:
        for kind in layout.other_files:
            if hit := next((p for p in paths if re.search(kind.pattern, stem(p))), None):
                raise PayloadFault(
                    f"reading {paths[0]}",
                    f"{hit.rsplit('/', 1)[-1]} holds {kind.reason}",
                    "keep it out of the landing folder of bars",
                    path=paths[0],
                )


def _first(kind: Kind, head: bytes) -> list[str]:
    """The first line's fields, the names of a feather's or parquet's columns, or the values of a json's first row."""
    if kind == "csv":
        return [field.strip() for field in split_line(first_line(head)[0], ",")]
    if kind == "json":
        return first_row(head)
    try:
        return column_names(head)
    except (pa.ArrowException, OSError, ValueError, pl.exceptions.PolarsError, pl.exceptions.PanicException):
        return []


def _unfit(preset: LandingFormat, sight: _Sight, asset_class: str | None) -> str | None:
    """Why a file is not in this format; None when it may well be. An empty reason is not worth telling."""
    if preset.kind != sight.kind:
        return ""
    titled = ",".join(sight.first).casefold() in [header.casefold() for header in preset.headers]
    empty_json = sight.kind == "json" and sight.head.split() in ([b"[]"], [b"[", b"]"])
    headless = preset.header is not True and (
        empty_json or (len(sight.first) == len(preset.names) and not has_header(_UNSURE, ",".join(sight.first)))
    )
    if not titled and not headless:
        return ""
    if asset_class and preset.asset_class not in (None, asset_class):
        return f"that is a format of {preset.asset_class}, the source is one of {asset_class}"
    told = facts(preset, sight.paths)
    if headless and told.symbol is None:
        return f"without a header it must be named like {preset.example}"
    if preset.stamp.since == "midnight" and told.date is None:
        return f"its name states no date; it must be named like {preset.example}"
    return _unreadable(preset, sight, titled=titled, day=told.date) if sight.kind == "csv" else None


def _sample(head: bytes) -> list[list[str]]:
    lines = head[:HEAD].decode("utf-8", errors="replace").removeprefix("\ufeff").splitlines()[: _SAMPLE + 1]
    return [split_line(line, ",") for line in lines if line]


def _unreadable(preset: LandingFormat, sight: _Sight, *, titled: bool, day: date | None) -> str | None:
    """Why the first stamps do not fit; a file without rows cannot contradict."""
    names = sight.first if titled else list(preset.names)
    place = positions(sight.paths[0], names, preset)["timestamp"]
    texts = [fields[place] for fields in sight.sample[titled:] if len(fields) == len(names)]
    stamps = read_stamps(pl.Series(texts, dtype=pl.String), preset.stamp, daily=preset.timeframe == "1d", day=day)
    if not texts or stamps.instants.is_not_null().any():
        return None
    due = " or ".join(preset.stamp.formats) or f"counts of {preset.stamp.unit}"
    return f"it has this layout, but stamps like {evidence(texts[0].encode())!r} are not {due}"


_UNSURE = LandingFormat(header=None, names=("timestamp", *PRICES, "volume"))


def _unknown(sight: _Sight, verdicts: dict[str, str], fitting: list[str]) -> PayloadFault:
    shown = evidence(first_line(sight.head)[0].encode() if sight.kind == "csv" else ",".join(sight.first).encode() or sight.head)
    begins = f"it begins {shown!r}"
    if fitting:
        found = f"{begins}, which fits {' and '.join(fitting)} alike"
    elif verdicts:
        found = f"{begins}; " + "; ".join(f"{name}: {why}" for name, why in list(verdicts.items())[:_SHOWN])
    else:
        found = f"{begins}, the layout of none of the {len(PRESETS) - 1} presets{_hint(sight)}"
    return PayloadFault(
        f"recognising the format of {sight.paths[0]}",
        found,
        "if these are bars, set `format:` of the source in marketdata.yaml, to a preset or to a column map; docs/landing.md shows both",
        path=sight.paths[0],
    )


def _hint(sight: _Sight) -> str:
    """What looks wrong about a layout nobody knows."""
    line = first_line(sight.head.removeprefix(BOM))[0]
    if sight.kind == "parquet":
        return "; parquet is read by a configured column map alone"
    if sight.kind != "csv":
        return ""
    for sign, name in _OTHER_DELIMITERS.items():
        if line.count(sign) > line.count(","):
            return f"; its fields seem to be separated by {name!r}, not by commas"
    names = {name.casefold() for name in sight.first}
    if has_header(_UNSURE, line) and not names & set(PRICES):
        return "; these are not bars: no column is called open, high, low or close"
    return ""
