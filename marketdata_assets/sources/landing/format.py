"""What a landing format is: the layout of a vendor's files as data, ours in the presets or a user's in marketdata.yaml."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from marketdata_assets.core.basis import PriceBasis
from marketdata_assets.core.timeframes import TIMEFRAMES
from marketdata_assets.schemas.bars import RAW_BARS

PRICES = ("open", "high", "low", "close")
_ORIGIN = {"vendor_symbol", "price_basis", "volume_basis", "tape", "known_at", "payload_sha256", "line"}
COLUMNS = ("time", *(name for name in RAW_BARS.polars_schema if name not in _ORIGIN))
"""What `columns` may map: the vendor's own facts of a raw bar, and `time` for a time of day in a column of its own."""
_GROUPS = {"symbol", "interval", "date", "tape"}


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Stamp(_Model):
    """How a file writes the time of a bar."""

    formats: tuple[str, ...] = Field(
        ("%Y-%m-%d %H:%M:%S%z", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d"),
        description="strftime patterns, tried in order; `%Y-%m-%d` also reads 2023/12/29, as spreadsheets re-save it, with a note",
    )
    unit: Literal["s", "ms", "us", "ns", "auto"] | None = Field(
        None, description="the stamp is a count of this unit instead of a text; `auto` tells s, ms, us and ns apart by magnitude"
    )
    since: Literal["epoch", "midnight"] = Field(
        "epoch", description="where a count starts: 1970-01-01 UTC, or local midnight of the date in the file's name, on the wall clock"
    )
    zone: str = Field("UTC", description="IANA zone of stamps that state no UTC offset, and of a date in the file's name")
    offset: Literal["honour", "drop"] = Field(
        "honour", description="a written UTC offset either converts the stamp (honour) or is decoration on a session date (drop)"
    )
    label: Literal["start", "end"] = Field(
        "start", description="which end of the bar an intraday stamp names; stored bars are labelled by start"
    )
    hours: tuple[str, str] | None = Field(
        None,
        description="local trading hours HH:MM..HH:MM of the vendor; a file whose stamps prove the other label is refused",
    )
    time_of_day: Literal["keep", "drop"] = Field(
        "keep",
        description="drop: a daily stamp at the session's open or close stands for its date; keep: an odd hour stays visible to the rules",
    )

    @field_validator("zone")
    @classmethod
    def _zone_exists(cls, zone: str) -> str:
        try:
            ZoneInfo(zone)
        except (KeyError, ValueError, OSError):
            raise ValueError(f"zone {zone!r} is no IANA time zone, e.g. UTC or America/New_York") from None
        return zone

    @model_validator(mode="after")
    def _says_how(self) -> Stamp:
        if not self.formats and self.unit is None:
            raise ValueError("give the stamp's `formats`, e.g. ['%Y-%m-%d'], or its `unit`, e.g. ms")
        if self.since == "midnight" and self.unit is None:
            raise ValueError("a stamp counted since midnight needs its `unit`")
        return self


class NotABar(_Model):
    """A kind of row, or of file, that a vendor mixes with bars: recognised by a regular expression and refused under its own rule."""

    rule: str = Field(pattern=r"^[a-z][a-z0-9_]*$", description="name of the reading rule")
    pattern: str = Field(description="regular expression, searched in the row's text or in the file's path")
    reason: str = Field(description="what such a row or file is")


class LandingFormat(_Model):
    """The layout of a vendor's files. Every field has a default: `{columns: {...}}` alone makes a usable format.

    `{preset: NAME, tape: xnas}` is the preset of that name with changes.
    """

    name: str = Field("generic", description="name of the format, as `landing_files` shows it")
    title: str = Field("your own mapping", description="what it is, for people")
    trap: str = Field("", description="what to know about these numbers before using them")
    asset_class: Literal["us_equities", "crypto"] | None = Field(None, description="asset class of such files; absent when they hold any")
    kind: Literal["csv", "json", "feather", "parquet"] = Field(
        "csv", description="what is inside; gzip and zip around it are found by themselves. json is a list of lists"
    )
    delimiter: str = Field(",", min_length=1, max_length=1, description="what separates the fields of a csv")
    header: bool | None = Field(
        True, description="whether the first line names the columns; null: it does when it does not begin with a digit"
    )
    names: tuple[str, ...] = Field((), description="column names in order, for files (or rows of json) without a header")
    headers: tuple[str, ...] = Field((), description="header lines by which a file of this format is recognised, case ignored")
    columns: dict[str, str | tuple[str, ...]] = Field(
        {"timestamp": "timestamp", **{name: name for name in PRICES}, "volume": "volume"},
        description=f"our column -> the file's column (or the names it may have), case ignored; ours are {', '.join(COLUMNS)}",
    )
    stamp: Stamp = Field(default_factory=Stamp, description="how the time of a bar is written")
    timeframe: str | None = Field(
        None, description="bar length (1d, 1h, 5m, ...); else the `interval` in the file's name, else the spacing of the stamps"
    )
    files: tuple[str, ...] = Field(
        (),
        description="regular expressions searched in the path without its suffixes, with groups symbol, interval, date (YYYYMMDD "
        "or YYYY-MM-DD), tape; with none, the file's name is the symbol",
    )
    folders: tuple[str, ...] = Field((), description="words in a path that speak for this format where another one fits as well")
    example: str = Field("", description="a path as such files are named")
    symbol: str | None = Field(None, description="the vendor's symbol, where neither a column nor the file's name states it")
    symbol_case: Literal["as_is", "upper"] = Field("as_is", description="upper: file names are in small letters, the ticker is not")
    price_divisor: float = Field(1.0, gt=0, description="prices are written multiplied by this")
    thousands: str = Field("", max_length=1, description="the sign between groups of digits, removed from numbers")
    no_split: float | None = Field(None, description="what the split column says on a day without one, when that is not 1")
    price_basis: PriceBasis = Field(
        PriceBasis.RAW, description="what prices were adjusted for: raw, split_adjusted, split_dividend_adjusted"
    )
    volume_basis: PriceBasis = Field(PriceBasis.RAW, description="what volumes were adjusted for")
    tape: str = Field("unstated", description="where the trades were seen: consolidated, a venue, a feed")
    other_rows: tuple[NotABar, ...] = Field(
        (), description="rows that are not bars, told apart by their text once they could not be read as one"
    )
    other_files: tuple[NotABar, ...] = Field((), description="files of the same vendor that are not bars, refused by their path")

    @model_validator(mode="before")
    @classmethod
    def _from_preset(cls, value: Any) -> Any:
        if isinstance(value, Mapping) and "preset" in value:
            from marketdata_assets.sources.landing.presets import changed_preset  # the presets are made of this very class

            return changed_preset(value)
        return value

    @field_validator("columns")
    @classmethod
    def _known_columns(cls, columns: dict[str, str | tuple[str, ...]]) -> dict[str, str | tuple[str, ...]]:
        strangers = sorted(set(columns) - set(COLUMNS))
        if strangers:
            raise ValueError(f"column {', '.join(strangers)} is unknown; ours are {', '.join(COLUMNS)}")
        if "timestamp" not in columns or not set(PRICES) & set(columns):
            raise ValueError("map at least timestamp and one price (open, high, low or close)")
        return columns

    @field_validator("timeframe")
    @classmethod
    def _known_timeframe(cls, name: str | None) -> str | None:
        if name is not None and name not in TIMEFRAMES:
            raise ValueError(f"timeframe {name!r} is unknown; use one of {', '.join(TIMEFRAMES)}")
        return name

    @field_validator("files")
    @classmethod
    def _patterns_compile(cls, patterns: tuple[str, ...]) -> tuple[str, ...]:
        for pattern in patterns:
            try:
                groups = set(re.compile(pattern).groupindex)
            except re.error as error:
                raise ValueError(f"file pattern {pattern!r}: {error}") from None
            if groups - _GROUPS or not groups:
                raise ValueError(f"file pattern {pattern!r} names the groups {sorted(groups)}; use some of {', '.join(sorted(_GROUPS))}")
        return patterns

    @model_validator(mode="after")
    def _fits_together(self) -> LandingFormat:
        groups = {group for pattern in self.files for group in re.compile(pattern).groupindex}
        if (self.header is not True or self.kind == "json") and not self.names:
            raise ValueError("a file without a header needs `names`, its columns in order")
        lost = [ours for ours in self.columns if not set(self.spellings(ours)) & set(self.names)]
        if self.names and self.header is not True and lost:
            raise ValueError(f"`names` lists no column for {', '.join(lost)}")
        if self.stamp.since == "midnight" and "date" not in groups:
            raise ValueError("a stamp counted since midnight needs a `files` pattern with the group date")
        if self.files and "symbol" not in groups and self.symbol is None and "symbol" not in self.columns:
            raise ValueError(
                "nothing states the symbol: map a symbol column, name a `symbol`, or give a `files` pattern with the group symbol"
            )
        return self

    def spellings(self, ours: str) -> tuple[str, ...]:
        """The names that the file's column for one of ours may have; none when it is not mapped."""
        theirs = self.columns.get(ours, ())
        return (theirs,) if isinstance(theirs, str) else theirs
