"""When a bar began, from the way a file writes it; what cannot be read stays null and says why."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import NamedTuple

import polars as pl

from marketdata_assets.sources.landing.format import Stamp

UTC_MICROSECONDS = pl.Datetime("us", "UTC")
_NAIVE = pl.Datetime("us")
_PER_UNIT = {"s": 1_000_000, "ms": 1_000, "us": 1}
_EARLIEST, _LATEST = datetime(1900, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
_DAY_US = 86_400_000_000
_OFFSET = r"\s*(?:Z|[+-]\d\d:?\d\d)$"
_MICROSECOND = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}


class Stamps(NamedTuple):
    """Stamps of rows, aligned with the cells: instants in UTC, labelled as the file labels them, and notes.

    `local`: what the clock in the format's zone showed, for telling the label from trading hours.
    Stamps of daily bars are session dates at midnight UTC; an hour that the file states with a date is kept.
    """

    instants: pl.Series
    local: pl.Series
    notes: list[str]


def read_stamps(cells: pl.Series, stamp: Stamp, *, daily: bool, day: date | None) -> Stamps:
    """Instants of `cells` (texts, counts, or times the file has typed); null where a cell is no time between 1900 and 2200.

    `daily`: the wall clock as written is the session's date, whatever the zone. `day`: the date that counts since midnight count from.
    """
    notes: list[str] = []
    if _typed(cells):
        read = _zoned(cells.cast(_NAIVE if _zone(cells) is None else pl.Datetime("us", _zone(cells))), stamp)
    elif stamp.unit is not None:
        read = _counted(cells, stamp, day)
    elif cells.dtype == pl.String:
        read = _written(cells, stamp, notes)
    else:
        read = pl.Series(cells.name, [None] * len(cells), _NAIVE)
    if _zone(read) is None:
        local, instants = read, (_as_utc(read) if daily else _localised(read, stamp.zone))
    else:
        local = read.dt.convert_time_zone(stamp.zone).dt.replace_time_zone(None)
        instants = _as_utc(local) if daily else read.dt.convert_time_zone("UTC")
    if daily and stamp.time_of_day == "drop":
        instants = instants.dt.truncate("1d")
    sane = instants.is_between(_EARLIEST, _LATEST, closed="left")
    return Stamps(_where(sane, instants), local, notes)


def why_unreadable(cells: pl.Series, stamp: Stamp, *, daily: bool, day: date | None) -> pl.DataFrame:
    """Rule and reason for cells whose stamp is null: hours that a clock change repeats or skips, and everything else."""
    texts = cells.cast(pl.String)
    shape = (
        " or ".join(stamp.formats)
        if stamp.unit is None
        else f"a count of {'units' if stamp.unit == 'auto' else stamp.unit} since {stamp.since}"
    )
    rule, reason = (
        pl.lit("unreadable_time"),
        pl.format("{} is no time of the form {} in 1900..2199", _quoted(pl.col("cell")), pl.lit(shape)),
    )
    frame = pl.DataFrame({"cell": texts})
    if not daily and not _typed(cells):
        unzoned = stamp.model_copy(update={"formats": tuple(p for p in stamp.formats if "%z" not in p)})
        naive = _counted(cells, stamp, day) if stamp.unit is not None else _written(texts, unzoned, [])
        if _zone(naive) is None:
            clock = naive.dt
            first = clock.replace_time_zone(stamp.zone, ambiguous="earliest", non_existent="null")
            frame = frame.with_columns(naive.is_not_null().alias("clock"), first.is_not_null().alias("exists"))
            said = pl.format(
                "{} {} in {}",
                _quoted(pl.col("cell")),
                pl.when(pl.col("exists")).then(pl.lit("came twice")).otherwise(pl.lit("never came")),
                pl.lit(stamp.zone),
            )
            rule = (
                pl.when(pl.col("clock") & pl.col("exists"))
                .then(pl.lit("ambiguous_time"))
                .when("clock")
                .then(pl.lit("nonexistent_time"))
                .otherwise(rule)
            )
            reason = pl.when("clock").then(said + pl.lit(": the clock was changed")).otherwise(reason)
    return frame.select(rule.alias("rule"), reason.alias("reason"))


def _counted(cells: pl.Series, stamp: Stamp, day: date | None) -> pl.Series:
    """Counts as UTC instants, or as the wall clock of `day`."""
    counts = cells.to_frame("c").select(pl.col("c").cast(pl.Int64, strict=False))
    unit = stamp.unit or "auto"
    scaled = counts.select(_microseconds(pl.col("c"), unit).alias("us"))["us"]
    if stamp.since == "midnight":
        if day is None:
            return pl.Series(cells.name, [None] * len(cells), _NAIVE)
        midnight = int(datetime.combine(day, time(), UTC).timestamp()) * 1_000_000
        inside = _where(scaled.is_between(0, _DAY_US, closed="left"), scaled)
        return (inside + midnight).cast(_NAIVE)
    low, high = int(_EARLIEST.timestamp()) * 1_000_000, int(_LATEST.timestamp()) * 1_000_000
    return _where(scaled.is_between(low, high), scaled).cast(_NAIVE).dt.replace_time_zone("UTC")


def _microseconds(count: pl.Expr, unit: str) -> pl.Expr:
    """Counts of a unit as microseconds; null where the product would leave 64 bits. `auto`: 10, 13, 16 and 19 digits."""
    if unit == "auto":
        size = count.abs()
        return (
            pl.when(size < 10**11)
            .then(count * 1_000_000)
            .when(size < 10**14)
            .then(count * 1_000)
            .when(size < 10**17)
            .then(count)
            .otherwise(count // 1_000)
        )
    if unit == "ns":
        return count // 1_000
    factor = _PER_UNIT[unit]
    return pl.when(count.abs() < 2**62 // factor).then(count * factor)


def _written(cells: pl.Series, stamp: Stamp, notes: list[str]) -> pl.Series:
    """Texts by the first pattern that reads them; wall clock, or UTC where an offset is written and honoured."""
    texts = cells.str.strip_chars()
    if stamp.offset == "drop":
        texts = texts.str.replace(_OFFSET, "")
    read = pl.Series(cells.name, [None] * len(cells), _NAIVE)
    zoned = any("%z" in pattern for pattern in stamp.formats)
    if zoned:
        read = read.dt.replace_time_zone("UTC")
    for pattern in stamp.formats:
        if not read.null_count():
            break
        read = read.fill_null(_parsed(texts, pattern, stamp, zoned=zoned))
    resaved = {p.replace("%Y-%m-%d", "%Y/%m/%d") for p in stamp.formats if "%Y-%m-%d" in p and "%z" not in p}
    if read.null_count() > texts.null_count():
        before = read.null_count()
        for pattern in sorted(resaved | {p.removesuffix(":%S") for p in resaved}):
            read = read.fill_null(_parsed(texts, pattern, stamp, zoned=zoned))
        if again := before - read.null_count():
            notes.append(f"{again} dates are written YYYY/MM/DD: a spreadsheet re-saved the file, which may have rounded its numbers")
    return read


def _parsed(texts: pl.Series, pattern: str, stamp: Stamp, *, zoned: bool) -> pl.Series:
    read = texts.str.to_datetime(pattern.replace("%z", "%#z"), time_unit="us", strict=False)
    if not zoned:
        return read
    return read.dt.convert_time_zone("UTC") if _zone(read) else _localised(read, stamp.zone)


def _zoned(times: pl.Series, stamp: Stamp) -> pl.Series:
    """Times the file has typed: with `offset: drop` their own wall clock, else as they are."""
    return times.dt.replace_time_zone(None) if stamp.offset == "drop" else times


def _localised(naive: pl.Series, zone: str) -> pl.Series:
    """Wall clock of `zone` as UTC; null for an hour that a clock change repeats or skips."""
    if zone == "UTC":
        return _as_utc(naive)
    return naive.dt.replace_time_zone(zone, ambiguous="null", non_existent="null").dt.convert_time_zone("UTC")


def _as_utc(naive: pl.Series) -> pl.Series:
    return naive.dt.replace_time_zone("UTC")


def _where(keep: pl.Series, values: pl.Series) -> pl.Series:
    return values if keep.all(ignore_nulls=False) else values.to_frame("v").select(pl.when(keep).then("v"))["v"]


def _typed(series: pl.Series) -> bool:
    return series.dtype == pl.Date or isinstance(series.dtype, pl.Datetime)


def _zone(series: pl.Series) -> str | None:
    return getattr(series.dtype, "time_zone", None)


def _quoted(text: pl.Expr) -> pl.Expr:
    return pl.concat_str(pl.lit("'"), text.fill_null("").str.slice(0, 60), pl.lit("'"))
