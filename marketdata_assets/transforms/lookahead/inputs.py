"""What a panel is built from, and on which day each row of it became known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date

import polars as pl

BARS_SCHEMA = pl.Schema(
    {
        "symbol": pl.String(),
        "session": pl.Date(),
        "open": pl.Float64(),
        "high": pl.Float64(),
        "low": pl.Float64(),
        "close": pl.Float64(),
        "volume": pl.Float64(),
    }
)
EVENTS_SCHEMA = pl.Schema(
    {"symbol": pl.String(), "ex_date": pl.Date(), "ratio": pl.Float64(), "announced_on": pl.Date(), "decided_on": pl.Date()}
)
SPELLS_SCHEMA = pl.Schema({"symbol": pl.String(), "effective_from": pl.Date(), "effective_to": pl.Date()})
SECTORS_SCHEMA = pl.Schema({"symbol": pl.String(), "sector": pl.String(), "effective_from": pl.Date()})
REVISIONS_SCHEMA = pl.Schema({"symbol": pl.String(), "session": pl.Date(), "known_on": pl.Date(), "close": pl.Float64()})
KNOWN = "__known"


@dataclass(frozen=True)
class PanelInputs:
    """Everything a panel may look at.

    `bars` are daily, as traded: a row is known at the close of its `session`. `events` are splits (ratio = new shares / old shares), known
    on `announced_on` or, where that is null or later, from the open of `ex_date`; one that was found out afterwards only on `decided_on`,
    where that is not null. `members` and `listings` are spells
    `[effective_from, effective_to)`: a beginning or an end is known on its own day, null is not (yet) there. `sectors` hold from
    `effective_from` on; null there means always. `revisions` are later versions of closes, known on `known_on`. Tables may have more
    columns.
    """

    bars: pl.DataFrame
    events: pl.DataFrame = field(default_factory=EVENTS_SCHEMA.to_frame)
    members: pl.DataFrame = field(default_factory=SPELLS_SCHEMA.to_frame)
    sectors: pl.DataFrame = field(default_factory=SECTORS_SCHEMA.to_frame)
    listings: pl.DataFrame = field(default_factory=SPELLS_SCHEMA.to_frame)
    revisions: pl.DataFrame = field(default_factory=REVISIONS_SCHEMA.to_frame)

    @property
    def sessions(self) -> list[date]:
        """Every session that has a bar, ascending."""
        return self.bars["session"].unique().sort().to_list()

    @property
    def symbols(self) -> list[str]:
        """Every symbol that has a bar, sorted."""
        return self.bars["symbol"].unique().sort().to_list()


Build = Callable[[PanelInputs], pl.DataFrame]
"""A panel as a function of its inputs: one row a `date` and `symbol`, any other columns."""


def announced(events: pl.DataFrame) -> pl.Expr:
    """The day on which each event became known."""
    known = pl.min_horizontal("announced_on", "ex_date") if "announced_on" in events.columns else pl.col("ex_date")
    return pl.coalesce("decided_on", known) if "decided_on" in events.columns else known
