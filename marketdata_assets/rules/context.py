"""What an audit knows beside the rows it judges: calendar, symbols, spans, neighbours, thresholds."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

import polars as pl

from marketdata_assets.core.timeframes import Timeframe
from marketdata_assets.rules.thresholds import Thresholds

NEIGHBOUR_DAYS = timedelta(days=10)
"""How far a row's neighbours reach at most, either way: five sessions with a long week-end."""


@dataclass(frozen=True)
class AuditContext:
    """The circumstances of one audit.

    `sessions` is the calendar (session, open, close, minutes); it reaches ten days beyond the rows and the neighbours, both ways.
    `symbols` (symbol, listed_on, delisted_on; bounds may be null) are the ones expected, `spans` (symbol, source, first, last) the
    days that any payload covered, `window` the half-open days under audit; without them the rows' own reach is taken. `events`
    (symbol, ex_date, ratio = new shares / old shares) explain jumps beside the vendors' own split columns.

    `neighbours` are normalized bars before and after the judged ones: consulted, never judged. For daily bars hand over the
    symbols' whole series, so that verdicts on a series do not depend on which partition is audited; `NEIGHBOUR_DAYS` on both
    sides suffice for every other rule, and for intraday bars. Rows among them that are also judged are ignored.

    `as_of` is the instant that freshness is measured at. `zone` and `trading_day` bound the extended hours of intraday equity
    bars; sessions around the clock have no other hours. `agreement_bps` is how far closes of two sources may lie apart.
    """

    timeframe: Timeframe
    sessions: pl.DataFrame
    thresholds: Thresholds = field(default_factory=Thresholds)
    symbols: pl.DataFrame | None = None
    spans: pl.DataFrame | None = None
    window: tuple[date, date] | None = None
    events: pl.DataFrame | None = None
    neighbours: pl.DataFrame | None = None
    as_of: datetime | None = None
    agreement_bps: float = 50.0
    auto_fix: bool = False
    zone: str = "America/New_York"
    trading_day: tuple[time, time] = (time(4), time(20))

    @property
    def around_the_clock(self) -> bool:
        """Whether the market never closes, so that every UTC day is a session of 1,440 minutes."""
        return self.sessions.height > 0 and bool(self.sessions.select((pl.col("minutes") == 1440).all()).item())
