"""Bar lengths and the period that one partition of each holds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from marketdata_assets.core.faults import ConfigFault
from marketdata_assets.core.periods import PeriodKind


@dataclass(frozen=True)
class Timeframe:
    """A bar length: `name` as in asset keys (`1d`, `1h`, `5m`, `1m`), its duration, and its partitions' period."""

    name: str
    duration: timedelta
    period: PeriodKind

    @property
    def intraday(self) -> bool:
        """Whether bars are labelled by their start instant rather than by a session date."""
        return self.duration < timedelta(days=1)

    def __str__(self) -> str:
        return self.name


TIMEFRAMES: dict[str, Timeframe] = {
    t.name: t
    for t in (
        Timeframe("1m", timedelta(minutes=1), PeriodKind.MONTH),
        Timeframe("5m", timedelta(minutes=5), PeriodKind.MONTH),
        Timeframe("15m", timedelta(minutes=15), PeriodKind.MONTH),
        Timeframe("30m", timedelta(minutes=30), PeriodKind.MONTH),
        Timeframe("1h", timedelta(hours=1), PeriodKind.MONTH),
        Timeframe("4h", timedelta(hours=4), PeriodKind.MONTH),
        Timeframe("12h", timedelta(hours=12), PeriodKind.MONTH),
        Timeframe("1d", timedelta(days=1), PeriodKind.YEAR),
    )
}


def timeframe(name: str) -> Timeframe:
    """The timeframe called `name`; `ConfigFault` for any other text."""
    try:
        return TIMEFRAMES[name]
    except KeyError:
        raise ConfigFault("reading a timeframe", f"{name!r} is unknown", f"use one of {', '.join(TIMEFRAMES)}") from None
