"""Who was there to be chosen: members by date, and who left the market."""

from __future__ import annotations

import polars as pl

from marketdata_assets.core.symbols import SYMBOL_PATTERN
from marketdata_assets.schemas.table import Table, TableModel, UtcMicroseconds, column

_SYMBOL = f"^{SYMBOL_PATTERN}$"


class Universe(TableModel):
    """One member of one universe on one session, as it stood at the open."""

    date: pl.Date = column("session at whose open it is a member")
    index: pl.String = column("the index, or the universe by rule, in capitals: SP500")
    symbol: pl.String = column("canonical symbol", str_matches=_SYMBOL)
    ticker: pl.String = column("what it was called on the exchange on that session, as far as the instruments tell")
    member_since: pl.Date = column("session at whose open it became a member, or was last chosen by the rule")
    rank: pl.Int32 = column("place by dollar volume when the rule chose it; null for an index", nullable=True, ge=1)
    dollar_volume: pl.Float64 = column(
        "mean of close times volume over the rule's window before the choice; null for an index", unit="currency per session", nullable=True
    )
    source: pl.String = column("source of the membership; `rule` where a rule chose")
    known_at: UtcMicroseconds = column("when the newest thing it rests on was known", unit="UTC")


class Delistings(TableModel):
    """One instrument that stopped trading."""

    symbol: pl.String = column("canonical symbol", str_matches=_SYMBOL)
    delisted_on: pl.Date = column("first day without trading")
    reason: pl.String = column("delisting, merger or the vendor's own word; empty where nobody says")
    source: pl.String = column("who says so: `instruments`, or the source of the event")
    last_session: pl.Date = column("session of its last validated bar", nullable=True)
    last_price: pl.Float64 = column("close of that bar, as traded", unit="currency per share", nullable=True)


UNIVERSE = Table(
    "universe",
    "Members of indices and of universes by rule, session by session",
    "session x index x symbol",
    Universe,
    ("date", "index", "symbol"),
    ("date", "index", "symbol"),
    "date",
)
DELISTINGS = Table(
    "delistings",
    "Instruments that stopped trading, with reason and last price",
    "symbol x delisting",
    Delistings,
    ("symbol", "delisted_on"),
    ("delisted_on", "symbol"),
    "delisted_on",
)
