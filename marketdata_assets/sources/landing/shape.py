"""Rows to bars and refused rows, one series a symbol."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

import polars as pl

from marketdata_assets.core.faults import PayloadFault
from marketdata_assets.core.timeframes import TIMEFRAMES
from marketdata_assets.schemas.audit import REFUSED_ROWS
from marketdata_assets.schemas.bars import RAW_BARS
from marketdata_assets.sources.landing.evidence import evidence
from marketdata_assets.sources.landing.format import PRICES, LandingFormat
from marketdata_assets.sources.landing.labels import label_starts
from marketdata_assets.sources.landing.names import LONGEST_SYMBOL, Facts, timeframe_named
from marketdata_assets.sources.landing.numbers import missing, read_numbers
from marketdata_assets.sources.landing.refusals import Seen, refused_rows
from marketdata_assets.sources.landing.rows import Rows
from marketdata_assets.sources.landing.spacing import check_spacing, infer_timeframe
from marketdata_assets.sources.landing.stamps import read_stamps
from marketdata_assets.sources.landing.strangers import Known, apart

_RECEIPT = {"symbol", "known_at", "payload_sha256"}
BARS = pl.Schema({name: dtype for name, dtype in RAW_BARS.polars_schema.items() if name not in _RECEIPT})
REFUSED = pl.Schema({name: dtype for name, dtype in REFUSED_ROWS.polars_schema.items() if name not in _RECEIPT})
_NO_BARS, _NONE_REFUSED = pl.DataFrame(schema=BARS), pl.DataFrame(schema=REFUSED)


class Series(NamedTuple):
    """The bars of one symbol in one payload, in the order of its lines, and its rows that are none.

    `bars`: raw bars before they have a canonical symbol and a receipt. `refused`: filed_under, rule, reason, row, line.
    """

    vendor_symbol: str
    timeframe: str
    bars: pl.DataFrame
    refused: pl.DataFrame


def series_of(
    path: str, rows: Rows, layout: LandingFormat, facts: Facts, known: Known | None = None
) -> tuple[list[Series], list[str], Counter[str]]:
    """The series of a payload's rows, by symbol in the order of appearance, notes, and the rows of each symbol that is not `known`.

    A row with a readable time and a price stays among the bars, its unreadable cells null, for the quality rules to judge. A payload
    without rows is one empty series. `PayloadFault` when not one row is a bar, or nothing states symbol or bar length.
    """
    cells = _with_symbol(path, rows.cells, layout, facts)
    frequency = layout.timeframe or _stated(path, facts)
    daily = frequency == "1d"
    if layout.stamp.since == "midnight" and facts.date is None:
        raise PayloadFault(
            f"reading {path} as {layout.name}", "its name states no date to count from", f"name it {_like(layout)}", path=path
        )
    stamps = read_stamps(cells["timestamp"], layout.stamp, daily=daily, day=facts.date)
    if not rows.cells.height and not rows.torn.height:
        return [_empty(path, layout, facts, frequency)], [*rows.notes, "no rows: the file has a header or nothing at all"], Counter()
    if frequency is None:
        frequency = infer_timeframe(path, cells["symbol"], stamps.instants)
        stamps = read_stamps(cells["timestamp"], layout.stamp, daily=frequency == "1d", day=facts.date)
    numbers = read_numbers(cells, layout)
    priced = numbers.select(pl.any_horizontal(pl.col(*(name for name in PRICES if name in numbers.columns)).is_not_null()).alias("p"))["p"]
    named = _named(cells["symbol"])
    is_bar = stamps.instants.is_not_null() & priced & named
    if not is_bar.any():
        raise _no_bars(path, rows, layout)
    check_spacing(path, frequency, cells["symbol"], stamps.instants)
    starts = label_starts(path, stamps, layout.stamp, frequency)
    bars = _bars(cells, starts, numbers, layout, facts)
    refused = None
    if rows.torn.height or not is_bar.all():
        seen = Seen(cells, starts, priced, named, is_bar)
        refused = refused_rows(rows, seen, layout, daily=frequency == "1d", day=facts.date)
        bars, cells, numbers = bars.filter(is_bar), cells.filter(is_bar), numbers.filter(is_bar)
    notes = [*rows.notes, *stamps.notes, *missing(cells, numbers), *_misnamed(layout, facts, bars)]
    left: Counter[str] = Counter()
    if known is not None:
        bars, refused, left = apart(bars, refused, known)
    return _by_symbol(bars, refused, frequency), notes, left


def _with_symbol(path: str, cells: pl.DataFrame, layout: LandingFormat, facts: Facts) -> pl.DataFrame:
    """Cells with a symbol in every row, the column's or else the path's, and a time of day joined to its date."""
    if "symbol" in cells.columns:
        cells = cells.with_columns(pl.col("symbol").cast(pl.String).str.strip_chars())
    elif facts.symbol is None:
        raise PayloadFault(
            f"reading {path} as {layout.name}",
            "neither a column nor the file's name states the symbol",
            f"name the file {_like(layout)}, or set `symbol` in the source's `format:`",
            path=path,
        )
    else:
        cells = cells.with_columns(pl.lit(facts.symbol).alias("symbol"))
    if "time" in cells.columns:
        cells = cells.with_columns(pl.concat_str(pl.col("timestamp", "time").cast(pl.String), separator=" "))
    return cells


def _named(symbols: pl.Series) -> pl.Series:
    """Which rows have a symbol that may be one: a short text without control characters."""
    distinct = symbols.unique()
    usable = distinct.filter(distinct.str.len_chars().is_between(1, LONGEST_SYMBOL) & ~distinct.str.contains(r"\p{C}"))
    return symbols.is_in(usable.to_list()).fill_null(value=False) if len(usable) < len(distinct) else symbols.is_not_null()


def _like(layout: LandingFormat) -> str:
    return f"like {layout.example}" if layout.example else f"so that {' or '.join(layout.files)} finds it"


def _misnamed(layout: LandingFormat, facts: Facts, bars: pl.DataFrame) -> list[str]:
    """A note when a file of one symbol is named for another one; the column is believed."""
    told = bars["vendor_symbol"].unique().to_list() if "symbol" in layout.columns and facts.symbol else []
    if len(told) != 1 or told[0].casefold() == str(facts.symbol).casefold():
        return []
    return [f"the file is named for {facts.symbol!r}, its rows say {told[0]!r}"]


def _stated(path: str, facts: Facts) -> str | None:
    name = timeframe_named(facts.interval)
    if facts.interval is not None and name is None:
        raise PayloadFault(
            f"telling the bar length of {path}",
            f"its name says {facts.interval!r}, a length that is not kept",
            f"land bars of one of {', '.join(TIMEFRAMES)}",
            path=path,
        )
    return name


def _empty(path: str, layout: LandingFormat, facts: Facts, frequency: str | None) -> Series:
    if facts.symbol is None or frequency is None:
        raise PayloadFault(
            f"reading {path} as {layout.name}",
            "it has no rows, and its name does not say whose bars of what length are missing",
            "download it again",
            path=path,
        )
    return Series(facts.symbol, frequency, _NO_BARS, _NONE_REFUSED)


def _no_bars(path: str, rows: Rows, layout: LandingFormat) -> PayloadFault:
    count = rows.cells.height + rows.torn.height
    first = min([*rows.cells["line"].head(1), *rows.torn["line"].head(1)])
    return PayloadFault(
        f"reading {path} as {layout.name}",
        f"not one of its {count:,} rows is a bar; line {first} is {evidence(rows.text([first])[0].encode())!r}",
        "check that the file is what its name says, or describe it with `format:` of the source in marketdata.yaml",
        path=path,
    )


def _bars(cells: pl.DataFrame, starts: pl.Series, numbers: pl.DataFrame, layout: LandingFormat, facts: Facts) -> pl.DataFrame:
    frame = cells.select("line", pl.col("symbol").alias("vendor_symbol")).with_columns(
        starts.alias("timestamp"),
        *numbers.get_columns(),
        pl.lit(layout.price_basis.value).alias("price_basis"),
        pl.lit(layout.volume_basis.value).alias("volume_basis"),
        pl.lit(facts.tape or layout.tape).alias("tape"),
    )
    return frame.select((pl.col(name) if name in frame.columns else pl.lit(None)).cast(dtype).alias(name) for name, dtype in BARS.items())


def _by_symbol(bars: pl.DataFrame, refused: pl.DataFrame | None, frequency: str) -> list[Series]:
    symbols = bars["vendor_symbol"]
    if refused is None and symbols.len() and (symbols == symbols[0]).all():
        return [Series(symbols[0], frequency, bars, _NONE_REFUSED)]
    parts = bars.partition_by("vendor_symbol", as_dict=True, maintain_order=True)
    rejected = {} if refused is None else refused.partition_by("symbol", as_dict=True, maintain_order=True, include_key=False)
    return [
        Series(str(key[0]), frequency, parts.get(key, _NO_BARS), rejected.get(key, _NONE_REFUSED))
        for key in dict.fromkeys([*parts, *rejected])
    ]
