"""When an exchange trades: its sessions, half days and closures, as frames."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from datetime import date, datetime, time, timedelta
from functools import cached_property, lru_cache
from importlib.metadata import version

import polars as pl

from marketdata_assets.core.faults import CalendarFault, ConfigFault
from marketdata_assets.core.overrides import Override, OverrideKind, overrides_digest

# Nasdaq keeps the hours and holidays of the New York Stock Exchange.
CALENDARS = {"XNYS": "XNYS", "XNAS": "XNYS", "CRYPTO": "24/7", "24/7": "24/7"}
ROUND_THE_CLOCK = "24/7"
# The library knows no Saturday sessions (New York traded on Saturdays until 1952) and extrapolates its rules into the future;
# fixed bounds keep its answers independent of today.
HORIZON = (date(1960, 1, 1), date(2051, 1, 1))
_INSTANT = pl.Datetime("us", "UTC")
SESSIONS_SCHEMA = pl.Schema([("session", pl.Date()), ("open", _INSTANT), ("close", _INSTANT), ("minutes", pl.Int32())])


class Calendar:
    """The sessions of one exchange on the days `horizon`, a half-open pair (None: every day there is).

    `version` names what the answers depend on: the library and a hash of the overrides, `exchange_calendars 4.13.2+1a2b3c4d`.
    """

    def __init__(
        self, name: str, zone: str, version: str, build: Callable[[], pl.DataFrame] | None, horizon: tuple[date, date] | None
    ) -> None:
        self.name = name
        self.zone = zone
        self.version = version
        self.horizon = horizon
        self._build = build

    def sessions(self, start: date, end: date) -> pl.DataFrame:
        """The sessions of the days `[start, end)`, ascending: session (Date), open and close (UTC, the close exclusive), minutes.

        A day without a session has no row. Round the clock, every UTC day is a session of 1,440 minutes. `CalendarFault`
        when the span leaves `horizon`: beyond it nothing is known, which is not the same as closed.
        """
        if start >= end:
            return pl.DataFrame(schema=SESSIONS_SCHEMA)
        if self._build is None:
            return _every_day(start, end)
        self._require_known(start, end)
        return self._known.filter(pl.col("session").is_between(start, end, closed="left"))

    def is_session(self, day: date) -> bool:
        """Whether the exchange trades at all on `day`."""
        return self.sessions(day, day + timedelta(days=1)).height == 1

    def clip(self, start: date, end: date) -> tuple[date, date]:
        """The part of `[start, end)` that lies within `horizon`; empty (start = end) when none does."""
        if self.horizon is None:
            return start, max(start, end)
        first, last = max(start, self.horizon[0]), min(end, self.horizon[1])
        return first, max(first, last)

    def session_of(self, column: str = "timestamp") -> pl.Expr:
        """The exchange's own date at each UTC instant: the session that a bar before, within or after its hours belongs to.

        For intraday bars. A daily bar's stamp is midnight UTC of its session date, and converting it would lose a day.
        """
        return pl.col(column).dt.convert_time_zone(self.zone).dt.date().alias("session")

    def place(self, bars: pl.DataFrame, column: str = "timestamp") -> pl.DataFrame:
        """`bars` (any grain, row order kept) with `session` (Date) and `in_session`: whether the instant lies in `[open, close)`.

        `in_session` is false on a closed day and null for an instant that is null or beyond `horizon`.
        """
        dated = bars.with_columns(self.session_of(column))
        span = dated.select(pl.col("session").min().alias("first"), pl.col("session").max().alias("last")).row(0)
        if span[0] is None:
            return dated.with_columns(in_session=pl.lit(None, pl.Boolean))
        start, end = self.clip(span[0], span[1] + timedelta(days=1))
        known = pl.col("session").is_between(start, end, closed="left")
        within = pl.col(column).is_between("__open", "__close", closed="left").fill_null(value=False)
        hours = self.sessions(start, end).select("session", __open="open", __close="close")
        joined = dated.join(hours, on="session", how="left", maintain_order="left")
        return joined.with_columns(in_session=pl.when(known).then(within)).drop("__open", "__close")

    def last_closed(self, at: datetime) -> date | None:
        """The newest session whose close lies at or before the instant `at`: the newest daily bar that can be final."""
        day = at.date() + timedelta(days=1)
        start, end = self.clip(day - timedelta(days=21), day + timedelta(days=1))
        return self.sessions(start, end).filter(pl.col("close") <= at).get_column("session").max()  # type: ignore[return-value]

    @cached_property
    def _known(self) -> pl.DataFrame:
        assert self._build is not None  # noqa: S101 - only exchanges with hours come here
        return self._build()

    def _require_known(self, start: date, end: date) -> None:
        if self.horizon and (start < self.horizon[0] or end > self.horizon[1]):
            raise CalendarFault(
                f"listing the {self.name} sessions of [{start}, {end})",
                f"the calendar knows [{self.horizon[0]}, {self.horizon[1]})",
                "ask within that span, or clip the question with Calendar.clip",
                calendar=self.name,
            )


def calendar(exchange: str, overrides: Sequence[Override] = ()) -> Calendar:
    """The calendar of an exchange (`XNYS`, `XNAS`, `CRYPTO`, or `24/7` itself): the library's sessions with the overrides applied.

    Made once for each pair of arguments; the library is loaded when the first session is asked for. `ConfigFault` for an exchange
    without a calendar, and for an override of one that never closes or that the library does not reach.
    """
    try:
        name = CALENDARS[exchange]
    except KeyError:
        raise ConfigFault(
            "finding a calendar", f"no calendar for exchange {exchange[:40]!r}", f"use one of {', '.join(CALENDARS)}"
        ) from None
    for override in overrides:
        wrong = CALENDARS.get(override.exchange, ROUND_THE_CLOCK) == ROUND_THE_CLOCK
        if wrong or not HORIZON[0] <= override.date < HORIZON[1]:
            raise ConfigFault(
                f"overriding {override.exchange} on {override.date}",
                "no calendar with opening hours has that day",
                f"override XNYS between {HORIZON[0]} and {HORIZON[1]}",
            )
    return _calendar(name, tuple(o for o in overrides if CALENDARS[o.exchange] == name))


@lru_cache(maxsize=16)
def _calendar(name: str, overrides: tuple[Override, ...]) -> Calendar:
    if name == ROUND_THE_CLOCK:
        return Calendar(name, "UTC", "24/7", None, None)
    digest = overrides_digest(overrides)
    library = f"exchange_calendars {version('exchange-calendars')}" + (f"+{digest}" if digest else "")
    zone = "America/New_York"
    return Calendar(name, zone, library, lambda: _override(_library_sessions(name), overrides, zone), HORIZON)


@lru_cache(maxsize=4)
def _library_sessions(name: str) -> pl.DataFrame:
    """What the library says over `HORIZON`. It loads pandas and takes about a second."""
    import exchange_calendars

    last = HORIZON[1] - timedelta(days=1)
    with warnings.catch_warnings():
        # The library speaks to pandas in ways that pandas 3 has deprecated; what it answers is unaffected.
        warnings.simplefilter("ignore", DeprecationWarning)
        schedule = exchange_calendars.get_calendar(name, start=HORIZON[0].isoformat(), end=last.isoformat()).schedule
    instants = {side: pl.Series(schedule[side].dt.tz_localize(None).to_numpy()) for side in ("open", "close")}
    frame = pl.DataFrame({"session": pl.Series(schedule.index.to_numpy()), **instants})
    stamped = (pl.col(side).dt.cast_time_unit("us").dt.replace_time_zone("UTC") for side in ("open", "close"))
    return _measured(frame.select(pl.col("session").cast(pl.Date), *stamped))


def _override(sessions: pl.DataFrame, overrides: tuple[Override, ...], zone: str) -> pl.DataFrame:
    if not overrides:
        return sessions
    shut = [o.date for o in overrides if o.kind is OverrideKind.CLOSED]
    hours = pl.DataFrame(
        [(o.date, time(9, 30), o.close_time or time(16)) for o in overrides if o.kind is not OverrideKind.CLOSED],
        schema={"session": pl.Date, "open": pl.Time, "close": pl.Time},
        orient="row",
    )
    local = (
        pl.col("session").dt.combine(pl.col(side)).dt.replace_time_zone(zone).dt.convert_time_zone("UTC").alias(side)
        for side in ("open", "close")
    )
    stated = _measured(hours.select("session", *local))
    kept = sessions.filter(~pl.col("session").is_in(shut)).join(stated, on="session", how="anti")
    return pl.concat([kept, stated]).sort("session")


def _every_day(start: date, end: date) -> pl.DataFrame:
    days = pl.DataFrame({"session": pl.date_range(start, end, closed="left", eager=True)})
    midnight = pl.col("session").cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    return _measured(days.with_columns(open=midnight, close=midnight + pl.duration(days=1)))


def _measured(sessions: pl.DataFrame) -> pl.DataFrame:
    return sessions.with_columns(minutes=(pl.col("close") - pl.col("open")).dt.total_minutes().cast(pl.Int32)).cast(SESSIONS_SCHEMA)
